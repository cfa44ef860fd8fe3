"""``policywire bench``: measure on this machine, print one table. Knows the terminal; the workbench measures."""

import logging
import signal
import sys
from collections.abc import Iterable
from pathlib import Path

import click

from policywire.cli.charges import need_workbench
from policywire.errors import BadInput
from policywire.workbench.bench.table import Row, render

_QUICK = click.option("--quick", is_flag=True, help="Small runs: seconds instead of minutes, figures rough.")
_RUNS = click.option("--runs", type=click.IntRange(1), help="How often each is measured [default: 5, with --quick 1].")


@click.group()
def command() -> None:
    """Measure speed and memory on this machine; needs the extra: pip install 'policywire[bench]'.

    Prints one Markdown table with the machine, the inputs, and median and spread of several runs. Run it on an idle
    machine: other work shows in the figures.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # It reports every retry on a topic that is some milliseconds old.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


@command.command("all")
@_QUICK
@_RUNS
def all_(*, quick: bool, runs: int | None) -> None:
    """Everything, one after the other."""
    rows = [*_decisions(quick=quick, runs=runs), *_decode(quick=quick, runs=runs), *_load(quick=quick, runs=runs)]
    rows += [*_audit(quick=quick, runs=runs), *_search(quick=quick, runs=runs)]
    rows += [*_timers(quick=quick, runs=runs), *_memory(quick=quick, runs=runs), *_restore(quick=quick, runs=runs)]
    _print([*rows, *_worker(quick=quick, runs=runs)])
    click.echo()
    _capacity(quick=quick, runs=runs)


@command.command()
@_QUICK
@_RUNS
def decisions(*, quick: bool, runs: int | None) -> None:
    """A decision with few and with many policies, hit and miss, zen-engine beside it."""
    _print(_decisions(quick=quick, runs=runs))


@command.command()
@_QUICK
@_RUNS
def decode(*, quick: bool, runs: int | None) -> None:
    """Reading a claim event, msgspec's and JSON Schema's ways beside it."""
    _print(_decode(quick=quick, runs=runs))


@command.command()
@_QUICK
@_RUNS
def load(*, quick: bool, runs: int | None) -> None:
    """Time and memory to load rules, up to 10,000 policies."""
    _print(_load(quick=quick, runs=runs))


@command.command()
@_QUICK
@_RUNS
def search(*, quick: bool, runs: int | None) -> None:
    """Searches over 10,000 policies by kind of question, SQLite and a plain scan beside them."""
    _print(_search(quick=quick, runs=runs))


@command.command()
@_QUICK
@_RUNS
@click.option("--events", type=click.IntRange(10_000), help="In the topics with 3 % hits [default: 1,000,000].")
def worker(*, quick: bool, runs: int | None, events: int | None) -> None:
    """A worker on one core over a real Kafka: speed, latency, memory, Kafka Streams beside it (where Maven is)."""
    _print(_worker(quick=quick, runs=runs, events=events))


@command.command()
@_QUICK
@_RUNS
def timers(*, quick: bool, runs: int | None) -> None:
    """What a day of looks at the clock costs with 100,000 open appointments in a lane."""
    _print(_timers(quick=quick, runs=runs))


@command.command()
@_QUICK
@_RUNS
def memory(*, quick: bool, runs: int | None) -> None:
    """Memory of a worker that remembers 1,000,000 members."""
    _print(_memory(quick=quick, runs=runs))


@command.command()
@_QUICK
@_RUNS
def restore(*, quick: bool, runs: int | None) -> None:
    """How fast a lane of 300,000 timelines opens on a real Kafka."""
    _print(_restore(quick=quick, runs=runs))


@command.command()
@_QUICK
@_RUNS
@click.option("--lines", type=click.IntRange(1_000), help="Lines of charges [default: 1,000,000].")
def audit(*, quick: bool, runs: int | None, lines: int | None) -> None:
    """An audit of a million lines of charges: time and memory, DuckDB's bare reading beside it."""
    _print(_audit(quick=quick, runs=runs, lines=lines))


