"""One row of a table as it stands in its file. Knows rows and addresses; knows no file."""

from typing import Final

from msgspec import Struct

from policywire.workbench.tables.cells import Problem, is_blank

LETTERS: Final = 26


class Row(Struct, frozen=True):
    """A row: its number as a spreadsheet shows it, from 1, and its cells."""

    number: int
    cells: tuple[object, ...]
    problem: Problem | None = None
    """Why the row as a whole cannot be used."""
    is_hidden: bool = False

    def is_blank(self) -> bool:
        """Whether no cell says anything."""
        return all(map(is_blank, self.cells))


def column_letters(position: int) -> str:
    """A column's name in a spreadsheet, from its 0-based position: ``A``, ``Z``, ``AA``."""
    name = ""
    position += 1
    while position:
        position, letter = divmod(position - 1, LETTERS)
        name = chr(ord("A") + letter) + name
    return name
