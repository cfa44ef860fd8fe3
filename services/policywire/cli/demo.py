"""``policywire demo``. Knows the terminal and its signals; the demo itself is the workbench's."""

import signal
from pathlib import Path

import click
from rich.console import Console

from policywire.resources import shipped
from policywire.workbench.demo.run import Demo, run_demo


@click.command()
@click.option(
    "--count", type=click.IntRange(100, 1_000_000), default=5_000, show_default=True, help="Events to publish."
)
@click.option("--seed", type=int, default=1, show_default=True, help="Of the synthetic claims.")
@click.option("--rules", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Default: those shipped.")
@click.option("--keep", is_flag=True, help="Stay up at the end, to look around.")
def command(*, count: int, seed: int, rules: Path | None, keep: bool) -> None:
    """Watch claims go through a real Kafka and come out decided.

    Starts a broker and a worker, publishes synthetic claims, bad ones among them, shows what came out and checks it
    against the pure step. Ends with status 1 when anything differs, and leaves no process behind.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    run_demo(Demo(rules=rules or shipped("rules"), count=count, seed=seed, keep=keep), Console(soft_wrap=False))
