"""What the sheets of an audit's workbook hold: their columns and rows, every row and no sum of some.

Knows an audit's result; does not know XLSX. Amounts are in cents until they are written.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Final, Literal, NamedTuple

from msgspec.structs import asdict

from policywire.workbench.audit.report import wording
from policywire.workbench.audit.report.actions import actions
from policywire.workbench.audit.result import AuditResult, Tally

Kind = Literal["text", "whole", "number", "dollars", "date", "texts", "yes"]
"""How a column's values are written: ``dollars`` come as cents, ``texts`` as a list, ``yes`` as a truth."""

Value = str | int | float | date | Sequence[object] | None


ColumnBatch = Mapping[str, Sequence[Value]]
"""Rows as columns of equal length, such as ``pyarrow.RecordBatch.to_pydict()`` gives."""


class Column(NamedTuple):
    """A column: the name in the audit's data, the one that people read, and how its values are written."""

    name: str
    title: str
    kind: Kind = "text"
    width: int = 16


class SheetOf(NamedTuple):
    """A sheet: its name (at most 31 characters), its columns, and its rows in their order."""

    name: str
    columns: tuple[Column, ...]
    rows: Iterable[Sequence[Value]]


LINES: Final = (
    Column("claim_id", "Claim"),
    Column("line_number", "Line", "whole", 8),
    Column("member_id", "Member"),
    Column("service_date", "Date of service", "date", 14),
    Column("service_date_end", "Through", "date", 14),
    Column("procedure_code", "Code", width=9),
    Column("modifiers", "Modifiers", "texts", 10),
    Column("charge_cents", "Charge", "dollars", 14),
    Column("exposure_cents", "At risk", "dollars", 14),
    Column("outcome", "Outcome", width=28),
    Column("reason", "Reason", width=40),
    Column("flags", "Flags", "texts", 24),
    Column("next_action", "Next action", width=24),
    Column("liable", "Liable", width=10),
    Column("agreement_status", "Agreement", width=12),
    Column("agreement_problem", "Agreement's problem", width=22),
    Column("agreement_id", "Agreement id"),
    Column("payer", "Payer", width=14),
    Column("policy", "Policy", width=12),
    Column("version", "Version from", "date", 14),
    Column("rule", "Rule", width=26),
    Column("bucket", "Bucket", width=12),
    Column("appeal", "Appeal", width=16),
    Column("group_code", "Group code", width=11),
    Column("carc", "CARC", width=8),
    Column("rarc", "RARC", "texts", 9),
    Column("payer_id", "Payer id", width=12),
    Column("line_of_business", "Line of business"),
    Column("ordering_provider_npi", "Ordering NPI", width=13),
    Column("rendering_provider_npi", "Rendering NPI", width=13),
    Column("rendering_taxonomy", "Rendering taxonomy", width=14),
    Column("billing_provider_npi", "Billing NPI", width=13),
    Column("specialty", "Specialty", width=22),
    Column("practice_line", "Practice line", width=22),
    Column("diagnoses", "Diagnoses", "texts"),
    Column("diagnosis_pointers", "Pointers", "texts", 9),
    Column("units", "Units", "number", 8),
    Column("narrative", "Narrative", width=40),
    Column("kind", "Claim or appointment", width=12),
    Column("counts", "Counts in sums", "yes", 9),
    Column("file", "File", width=22),
    Column("row", "Row", "whole", 10),
)
"""The columns of decided lines, those that somebody works from first."""

LEFT_OUT: Final = frozenset({"charge_amount"})
"""Said by another column already."""

REJECTS: Final = (
    Column("file", "File", width=24),
    Column("row", "Row", "whole", 10),
    Column("column", "Column", width=20),
    Column("problem", "Problem", width=20),
    Column("mend", "Mend", width=70),
)


def line_columns(names: Sequence[str]) -> tuple[Column, ...]:
    """The columns of a table of decided lines with these names: ours in our order, then others as texts."""
    known = tuple(column for column in LINES if column.name in names)
    seen = {column.name for column in LINES} | LEFT_OUT
    return (*known, *(Column(name, name.replace("_", " ").capitalize()) for name in names if name not in seen))


def summary(result: AuditResult, note: str) -> SheetOf:
    """What was found, what to do, and how to get the same again."""
    columns = (Column("what", "What", width=44), Column("value", "Value", width=90))
    return SheetOf("Summary", columns, [*_summary_rows(result, note)])


def _summary_rows(result: AuditResult, note: str) -> Iterator[tuple[str, str]]:
    totals, ran = result.totals, result.reproduction
    yield "Contains protected health information", "The sheets of lines name claims, members and dates of service."
    if note:
        yield "Note", note
    yield "A prediction", "From published policies; not the payer's decision."
    for name, value in asdict(totals).items():
        title = name.removesuffix("_cents").replace("_", " ").capitalize()
        yield title, wording.dollars(value) if name.endswith("_cents") else wording.count(value)
    for number, action in enumerate(actions(result), 1):
        yield f"To do {number}: {action.title} ({action.figure}, {action.who})", action.how
    yield "policywire", ran.policywire
    yield "Rulebook revision", ran.rulebook_revision
    yield "As of", ran.as_of.isoformat()
    yield "Dates of service", f"{ran.since.isoformat()} to {ran.until.isoformat()}"
    yield from ran.options
    for file in ran.inputs:
        yield f"SHA-256 of {file.name} ({file.role}, {file.rows:,} rows, {file.bad:,} bad)", file.sha256


