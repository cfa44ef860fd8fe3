"""Reads one cell of somebody's table: a procedure code, a date, money.

Knows how people and spreadsheets write such values, and what may have happened to them on the way (a code that lost its
zeros, a day and month that may be swapped). Knows no file, row or column. No message holds a date or an amount from a
cell: a table of charges is read by the same rules, and its values belong in no log.
"""

import re
import unicodedata
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final, Generic, Literal, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from policywire.model.codes import PROCEDURE_CODE

T = TypeVar("T")

DateOrder = Literal["iso", "mdy", "dmy"]
"""How a table writes dates with slashes, when its reader says so; ``iso``: none may have any."""

YEARS: Final = range(1900, 2200)
"""The years in which the contracts let dates lie."""

EXCEL_EPOCH: Final = date(1899, 12, 30)
"""Day 0 of Excel's 1900 calendar, as its leap-year fault of February 1900 leaves it."""

MONEY_MAX: Final = Decimal(10) ** 12
"""Amounts of the contracts have at most twelve digits before the point."""

_FLOAT_NOISE: Final = Decimal("0.000001")
"""A spreadsheet's 0.1 + 0.2 is off by less; a real third decimal is not."""


class Problem(Struct, frozen=True):
    """Why a cell cannot be used: a stable word, a sentence, and how to mend it."""

    word: str
    message: str
    mend: str


class Cell(Struct, Generic[T], frozen=True):
    """A cell as read: its value, or the problem with it, or neither when it is blank."""

    value: T | None = None
    problem: Problem | None = None
    note: str = ""
    """What was done to read it, when its reader should know."""


_INVISIBLE: Final = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))
_BLANK_SIGNS: Final = frozenset({"", "-", "--", "\u2013", "\u2014", "n/a", "na", "null", "none", "nan"})
"""What people write for nothing; a code, a date or an amount is none of them."""


