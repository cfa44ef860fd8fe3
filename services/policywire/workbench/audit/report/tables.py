"""A report's sections, tables and cells as words, before they have a look. Knows no HTML, and not what is counted."""

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from policywire.workbench.audit.report import wording
from policywire.workbench.audit.report.plots import Plot
from policywire.workbench.audit.report.rows import Row, first, guarded, ranked


class Shown(NamedTuple):
    """How much a report shows.

    Attributes:
        top: rows of a table, beside one for all others.
        suppress_below: rows with smaller counts are merged; 0 shows all.
    """

    top: int = 25
    suppress_below: int = 0


Kind = Literal["number", "word", "text", "hash"]
"""How a cell is set: a figure to the right, a word in one line, a longer text in several, a hash broken anywhere."""


class Cell(NamedTuple):
    """A figure or words; ``share`` (0 to 1) draws a bar behind a figure."""

    text: str
    kind: Kind = "word"
    share: float | None = None


def cell_of(text: str) -> Cell:
    """A cell of words, in as many lines as they need."""
    return Cell(text, "word" if len(text) <= _WORD_MAX else "text")


_WORD_MAX: Final = 28


class Table(NamedTuple):
    """A table; the first cell of a row names the row."""

    caption: str
    header: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]


class Section(NamedTuple):
    """One question with its answer: a sentence, plots and tables, and what a reader must know beside them."""

    id: str
    heading: str
    says: str
    plots: tuple[Plot, ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()


class Header(NamedTuple):
    """The names of a table's columns, of words, counts and amounts, as in a :class:`Row`.

    The last amount is the one that matters: it stands next to the words, so that a phone shows it too.
    """

    words: tuple[str, ...]
    counts: tuple[str, ...] = ()
    cents: tuple[str, ...] = ()

    def cells(self) -> tuple[Cell, ...]:
        """The names in the order of the columns."""
        numbers = (*self.cents[-1:], *self.counts, *self.cents[:-1])
        return (*map(cell_of, self.words), *(Cell(name, "number") for name in numbers))


def ranked_table(caption: str, header: Header, rows: Sequence[Row], shown: Shown) -> Table:
    """The rows with most at stake, those with small counts merged where that is asked for."""
    return plain_table(caption, header, first(ranked(guarded(rows, shown.suppress_below)), shown.top))


def plain_table(caption: str, header: Header, rows: Sequence[Row]) -> Table:
    """The rows as they stand. A bar behind the amount that matters shows each row's share of the greatest."""
    greatest = max((row.cents[-1] for row in rows if row.cents and not row.summed), default=0)
    return Table(caption, header.cells(), tuple(_cells(row, greatest) for row in rows))


def word_table(caption: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """A table of words alone."""
    return Table(caption, tuple(map(cell_of, header)), tuple(tuple(map(cell_of, row)) for row in rows))


def _cells(row: Row, greatest: int) -> tuple[Cell, ...]:
    amounts = [Cell(wording.dollars(amount), "number") for amount in row.cents]
    if amounts and greatest and not row.summed:
        amounts[-1] = amounts[-1]._replace(share=row.cents[-1] / greatest)
    counts = (Cell(wording.count(number), "number") for number in row.counts)
    return (*map(cell_of, row.labels), *amounts[-1:], *counts, *amounts[:-1])
