"""How the demo looks on a terminal. Knows rich; decides nothing."""

from collections.abc import Mapping
from pathlib import Path

import msgspec
from rich.console import Console
from rich.json import JSON
from rich.table import Table

from policywire.model.records import Determination
from policywire.workbench.demo.summary import Summary


def show_summary(console: Console, summary: Summary, *, events: int, seconds: float) -> None:
    """Tables of what came out, and one determination in full."""
    console.print(_counts("Determinations by outcome", "outcome", summary.outcomes))
    console.print(f"  {summary.withdrawn} more were withdrawn: their claim was voided, or the line is gone.\n")
    console.print(f"  [bold]Dollars at risk: ${summary.at_risk:,.2f}[/]  what nobody will pay unless somebody acts\n")
    console.print(_counts("Open alerts by kind", "alert", summary.alerts))
    console.print(_counts("Dead letters by reason", "reason", summary.dead_letters))
    if summary.example is not None:
        _show_example(console, summary.example)
    console.print(
        f"\n[bold]{events:,} events in {seconds:.1f} s: {events / seconds:,.0f} events/s[/], "
        "published, decided and committed exactly once, start-up of the first batch included."
    )


def show_how_to_look_around(console: Console, bootstrap_servers: str, worker: str, log: Path) -> None:
    """Addresses, and commands to try while everything is up."""
    # soft_wrap: commands are to be copied as they are.
    console.print("\n[bold]Everything is still up.[/] Kafka, the worker's HTTP, and the worker's log:", soft_wrap=True)
    for line in (bootstrap_servers, f"{worker}/metrics  {worker}/readyz", log):
        console.print(f"  {line}", soft_wrap=True, highlight=False)
    console.print("\nTry, in another terminal:", soft_wrap=True)
    for line in (
        f"export POLICYWIRE_KAFKA__BOOTSTRAP_SERVERS={bootstrap_servers}",
        ".venv/bin/policywire read determinations --last 1",
        ".venv/bin/policywire dead-letters list",
        f"curl -s {worker}/metrics | grep policywire_determinations_total",
        ".venv/bin/policywire generate claims --count 1000 --seed 2 --publish",
    ):
        console.print(f"  {line}", soft_wrap=True, highlight=False)
    console.print(
        "\nOr change a rule under rules/, publish claims with another seed, and read what they get: the worker takes "
        "changed rules within seconds.\nCtrl-C ends everything.",
        soft_wrap=True,
    )


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
