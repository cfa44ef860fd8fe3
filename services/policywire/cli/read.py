"""``policywire read``: what is in a topic now, one JSON object a line. Knows the terminal; the receiver reads."""

import sys
from typing import Any

import click
import msgspec

from policywire.cli.cluster import kafka_of, on_cluster
from policywire.workbench.receiver import read_topics

BOOTSTRAP_VARIABLE = "POLICYWIRE_KAFKA__BOOTSTRAP_SERVERS"
TOPICS = (
    *("determinations", "alerts", "audit-log", "claim-events", "scheduling-events"),
    *("policy-documents", "policy-history"),
)


@click.command()
@click.argument("topic", type=click.Choice(TOPICS))
@click.option("--last", type=click.IntRange(1), help="Only so many, the latest.")
@click.option("--topic-prefix", help="In front of the topic's name.")
@click.option("--bootstrap-servers", envvar=BOOTSTRAP_VARIABLE, show_envvar=True, help="host:port, with commas.")
def command(topic: str, last: int | None, topic_prefix: str | None, bootstrap_servers: str | None) -> None:
    """Print every committed record that TOPIC has now, oldest first, as {"key", "value"}.

    Settings of the cluster are the worker's. What it prints is health information when the data is real.
    """
    kafka = kafka_of(bootstrap_servers, topic_prefix)
    name = kafka.topic_prefix + topic
    records = on_cluster(kafka, [name], lambda client: read_topics(topics=[name], **client), right="Read")[name]
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
