"""Reads large CSV files in batches, with the number of every row, bad ones included.

Knows CSV as Arrow reads it, and encodings; knows no column. Values come as text. A row with too many or too few cells,
or with bytes that are not in the encoding of the file, is told and not read.
"""

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from policywire.errors import BadInput
from policywire.workbench.charges.raw import ArrowColumn, Places, RawBatch, Spoiled
from policywire.workbench.tables.cells import Problem
from policywire.workbench.tables.delimited import Delimited

BLOCK_BYTES: Final = 8 << 20
"""Some 50,000 lines at once; also the longest row."""
_WRONG_BYTES: Final = Problem(
    "encoding",
    "some bytes of the row are not in the encoding of the rest",
    "Save the file as UTF-8, or say how it is encoded: --encoding cp1252.",
)


_SWALLOWS: Final = Problem(
    "open-quote",
    "a cell of the row goes on over other rows",
    'Look for a quotation mark (") that is opened and not closed: the rows after it were taken for part of this one.',
)
Truths = npt.NDArray[np.bool_]
"""Of each row of a batch whether something holds."""


class CsvFile:
    """A CSV file.

    Args:
        path: the file.
        encoding: in Python's words; None: what the file looks like.
        delimiter: None: what the file looks like.
        block_bytes: how much is read at once.

    Raises:
        BadInput: it is no text, or has no header.
    """

    def __init__(
        self,
        path: Path,
        encoding: str | None = None,
        delimiter: str | None = None,
        block_bytes: int = BLOCK_BYTES,
    ) -> None:
        looks = Delimited(path)
        self._path = path
        self._encoding = encoding or looks.encoding.name
        self._delimiter = delimiter or looks.delimiter
        self._block_bytes = block_bytes
        self._done = 0.0
        self.notes: Sequence[str] = () if encoding else looks.notes
        self.headers: Sequence[str] = self._header()

    def _header(self) -> tuple[str, ...]:
        with self._path.open(encoding=self._encoding, errors="surrogateescape", newline="") as opened:
            first = next(csv.reader(opened, delimiter=self._delimiter), [])
        if not any(map(str.strip, first)):
            raise BadInput(f"{self._path} has no header: its first row must name the columns.")
        return tuple(cell.removeprefix("\ufeff") for cell in first)

    def batches(self, headers: Sequence[str]) -> Iterator[RawBatch]:
        """All rows but blank ones, with only these columns.

        Raises:
            BadInput: a quotation mark is never closed.
        """
        uneven: list[Spoiled] = []
        numbers = _Numbers(first=2)
        wanted = {header: self.headers.index(header) for header in headers}
        try:
            for batch in self._arrow(uneven):
                rows = numbers.of_good(batch.num_rows, [each.row for each in uneven])
                spoiled, uneven[:] = uneven[:], []
                swallowing = _swallowing(batch, self._delimiter.encode())
                yield _checked(RawBatch(rows, {}, spoiled, self._done), batch, wanted, swallowing)
        except pa.ArrowInvalid as error:
            raise BadInput(self._told(error, numbers.next)) from error
        if uneven:
            yield RawBatch(np.empty(0, np.int64), {}, tuple(uneven))

    def _arrow(self, uneven: list[Spoiled]) -> Iterator[pa.RecordBatch]:
        """Arrow's batches, all columns as bytes, named by their place; notes the rows that it leaves out."""

        def leave_out(row: Any) -> str:
            uneven.append(Spoiled(row.number, _too_uneven(row.actual_columns, row.expected_columns)))
            return "skip"

        names = [str(place) for place in range(len(self.headers))]
        # Without threads, for only so does Arrow tell a row's number. It may read ahead of what it gives.
        read = pacsv.ReadOptions(
            use_threads=False, block_size=self._block_bytes, column_names=names, skip_rows_after_names=1
        )
        parse = pacsv.ParseOptions(
            delimiter=self._delimiter,
            newlines_in_values=True,
            ignore_empty_lines=False,  # they count
            invalid_row_handler=leave_out,
        )
        convert = pacsv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.binary()), strings_can_be_null=False, check_utf8=False
        )
        size = max(1, self._path.stat().st_size)
        with self._path.open("rb") as file:
            for batch in pacsv.open_csv(_as_utf8(file, self._encoding), read, parse, convert):
                self._done = min(1.0, file.tell() / size)
                yield batch

    def _told(self, error: Exception, row: int) -> str:
        if "straddling" in str(error) or "Truncated" in str(error):
            mend = 'Look for a quotation mark (") that is opened and not closed, at that row or after it.'
            return f"{self._path}, row {row}: a quoted text has no end. {mend}"
        return f"{self._path}, about row {row}: it cannot be read as CSV: {str(error).splitlines()[0]}"


