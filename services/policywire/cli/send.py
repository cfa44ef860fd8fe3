"""``policywire send``: events from a file to their topics. Knows the terminal; the workbench judges and sends."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import BinaryIO

import click
import msgspec
from aiokafka.errors import KafkaError

from policywire.errors import PassingFault
from policywire.workbench.generate import Published
from policywire.workbench.receiver import partition_count
from policywire.workbench.sender import Sender
from policywire.workbench.validate import EVENT_TYPES_OF_TOPIC, validate

BOOTSTRAP_VARIABLE = "POLICYWIRE_KAFKA__BOOTSTRAP_SERVERS"


class _Event(msgspec.Struct):
    """What decides where an event goes."""

    event_type: str
    member_id: str


@click.command()
@click.argument("files", metavar="EVENTS...", nargs=-1, required=True, type=click.File("rb"))
@click.option(
    "--topic-prefix", default="", envvar="POLICYWIRE_KAFKA__TOPIC_PREFIX", help="In front of the topics' names."
)
@click.option("--bootstrap-servers", envvar=BOOTSTRAP_VARIABLE, show_envvar=True, required=True, help="host:port")
def command(files: tuple[BinaryIO, ...], topic_prefix: str, bootstrap_servers: str) -> None:
    """Send events to their topics: files of one JSON object a line, or - for standard input.

    They are judged first, as `policywire validate` does, and sent only when every one is good: each to the topic of its
    event_type, with its member_id as key, in the order of the files. A plaintext connection, for a broker of your own.

    Ends with status 0 when the cluster has all of them, 1 when one is no good (then none was sent) or the cluster does
    not answer, 2 when arguments cannot be used.

    \b
    Example:
      policywire send claims.jsonl bookings.jsonl
    """  # noqa: D301  click's mark for text that is not to be wrapped
    lines = [line for file in files for line in file.read().splitlines() if line.strip()]
    faults = [fault for judged in validate(lines) for fault in judged.faults]
    for fault in faults:
        click.echo(f"event {fault}")
    if faults:
        click.echo("Nothing was sent.")
        raise SystemExit(1)
    for topic, events in _by_topic(lines).items():
        count = _send(bootstrap_servers, topic_prefix + topic, events)
        click.echo(f"{count:,} event{'s' if count != 1 else ''} sent to {topic_prefix}{topic}.")


def _by_topic(lines: Iterable[bytes]) -> Mapping[str, list[Published]]:
    events: dict[str, list[Published]] = {}
    for line in lines:
        event = msgspec.json.decode(line, type=_Event)
        topic = next(name for name, types in EVENT_TYPES_OF_TOPIC.items() if event.event_type in types)
        events.setdefault(topic, []).append(Published(event.member_id.encode(), line))
    return events


def _send(bootstrap_servers: str, topic: str, events: list[Published]) -> int:
    async def sent() -> int:
        partitions = await partition_count(bootstrap_servers, topic)
        async with Sender(bootstrap_servers, topic, partitions) as sender:
            return await sender.send(events)

    try:
        return asyncio.run(sent())
    except KafkaError as error:
        raise PassingFault(f"No Kafka answers at {bootstrap_servers}: {error}. Is it running?") from error
