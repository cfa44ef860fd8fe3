"""``policywire dead-letters redrive``. Knows the terminal: what is asked before, and what is told after."""

import sys
from collections import Counter
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import click

from policywire.cli.dead_letters.selecting import on_cluster, selecting, selection_of, with_topic
from policywire.cli.dead_letters.shown import counted, plain
from policywire.cli.progress import progress_bar
from policywire.cli.rules.shown import JSON, print_json
from policywire.errors import BadInput

if TYPE_CHECKING:
    from policywire.stream.cluster import Cluster
    from policywire.stream.deadletter_topic import DeadLetter, DeadLetterTopic, Selection, Snapshot
    from policywire.stream.redrive import Redriven
    from policywire.stream.settings import Settings

IDS_SHOWN = 10


class _Asked(NamedTuple):
    """What is meant, before anything is sent."""

    snapshot: "Snapshot"
    fresh: Counter[tuple[str, str]]
    """By reason and source topic."""
    before: int
    came_back: int
    """Of events that had been sent before; they are left alone."""
    missing: list[str]
    """Ids of which there is no dead letter."""
    only: "DeadLetter | None"
    """The last one: where one is meant, that one."""

    @property
    def total(self) -> int:
        """How many are meant."""
        return self.fresh.total() + self.before + self.came_back


@click.command()
@click.argument("letter_ids", metavar="[ID]...", nargs=-1)
@selecting
@click.option("--all", "everything", is_flag=True, help="Every dead letter that there is.")
@click.option("--again", is_flag=True, help="Also those of events that had been sent before and came back.")
@click.option("--value", type=click.File("rb"), help="Send this mended event instead, of one ID; - is standard input.")
@click.option("--dry-run", is_flag=True, help="Say what would be sent, and send nothing.")
@click.option("--yes", is_flag=True, help="Do not ask. Needed where nobody can answer.")
@on_cluster
@JSON
@click.pass_obj
def redrive(  # noqa: PLR0913  one parameter an option
    kafka: dict[str, Any],
    /,
    letter_ids: tuple[str, ...],
    *,
    everything: bool,
    again: bool,
    value: BinaryIO | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    **chosen: Any,
) -> None:
    """Send dead letters to their topic again, each once however often this is called.

    They are counted first, and nothing that comes after the count is sent. When it dies half-way, the same again sends
    the rest; when two do it at once, the earlier one stops. What could not be used still cannot, unless policywire, the
    clock or the event (--value) was mended: it comes back as a dead letter of its own, which only its ID or --again
    sends once more.

    Ends with status 0 when all that is meant was sent now or before, 1 when the cluster does not answer, another
    redrive took over, somebody said no or some are too large, 2 when something cannot be used; then nothing was sent.

    \b
    Example:
      policywire dead-letters redrive --reason processing_error --since 7d --dry-run
      policywire dead-letters redrive --reason processing_error --since 7d --yes
      policywire dead-letters redrive claim-events-2-48213 --value event.json
    """  # noqa: D301  click's \b keeps the example's lines
    if not (letter_ids or any(each is not None for each in chosen.values()) or everything):
        raise BadInput("say which: IDs, --reason, --since, --until, --source-topic, --partition, or --all")
    selection = selection_of(kafka, chosen, letter_ids)
    mended = None if value is None else value.read().rstrip(b"\r\n")
    again = again or bool(letter_ids)
    asked = _ask_topic(kafka, selection, again=again)
    _refuse(asked, mended, kafka)
    if not as_json:
        _print_plan(asked)
    if dry_run or not asked.fresh:
        _report(_document(asked, dry_run=dry_run), as_json=as_json)
        return
    _confirm(asked.fresh.total(), yes=yes)
    done = _send(kafka, selection, asked, again=again, mended=mended)
    document = _document(asked, dry_run=False) | {
        "sent": done.sent,
        "redriven_before": done.before,
        "came_back": done.came_back,
        "too_large": done.too_large,
    }
    _report(document, as_json=as_json)
    if done.too_large:
        raise SystemExit(1)


