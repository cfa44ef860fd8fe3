"""The XLSX workbook of an audit: every decided line to work from, every rejected row, and the audit's tables.

Knows how XLSX is written in little memory whatever the number of rows; what the sheets hold is in
:mod:`policywire.workbench.audit.report.sheets`. It names claims, members and dates of service: only its owner may read
it.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import chain
from pathlib import Path
from typing import Any, Final

from xlsxwriter import Workbook

from policywire.errors import PassingFault
from policywire.workbench.audit.report.sheets import (
    REJECTS,
    Column,
    ColumnBatch,
    Kind,
    SheetOf,
    Value,
    line_columns,
    summary,
    tables,
)
from policywire.workbench.audit.result import AuditResult
from policywire.workbench.tables.written import CREATED, private_text

ROWS_MAX: Final = 1_048_576
"""A sheet of XLSX has no more, its header included; more rows go on in another sheet."""

TEXT_MAX: Final = 32_767
"""A cell of XLSX has no more characters; a longer text is cut."""


def write_workbook(
    path: Path,
    result: AuditResult,
    lines: Iterable[ColumnBatch],
    rejects: Iterable[Sequence[Value]] = (),
    note: str = "",
) -> None:
    """Write the workbook. Equal arguments give equal bytes.

    Args:
        path: the file; replaced when it is there.
        result: what was found.
        lines: the decided lines, all batches with the same columns; known ones are listed in ``sheets.LINES``.
        rejects: file, row, column, problem and mend of each row that was not used.
        note: words for the summary, such as that the data are synthetic.

    Raises:
        BadInput: the file cannot be written there.
        PassingFault: writing failed on the way, as on a full disk.
    """
    with private_text(path):  # made first, so that it is never there for others to read
        pass
    book = Workbook(path, {"constant_memory": True})
    book.set_properties({"created": CREATED, "title": "Coverage policy audit"})
    writer = _Writer(book)
    writer.write(summary(result, note))
    writer.write(_lines(iter(lines)))
    writer.write(SheetOf("Rejects", REJECTS, rejects))
    for sheet in tables(result):
        writer.write(sheet)
    try:
        book.close()
    except OSError as error:
        raise PassingFault(f"{path} could not be written: {error.strerror}.") from error


def _lines(batches: Iterator[ColumnBatch]) -> SheetOf:
    first = next(batches, None)
    if first is None:
        return SheetOf("Lines", line_columns(_NO_LINES), ())
    columns = line_columns(list(first))
    return SheetOf("Lines", columns, chain.from_iterable(_rows(batch, columns) for batch in chain((first,), batches)))


def _rows(batch: ColumnBatch, columns: Sequence[Column]) -> Iterator[tuple[Value, ...]]:
    return zip(*(batch[column.name] for column in columns), strict=True)


_NO_LINES: Final = ("claim_id", "line_number", "member_id", "service_date", "procedure_code", "charge_cents", "outcome")
"""The columns of an audit that decided nothing."""


class _Writer:
    """Writes sheets into one workbook; every row goes to disk before the next."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._head = book.add_format({"bold": True, "bottom": 1})
        self._formats: dict[Kind, Any] = {
            "text": book.add_format({"num_format": "@"}),
            "texts": book.add_format({"num_format": "@"}),
            "date": book.add_format({"num_format": "yyyy-mm-dd"}),
            "dollars": book.add_format({"num_format": "$#,##0.00"}),
            "whole": book.add_format({"num_format": "#,##0"}),
        }

    def write(self, sheet: SheetOf) -> None:
        """All rows of a sheet, over as many sheets as they need; the first is there even without rows."""
        written = self._begin(sheet.name, sheet.columns)
        number, row = 1, 0
        for values in sheet.rows:
            if row == ROWS_MAX - 1:
                self._end(written, sheet.columns, row)
                number, row = number + 1, 0
                written = self._begin(f"{sheet.name} {number}", sheet.columns)
            row += 1
            for place, (column, value) in enumerate(zip(sheet.columns, values, strict=True)):
                if value is not None:
                    self._cell(written, (row, place), column.kind, value)
        self._end(written, sheet.columns, row)

    def _begin(self, name: str, columns: Sequence[Column]) -> Any:
        written = self._book.add_worksheet(name)
        written.freeze_panes(1, 0)
        for place, column in enumerate(columns):
            written.set_column(place, place, column.width)
            written.write_string(0, place, column.title, self._head)
        return written

    def _end(self, written: Any, columns: Sequence[Column], rows: int) -> None:
        written.autofilter(0, 0, rows, len(columns) - 1)

    def _cell(self, written: Any, place: tuple[int, int], kind: Kind, value: Value) -> None:
        """One cell. Text is written as text whatever it looks like, so none is ever a formula."""
        made = self._formats.get(kind)
        match kind, value:
            case "dollars", int():
                written.write_number(*place, value / 100, made)
            case "whole" | "number", int() | float():
                written.write_number(*place, value, made)
            case "date", date():
                written.write_datetime(*place, datetime(value.year, value.month, value.day), made)  # noqa: DTZ001  XLSX has no time zones
            case "yes", _:
                written.write_string(*place, "yes" if value else "no")
            case "texts", list() | tuple():
                written.write_string(*place, _text(", ".join(map(str, value))), made)
            case _:
                written.write_string(*place, _text(str(value)), made)


def _text(text: str) -> str:
    """What a cell may hold: no more characters than it can, and none that is no Unicode text."""
    if len(text) > TEXT_MAX:
        text = f"{text[: TEXT_MAX - 1]}…"
    return text.encode("utf-8", "replace").decode("utf-8")
