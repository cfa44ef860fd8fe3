"""How the demo looks on a terminal. Knows rich; decides nothing."""

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Final

import msgspec
from rich.console import Console
from rich.json import JSON
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from policywire.model.records import Alert, Determination
from policywire.workbench.demo.summary import Summary
from policywire.workbench.demo.telling import AUDIENCES, POLICYWIRE, Ending, Saying, dollars

_TONES: Final = {"info": "blue", "warning": "yellow", "critical": "bold red", "settled": "green"}
_WIDTH_MAX: Final = 110
"""Longer lines are hard to read."""


_INDENT: Final = (0, 0, 0, 2)
_MADE_UP: Final = (
    "Made up for the demo, no payer's: one version more of MM 0552, under which 0717T and 0718T need criteria. It goes "
    "through `policywire rules publish`, and the worker takes it between two batches."
)
_MEANWHILE: Final = "Records about the claims that came meanwhile, by the one revision of the rules that each names:"


def show_summary(console: Console, summary: Summary, *, events: int, seconds: float) -> None:
    """Tables of what came out, and one determination in full."""
    console.print(_counts("Determinations by outcome", "outcome", summary.outcomes))
    console.print(f"  {summary.withdrawn:,} more were withdrawn: claim voided, line gone, or appointment off.\n")
    console.print(f"  [bold]Dollars at risk: ${summary.at_risk:,.2f}[/]  what nobody will pay unless somebody acts\n")
    console.print(_counts("Open alerts by kind", "alert", summary.alerts))
    console.print(_counts("Dead letters by reason", "reason", summary.dead_letters))
    if summary.example is not None:
        _show_example(console, summary.example)
    console.print(
        f"\n[bold]{events:,} events in {seconds:.1f} s: {events / seconds:,.0f} events/s[/], "
        "published, decided and committed exactly once, start-up of the first batch included."
    )


def show_story(console: Console, title: str, sayings: Iterable[Saying], end: Ending) -> None:
    """One member's story, a line or two for each thing that was said."""
    console.print()
    console.rule(f"[bold]{title}[/]", align="left")
    console.print(_story(sayings), width=min(console.width, _WIDTH_MAX))
    owes = f"; the member owes {dollars(end.member_owes)}" if end.member_owes else ""
    style = "bold red" if end.at_risk else "bold green"
    console.print(f"  As it stands then: [{style}]{dollars(end.at_risk)} at risk[/] for the practice{owes}.")


def show_policy_change(console: Console, alerts: Iterable[Alert], during: Mapping[str, int], day: date) -> None:
    """What was said of the policy itself, and by which revision the claims were decided that came meanwhile."""
    console.print()
    console.rule("[bold]A policy changes while claims come in[/]", align="left")
    console.print(Padding(_MADE_UP, _INDENT), width=min(console.width, _WIDTH_MAX))
    sayings = [Saying(day, AUDIENCES[each.audience], f"{each.message} {each.action}", each.severity) for each in alerts]
    console.print(_story(sayings), width=min(console.width, _WIDTH_MAX))
    console.print(Padding(_MEANWHILE, _INDENT), width=min(console.width, _WIDTH_MAX))
    for revision, count in during.items():
        console.print(f"  {count:>6,}  {revision[:19]}", highlight=False)


def show_how_to_look_around(console: Console, bootstrap_servers: str, worker: str, log: Path) -> None:
    """Addresses, and commands to try while everything is up."""
    # soft_wrap: commands are to be copied as they are.
    console.print("\n[bold]Everything is still up.[/] Kafka, the worker's HTTP, and the worker's log:", soft_wrap=True)
    for line in (bootstrap_servers, f"{worker}/metrics  {worker}/readyz", log):
        console.print(f"  {line}", soft_wrap=True, highlight=False)
    console.print("\nTry, in another terminal:", soft_wrap=True)
    for line in (
        f"export POLICYWIRE_KAFKA__BOOTSTRAP_SERVERS={bootstrap_servers}",
        ".venv/bin/policywire read alerts --last 1",
        ".venv/bin/policywire dead-letters list",
        f"curl -s {worker}/metrics | grep policywire_alerts_total",
        ".venv/bin/policywire generate scheduling --count 1000 --seed 2 --publish",
        ".venv/bin/policywire rules publications",
        '.venv/bin/policywire rules rollback previous --by "$USER" --reason "The made-up version"',
    ):
        console.print(f"  {line}", soft_wrap=True, highlight=False)
    console.print(
        "\nThe last one takes the made-up version back. Or publish a changed copy of rules/, send claims with another "
        "seed, and read what they get. The worker's clock goes on from the day on which the stories end.\n"
        "Ctrl-C ends everything.",
        soft_wrap=True,
    )


def _story(sayings: Iterable[Saying]) -> Table:
    """Day, who, and what; a day is named once."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(justify="right", no_wrap=True, min_width=8)
    grid.add_column(no_wrap=True, min_width=10)
    grid.add_column(ratio=1)
    before: date | None = None
    for day, who, text, tone in sayings:
        grid.add_row("" if day == before else f"{day.day} {day:%b}", _who(who, tone), Text(text, _TONES.get(tone, "")))
        before = day
    return grid


def _who(who: str, tone: str) -> Text:
    return Text(who, "dim" if who == POLICYWIRE else _TONES.get(tone, "bold"))


def _show_example(console: Console, example: Determination) -> None:
    console.rule("One determination, as it stands in the topic")
    console.print(JSON.from_data(msgspec.to_builtins(example)), soft_wrap=True)  # sentences must not be cut
    console.rule()


def _counts(title: str, what: str, counts: Mapping[str, int]) -> Table:
    table = Table(title=title, title_justify="left", min_width=44)
    table.add_column(what)
    table.add_column("count", justify="right")
    for name, count in sorted(counts.items(), key=lambda each: (-each[1], each[0])):
        table.add_row(name, f"{count:,}")
    return table
