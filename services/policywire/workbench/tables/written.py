"""Tables that we write for people: CSV and XLSX files that only their owner may read and no cell of which is a formula.

Knows how the two kinds of file are written; not what the columns mean.
"""

import csv
import errno
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

from policywire.errors import BadInput

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook

Value = str | int | Decimal | date | None
"""A cell. Text stays text (codes keep their zeros), money is a Decimal in dollars, a day a date."""

FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet that opens a CSV file takes a cell that begins so for a formula. Source: OWASP, CSV Injection."""

CREATED: Final = datetime(2020, 1, 1)  # noqa: DTZ001  XLSX has no time zones
"""The day of creation in every XLSX: the same input gives the same bytes."""

COLUMN_CHARACTERS: Final = (8, 60)
"""Narrower hides a header, wider hides the next column."""


XLSX_ROWS_MAX: Final = 1_048_575
"""Of a worksheet, below its header. What lies beyond the package that writes it leaves out and says nothing."""

_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""Of a disk, whatever was being written; other errors in between are not about this file."""


def guarded(text: str) -> str:
    """Text that no spreadsheet takes for a formula: a quote stands before one that begins like it."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


@contextmanager
def private_text(path: Path) -> Iterator[TextIO]:
    """A text file for writing that only its owner may read, for it may hold health information.

    Raises:
        BadInput: it cannot be written.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        if stat.S_ISREG(os.fstat(descriptor).st_mode):  # a terminal, or /dev/null, is everybody's
            os.fchmod(descriptor, 0o600)
    except OSError as error:
        raise _unwritten(path, error) from error
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as opened:
            yield opened
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise _unwritten(path, error) from error
        raise


def _unwritten(path: Path, error: OSError) -> BadInput:
    return BadInput(f"{path} cannot be written: {error.strerror}.")


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Value]]) -> None:
    """Write a CSV file (UTF-8, a comma between cells, a header).

    Raises:
        BadInput: it cannot be written.
    """
    with private_text(path) as opened:
        writer = csv.writer(opened, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([_text(value) for value in row] for row in rows)


def write_xlsx(path: Path, sheets: Iterable[tuple[str, Sequence[str], Sequence[Sequence[Value]]]]) -> None:
    """Write an XLSX file: each sheet has a name, a header that stays in view and can be filtered, and rows.

    Raises:
        BadInput: it cannot be written, a sheet has more rows than it can hold, or the package that writes it is not
            installed.
    """
    sheets = tuple(sheets)
    for name, _, rows in sheets:
        if len(rows) > XLSX_ROWS_MAX:
            message = f"{path}: a sheet holds {XLSX_ROWS_MAX:,} rows, and {name} has {len(rows):,}"
            raise BadInput(f"{message}. Write a .csv file.")
    with _workbook(path) as workbook:
        formats = {
            date: workbook.add_format({"num_format": "yyyy-mm-dd"}),
            Decimal: workbook.add_format({"num_format": "#,##0.00"}),
        }
        bold = workbook.add_format({"bold": True})
        for name, header, rows in sheets:
            sheet = workbook.add_worksheet(name)
            sheet.freeze_panes(1, 0)
            sheet.write_row(0, 0, header, bold)
            for number, row in enumerate(rows, 1):
                for column, value in enumerate(row):
                    _write(sheet, number, column, value, formats)
            sheet.autofilter(0, 0, max(len(rows), 1), len(header) - 1)
            for column, width in enumerate(_widths(header, rows)):
                sheet.set_column(column, column, width)


@contextmanager
def _workbook(path: Path) -> Iterator["Workbook"]:
    try:
        from xlsxwriter import Workbook  # noqa: PLC0415  of the extra `workbench`
        from xlsxwriter.exceptions import FileCreateError  # noqa: PLC0415  the same
    except ImportError as error:
        raise BadInput("writing XLSX needs the extra: pip install 'policywire[workbench]'") from error
    with private_text(path):  # made first, so that it is never there for others to read
        pass
    workbook = Workbook(path, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    workbook.set_properties({"created": CREATED})
    yield workbook
    try:
        workbook.close()
    except (OSError, FileCreateError) as error:
        raise BadInput(f"{path} cannot be written: {error}.") from error


def _write(sheet: Any, row: int, column: int, value: Value, formats: dict[type, Any]) -> None:
    match value:
        case None:
            return
        case str():
            sheet.write_string(row, column, value)
        case date():
            sheet.write_datetime(row, column, datetime(value.year, value.month, value.day), formats[date])  # noqa: DTZ001  XLSX has no time zones
        case Decimal():
            sheet.write_number(row, column, value, formats[Decimal])
        case int():
            sheet.write_number(row, column, value)


def _widths(header: Sequence[str], rows: Sequence[Sequence[Value]]) -> list[int]:
    narrowest, widest = COLUMN_CHARACTERS
    columns = zip(header, *rows, strict=True)
    return [min(max(narrowest, *(len(_text(each)) + 2 for each in column)), widest) for column in columns]


def _text(value: Value) -> str:
    match value:
        case None:
            return ""
        case str():
            return guarded(value)
        case date():
            return value.isoformat()
        case _:
            return str(value)
