"""Reads a table that somebody keeps: CSV with any delimiter and encoding, XLSX, or JSON.

Knows how to tell the kinds of file apart and where a table's header is. Knows no column's meaning
(:mod:`policywire.workbench.tables.columns` finds those). Rows come one by one, so that a table's size does not matter.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final, Protocol

from msgspec.structs import replace

from policywire.errors import BadInput
from policywire.workbench.tables.cells import Problem, text_of
from policywire.workbench.tables.delimited import Delimited
from policywire.workbench.tables.objects import Objects
from policywire.workbench.tables.rows import Row, column_letters

HEADER_WITHIN_ROWS: Final = 30
"""A header stands below a title, a logo and a remark, not below a page of them."""

_REFUSED: Final = (
    (b"\xd0\xcf\x11\xe0", "an old .xls file, or one with a password. Save it as .xlsx without a password"),
    (b"%PDF", "a PDF. Copy its table into a spreadsheet and save that as .xlsx or .csv"),
    (b"PAR1", "a Parquet file. Save it as .xlsx or .csv"),
    (b"\x1f\x8b", "packed (gzip). Unpack it"),
)


class _Table(Protocol):
    @property
    def notes(self) -> tuple[str, ...]: ...

    def rows(self) -> Iterator[Row]: ...


class Sheet:
    """A table with a header.

    Attributes:
        path: the file.
        header: the columns' names, as the file has them.
        header_row: the number of the row in which they stand (0 in JSON, which has none).
        notes: what its reader should know of how it was read: a guessed encoding, merged cells, hidden rows.
    """

    def __init__(self, path: Path, table: _Table, header: Row, notes: tuple[str, ...]) -> None:
        self.path = path
        self.header = tuple(map(text_of, header.cells))
        self.header_row = header.number
        self.notes = notes
        self._table = table

    def rows(self) -> Iterator[Row]:
        """The rows below the header that say something, each as wide as the header; may be asked for again.

        A row with more cells than the header has a problem ``too-many-cells``: some cell of it holds the delimiter.

        Raises:
            BadInput: the file is damaged.
        """
        width = len(self.header)
        for row in self._table.rows():
            if row.number <= self.header_row or row.is_blank():
                continue
            lacking = width - len(row.cells)
            if lacking > 0:
                yield replace(row, cells=(*row.cells, *[None] * lacking))
            elif not lacking:
                yield row
            elif not any(map(text_of, row.cells[width:])):
                yield replace(row, cells=row.cells[:width])
            else:
                yield replace(row, problem=row.problem or _too_many(len(row.cells), width))

    def place(self, row: int, column: int | None = None) -> str:
        """A place in words: ``codes.csv, row 7, column Code (B)``; the column by its 0-based position."""
        where = f"{self.path.name}, row {row}"
        if column is None:
            return where
        name = self.header[column] if column < len(self.header) else ""
        letters = column_letters(column)
        return f"{where}, column {name} ({letters})" if name else f"{where}, column {letters}"


def read_sheet(path: Path, sheet: str | None = None, is_header: Callable[[str], bool] | None = None) -> Sheet:
    """Open a table.

    Args:
        path: CSV in any usual delimiter and encoding, XLSX, or JSON.
        sheet: the worksheet of an XLSX; None: the only one that is not empty.
        is_header: whether a text is the name of a column. The header is then the one of the first rows that has the
            most of them; without it, or where none has any, the first row with at least two texts.

    Raises:
        BadInput: there is no such file, it is no table, or which worksheet is meant is not clear.
    """
    table = _table(path, sheet)
    first = [row for row in islice(table.rows(), HEADER_WITHIN_ROWS) if not row.is_blank()]
    if not first:
        raise BadInput(f"{path} has no row with anything in it.")
    header = _header(first, is_header)
    notes = list(table.notes)
    if header.number > 1:
        notes.append(f"the header is row {header.number}; what stands above it was not read")
    cells = list(header.cells)
    while cells and not text_of(cells[-1]):
        cells.pop()
    return Sheet(path, table, replace(header, cells=tuple(cells)), tuple(notes))


def _table(path: Path, sheet: str | None) -> _Table:
    try:
        with path.open("rb") as opened:
            head = opened.read(4096)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.") from error
    for mark, what in _REFUSED:
        if head.startswith(mark):
            raise BadInput(f"{path} is {what}.")
    if not head.strip():
        raise BadInput(f"{path} is empty.")
    if head.startswith(b"PK"):
        return _workbook(path, sheet)
    if sheet is not None:
        raise BadInput(f"{path} is no XLSX and has no sheets. Leave --sheet away.")
    is_json = head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith((b"[{", b"{", b"[\n", b"[ ", b"[\r"))
    return Objects(path) if is_json else Delimited(path)


def _workbook(path: Path, sheet: str | None) -> _Table:
    try:
        from policywire.workbench.tables.workbook import Workbook  # noqa: PLC0415  openpyxl is of the extra workbench
    except ModuleNotFoundError as error:
        raise BadInput(f"reading {path.name} needs the extra: pip install 'policywire[workbench]'.") from error
    return Workbook(path, sheet)


def _header(first: list[Row], is_header: Callable[[str], bool] | None) -> Row:
    if is_header is not None:
        counts = [sum(is_header(text_of(cell)) for cell in row.cells) for row in first]
        if max(counts):
            return first[counts.index(max(counts))]
    wide = (row for row in first if sum(isinstance(cell, str) and bool(text_of(cell)) for cell in row.cells) > 1)
    return next(wide, first[0])


def _too_many(cells: int, width: int) -> Problem:
    mend = "Look for a cell that holds the delimiter without quotation marks around it."
    return Problem("too-many-cells", f"it has {cells} cells and the header has {width}", mend)
