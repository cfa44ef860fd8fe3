"""Reads delimited text row by row: any usual delimiter, any usual encoding. Knows CSV; knows no column's meaning.

Rows are read as they are asked for, so a file of a million rows takes no more memory than one of ten.
"""

import csv
from collections.abc import Iterator
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
        BadInput: it is no text.
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

        Raises:
            BadInput: a field is so long that it is none.
        """
        with self.path.open(encoding=self.encoding.name, errors="surrogateescape", newline="") as opened:
            reader = csv.reader(opened, delimiter=self.delimiter)
            number = 0
            while True:
                number += 1
                before = reader.line_num
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except (csv.Error, UnicodeError) as error:
                    message = f"{self.path}, row {number} (line {before + 1}): {error}. {_MEND_QUOTE}"
                    raise BadInput(message) from error
                yield Row(number, tuple(cells), _MIXED if self.encoding.is_mixed and _is_mixed(cells) else None)

    def _lines(self, count: int) -> list[str]:
        with self.path.open(encoding=self.encoding.name, errors="surrogateescape", newline="") as opened:
            # A line may be a gigabyte of one row: what is longer than a field may be shows no delimiter either.
            return list(islice(iter(lambda: opened.readline(csv.field_size_limit()), ""), count))


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
