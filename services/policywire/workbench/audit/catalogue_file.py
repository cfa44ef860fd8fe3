"""Reads the codes of a charge master, preference list or order set, whatever its columns are called.

Knows how such lists name their columns of codes; does not know what a policy says of a code.
"""

import re
from collections.abc import Iterator, Sequence
from hashlib import file_digest
from pathlib import Path
from typing import Final

from msgspec import Struct

from policywire.errors import BadInput
from policywire.workbench.audit.catalogue import CatalogueRow
from policywire.workbench.audit.result import InputFile, InputProblem
from policywire.workbench.tables.cells import Cell, Problem, code_cells, text_of
from policywire.workbench.tables.columns import folded
from policywire.workbench.tables.rows import Row
from policywire.workbench.tables.sheet import Sheet, read_sheet

PLACES_MAX: Final = 5
"""So many places of a problem are named; a reader needs the first to find the others."""


class Catalogue(Struct, frozen=True):
    """A catalogue as read: its codes, what the audit says of the file, and the rows that could not be used."""

    rows: tuple[CatalogueRow, ...]
    file: InputFile
    problems: tuple[InputProblem, ...]
    rejects: tuple["Reject", ...]


class Reject(Struct, frozen=True):
    """A row that could not be used: where, why, and how to mend it."""

    file: str
    row: int
    column: str
    """Empty for the row as a whole."""
    problem: str
    mend: str


def read_catalogue(path: Path, sheet: str | None = None, columns: Sequence[str] = ()) -> Catalogue:
    """The codes of a catalogue. A row without a code (supplies, drugs, room charges) is good and says nothing.

    Args:
        path: CSV, XLSX or JSON.
        sheet: the worksheet of an XLSX; None: the only one that is not empty.
        columns: the columns that hold codes; none: those whose names say so.

    Raises:
        BadInput: it is no table, or no column is known to hold codes.
    """
    table = read_sheet(path, sheet, is_header=lambda name: bool(folded(name)) and folded(name) in _ANY_NAME)
    places = _columns(table, columns)
    codes: list[CatalogueRow] = []
    rejects: list[Reject] = []
    rows = 0
    for row in table.rows():
        rows += 1
        bad = list(_rejects(table, row, places))
        rejects += bad
        if not bad:
            codes += [CatalogueRow(path.name, row.number, code) for code in _codes(row, places)]
    bad_rows = len({each.row for each in rejects})
    return Catalogue(
        tuple(codes),
        InputFile(
            role="catalogue", name=path.name, sha256=_sha256(path), rows=rows, good=rows - bad_rows, bad=bad_rows
        ),
        (*_problems(rejects), *_notes(table)),
        tuple(rejects),
    )


_CODE_NAMES: Final = (
    {"cpt", "hcpcs", "cpt code", "hcpcs code", "cpt hcpcs", "cpt hcpcs code", "hcpcs cpt", "hcpcs cpt code", "cpt4"},
    {"procedure code", "proc code", "procedure", "billing code", "service code", "charge code", "order code"},
    {"code", "codes", "procedure codes", "cpt codes"},
)
"""What columns of codes are called, the surest first: a ``charge code`` is often the house's own number."""

_ANY_NAME: Final = frozenset().union(*_CODE_NAMES)


def _columns(table: Sheet, given: Sequence[str]) -> tuple[int, ...]:
    names = [folded(name) for name in table.header]
    if given:
        lacking = [name for name in given if folded(name) not in names]
        if lacking:
            raise BadInput(f"{table.path} has no column {lacking[0]!r}; its columns are: {_named(table)}.")
        wanted = {folded(name) for name in given}
        return tuple(place for place, name in enumerate(names) if name in wanted)
    for called in _CODE_NAMES:
        places = tuple(place for place, name in enumerate(names) if name in called)
        if places:
            return places
    raise BadInput(
        f"{table.path} has no column that is called after procedure codes; its columns are: {_named(table)}. "
        "Say which it is: --catalogue-column NAME."
    )


def _named(table: Sheet) -> str:
    return ", ".join(filter(None, table.header)) or "none"


_MODIFIED: Final = re.compile(r"([0-9A-Z]{5})(?:[ -][0-9A-Z]{2})+")
"""A code with modifiers behind it, as charge masters write ``0565T-RT``."""


def _cells(value: object) -> tuple[Cell[str], ...]:
    modified = _MODIFIED.fullmatch(text_of(value).upper())
    return code_cells(value if modified is None else modified[1])


def _codes(row: Row, places: tuple[int, ...]) -> Iterator[str]:
    """The codes of a row, each once however many of its columns have it."""
    found = (cell.value for place in places for cell in _cells(row.cells[place]) if cell.value is not None)
    return iter(dict.fromkeys(found))


def _rejects(table: Sheet, row: Row, places: tuple[int, ...]) -> Iterator[Reject]:
    if row.problem is not None:
        yield _reject(table, row, "", row.problem)
        return
    for place in places:
        for cell in _cells(row.cells[place]):
            if cell.problem is not None:
                yield _reject(table, row, table.header[place], cell.problem)


def _reject(table: Sheet, row: Row, column: str, problem: Problem) -> Reject:
    return Reject(table.path.name, row.number, column, problem.word, problem.mend)


def _problems(rejects: Sequence[Reject]) -> Iterator[InputProblem]:
    """One for each kind, in the order in which they first came."""
    for word in dict.fromkeys(each.problem for each in rejects):
        alike = [each for each in rejects if each.problem == word]
        yield InputProblem(
            file=alike[0].file,
            problem=word,
            effect="rejected",
            count=len(alike),
            places=tuple(map(_place, alike[:PLACES_MAX])),
            mend=alike[0].mend,
        )


def _place(reject: Reject) -> str:
    return f"row {reject.row}, column {reject.column}" if reject.column else f"row {reject.row}"


def _notes(table: Sheet) -> Iterator[InputProblem]:
    for note in table.notes:
        yield InputProblem(
            file=table.path.name, problem="read-as", effect="noted", count=1, places=(), mend=f"Know that: {note}."
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as opened:
        return file_digest(opened, "sha256").hexdigest()