def text_of(value: object) -> str:
    """A cell's text: no blanks around, invisible marks taken out, wide digits and odd blanks made plain."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value)
    if not text.isascii():  # most cells are, and the rest of the work is for those that are not
        text = unicodedata.normalize("NFKC", text).translate(_INVISIBLE)
    return " ".join(text.split())


def is_blank(value: object) -> bool:
    """Whether a cell says nothing."""
    return text_of(value).casefold() in _BLANK_SIGNS


def code_cell(value: object) -> Cell[str]:
    """A procedure code in normal form: five characters, upper case.

    A number of five digits is that code (``20999.0`` is ``20999``). A shorter one has lost its leading zeros, and which
    code it was nobody can tell from it, so it is a problem.

    Problems: ``lost-zeros``, ``code-range``, ``several-codes``, ``code-shape``.
    """
    if is_blank(value):
        return Cell()
    if isinstance(value, bool | date):
        return Cell(problem=_code_shape("a date" if isinstance(value, date) else "a yes or no"))
    text = text_of(value).upper()
    bare = _CODE_SYSTEM.sub("", text)
    number = _WHOLE.fullmatch(bare)
    if number:
        return _code_of_digits(number[1], is_number=not isinstance(value, str) or number[0] != number[1])
    if PROCEDURE_CODE.fullmatch(bare):
        return Cell(bare, note="" if bare == text else "the name of the code system before it was left out")
    return Cell(problem=_code_problem(bare))


def code_cells(value: object) -> tuple[Cell[str], ...]:
    """The codes of a cell in which people may have put several (``0565T, 0566T``), each read as :func:`code_cell` does.

    A cell is only taken apart when every part is a code on its own; otherwise it is one cell with a problem.
    """
    parts = [each for each in _BETWEEN_CODES.split(text_of(value).upper()) if each not in ("", "AND")]
    if len(parts) < 2:  # noqa: PLR2004  one code, or none
        return (code_cell(value),)
    cells = tuple(map(code_cell, parts))
    return cells if all(each.value is not None for each in cells) else (code_cell(value),)


_CODE_SYSTEM = re.compile(r"^(?:CPT|HCPCS)(?:\u00ae|\(R\))?(?: CODE)?[ :#]+")
_WHOLE = re.compile(r"([0-9]+)(?:\.0*)?")
_BETWEEN_CODES = re.compile(r"[,;/|+&\s]+")
_RANGE = re.compile(r"[0-9A-Z]{4,5} ?(?:-|\u2013|\u2014|TO|THROUGH|THRU) ?[0-9A-Z]{4,5}")
_CODE_LENGTH: Final = 5


def _code_of_digits(digits: str, *, is_number: bool) -> Cell[str]:
    if len(digits) == _CODE_LENGTH:
        return Cell(digits, note="it was written as a number" if is_number else "")
    if len(digits) < _CODE_LENGTH and int(digits):
        message = f"{digits} has {len(digits)} digits where a code has {_CODE_LENGTH}: leading zeros were lost"
        mend = f"Format the column as text and write the code in full; perhaps it was {digits.zfill(_CODE_LENGTH)}."
        return Cell(problem=Problem("lost-zeros", message, mend))
    return Cell(problem=_code_shape(f"a number of {len(digits)} digits" if len(digits) > 1 else "one digit"))


def _code_problem(text: str) -> Problem:
    if _RANGE.fullmatch(text):
        mend = "Write each code in a row of its own: not every number between the two is a code."
        return Problem("code-range", "it is a range of codes", mend)
    if len(re.findall(rf"\b(?:{PROCEDURE_CODE.pattern})\b", text)) > 1:
        return Problem("several-codes", "it holds several codes and other words", "Write one code a row.")
    for other in (text.zfill(_CODE_LENGTH), text.replace("O", "0"), text.replace("I", "1").replace("L", "1")):
        if other != text and PROCEDURE_CODE.fullmatch(other):
            return Problem("code-shape", f"{text} has not the shape of a procedure code", f"Perhaps {other} is meant.")
    return _code_shape(f"a text of {len(text)} characters")


def _code_shape(what: str) -> Problem:
    mend = "Write five characters: four digits and a digit or letter (0565T), or a letter and four digits (J1234)."
    return Problem("code-shape", f"{what} that has not the shape of a procedure code", mend)


def date_cell(value: object, order: DateOrder | None = None) -> Cell[date]:
    """A calendar date.

    Read are ``2025-12-16`` (with or without a time of day), ``20251216``, ``12/16/2025``, ``16 Dec 2025``,
    ``December 16, 2025``, a spreadsheet's own dates, and its day numbers where the cell is a number.

    Args:
        value: the cell.
        order: which of day and month comes first in ``01/02/2026``; None: such a date is ambiguous, and a problem.

    Problems: ``date-ambiguous``, ``date-short-year``, ``date-range``, ``date-shape``.
    """
    if isinstance(value, date):
        return _in_range(value.date() if isinstance(value, datetime) else value)
    if is_blank(value):
        return Cell()
    if isinstance(value, bool):
        return _no_date()
    if isinstance(value, int | float) and not _COMPACT.fullmatch(text_of(value)):
        return _of_day_number(value)
    return _of_text(text_of(value), order)


def _of_text(text: str, order: DateOrder | None) -> Cell[date]:
    parts = _iso(text) or _named_month(text)
    if parts is not None:
        return _of_parts(*parts)
    if (slashed := _SLASHED.fullmatch(text)) is not None:
        return _of_slashes(slashed, order)
    return _no_date()


_COMPACT = re.compile(r"(?:19|2[01])[0-9]{6}")
"""``20251216``, which people write as a number too."""
_TIME = r"(?:[T ][0-9]{1,2}:[0-9]{2}.*)?"
_ISO = re.compile(rf"([0-9]{{4}})([-/.]?)([0-9]{{2}})\2([0-9]{{2}}){_TIME}")
_SLASHED = re.compile(rf"([0-9]{{1,2}})([/.-])([0-9]{{1,2}})\2([0-9]{{2,4}}){_TIME}")
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAY_FIRST = re.compile(r"([0-9]{1,2})(?:st|nd|rd|th)?[ -]([a-z]{3,9})\.?,?[ -]([0-9]{4})")
_MONTH_FIRST = re.compile(r"([a-z]{3,9})\.?[ -]([0-9]{1,2})(?:st|nd|rd|th)?,?[ -]([0-9]{4})")


def _iso(text: str) -> tuple[int, int, int] | None:
    found = _ISO.fullmatch(text)
    return (int(found[1]), int(found[3]), int(found[4])) if found else None


def _named_month(text: str) -> tuple[int, int, int] | None:
    text = text.casefold()
    if found := _DAY_FIRST.fullmatch(text):
        day, name, year = found.groups()
    elif found := _MONTH_FIRST.fullmatch(text):
        name, day, year = found.groups()
    else:
        return None
    full = date(2000, _MONTHS.index(name[:3]) + 1, 1).strftime("%B").casefold() if name[:3] in _MONTHS else ""
    is_month = bool(full) and (full.startswith(name) or name == "sept")
    return (int(year), _MONTHS.index(name[:3]) + 1, int(day)) if is_month else None


def _of_slashes(found: re.Match[str], order: DateOrder | None) -> Cell[date]:
    first, second, year = int(found[1]), int(found[3]), found[4]
    if len(year) != 4:  # noqa: PLR2004  digits of a year
        return Cell(problem=Problem("date-short-year", "its year has two digits", "Write the year with four."))
    if order == "iso":
        return Cell(problem=Problem("date-shape", "it is not written year first", "Write it as 2025-12-16."))
    if order == "mdy":
        return _of_parts(int(year), first, second)
    if order == "dmy":
        return _of_parts(int(year), second, first)
    may_be = {each.value for each in (_of_parts(int(year), *each) for each in ((first, second), (second, first)))}
    may_be.discard(None)
    if len(may_be) > 1:
        message = "day and month may be either way round"
        mend = "Say which comes first: --dates mdy or --dates dmy (of charges: date_format in a mapping)."
        return Cell(problem=Problem("date-ambiguous", message, f"{mend} Or write year first."))
    return Cell(may_be.pop()) if may_be else _of_parts(int(year), first, second)


def _of_day_number(value: float) -> Cell[date]:
    try:
        day = EXCEL_EPOCH + timedelta(days=int(value))
    except (OverflowError, ValueError):
        return _no_date()
    found = _in_range(day)
    return replace(found, note="it was written as a spreadsheet's day number") if found.value else found


def _no_date() -> Cell[date]:
    return Cell(problem=Problem("date-shape", "it is no date", "Write it as 2025-12-16."))


def _of_parts(year: int, month: int, day: int) -> Cell[date]:
    try:
        return _in_range(date(year, month, day))
    except ValueError:
        return Cell(problem=Problem("date-range", "there is no such day in the calendar", "Mend it."))


def _in_range(day: date) -> Cell[date]:
    if day.year not in YEARS:
        return Cell(problem=Problem("date-range", "its year lies outside 1900 to 2199", "Mend the year."))
    return Cell(day)


def money_cell(value: object) -> Cell[str]:
    """An amount as decimal text with two places, ``4200.00``.

    Read are ``$4,200.00``, ``4200``, ``4200.5`` and numbers. A negative amount, however written, is a problem.

    Problems: ``money-negative``, ``money-fraction``, ``money-range``, ``money-shape``.
    """
    if is_blank(value):
        return Cell()
    amount = _amount(value)
    if amount is None:
        return Cell(problem=Problem("money-shape", "it is no amount in dollars", "Write it as 4200.00."))
    if amount < 0:
        return Cell(problem=Problem("money-negative", "it is negative", "Give the charge as billed, zero or more."))
    if amount >= MONEY_MAX:
        return Cell(problem=Problem("money-range", "it has more than twelve digits", "Mend the amount."))
    whole = amount.quantize(Decimal("0.01"))
    if abs(whole - amount) > (_FLOAT_NOISE if isinstance(value, float) else 0):
        return Cell(problem=Problem("money-fraction", "it has a fraction of a cent", "Give two decimal places."))
    return Cell(str(whole))


_MONEY = re.compile(r"([0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)?(\.[0-9]+)?")
_MINUS = re.compile(r"\((.*)\)|-(.*)|(.*)-")


def _amount(value: object) -> Decimal | None:
    if isinstance(value, bool | date):
        return None
    if isinstance(value, int | float | Decimal):
        try:
            amount = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
        except InvalidOperation:
            return None
        return amount if amount.is_finite() else None
    text = text_of(value).upper().replace("USD", "").replace("$", "").replace("\u2212", "-").replace(" ", "")
    minus = _MINUS.fullmatch(text)
    if minus:
        text = next(each for each in minus.groups() if each is not None)
    found = _MONEY.fullmatch(text)
    if not found or not any(found.groups()):
        return None
    amount = Decimal(text.replace(",", ""))
    return -amount if minus else amount
