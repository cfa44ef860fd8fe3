"""Events as Faust hands them over, put into the chunks that a batch takes. Knows offsets; decodes nothing."""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from policywire.stream.cluster import Cluster
from policywire.stream.outgoing import Header
from policywire.stream.reader import Chunk, Partition, Reader

GAP_BYTES = 1_048_576
GAP_WAIT_MS = 100


class Record(Struct, frozen=True, gc=False):
    """An input record as a batch reads it; ``timestamp`` in milliseconds."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: list[Header]


class Fetched(Struct, frozen=True):
    """A record and where it is from."""

    topic: str
    partition: int
    record: Record

    @property
    def octets(self) -> int:
        """About its size."""
        return len(self.record.key or b"") + len(self.record.value or b"")


def fetched_from(message: Any) -> Fetched:
    """A message of Faust, whose time is in seconds."""
    record = Record(
        message.offset, round(message.timestamp * 1000), message.key, message.value, list(message.headers or [])
    )
    return Fetched(message.topic, message.partition, record)


def chunks_of(fetched: Iterable[Fetched], wanted: Mapping[Partition, int]) -> list[Chunk]:
    """The records in their order, cut where the topic changes or an offset is left out.

    Args:
        fetched: of one lane.
        wanted: the next offset of each input; what stands before it was decided already and is left away. ``first`` of
            a chunk is the offset that should have come, so that a gap shows.
    """
    following = dict(wanted)
    chunks: list[Chunk] = []
    open_: list[Record] = []
    for each in fetched:
        place = each.topic, each.partition
        if each.record.offset < following[place]:
            continue
        if not chunks or (chunks[-1].topic, chunks[-1].next_offset) != (each.topic, each.record.offset):
            open_ = []
            chunks.append(Chunk(*place, following[place], each.record.offset, each.record.timestamp, 0, open_))
        open_.append(each.record)
        following[place] = each.record.offset + 1
        chunks[-1] = _grown(chunks[-1], each)
    return chunks


def _grown(chunk: Chunk, by: Fetched) -> Chunk:
    return Chunk(
        chunk.topic,
        chunk.partition,
        chunk.first,
        by.record.offset + 1,
        min(chunk.timestamp, by.record.timestamp),
        chunk.octets + by.octets,
        chunk.records,
    )


async def left_out(cluster: Cluster, place: Partition, first: int, end: int, channel: str) -> list[Chunk]:
    """The committed records of an input between two offsets, read from the topic itself.

    Faust drops fetched records here and there while partitions are given out anew, and trusts that a later seek brings
    them again. It does not always (0.15.3: seen once in ten starts, the first records of a lane). A gap in the offsets
    is also what the markers of a sender's transactions leave; then there is nothing.

    Raises:
        LaneStopped: they were deleted before anybody read them.
    """
    reader = Reader(cluster, {place: first}, channel=channel, partition_bytes=GAP_BYTES, wait_ms=GAP_WAIT_MS)
    chunks: list[Chunk] = []
    while reader.positions[place] < end:
        for found in await reader.fetch():
            records = [
                Record(each.offset, each.timestamp, each.key, each.value, list(each.headers))
                for each in found.records
                if first <= each.offset < end
            ]
            if records:
                last = records[-1].offset + 1
                chunks.append(Chunk(*place, records[0].offset, last, found.timestamp, found.octets, records))
    return chunks
