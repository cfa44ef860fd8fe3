"""``policywire backtest``: recorded events through a draft beside the rules in force. Knows the terminal and clock."""

import asyncio
import os
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any, BinaryIO, Final, NamedTuple

import click

from policywire.cli.progress import progress_bar
from policywire.cli.replay import InstantParam
from policywire.cli.rules.published import cluster_options, kafka_options, this_second, topics_needed
from policywire.cli.rules.shown import JSON, print_json
from policywire.errors import BadInput
from policywire.workbench.backtest.lanes import Backtest
from policywire.workbench.backtest.result import alert_changes, flipped_lines, read_report
from policywire.workbench.backtest.words import told
from policywire.workbench.check import rules_folder
from policywire.workbench.diff.edition import Edition, editions
from policywire.workbench.flips.lines import writer_of
from policywire.workbench.flips.tally import Tally

TOPICS: Final = ("claim-events", "scheduling-events")
TOLD_EVERY: Final = 2_000
"""Lines of a file between two looks at the progress bar."""


@click.command()
@click.option(
    "--rules", "draft", required=True, help="The draft: a folder, a policy's file, git:..., as in rules diff."
)
@click.option("--against", help="The rules in force: the same, or topic [default: ./rules, or else those shipped].")
@click.option("--from-topic", "topics", multiple=True, type=click.Choice(TOPICS), help="May be given twice.")
@click.option("--from-file", "file", type=click.File("rb"), help="One event a line, in the order of time; - for input.")
@click.option("--since", type=InstantParam(), help="What is said from this instant on counts [default: everything].")
@click.option("--until", type=InstantParam(), help="Leave out what happened later.")
@click.option(
    "--read-from", type=InstantParam(), help="Leave out records written before, which speeds a long topic up."
)
@JSON
@click.option("--markdown", "as_markdown", is_flag=True, help="Markdown instead of text, for a pull request.")
@click.option(
    "--lines",
    "lines_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the lines that flip, as .csv or .parquet. It then holds health information.",
)
@cluster_options
def command(  # noqa: PLR0913  one parameter an option
    *,
    draft: str,
    against: str | None,
    topics: tuple[str, ...],
    file: BinaryIO | None,
    since: datetime | None,
    until: datetime | None,
    read_from: datetime | None,
    as_json: bool,
    as_markdown: bool,
    lines_file: Path | None,
    bootstrap_servers: str | None,
    topic_prefix: str | None,
) -> None:
    """Run recorded events through a draft of the rules beside those in force, and tell what flips.

    Both sides begin with nothing remembered and read every event through the same step as a worker, so claims,
    agreements and sightings before --since count; what is said from --since on is compared. Time is the time of the
    events. Committed records are read, without a consumer group; nothing is written to any topic, not even an offset.

    Told are determinations that differ (by answer, code, policy and month, in dollars), and alerts that would open or
    be resolved otherwise. Events that a worker would make dead letters are counted.

    Ends with status 0 when nothing flips, 1 when something does, 2 when events or rules cannot be read, or no event
    could be run.

    \b
    Example:
      policywire backtest --rules my-rules --from-topic claim-events --from-topic scheduling-events \\
        --since 2026-01-01T00:00:00Z
      policywire backtest --rules git:draft --against git:main --from-file events.jsonl --markdown
    """  # noqa: D301  click's \b keeps the example's lines
    kafka = kafka_options(bootstrap_servers, topic_prefix)
    if since is not None and until is not None and until < since:
        raise BadInput("--until is before --since: nothing lies between. Change one of the two.")
    source = _source(topics, file, read_from, kafka)
    write = None if lines_file is None else writer_of(lines_file)
    sides = _sides(against, draft, kafka)
    run = _run(Backtest(sides[0].rulebook, sides[1].rulebook, since, until), source)
    _refuse_nothing(run.backtest, source.name)
    tally = Tally()
    flipped = tally.counted(flipped_lines(run.backtest, source.name))
    if write is None:
        deque(flipped, maxlen=0)
    else:
        write(flipped)
    if as_json:
        print_json(_report(run, sides, tally, lines_file))
    else:
        _show(run, sides, tally, lines_file, as_markdown=as_markdown)
    raise SystemExit(1 if alert_changes(run.backtest) or tally.by["change"] else 0)


class _Source(NamedTuple):
    """Where events come from: its name, and what feeds them."""

    name: str
    feed: Callable[[Backtest, Callable[[str, float], None]], None]


class _Run(NamedTuple):
    """A finished backtest and how long it took."""

    backtest: Backtest
    seconds: float