_COUNTED: Final = (
    Column("lines", "Lines", "whole", 10),
    Column("denied_lines", "Denied lines", "whole", 12),
    Column("review_lines", "To look at", "whole", 12),
    Column("charge_cents", "Charged", "dollars", 18),
    Column("denied_cents", "Denied", "dollars", 18),
    Column("exposure_cents", "At risk", "dollars", 18),
    Column("patient_cents", "Member owes", "dollars", 18),
)


def tables(result: AuditResult) -> Iterator[SheetOf]:
    """A sheet for each list of the audit that has rows."""
    for name, title, tallies in _tallies(result):
        if tallies:
            tallied = (Column("key", title, width=30), *_COUNTED)
            yield SheetOf(name, tallied, _rows(tallied, tallies))
    for name, columns, found in _lists(result):
        if found:
            yield SheetOf(name, columns, _rows(columns, found))


def _tallies(result: AuditResult) -> Iterator[tuple[str, str, tuple[Tally, ...]]]:
    yield "By month", "Month", result.by_month
    yield "By code", "Code", result.by_code
    yield "By outcome", "Outcome", result.by_outcome
    yield "By payer", "Payer", result.by_payer
    yield "By specialty", "Specialty", result.by_specialty
    yield "By ordering provider", "Ordering NPI", result.by_ordering_provider
    yield "By rendering provider", "Rendering NPI", result.by_rendering_provider


def _lists(result: AuditResult) -> Iterator[tuple[str, tuple[Column, ...], Sequence[object]]]:
    yield "By policy", _BY_POLICY, result.by_policy
    yield "Agreements", _AGREEMENTS, result.agreements
    yield "Unlisted codes", _UNLISTED, result.unlisted_patterns
    yield "Practice lines", _PRACTICE_LINES, result.practice_lines
    yield "Contracts", _CONTRACTS, result.contracts
    yield "Unknown payers", _UNKNOWN_PAYERS, result.unknown_payers
    if result.scheduled is not None:
        yield "Booked by week", _WEEKS, result.scheduled.by_week
        yield "Booked by code", _BOOKED, result.scheduled.by_code
    yield "Catalogue", _CATALOGUE, result.catalogue or ()
    yield "Problems", _PROBLEMS, result.problems


_POLICY: Final = (Column("payer", "Payer"), Column("policy", "Policy"))
_AT_RISK: Final = (Column("denied_cents", "Denied", "dollars", 18), Column("exposure_cents", "At risk", "dollars", 18))
_DENIED_LINES: Final = Column("denied_lines", "Denied lines", "whole", 12)
_WITHOUT: Final = Column("without_agreement", "Without agreement", "whole", 18)
_BY_POLICY: Final = (
    *_POLICY,
    Column("version", "Version from", "date"),
    Column("code", "Code"),
    Column("outcome", "Outcome", width=30),
    Column("lines", "Lines", "whole", 10),
    Column("charge_cents", "Charged", "dollars", 18),
    Column("exposure_cents", "At risk", "dollars", 18),
)
_AGREEMENTS: Final = (
    Column("status", "Agreement"),
    Column("problem", "Problem", width=26),
    Column("lines", "Denied lines", "whole", 12),
    *_AT_RISK,
)
_UNLISTED: Final = (
    Column("ordering_provider_npi", "Ordering NPI"),
    *_POLICY,
    Column("unlisted_lines", "Unlisted lines", "whole"),
    Column("after_targeted_lines", "After a denied code", "whole", 20),
    Column("after_targeted_cents", "Charged after one", "dollars", 20),
)
_PRACTICE_LINES: Final = (
    Column("practice_line", "Practice line", width=30),
    Column("first_month", "First month"),
    Column("added", "Taken up within the window", "yes", 26),
    _DENIED_LINES,
    *_AT_RISK,
)
_CONTRACTS: Final = (Column("billing_provider_npi", "Billing NPI"), Column("payer", "Payer"), _DENIED_LINES, *_AT_RISK)
_UNKNOWN_PAYERS: Final = (
    Column("payer_id", "Payer id"),
    Column("lines", "Lines with listed codes", "whole", 22),
    Column("charge_cents", "Charged", "dollars", 18),
)
_PROCEDURES: Final = Column("procedures", "Procedures", "whole", 12)
_WEEKS: Final = (
    Column("week", "Week from", "date"),
    _PROCEDURES,
    _WITHOUT,
    Column("estimate_cents", "Estimated, without agreement", "dollars", 28),
)
_BOOKED: Final = (Column("code", "Code"), _PROCEDURES, _WITHOUT)
_CATALOGUE: Final = (
    Column("file", "File", width=24),
    Column("row", "Row", "whole", 8),
    Column("code", "Code", width=9),
    *_POLICY,
    Column("version", "From", "date", 14),
    Column("through", "Through", "date", 14),
    Column("outcomes", "What the policy may say", "texts", 40),
    Column("act", "Do", width=18),
    Column("what_to_do", "How", width=90),
)
_PROBLEMS: Final = (
    Column("file", "File", width=24),
    Column("problem", "Problem", width=20),
    Column("effect", "Effect", width=12),
    Column("count", "Times", "whole", 10),
    Column("places", "First places", "texts", 50),
    Column("mend", "Mend", width=70),
)


def _rows(columns: Sequence[Column], found: Sequence[object]) -> list[tuple[Value, ...]]:
    return [tuple(getattr(each, column.name) for column in columns) for each in found]
