"""Reads delimited text row by row: any usual delimiter, any usual encoding. Knows CSV; knows no column's meaning.

Rows are read as they are asked for, so a file of a million rows takes no more memory than one of ten.
"""

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from policywire.errors import BadInput
from policywire.workbench.tables.cells import Problem
from policywire.workbench.tables.encoding import Encoding, encoding_of
from policywire.workbench.tables.rows import Row

DELIMITERS: Final = (",", "\t", ";", "|")
SAMPLE_ROWS: Final = 50
_MEND_QUOTE: Final = 'Look for a quotation mark (") that is opened and not closed.'
_OPEN: Final = Problem(
    "open-quote",
    "a quotation mark in it is opened and not closed, so it may hold rows that stand below it",
    f"{_MEND_QUOTE} The rows after it were taken for part of this one.",
)
_MIXED: Final = Problem(
    "encoding",
    "some bytes of the row are not in the encoding of the rest",
    "Save the file as UTF-8, and look at the row's accented letters.",
)


class Delimited:
    """A file of delimited text.

    Args:
        path: the file.

    Raises:
        BadInput: it is no text, or damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.encoding: Encoding = encoding_of(path)
        self.delimiter = _delimiter(self._lines(SAMPLE_ROWS))

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the file should know of how it was read."""
        name = self.encoding.name
        if self.encoding.is_guess:
            return (f"read as {name}, which is a guess: nothing in the file says so",)
        return (f"read as {name}, and some rows are in another encoding",) if self.encoding.is_mixed else ()

    def rows(self) -> Iterator[Row]:
        """Every row, blank ones included, numbered from 1 as a spreadsheet would.

        A row of which a cell took in other rows, because a quotation mark is not closed, has a problem ``open-quote``.

        Raises:
            BadInput: a field is so long that it is none, or the file is damaged.
        """
        with self.path.open(encoding=self.encoding.name, errors="surrogateescape", newline="") as opened:
            lines = _Lines(opened)
            reader = csv.reader(lines, delimiter=self.delimiter)
            number = 0
            while True:
                number += 1
                before = reader.line_num
                lines.of_row.clear()
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    message = f"{self.path}, row {number} (line {before + 1}): {error}. {_MEND_QUOTE}"
                    raise BadInput(message) from error
                except UnicodeError as error:
                    raise self._broken(f", row {number} (line {before + 1})") from error
                yield Row(number, tuple(cells), self._problem(cells, lines.of_row))

    def _problem(self, cells: list[str], lines: list[str]) -> Problem | None:
        if self.encoding.is_mixed and _is_mixed(cells):
            return _MIXED
        may_be_open = len(lines) > 1 or bool(lines[0].count('"') % 2)
        return _OPEN if may_be_open and _is_open(lines, self.delimiter) else None

    def _broken(self, where: str) -> BadInput:
        return BadInput(f"{self.path}{where} is not {self.encoding.name} to its end. Save the file anew, as UTF-8.")

    def _lines(self, count: int) -> list[str]:
        with self.path.open(encoding=self.encoding.name, errors="surrogateescape", newline="") as opened:
            try:
                # A line may be a gigabyte of one row: what is longer than a field may be shows no delimiter either.
                return list(islice(iter(lambda: opened.readline(csv.field_size_limit()), ""), count))
            except UnicodeError as error:
                raise self._broken("") from error


class _Lines:
    """Hands lines on, and keeps those of the row that is being read."""

    def __init__(self, opened: Iterable[str]) -> None:
        self._opened = iter(opened)
        self.of_row: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._opened)
        self.of_row.append(line)
        return line


def _is_open(lines: list[str], delimiter: str) -> bool:
    """Whether a quoted cell of a row does not end where a cell may end.

    Of a cell that took in other rows the mark that ends it opened a cell of theirs, and no delimiter follows.
    """
    try:
        deque(csv.reader(lines, delimiter=delimiter, strict=True), maxlen=0)
    except csv.Error:
        return True
    return False


def _is_mixed(cells: list[str]) -> bool:
    return any("\udc80" <= letter <= "\udcff" for cell in cells if not cell.isascii() for letter in cell)


def _delimiter(lines: list[str]) -> str:
    """The delimiter by which most of the first rows have one and the same number of cells, more than one."""
    best, found = (0, 0), DELIMITERS[0]
    for delimiter in DELIMITERS:
        try:
            widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
        except csv.Error:
            continue
        wide = [width for width in widths if width > 1]
        usual = max(set(wide), key=wide.count, default=0)
        if usual and (wide.count(usual), usual) > best:
            best, found = (wide.count(usual), usual), delimiter
    return found