@command.command()
@_QUICK
@click.option("--runs", type=click.IntRange(1), help="How often each is measured [default: 3, with --quick 1].")
@click.option("--only", multiple=True, metavar="WORD", help="Those with this word in their name; again for more.")
@click.option("--json", "file", type=click.Path(path_type=Path), help="Keep all figures, for `policywire size`.")
def capacity(*, quick: bool, runs: int | None, only: tuple[str, ...], file: Path | None) -> None:
    """Core-seconds and memory a million claims: worker, pass-through, Kafka Streams, Faust, Quix Streams; disk."""
    _capacity(quick=quick, runs=runs, only=only, file=file)


def _print(rows: Iterable[Row]) -> None:
    """The table, once all is measured; each measure as it comes on standard error, for those who wait."""
    done = []
    for row in rows:
        done.append(row)
        sys.stderr.write(f"{row.what} ...\n")
    click.echo(render(done))


def _decisions(*, quick: bool, runs: int | None) -> Iterable[Row]:
    from policywire.workbench.bench.decisions import measure_decisions  # noqa: PLC0415  each needs much of its own

    return measure_decisions(runs or (1 if quick else 5))


def _decode(*, quick: bool, runs: int | None) -> Iterable[Row]:
    from policywire.workbench.bench.decoding import measure_decoding  # noqa: PLC0415

    return measure_decoding(runs or (1 if quick else 5))


def _load(*, quick: bool, runs: int | None) -> Iterable[Row]:
    _need_psutil()
    from policywire.workbench.bench.loading import measure_loading  # noqa: PLC0415

    return measure_loading(runs or (1 if quick else 5), (10, 1_500, 10_000))


def _search(*, quick: bool, runs: int | None) -> Iterable[Row]:
    from policywire.workbench.bench.search import measure_search  # noqa: PLC0415

    return measure_search(runs or (1 if quick else 5), 1_000 if quick else 10_000, 200 if quick else 1_000)


def _timers(*, quick: bool, runs: int | None) -> Iterable[Row]:
    from policywire.workbench.bench.timers import measure_timers  # noqa: PLC0415

    return measure_timers(runs or (1 if quick else 5), 10_000 if quick else 100_000)


def _memory(*, quick: bool, runs: int | None) -> Iterable[Row]:
    _need_psutil()
    from policywire.workbench.bench.memory import measure_memory  # noqa: PLC0415

    return measure_memory(runs or 1, 50_000 if quick else 1_000_000)  # one tells it: nothing of it is left to chance


def _restore(*, quick: bool, runs: int | None) -> Iterable[Row]:
    from policywire.workbench.bench.restore import measure_restore  # noqa: PLC0415

    return measure_restore(runs or (1 if quick else 5), 30_000 if quick else 300_000)


def _audit(*, quick: bool, runs: int | None, lines: int | None = None) -> Iterable[Row]:
    _need_psutil()
    need_workbench()
    from policywire.workbench.bench.audit import measure_audit  # noqa: PLC0415

    return measure_audit(runs or (1 if quick else 3), lines or (50_000 if quick else 1_000_000))


def _worker(*, quick: bool, runs: int | None, events: int | None = None) -> Iterable[Row]:
    _need_psutil()
    from msgspec.structs import replace  # noqa: PLC0415

    from policywire.workbench.bench.stream import QUICK, Plan, measure_stream  # noqa: PLC0415

    plan = QUICK if quick else Plan()
    return measure_stream(replace(plan, runs=runs or plan.runs, events=events or plan.events))


def _capacity(*, quick: bool, runs: int | None, only: tuple[str, ...] = (), file: Path | None = None) -> None:
    """Measure and print; apart from the other tables, for these have columns of their own."""
    _need_psutil()
    from msgspec.structs import replace  # noqa: PLC0415

    from policywire.workbench.bench.capacity.contest import measure_capacity  # noqa: PLC0415
    from policywire.workbench.bench.capacity.result import render, write  # noqa: PLC0415
    from policywire.workbench.bench.capacity.runners import QUICK, Plan  # noqa: PLC0415

    plan = QUICK if quick else Plan()
    found = measure_capacity(
        replace(plan, runs=runs or plan.runs), only, lambda name: click.echo(f"{name} ...", err=True)
    )
    if file is not None:
        write(found, file)
    click.echo(render(found))


def _need_psutil() -> None:
    from importlib.util import find_spec  # noqa: PLC0415

    if find_spec("psutil") is None:
        raise BadInput("this benchmark needs the extra that brings psutil: pip install 'policywire[bench]'")