def _ask_topic(kafka: dict[str, Any], selection: "Selection", *, again: bool) -> _Asked:
    async def asked(topic: "DeadLetterTopic", _cluster: "Cluster", _settings: "Settings") -> _Asked:
        snapshot = await topic.snapshot()
        fresh, before, came_back, only = Counter[tuple[str, str]](), 0, 0, None
        found: set[str] = set()
        async for each in topic.letters(snapshot, selection):
            only = each.letter
            if selection.ids:
                found.add(only.id)
            if each.redriven:
                before += 1
            elif each.came_back and not again:
                came_back += 1
            else:
                fresh[only.error_code, only.source_topic] += 1
        return _Asked(snapshot, fresh, before, came_back, sorted(selection.ids - found), only)

    return with_topic(kafka, asked)


def _refuse(asked: _Asked, mended: bytes | None, kafka: dict[str, Any]) -> None:
    """Raise where what was asked for makes no sense."""
    total = asked.total
    if asked.missing:
        rest = len(asked.missing) - IDS_SHOWN
        names = ", ".join(asked.missing[:IDS_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
        raise BadInput(
            f"there is no dead letter {names} that is meant; `policywire dead-letters list` shows what there is"
        )
    if not total:
        raise BadInput("no dead letter is meant by that; `policywire dead-letters list` shows what there is")
    if mended is None:
        return
    if total != 1 or asked.only is None:
        raise BadInput(f"a mended event is for one dead letter, and {total:,} are meant; name one id")
    _refuse_faults(mended, asked.only, kafka)


def _refuse_faults(mended: bytes, letter: "DeadLetter", kafka: dict[str, Any]) -> None:
    """Raise when the mended event would be a dead letter again."""
    from policywire.cli.dead_letters.selecting import settings_of  # noqa: PLC0415
    from policywire.model.events import EVENT_TYPES  # noqa: PLC0415  the schemas take long
    from policywire.model.faults import judge  # noqa: PLC0415
    from policywire.workbench.validate import EVENT_TYPES_OF_TOPIC  # noqa: PLC0415

    topic = letter.source_topic.removeprefix(settings_of(kafka).kafka.topic_prefix)
    _, faults = judge(mended, EVENT_TYPES_OF_TOPIC.get(topic, EVENT_TYPES))
    if faults:
        lines = [f"  {each.pointer or 'the whole record'}: {each.rule}: {each.mend}" for each in faults]
        raise BadInput("\n".join(["the mended event would be a dead letter again, so nothing was sent:", *lines]))


def _print_plan(asked: _Asked) -> None:
    for (reason, topic), number in asked.fresh.most_common():
        click.echo(plain(f"{number:>8,}  {reason:<18}  {topic}"))
    click.echo(f"{counted(asked.fresh.total())} to send again; {asked.before:,} had been sent before.")
    if asked.came_back:
        click.echo(f"{counted(asked.came_back)} of events that had been sent before and came back: --again sends them.")


def _confirm(count: int, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise BadInput("nothing was sent: say --yes where nobody can be asked, or --dry-run to see what would be sent")
    click.confirm(f"Send {counted(count)} again?", abort=True, err=True)


def _send(
    kafka: dict[str, Any], selection: "Selection", asked: _Asked, *, again: bool, mended: bytes | None
) -> "Redriven":
    from policywire.stream.redrive import Redrive  # noqa: PLC0415  Kafka's client takes long

    with progress_bar() as show:

        async def sent(_topic: "DeadLetterTopic", cluster: "Cluster", settings: "Settings") -> "Redriven":
            return await Redrive(cluster, settings).run(
                selection,
                again=again,
                mended=mended,
                until=asked.snapshot,
                tell=lambda done: show("sent again", done / asked.total),
            )

        return with_topic(kafka, sent)


def _document(asked: _Asked, *, dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "to_send": asked.fresh.total(),
        "sent": 0,
        "redriven_before": asked.before,
        "came_back": asked.came_back,
        "too_large": 0,
    }


def _report(document: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(document)
    elif document["dry_run"]:
        click.echo("Nothing was sent: a dry run.")
    else:
        click.echo(f"{document['sent']:,} sent again, {document['redriven_before']:,} had been before.")
        if document["too_large"]:
            click.echo(
                f"{counted(document['too_large'])} too large for their topic as they are: export them, and send each "
                "mended with --value."
            )
