"""``policywire demo``. Knows the terminal and its signals; the demo itself is the workbench's."""

import signal

import click
from rich.console import Console

from policywire.workbench.demo.run import Demo, run_demo


@click.command()
@click.option(
    "--count", type=click.IntRange(100, 1_000_000), default=5_000, show_default=True, help="Events before the stories."
)
@click.option("--seed", type=int, default=1, show_default=True, help="Of the synthetic events.")
@click.option("--keep", is_flag=True, help="Stay up at the end, to look around.")
def command(*, count: int, seed: int, keep: bool) -> None:
    """Watch a practice's claims and appointments go through a real Kafka, and four members' stories.

    Starts a broker and a worker, publishes the rules that ship and synthetic events, bad ones among them, shows what
    came out, tells the stories from what the topics hold, and checks all of it against the pure step. Ends with status
    1 when anything differs, and leaves no process behind.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    run_demo(Demo(count=count, seed=seed, keep=keep), Console(soft_wrap=False))
