"""Rows of a report's tables, whatever they count: ranked by dollars, cut to the first few, and guarded where few.

Knows that counts and cents of rows may be added; does not know what they mean.

A count of a few people in a row by provider can tell who they are to somebody who knows the practice. An audit stays in
the organisation and shows everything; before a report leaves it, ``suppress_below`` merges rows with small counts.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple


class Row(NamedTuple):
    """What stands in one row: words first, then counts, then amounts in cents.

    A ``summed`` row stands for several: it comes last, however much it has.
    """

    labels: tuple[str, ...]
    counts: tuple[int, ...]
    cents: tuple[int, ...] = ()
    summed: bool = False

    @property
    def weight(self) -> tuple[int, ...]:
        """What rows are ranked by: the last amount (by custom the exposure), then the counts."""
        return (*self.cents[-1:], *self.counts)


def ranked(rows: Sequence[Row]) -> list[Row]:
    """Most at stake first, equal ones by their words."""
    return sorted(rows, key=lambda row: (row.summed, tuple(-number for number in row.weight), row.labels))


def first(rows: Sequence[Row], top: int) -> list[Row]:
    """The first ``top`` rows, and the sum of the others in one more; one row too many is shown as it is."""
    if len(rows) <= top + 1:
        return list(rows)
    rest = rows[top:]
    return [*rows[:top], _sum(rest, f"and {len(rest):,} more")]


def guarded(rows: Sequence[Row], below: int) -> list[Row]:
    """The rows, with those merged into one that have a count above 0 and under ``below``.

    The merged row takes in the next smallest rows until it is not small itself: a single hidden row, or a small sum of
    several, could be had from the totals by subtraction.
    """
    hidden = [row for row in rows if _small(row, below)]
    if not hidden:
        return list(rows)
    shown = [row for row in rows if not _small(row, below)]
    while shown and _small(_sum(hidden, ""), below):
        smallest = min(shown, key=lambda row: row.weight[::-1])
        shown.remove(smallest)
        hidden.append(smallest)
    return [*shown, _sum(hidden, f"{len(hidden):,} with few lines")]


def coarser(months: Sequence[Row], below: int) -> list[Row]:
    """Rows by month, or by as many months together as leave no small count: 3, 6, 12 or all."""
    for together in (*_MONTHS_TOGETHER, max(len(months), 1)):
        grouped = [_span(months[start : start + together]) for start in range(0, len(months), together)]
        if not any(_small(row, below) for row in grouped):
            break
    return grouped


_MONTHS_TOGETHER: Final = (1, 3, 6, 12)


def _small(row: Row, below: int) -> bool:
    return any(0 < number < below for number in row.counts)


def _sum(rows: Sequence[Row], label: str) -> Row:
    """One row for several; its first word says what it is, the others are empty."""
    counts = tuple(map(sum, zip(*(row.counts for row in rows), strict=True)))
    cents = tuple(map(sum, zip(*(row.cents for row in rows), strict=True)))
    return Row((label, *("" for _ in rows[0].labels[1:])), counts, cents, summed=True)


def _span(months: Sequence[Row]) -> Row:
    (start,), (end,) = months[0].labels, months[-1].labels
    return _sum(months, start if start == end else f"{start} to {end}")._replace(summed=False)
