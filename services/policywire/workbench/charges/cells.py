"""Judges the cells of a charge: each kind of column, one value at a time, by the same rules as small tables.

Knows what :mod:`policywire.workbench.tables.cells` knows of codes, days and money, and what else a charge has: units,
line numbers, lists and pointers. Knows no row and no file. No message holds a value, but for a procedure code's.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Final

from policywire.workbench.charges.columns import Kind
from policywire.workbench.charges.mapping import ChargeMapping
from policywire.workbench.tables.cells import Cell, Problem, code_cell, date_cell, is_blank, money_cell, text_of

Reader = Callable[[Any], Cell[Any]]
"""From a value as it stands in a file to what it means, or the problem with it, or neither when it is blank."""

LINE_NUMBER_MAX: Final = 999_999
UNITS_MAX: Final = 9_999_999
"""The bounds of the contract: schemas/claim-event.v1.schema.json."""

MISSING: Final = Problem("missing", "there is nothing in it", "Fill it in; the row cannot be decided without it.")
POINTS_NOWHERE: Final = Problem(
    "pointer-beyond", "it points beyond the row's diagnoses", "Give the diagnosis, or mend the pointer."
)
ENDS_BEFORE_IT_BEGINS: Final = Problem(
    "ends-before-start", "the last day of service is before the first", "Mend one of the two days."
)


def readers(mapping: ChargeMapping) -> Mapping[Kind, Reader]:
    """The reader of each kind of column, under the settings of a mapping."""
    return {
        "text": _text,
        "payer": _payer,
        "code": _padded if mapping.pad_codes else code_cell,
        "day": _day_reader(mapping.date_format),
        "money": money_cell,
        "units": _units,
        "whole": _line_number,
        "list": _list,
        "pointers": _pointers,
        "subject": _subject,
    }


PADDED: Final = "its leading zeros were put back"


def _padded(value: Any) -> Cell[str]:
    cell = code_cell(value)
    if cell.problem is None or cell.problem.word != "lost-zeros":
        return cell
    return Cell(text_of(value).partition(".")[0].zfill(5), note=PADDED)


def _day_reader(written: str | None) -> Reader:
    if written is None or written in ("iso", "mdy", "dmy"):
        order: Any = written
        return lambda value: date_cell(value, order)
    pattern = written
    mend = "Write every day as --date-format says, or say another."

    def by_pattern(value: Any) -> Cell[date]:
        if isinstance(value, date) or is_blank(value):
            return date_cell(value)
        try:
            return date_cell(datetime.strptime(text_of(value), pattern).date())  # noqa: DTZ007  a day has no zone
        except ValueError:
            return Cell(problem=Problem("date-shape", "it is not written as the given format says", mend))

    return by_pattern


def _text(value: Any) -> Cell[str]:
    if is_blank(value):
        return Cell()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return Cell(str(value).strip())


def _payer(value: Any) -> Cell[str]:
    cell = _text(value)
    if cell.value is None or not _LINE_END.search(cell.value):
        return cell
    mend = 'Look for a quotation mark (") that is not closed: other rows may have been taken for part of this one.'
    return Cell(problem=Problem("line-break", "the cell goes on over several lines", mend))


_LINE_END: Final = re.compile(r"[\r\n]")


def _units(value: Any) -> Cell[float]:
    if is_blank(value):
        return Cell()
    try:
        units = float("nan") if isinstance(value, bool) else float(text_of(value).replace(",", ""))
    except ValueError:
        units = float("nan")
    if 0 <= units <= UNITS_MAX:
        return Cell(units)
    return Cell(problem=Problem("units", f"it is no number from 0 to {UNITS_MAX:,}", "Write a number such as 1."))


def _line_number(value: Any) -> Cell[int]:
    if is_blank(value):
        return Cell()
    text = text_of(value)
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(LINE_NUMBER_MAX)) else 0
    if 1 <= number <= LINE_NUMBER_MAX:
        return Cell(number)
    return Cell(
        problem=Problem("line-number", f"it is no whole number from 1 to {LINE_NUMBER_MAX:,}", "Number the lines.")
    )


_BETWEEN = re.compile(r"\s*[,;|^~]\s*|\s+")


def _list(value: Any) -> Cell[tuple[str, ...]]:
    """The parts; blank ones in between keep their place, for pointers count them."""
    if is_blank(value):
        return Cell()
    parts = _BETWEEN.split(str(value).strip())
    while parts and not parts[-1]:
        parts.pop()
    return Cell(tuple(parts)) if parts else Cell()


def _pointers(value: Any) -> Cell[tuple[int, ...]]:
    if is_blank(value):
        return Cell()
    found: list[int] = []
    for part in re.split(r"[,;:|^~\s]+", text_of(value)):
        letters = part.upper()
        if re.fullmatch("[A-L]+", letters):
            found += [ord(letter) - ord("A") + 1 for letter in letters]
        elif re.fullmatch("[0-9]{1,2}", part) and int(part):
            found.append(int(part))
        elif part:
            mend = "Write positions from 1, such as 1,2, or the letters of the paper form, such as AB."
            return Cell(problem=Problem("pointer", "it is no pointer to diagnoses", mend))
    return Cell(tuple(found))


_SUBJECTS: Final = {"claim": "claim", "appointment": "appointment", "order": "appointment"}


def _subject(value: Any) -> Cell[str]:
    if is_blank(value):
        return Cell()
    kind = _SUBJECTS.get(text_of(value).casefold())
    return Cell(kind) if kind else Cell(problem=Problem("kind", "it is neither", "Write claim or appointment."))
