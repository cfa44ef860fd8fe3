"""``policywire read``: what is in a topic now, one JSON object a line. Knows the terminal; the receiver reads."""

import asyncio
import sys
from typing import Any

import click
import msgspec
from aiokafka.errors import KafkaError

from policywire.errors import PassingFault
from policywire.workbench.receiver import read_topics

BOOTSTRAP_VARIABLE = "POLICYWIRE_KAFKA__BOOTSTRAP_SERVERS"
TOPICS = (
    *("determinations", "alerts", "audit-log", "claim-events", "scheduling-events"),
    *("policy-documents", "policy-history"),
)


@click.command()
@click.argument("topic", type=click.Choice(TOPICS))
@click.option("--last", type=click.IntRange(1), help="Only so many, the latest.")
@click.option("--topic-prefix", default="", help="In front of the topic's name.")
@click.option("--bootstrap-servers", envvar=BOOTSTRAP_VARIABLE, show_envvar=True, required=True, help="host:port")
def command(topic: str, last: int | None, topic_prefix: str, bootstrap_servers: str) -> None:
    """Print every committed record that TOPIC has now, oldest first, as {"key", "value"}.

    A plaintext connection, for a broker of your own. What it prints is health information when the data is real.
    """
    name = topic_prefix + topic
    try:
        records = asyncio.run(read_topics(bootstrap_servers, [name]))[name]
    except KafkaError as error:
        raise PassingFault(f"No Kafka answers at {bootstrap_servers}: {error}. Is it running?") from error
    records.sort(key=lambda record: record.timestamp)
    sys.stdout.buffer.writelines(map(_line, records[-last:] if last else records))


def _line(record: Any) -> bytes:
    key = None if record.key is None else record.key.decode("utf-8", "replace")
    return msgspec.json.encode({"key": key, "value": _value(record.value)}) + b"\n"


def _value(value: bytes | None) -> Any:
    """JSON as it stands; what is none of it as text."""
    if value is None:
        return None
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return value.decode("utf-8", "replace")
