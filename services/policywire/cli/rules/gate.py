"""``policywire rules gate``. Knows the terminal and the clock; the workbench runs the gate."""

import getpass
import os
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from policywire.cli.rules.published import AUTHOR_VARIABLE
from policywire.cli.rules.shown import JSON, PATH, print_json
from policywire.workbench.check import rules_folder
from policywire.workbench.gate.run import CLAIMS, Asked, GateRun, run_gate
from policywire.workbench.gate.trial import Effort
from policywire.workbench.gate.words import lines_of, report
from policywire.workbench.publishing.author import git_author

JOBS_MAX = 4
"""Policies tried at once at most, when nobody says how many: each takes a process of some 50 MB."""


@click.command()
@PATH
@click.option("--claims", default=CLAIMS, show_default=True, type=click.IntRange(1), help="Generated lines a policy.")
@click.option("--seed", default=0, show_default=True, help="What the generated lines are drawn from.")
@click.option(
    "--time-limit",
    default=Effort().time_limit,
    show_default=True,
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    help="For the second engine and one policy; what takes longer has failed.",
)
@click.option("--policy", metavar="ID", help='Only this policy, as "MM 0552" or "cigna/MM 0552".')
@click.option("--again", is_flag=True, help="Try also policies that passed before with the same content.")
@click.option("--jobs", type=click.IntRange(1), help="Policies tried at once [default: processors, at most 4].")
@click.option("--by", envvar=AUTHOR_VARIABLE, show_envvar=True, metavar="NAME", help="Who runs it [default: git's].")
@JSON
def gate(  # noqa: PLR0913  one parameter an option
    path: Path | None,
    *,
    claims: int,
    seed: int,
    time_limit: float,
    policy: str | None,
    again: bool,
    jobs: int | None,
    by: str | None,
    as_json: bool,
) -> None:
    """Decide every policy by two engines, and let only those pass on which they agree.

    PATH is the folder of documents [default: ./rules, or else the rules that ship with policywire].

    The documents are checked and their cases run. Then each policy's cases and generated claim lines and appointments
    (synthetic, drawn on and beside every bound that the policy draws) are decided by policywire's own engine and, from
    the document as it is written, by durable-rules in a process of its own. Any difference, crash or time-out fails the
    gate and is shown with the line, both answers and why. A run leaves a record under PATH/.policywire/gate, without
    which `policywire rules publish` refuses. A policy that passed before with the same content, neighbours and engines
    is not tried again. Needs pip install 'policywire[gate]'.

    Ends with status 0 when everything that was asked for passed, 1 when something did not, 2 when PATH, an option or
    the second engine cannot be used.

    \b
    Example:
      policywire rules gate rules
      policywire rules gate rules --policy "MM 0552" --claims 100000 --seed 7
    """  # noqa: D301  click's \b keeps the example's lines
    folder = rules_folder(path)
    asked = Asked(
        effort=Effort(claims=claims, seed=seed, time_limit=time_limit),
        only=policy,
        again=again,
        jobs=jobs or min(os.cpu_count() or 1, JOBS_MAX),
        ran_at=datetime.now(UTC),
        ran_by=by or git_author(folder) or getpass.getuser(),
    )
    run = _run(folder, asked)
    if as_json:
        print_json(report(run))
    else:
        for line in lines_of(run):
            click.echo(line)
    raise SystemExit(0 if run.passed else 1)


def _run(folder: Path, asked: Asked) -> GateRun:
    """The run, with a bar on standard error where that is a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(
        *columns, TimeRemainingColumn(), console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("policies tried", total=None)
        return run_gate(folder, asked, lambda done, total: bar.update(task, completed=done, total=total))