class _Numbers:
    """Gives rows their numbers. Of a row that is left out it may hear before those in front of it are numbered."""

    def __init__(self, first: int) -> None:
        self.next = first
        self._left_out = np.empty(0, np.int64)

    def of_good(self, count: int, left_out: Sequence[int]) -> Places:
        """The numbers of the next ``count`` rows, which are none of those that are left out."""
        self._left_out = np.concatenate([self._left_out, np.array(left_out, np.int64)])
        numbers = np.setdiff1d(np.arange(self.next, self.next + count + len(self._left_out)), self._left_out)[:count]
        self.next = int(numbers[-1]) + 1 if count else self.next
        self._left_out = self._left_out[self._left_out >= self.next]
        return numbers


def _checked(numbered: RawBatch, batch: pa.RecordBatch, wanted: dict[str, int], swallowing: Truths) -> RawBatch:
    """The batch's columns as text, without blank rows, those with bytes of another encoding, and swallowing ones."""
    texts, wrong = {}, np.zeros(batch.num_rows, bool)
    for header, place in wanted.items():
        texts[header], strange = _text(batch.column(place))
        wrong |= strange
    says = np.zeros(batch.num_rows, bool)
    for column in batch.columns:
        says |= (pc.binary_length(column).to_numpy(zero_copy_only=False)) > 0
        if says.all():
            break
    keep = says & ~wrong & ~swallowing
    spoiled = [*numbered.spoiled, *(Spoiled(int(row), _SWALLOWS) for row in numbered.rows[swallowing])]
    spoiled += [Spoiled(int(row), _WRONG_BYTES) for row in numbered.rows[wrong & says & ~swallowing]]
    if keep.all():
        columns = {name: ArrowColumn(text) for name, text in texts.items()}
        return RawBatch(numbered.rows, columns, spoiled, numbered.done)
    kept = pa.array(np.flatnonzero(keep))
    columns = {name: ArrowColumn(text.take(kept)) for name, text in texts.items()}
    return RawBatch(numbered.rows[keep], columns, spoiled, numbered.done)


def _swallowing(batch: pa.RecordBatch, delimiter: bytes) -> Truths:
    """Which rows have a cell that took in other rows: one of its lines is as wide as the table.

    Nothing else tells that a quotation mark was left open in a text, and the rows after it would be lost in silence.
    """
    swallowing = np.zeros(batch.num_rows, bool)
    for column in batch.columns:
        content = column.buffers()[2]
        if content is not None and b"\n" in memoryview(content).tobytes():
            for row in np.flatnonzero(pc.match_substring(column, b"\n").to_numpy(zero_copy_only=False)):
                lines = column[int(row)].as_py().split(b"\n")[1:]
                swallowing[row] |= any(line.count(delimiter) >= batch.num_columns - 1 for line in lines)
    return swallowing


def _text(column: pa.Array) -> tuple[pa.Array, Truths]:
    """The column as text, and which rows hold bytes that are none."""
    try:
        return column.cast(pa.string()), np.zeros(len(column), bool)
    except pa.ArrowInvalid:
        texts = [each.as_py().decode("utf-8", "surrogateescape") for each in column]
        strange = [not text.isascii() and any("\udc80" <= letter <= "\udcff" for letter in text) for text in texts]
        kept = ["" if bad else text for text, bad in zip(texts, strange, strict=True)]
        return pa.array(kept, pa.string()), np.array(strange, bool)


def _too_uneven(cells: int, width: int) -> Problem:
    few = cells < width
    mend = (
        "Give the row all its cells, blank ones too."
        if few
        else "Look for a cell that holds the delimiter without quotation marks around it."
    )
    return Problem(f"too-{'few' if few else 'many'}-cells", f"it has {cells} cells and the header has {width}", mend)


def _as_utf8(file: Any, encoding: str) -> Any:
    """The file's bytes as UTF-8; what is not in the encoding comes as bytes that are no UTF-8."""
    return file if encoding in ("utf-8", "utf-8-sig") else pa.PythonFile(_Recoded(file, encoding), mode="r")


class _Recoded(io.RawIOBase):
    """A stream of another encoding, read as UTF-8."""

    def __init__(self, stream: Any, encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)("surrogateescape")
        self._left = b""

    def readable(self) -> bool:
        """It is."""
        return True

    def read(self, size: int = -1) -> bytes:
        """So many bytes or fewer; none at the end."""
        while not self._left:
            chunk = self._stream.read(size)
            self._left = self._decoder.decode(chunk, final=not chunk).encode("utf-8", "surrogateescape")
            if not chunk:
                break
        given, self._left = self._left[:size], self._left[size:]
        return given