def _source(
    topics: tuple[str, ...], file: BinaryIO | None, read_from: datetime | None, kafka: Mapping[str, Any]
) -> _Source:
    if bool(topics) == (file is not None):
        raise BadInput("say where events are recorded: --from-topic claim-events, or --from-file EVENTS.jsonl.")
    if file is None:
        names = tuple(dict.fromkeys(topics))
        return _Source(" and ".join(names), partial(_feed_topics, names, read_from, kafka))
    if read_from is not None:
        raise BadInput("--read-from is the time of records in a topic; with --from-file use --since.")
    return _Source(Path(file.name).name, partial(_feed_file, file))


def _feed_topics(
    names: tuple[str, ...],
    read_from: datetime | None,
    kafka: Mapping[str, Any],
    backtest: Backtest,
    progress: Callable[[str, float], None],
) -> None:
    # Imported here: Kafka's client is not needed for a file.
    from policywire.stream.settings import load_settings  # noqa: PLC0415
    from policywire.workbench.backtest.topics import feed_topics  # noqa: PLC0415

    with topics_needed():
        asyncio.run(feed_topics(backtest, load_settings({"kafka": kafka}), names, read_from, progress))


def _feed_file(file: BinaryIO, backtest: Backtest, progress: Callable[[str, float], None]) -> None:
    size = os.fstat(file.fileno()).st_size if file.seekable() else 0
    done = 0
    for number, line in enumerate(file, 1):
        if line.strip():
            backtest.feed(line)
        done += len(line)
        if size and not number % TOLD_EVERY:
            progress(Path(file.name).name, done / size)


def _sides(against: str | None, draft: str, kafka: Mapping[str, Any]) -> tuple[Edition, Edition]:
    def published(name: str) -> Mapping[str, bytes]:
        # Imported here: Kafka's client is not needed for folders.
        from policywire.workbench.diff.published import documents_named  # noqa: PLC0415

        with topics_needed():
            return documents_named(name, kafka, this_second())

    return editions(against or str(rules_folder(None)), draft, published)


def _run(backtest: Backtest, source: _Source) -> _Run:
    started = monotonic()
    with progress_bar() as progress:
        source.feed(backtest, progress)
        backtest.finish()
    return _Run(backtest, monotonic() - started)


def _refuse_nothing(backtest: Backtest, name: str) -> None:
    """That nothing flips where nothing was run would be taken for good news."""
    left_out = read_report(backtest)
    count = sum(backtest.left_out.values())
    if backtest.events:
        return
    if not count:
        raise BadInput(f"{name}: it has no event, so there is nothing to run.")
    reasons = [f"{number:,} {code}" for code, number in left_out["bad_events"].items()]
    reasons += [f"{left_out['after_window']:,} happened after --until"] if left_out["after_window"] else []
    raise BadInput(
        f"{name}: none of the {count:,} events could be used: {', '.join(reasons)}. Give events as a topic has them."
    )


def _report(run: _Run, sides: tuple[Edition, Edition], tally: Tally, lines_file: Path | None) -> dict[str, Any]:
    """The documented shape of ``--json``."""
    changed = sorted(alert_changes(run.backtest).items())
    return {
        "current": {"name": sides[0].name, "revision": sides[0].rulebook.revision},
        "draft": {"name": sides[1].name, "revision": sides[1].rulebook.revision},
        "since": None if run.backtest.since is None else run.backtest.since.isoformat(),
        "until": None if run.backtest.until is None else run.backtest.until.isoformat(),
        "read": read_report(run.backtest),
        "seconds": round(run.seconds, 3),
        "flips": tally.plain(),
        "alerts": [{"kind": kind, "change": change, "alerts": count} for (kind, change), count in changed],
        "lines_file": None if lines_file is None else str(lines_file),
    }


def _show(
    run: _Run, sides: tuple[Edition, Edition], tally: Tally, lines_file: Path | None, *, as_markdown: bool
) -> None:
    backtest = run.backtest
    speed = f"{backtest.events / max(run.seconds, 1e-9):,.0f} events/s, each decided twice"
    click.echo(f"{sides[0].name} in force, {sides[1].name} as the draft: {run.seconds:.1f} s, {speed}.")
    since = "the first event" if backtest.since is None else backtest.since.isoformat()
    for line in told(read_report(backtest), alert_changes(backtest), tally, since, as_markdown=as_markdown):
        click.echo(line)
    if lines_file is not None:
        click.echo(f"{lines_file} has the lines: protected health information, readable by you only.")
