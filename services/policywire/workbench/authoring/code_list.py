"""Reads a payer's list of codes: each row as a listed code, or as a rejected row with its reasons.

Knows what a row of such a list may hold; knows no rule, and guesses at nothing: a row that leaves a doubt is rejected.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

import msgspec
from msgspec import Struct

from policywire.model.records import Outcome
from policywire.rulebook.source import parse
from policywire.rulebook.when import faults_in
from policywire.workbench.authoring.statuses import speaks_of_a_condition, status_of
from policywire.workbench.tables.cells import Cell, DateOrder, Problem, code_cells, date_cell, is_blank, text_of
from policywire.workbench.tables.columns import Names
from policywire.workbench.tables.rows import Row
from policywire.workbench.tables.sheet import Sheet

COLUMNS: Final[Names] = {
    "code": (
        *("codes", "procedure code", "procedure codes", "cpt", "cpt code", "cpt codes", "hcpcs", "hcpcs code"),
        *("cpt hcpcs", "cpt hcpcs code", "cpt hcpcs codes", "proc", "proc code", "relevant codes", "service code"),
        *("billing code", "procedure"),
    ),
    "indication": ("indications", "use", "what for", "label"),
    "status": ("coverage status", "coverage", "determination", "designation", "position", "outcome", "decision"),
    "notes": ("note", "comment", "comments", "remarks", "remark", "rationale"),
    "effective_from": (
        *("effective date", "effective", "start date", "start", "from", "begin date", "valid from", "from date"),
        *("effective start", "eff date"),
    ),
    "effective_through": (
        *("effective to", "end date", "end", "through", "thru", "to", "term date", "termination date", "valid to"),
        *("valid through", "valid until", "until", "expiration date", "effective end"),
    ),
    "condition": ("when",),
    "handoff": ("hand off", "refer to", "see policy"),
}
"""What a list may give, and what people call it. A column of descriptions is not read: descriptors are licensed."""

TEXT_MAX: Final = 2000
"""As documents have it."""

NO_CONDITION: Final = ""


class ListedCode(Struct, frozen=True, kw_only=True):
    """One code of one row that can be used."""

    row: int
    code: str
    indication: str
    outcome: Outcome
    notes: str = ""
    limit: str = ""
    """Words by which the status does not hold for every line; no condition says them yet."""
    condition: str = NO_CONDITION
    """The condition as JSON."""
    handoff: str = ""
    effective_from: date
    effective_through: date | None = None


class RejectedRow(Struct, frozen=True):
    """A row that cannot be used, with every reason: the column (0-based; None: the row) and the problem."""

    row: int
    cells: tuple[str, ...]
    reasons: tuple[tuple[int | None, Problem], ...]


class Reading(Struct, frozen=True, kw_only=True):
    """How a list is read: where its columns are, what its words mean, and what holds where a row says nothing."""

    columns: Mapping[str, int]
    statuses: Mapping[str, Outcome]
    dates: DateOrder | None = None
    outcome: Outcome | None = None
    effective_from: date | None = None
    declared_unknown: frozenset[str] = frozenset({"clinical_context"})


def read_list(sheet: Sheet, how: Reading) -> Iterator[tuple[ListedCode, ...] | RejectedRow]:
    """Each row of a list, as it goes by: its codes (several when its cell holds several), or why it is rejected."""
    for row in sheet.rows():
        yield _read_row(row, how)


class _Cells:
    """The cells of one row by what they hold; notes every problem."""

    def __init__(self, row: Row, columns: Mapping[str, int]) -> None:
        self.row = row
        self.columns = columns
        self.reasons: list[tuple[int | None, Problem]] = [(None, row.problem)] if row.problem else []

    def raw(self, what: str) -> object:
        place = self.columns.get(what)
        return None if place is None else self.row.cells[place]

    def text(self, what: str) -> str:
        value = self.raw(what)
        text = "" if is_blank(value) else text_of(value)
        if len(text) > TEXT_MAX:
            self.refuse(what, "text-too-long", f"it has {len(text)} characters", f"Write at most {TEXT_MAX}.")
        return text

    def refuse(self, what: str, word: str, message: str, mend: str) -> None:
        self.reasons.append((self.columns.get(what), Problem(word, message, mend)))

    def take(self, what: str, cell: Cell[Any]) -> Any:
        if cell.problem:
            self.reasons.append((self.columns.get(what), cell.problem))
        return cell.value


def _read_row(row: Row, how: Reading) -> tuple[ListedCode, ...] | RejectedRow:
    cells = _Cells(row, how.columns)
    if row.problem:  # what stands in which column cannot be told any more
        return _rejected(row, cells)
    codes = [code for each in code_cells(cells.raw("code")) if (code := cells.take("code", each)) is not None]
    if not codes and not cells.reasons:
        cells.refuse("code", "code-missing", "it has no code", "Write the code, or take the row away.")
    outcome, limit = _status(cells, how)
    notes, handoff = cells.text("notes"), cells.text("handoff")
    condition = _condition(cells, how.declared_unknown)
    if outcome is Outcome.OTHER_POLICY and not handoff:
        mend = "Add a column handoff that names who decides instead."
        cells.refuse("status", "handoff-missing", "it belongs to another policy and nothing says which", mend)
    first, last = _dates(cells, how)
    indication = cells.text("indication")
    if cells.reasons or outcome is None or first is None:
        return _rejected(row, cells)
    if not limit and condition == NO_CONDITION and speaks_of_a_condition(notes):
        limit = notes
    return tuple(
        ListedCode(
            row=row.number,
            code=code,
            indication=indication,
            outcome=outcome,
            notes=notes,
            limit=limit if condition == NO_CONDITION else "",
            condition=condition,
            handoff=handoff if outcome is Outcome.OTHER_POLICY else "",
            effective_from=first,
            effective_through=last,
        )
        for code in dict.fromkeys(codes)
    )


def _rejected(row: Row, cells: _Cells) -> RejectedRow:
    return RejectedRow(row.number, tuple(map(text_of, row.cells)), tuple(cells.reasons))


def _status(cells: _Cells, how: Reading) -> tuple[Outcome | None, str]:
    text = cells.text("status")
    if not text:
        if how.outcome is None:
            cells.refuse("status", "status-missing", "it has no status", "Write one, or give --outcome for such rows.")
        return how.outcome, ""
    found = status_of(text, how.statuses)
    if found is None:
        mend = 'Say what it means: --status "Not covered"=not_medically_necessary'
        cells.refuse("status", "status-unknown", "nobody has said which outcome its status means", mend)
        return None, ""
    return found.outcome, found.limit


def _dates(cells: _Cells, how: Reading) -> tuple[date | None, date | None]:
    first: date | None = cells.take("effective_from", date_cell(cells.raw("effective_from"), how.dates))
    last: date | None = cells.take("effective_through", date_cell(cells.raw("effective_through"), how.dates))
    refused = {place for place, _ in cells.reasons}
    if first is None and cells.columns.get("effective_from", -1) not in refused:
        first = how.effective_from
        if first is None:
            mend = "Write the first date of service, or give --effective-from for such rows."
            cells.refuse("effective_from", "date-missing", "nothing says from when it holds", mend)
    if first is not None and last is not None and last < first:
        cells.refuse("effective_through", "dates-reversed", "it ends before it begins", "Mend one of the two dates.")
    return first, last


def _condition(cells: _Cells, declared_unknown: frozenset[str]) -> str:
    """A row's condition as JSON, when its cell holds one as rules write it: ``{clinical_context: oncology}``."""
    text = cells.text("condition")
    if not text:
        return NO_CONDITION
    source = parse("condition", f"{text}\n".encode())
    if isinstance(source.value, dict) and not source.faults:
        wrong = next(faults_in(source.value, declared_unknown), None)
        if wrong is None:
            return msgspec.json.encode(source.value, order="sorted").decode()
        cells.refuse("condition", "condition", wrong.message, wrong.mend)
        return NO_CONDITION
    mend = "Write it as rules do, such as {clinical_context: oncology}, or move the words to the notes."
    cells.refuse("condition", "condition", "it is no condition that a rule can have", mend)
    return NO_CONDITION
