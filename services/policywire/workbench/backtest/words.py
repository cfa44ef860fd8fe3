"""A backtest in words: plain text for a terminal, Markdown for a pull request. Aggregates only."""

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Final

from policywire.workbench.flips import words
from policywire.workbench.flips.tally import Tally

EXPLAINED: Final = (
    "Both sides began with nothing remembered and read every event; what was said since {since} is compared, "
    "each time the latest word on a line or an alert."
)


def told(
    read: dict[str, Any], alerts: Counter[tuple[str, str]], tally: Tally, since: str, *, as_markdown: bool
) -> Iterator[str]:
    """Lines for people.

    Args:
        read: what :func:`policywire.workbench.backtest.result.read_report` gives.
        alerts: what :func:`policywire.workbench.backtest.result.alert_changes` gives.
        tally: of the lines that flip.
        since: the beginning of the window, in words.
        as_markdown: tables in Markdown.
    """
    yield from _read(read, since)
    yield ""
    yield from words.markdown(tally) if as_markdown else words.text(tally)
    yield ""
    if not alerts:
        yield "No alert opens or is resolved otherwise."
        return
    rows = [(kind, change, f"{count:,}") for (kind, change), count in sorted(alerts.items())]
    yield from _markdown(rows) if as_markdown else _text(rows)


def _read(read: dict[str, Any], since: str) -> Iterator[str]:
    bad = sum(read["bad_events"].values())
    reasons = ", ".join(f"{count:,} {code}" for code, count in read["bad_events"].items())
    yield f"{read['events']:,} events of {read['members']:,} members remembered at the end."
    if bad:
        yield f"{bad:,} could not be used: {reasons}."
    if read["after_window"]:
        yield f"{read['after_window']:,} happened after the window and were left out."
    yield EXPLAINED.format(since=since)
    for side in ("current", "draft"):
        said = read[side]
        yield (
            f"  {side + ' rules:':<15} {said['determinations']:,} determinations stand, "
            f"${Decimal(said['exposure_amount']):,} at risk, {said['open_alerts']:,} alerts open"
        )


def _text(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield "Alerts under the draft"
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for kind, change, count in rows:
        yield f"  {kind.ljust(widths[0])}  {change.ljust(widths[1])}  {count.rjust(widths[2])}"


def _markdown(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield "| alert | under the draft | how many |"
    yield "|---|---|---:|"
    yield from (f"| {' | '.join(row)} |" for row in rows)
