"""``policywire send``: events from files to their topics. Knows the terminal; the workbench judges and sends."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO

import click
import msgspec
from aiokafka.errors import KafkaConnectionError, KafkaError

from policywire.cli.cluster import kafka_of, on_cluster
from policywire.cli.read import BOOTSTRAP_VARIABLE
from policywire.errors import PassingFault
from policywire.workbench.generate import Published
from policywire.workbench.receiver import partition_count
from policywire.workbench.sender import Sender
from policywire.workbench.validate import EVENT_TYPES_OF_TOPIC, LineFault, validate

Found = list[tuple[str, LineFault]]
"""Faults, each with the name of its file."""


class _Event(msgspec.Struct):
    """What decides where an event goes."""

    event_type: str
    member_id: str


@click.command()
@click.argument("files", metavar="EVENTS...", nargs=-1, required=True, type=click.File("rb"))
@click.option("--topic-prefix", help="In front of the topics' names.")
@click.option("--bootstrap-servers", envvar=BOOTSTRAP_VARIABLE, show_envvar=True, help="host:port, with commas.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
def command(
    files: tuple[BinaryIO, ...], topic_prefix: str | None, bootstrap_servers: str | None, *, as_json: bool
) -> None:
    """Send events to their topics: files of one JSON object a line, or - for standard input.

    They are judged first, as `policywire validate` does, and sent only when every one is good and the cluster has every
    topic that they need: each to the topic of its event_type, with its member_id as key, in the order of the files.
    Settings of the cluster are the worker's: POLICYWIRE_KAFKA__SECURITY_PROTOCOL and the others.

    Ends with status 0 when the cluster has all of them, 1 when one is no good (then none was sent) or the cluster does
    not answer, 2 when arguments or settings cannot be used, a login or right is refused, or a topic is not there.

    \b
    Example:
      policywire send claims.jsonl bookings.jsonl
    """  # noqa: D301  click's mark for text that is not to be wrapped
    read = [(getattr(file, "name", "<stdin>"), file.readlines()) for file in files]
    faults = [(name, fault) for name, lines in read for judged in validate(lines) for fault in judged.faults]
    if faults:
        _show_faults(faults, as_json=as_json)
        raise SystemExit(1)
    kafka = kafka_of(bootstrap_servers, topic_prefix)
    events = _by_topic((line for _, lines in read for line in lines), kafka.topic_prefix)
    sent = on_cluster(kafka, list(events), lambda client: _send_all(events, client), right="Write")
    if as_json:
        click.echo(json.dumps({"sent": sent, "faults": []}, indent=2))
        return
    for topic, count in sent.items():
        click.echo(f"{count:,} event{'s' if count != 1 else ''} sent to {topic}.")
    if not sent:
        click.echo("There is no event in it: nothing was sent.")


def _show_faults(faults: Found, *, as_json: bool) -> None:
    if as_json:
        plain = [{"file": name} | fault._asdict() for name, fault in faults]
        click.echo(json.dumps({"sent": {}, "faults": plain}, indent=2))
        return
    for name, fault in faults:
        click.echo(f"{name}:{fault}")
    click.echo("Nothing was sent.")


def _by_topic(lines: Iterable[bytes], prefix: str) -> Mapping[str, list[Published]]:
    events: dict[str, list[Published]] = {}
    for line in _events(lines):
        event = msgspec.json.decode(line, type=_Event)
        topic = next(name for name, types in EVENT_TYPES_OF_TOPIC.items() if event.event_type in types)
        events.setdefault(prefix + topic, []).append(Published(event.member_id.encode(), line))
    return events


def _events(lines: Iterable[bytes]) -> Iterator[bytes]:
    """What :func:`policywire.workbench.validate.validate` judged: lines without their ends, blank ones passed over."""
    return (event for line in lines if (event := line.rstrip(b"\r\n")).strip())


async def _send_all(events: Mapping[str, list[Published]], client: Mapping[str, Any]) -> dict[str, int]:
    """Send to each topic, once all of them are known to be there.

    Returns:
        How many events each topic got.
    """
    partitions = {topic: await partition_count(topic=topic, **client) for topic in events}
    return {topic: await _send(topic, count, events[topic], client) for topic, count in partitions.items()}


async def _send(topic: str, partitions: int, events: list[Published], client: Mapping[str, Any]) -> int:
    try:
        async with Sender(topic=topic, partitions=partitions, **client) as sender:
            return await sender.send(events)
    except KafkaConnectionError:
        raise
    except KafkaError as error:
        again = "Some may be there: to send them again is harmless, for an event that came before changes nothing"
        raise PassingFault(f"{topic} did not take all {len(events):,} events: {error}. {again}.") from error
