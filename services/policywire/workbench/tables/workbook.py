"""Reads a worksheet of an XLSX file row by row. Knows spreadsheets; knows no column's meaning.

Of cells merged down a column every row gets the value, because that is what a reader of the sheet sees beside each row;
of cells merged across columns only the first gets it, because a heading that spans columns is in none of the others. A
cell whose number format is all zeros (``00000``) is read as it is shown, with the zeros.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from warnings import catch_warnings, simplefilter

from openpyxl import load_workbook

from policywire.errors import BadInput
from policywire.workbench.tables.cells import Problem
from policywire.workbench.tables.rows import Row, column_letters
from policywire.workbench.tables.worksheet import Layout, Merge, layout, refusing_damage, sheet_names

SHOWN_MAX: Final = 5
"""So many addresses are named in a note; more help nobody."""

_ZEROS = re.compile(r"0{2,9}")


class Workbook:
    """A worksheet of an XLSX file.

    Args:
        path: the file.
        sheet: the worksheet's name; None: the only one that is not empty.

    Raises:
        BadInput: the file is no XLSX, or which worksheet is meant is not clear.
    """

    def __init__(self, path: Path, sheet: str | None = None) -> None:
        self.path = path
        self.sheet = sheet or _only_sheet(path)
        self.layout: Layout = layout(path, self.sheet)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the sheet should know of how it was read."""
        found = self.layout
        down = [each.address for each in found.merges if each.last_row > each.first_row]
        across = [each.address for each in found.merges if each.last_column > each.first_column]
        hidden = [f"row {number}" for number in sorted(found.hidden_rows)]
        columns = [f"column {column_letters(number - 1)}" for number in found.hidden_columns]
        notes = (
            (down, "merged down: each of their rows was given the value"),
            (across, "merged across: only the first column was given the value"),
            (hidden, "hidden in the sheet and read all the same"),
            (columns, "hidden in the sheet and read all the same"),
        )
        said = [f"{_some(each)}: {how}" for each, how in notes if each]
        if found.formulas:
            cells = "one cell" if found.formulas == 1 else f"{found.formulas} cells"
            said.append(f"formulas in {cells}: their last saved values were read")
        return tuple(said)

    def rows(self) -> Iterator[Row]:
        """Every row, blank ones included, numbered as the spreadsheet shows them.

        Raises:
            BadInput: the file is damaged.
        """
        down = _Down(self.layout.merges)
        with refusing_damage(self.path, self.sheet), catch_warnings():
            simplefilter("ignore")  # of styles and extensions that openpyxl does not know; values are not touched
            book = load_workbook(self.path, read_only=True, data_only=True, keep_links=False)
            try:
                opened: Any = book[self.sheet]
                opened.reset_dimensions()  # what a file says of its own size may be wrong, or a million rows of nothing
                for number, cells in enumerate(opened.iter_rows(), 1):
                    yield self._row(number, down.fill(number, [_value(cell) for cell in cells]))
            finally:
                book.close()

    def _row(self, number: int, cells: list[object]) -> Row:
        lacking = [column for column in range(1, len(cells) + 1) if (number, column) in self.layout.uncomputed]
        problem = None
        if lacking:
            where = f"{column_letters(lacking[0] - 1)}{number}"
            mend = "Open the file in a spreadsheet program and save it, or write the value instead of the formula."
            problem = Problem("formula-without-value", f"{where} is a formula whose value was never saved", mend)
        return Row(number, tuple(cells), problem, number in self.layout.hidden_rows)


def _only_sheet(path: Path) -> str:
    names = sheet_names(path)
    if not names:
        raise BadInput(f"{path} has no sheet with anything in it.")
    if len(names) > 1:
        raise BadInput(f"{path} has several sheets: {', '.join(map(repr, names))}. Say which one with --sheet.")
    return names[0]


def _some(addresses: list[str]) -> str:
    shown = ", ".join(addresses[:SHOWN_MAX])
    return f"{shown} and {len(addresses) - SHOWN_MAX} more" if len(addresses) > SHOWN_MAX else shown


def _value(cell: Any) -> object:
    value: object = cell.value
    if isinstance(value, int) and not isinstance(value, bool) and _ZEROS.fullmatch(cell.number_format or ""):
        return str(value).zfill(len(cell.number_format))
    return value


class _Down:
    """Fills cells merged down a column with the value of the first, while rows go by."""

    def __init__(self, merges: tuple[Merge, ...]) -> None:
        self.starting: dict[int, list[Merge]] = {}
        self.open: dict[int, tuple[int, object]] = {}
        """By column: the last row, and the value."""
        for each in merges:
            if each.last_row > each.first_row:
                self.starting.setdefault(each.first_row, []).append(each)

    def fill(self, number: int, cells: list[object]) -> list[object]:
        for column, (last_row, value) in tuple(self.open.items()):
            if number > last_row:
                del self.open[column]
                continue
            cells += [None] * (column - len(cells))
            cells[column - 1] = value
        for each in self.starting.pop(number, ()):
            if each.first_column <= len(cells):
                self.open[each.first_column] = (each.last_row, cells[each.first_column - 1])
        return cells
