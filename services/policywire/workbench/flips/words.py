"""A tally of flips as tables: for a terminal, and in Markdown. Aggregates only: no line is told apart.

Knows the tally; knows no terminal.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from policywire.workbench.flips.tally import BY, Sums, Tally, dollars

ROWS_MAX: Final = 12
"""So many values are shown for each table; ``--json`` has all."""

COLUMNS: Final = ("lines", "charged", "exposure before", "exposure after", "change")
_TITLES: Final = {
    "change": "answer",
    "policy": "policy",
    "procedure_code": "code",
    "specialty": "specialty",
    "provider": "rendering provider",
    "month": "month of service",
}


def text(tally: Tally) -> Iterator[str]:
    """Lines for a terminal."""
    yield from _totals(tally)
    for name in BY:
        rows = _rows(tally, name)
        if rows:
            yield ""
            yield from _aligned([(_TITLES[name], *COLUMNS), *rows])
            yield from _rest(tally, name)


def markdown(tally: Tally) -> Iterator[str]:
    """Lines of Markdown."""
    yield from _totals(tally)
    for name in BY:
        rows = _rows(tally, name)
        if rows:
            yield ""
            yield f"| {' | '.join((_TITLES[name], *COLUMNS))} |"
            yield f"|---|{'---:|' * len(COLUMNS)}"
            yield from (f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows)
            yield from _rest(tally, name)


def _totals(tally: Tally) -> Iterator[str]:
    if tally.claims.lines:
        yield f"{_flip(tally.claims.lines, 'claim line')}, {_money(tally.claims.charge_cents)} charged."
        before, after = tally.claims.exposure_before_cents, tally.claims.exposure_after_cents
        yield f"Exposure on them: {_money(before)} before, {_money(after)} after ({_signed(after - before)})."
    if tally.appointments.lines:
        estimated = _money(tally.appointments.charge_cents)
        yield f"{_flip(tally.appointments.lines, 'booked procedure')}, {estimated} estimated."
    if not tally.claims.lines and not tally.appointments.lines:
        yield "No line flips."


def _flip(count: int, what: str) -> str:
    return f"{count:,} {what} flips" if count == 1 else f"{count:,} {what}s flip"


def _rows(tally: Tally, name: str) -> list[tuple[str, ...]]:
    return [(value, *_cells(sums)) for value, sums in tally.ordered(name)[:ROWS_MAX]]


def _rest(tally: Tally, name: str) -> Iterator[str]:
    more = len(tally.by[name]) - ROWS_MAX
    if more > 0:
        yield f"and {more:,} more"


def _cells(sums: Sums) -> tuple[str, ...]:
    before, after = sums.exposure_before_cents, sums.exposure_after_cents
    return f"{sums.lines:,}", _money(sums.charge_cents), _money(before), _money(after), _signed(after - before)


def _money(cents: int) -> str:
    whole, point, part = dollars(cents).partition(".")
    return f"${int(whole):,}{point}{part}"


def _signed(cents: int) -> str:
    return f"{'-' if cents < 0 else '+'}{_money(abs(cents))}" if cents else "$0.00"


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *numbers in rows:
        cells = [first.ljust(widths[0]), *(each.rjust(width) for each, width in zip(numbers, widths[1:], strict=True))]
        yield f"  {'  '.join(cells)}".rstrip()
