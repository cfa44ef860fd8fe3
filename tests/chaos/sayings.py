"""Records as they must lie in Kafka: which topics, which partition, which bytes. Knows the contracts and the hash."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from aiokafka.partitioner import murmur2
from msgspec import Struct
from tests.chaos.logs import Stream

from policywire.model.records import Determination, Record, encode

RECORD_TOPICS: Final = ("determinations", "alerts", "audit-log")
_REVISION: Final = b',"rulebook_revision":'
"""Begins the last field of every record."""


class Said(Struct, frozen=True, gc=False):
    """A record in its stream."""

    stream: Stream
    value: bytes


def said(records: Iterable[Record], partitions: Mapping[str, int]) -> Iterator[Said]:
    """Where and how records must stand, in order; ``partitions`` is how many each topic has."""
    for record in records:
        key = record.determination_id if isinstance(record, Determination) else record.alert_id
        value = encode(record)
        for topic in ("determinations" if isinstance(record, Determination) else "alerts", "audit-log"):
            yield Said((topic, partition_of(key.encode(), partitions[topic])), value)


def partition_of(key: bytes, partitions: int) -> int:
    """Where Kafka's default partitioner puts a key, by aiokafka's own hash."""
    return int(murmur2(key) & 0x7FFFFFFF) % partitions


def without_revision(value: bytes) -> bytes:
    """A record less the name of its rulebook: what must differ for it to be said again."""
    return value.rpartition(_REVISION)[0]
