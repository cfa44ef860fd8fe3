"""``policywire dead-letters``: what could not be used, and sending it again. Knows the terminal.

A dead letter's bytes are health information: they are printed only by ``show --reveal``.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import click

from policywire.errors import BadInput
from policywire.stream.cluster import Cluster
from policywire.stream.redrive import DeadLetter, DeadLetterBox, Selection
from policywire.stream.settings import load_settings

T = TypeVar("T")
MOMENT = click.DateTime(["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"])


@click.group()
@click.option("--bootstrap-servers", help="host:port, several with commas.")
@click.option("--group", help="The workers' consumer group.")
@click.option("--topic-prefix", help="In front of every topic's name.")
@click.pass_context
def command(context: click.Context, /, **kafka: str | None) -> None:
    """List, show and send again what could not be used.

    A dead letter's id is the place of the event it came from: topic-partition-offset.
    """
    context.obj = {name: value for name, value in kafka.items() if value is not None}


def _selecting(function: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option("--until", type=MOMENT, help="Only those before (UTC unless it says otherwise)."),
        click.option("--since", type=MOMENT, help="Only those from then on (UTC unless it says otherwise)."),
        click.option("--reason", help="Only those of this error code."),
    ):
        function = option(function)
    return function


@command.command("list")
@_selecting
@click.option("--limit", default=100, show_default=True, help="Lines at most; the counts are of all.")
@click.pass_obj
def list_letters(
    kafka: dict[str, Any], reason: str | None, since: datetime | None, until: datetime | None, limit: int
) -> None:
    """Count dead letters by reason and list them, without what is in them."""
    selection = _selection((), reason, since, until)
    letters, redriven = _with_box(kafka, lambda box: box.read(selection))
    counts = Counter((letter.error_code, letter.source_topic) for letter in letters)
    for (code, topic), count in counts.most_common():
        click.echo(f"{count:>8}  {code:<20} {topic}")
    click.echo(f"{len(letters):>8}  in all, {sum(letter.id in redriven for letter in letters)} of them sent again")
    for letter in letters[:limit]:
        click.echo(_line(letter, redriven))


@command.command("show")
@click.argument("letter_id", metavar="ID")
@click.option("--reveal", is_flag=True, help="Print the original bytes too: health information.")
@click.pass_obj
def show(kafka: dict[str, Any], letter_id: str, *, reveal: bool) -> None:
    """Show one dead letter; its bytes only with --reveal."""
    selection = Selection(ids=frozenset([letter_id]))
    letters, redriven = _with_box(kafka, lambda box: box.read(selection))
    if not letters:
        raise BadInput(f"there is no dead letter {letter_id}")
    (letter,) = letters
    click.echo(_line(letter, redriven))
    size = "none" if letter.value is None else f"{len(letter.value)} bytes"
    click.echo(f"value: {size}" + ("" if reveal else " (--reveal prints it)"))
    if reveal:
        click.echo(letter.value or b"")


@command.command("redrive")
@click.argument("letter_ids", metavar="[ID]...", nargs=-1)
@_selecting
@click.option("--all", "everything", is_flag=True, help="Every dead letter that there is.")
@click.option("--value", type=click.File("rb"), help="Send this mended event instead, of one ID.")
@click.pass_obj
def redrive(  # noqa: PLR0913  one parameter an option
    kafka: dict[str, Any],
    letter_ids: tuple[str, ...],
    reason: str | None,
    since: datetime | None,
    until: datetime | None,
    *,
    everything: bool,
    value: Any,
) -> None:
    """Send dead letters to their topic again, each once however often this is called."""
    selection = _selection(letter_ids, reason, since, until)
    if selection == Selection() and not everything:
        raise BadInput("say which: IDs, --reason, --since, --until, or --all")
    mended = value.read() if value else None
    done = _with_box(kafka, lambda box: box.redrive(selection, mended))
    click.echo(f"{len(done.sent)} sent again, {len(done.before)} had been before")
    for letter_id in done.sent:
        click.echo(f"  {letter_id}")


def _selection(ids: tuple[str, ...], reason: str | None, since: datetime | None, until: datetime | None) -> Selection:
    return Selection(frozenset(ids), reason, _in_utc(since), _in_utc(until))


def _in_utc(moment: datetime | None) -> datetime | None:
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)


def _with_box(kafka: dict[str, Any], use: Callable[[DeadLetterBox], Awaitable[T]]) -> T:
    settings = load_settings({"kafka": kafka})

    async def used() -> T:
        async with Cluster(settings.kafka) as cluster:
            return await use(DeadLetterBox(cluster, settings))

    return asyncio.run(used())


def _line(letter: DeadLetter, redriven: set[str]) -> str:
    again = "  sent again" if letter.id in redriven else ""
    return f"{letter.at:%Y-%m-%dT%H:%M:%SZ}  {letter.id}  {letter.error_code}  {letter.error_detail}{again}"
