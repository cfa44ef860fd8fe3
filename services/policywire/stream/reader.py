"""Reads partitions from given offsets, committed records only. Knows Kafka's fetch and its record batches.

Does not know what records mean, nor any group: a reader belongs to one lane, starts where it is told and is thrown away
with the lane, so records of a former position or a former owner cannot reach anybody.
"""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

from aiokafka import errors
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.offset import OffsetRequest
from aiokafka.record.control_record import ABORT_MARKER, ControlRecord
from aiokafka.record.memory_records import MemoryRecords
from msgspec import Struct

from policywire.stream.access import RIGHTS
from policywire.stream.cluster import OUTAGE_RETRY_S, Cluster, NoAnswer
from policywire.stream.ending import ClusterFault, LaneStopped

READ_COMMITTED = 1
READ_UNCOMMITTED = 0
EARLIEST = -2
LATEST = -1
FETCH_VERSION_MIN = 11
"""Kafka 2.3 (2019) and later. Older answers have another layout."""
Partition = tuple[str, int]
"""Topic and partition number."""


class Chunk(Struct, frozen=True):
    """A Kafka record batch: committed records, not yet unpacked.

    ``records`` iterates once, over records with ``offset``, ``timestamp`` (ms), ``key``, ``value`` and ``headers``; one
    with an offset below ``first`` was there before the reader's position and is to be passed over. ``next_offset`` is
    where reading goes on. ``timestamp`` (ms) is that of its oldest record; ``octets`` is about its size.
    """

    topic: str
    partition: int
    first: int
    next_offset: int
    timestamp: int
    octets: int
    records: Any


class Unpacked(Struct, frozen=True):
    """What an answer held of a partition. ``chunks`` may be empty although ``next_offset`` moved: control batches."""

    chunks: list[Chunk]
    next_offset: int


class Reader:
    """Reads some partitions, each from its own position.

    Args:
        positions: the next offset wanted of each partition; moves as answers come in.
        channel: the connection's name; nothing else may use it, for a fetch holds it up to ``wait_ms``.
    """

    def __init__(
        self, cluster: Cluster, positions: Mapping[Partition, int], *, channel: str, partition_bytes: int, wait_ms: int
    ) -> None:
        self._cluster = cluster
        self.positions = dict(positions)
        self.high_watermarks: dict[Partition, int] = {}
        self._channel = channel
        self._partition_bytes = partition_bytes
        self._wait_ms = wait_ms

    async def fetch(self) -> list[Chunk]:
        """What the next answers hold: nothing after ``wait_ms`` without new records, or while a broker is away.

        Raises:
            LaneStopped: a position is no longer in the topic: records were deleted before they were read.
            AccessRefused: this client has no right to read.
            ClusterFault: a broker refuses to be read from, or a batch is damaged.
        """
        by_node: dict[int, list[Partition]] = {}
        for topic, partition in self.positions:
            by_node.setdefault(await self._cluster.leader(topic, partition), []).append((topic, partition))
        answers = await asyncio.gather(*(self._fetch_from(node, wanted) for node, wanted in by_node.items()))
        return [chunk for answer in answers for chunk in answer]

    async def _fetch_from(self, node: int, wanted: list[Partition]) -> list[Chunk]:
        topics: dict[str, list[tuple[int, int, int]]] = {}
        for topic, partition in wanted:
            topics.setdefault(topic, []).append((partition, self.positions[topic, partition], self._partition_bytes))
        total = self._partition_bytes * len(wanted)
        request = FetchRequest(self._wait_ms, 1, total, READ_COMMITTED, list(topics.items()))
        try:
            answer = await self._cluster.ask(node, request, self._channel)
        except NoAnswer:
            await self._after_outage()
            return []
        return await self._take(answer)

    async def _take(self, answer: Any) -> list[Chunk]:
        if answer.API_VERSION < FETCH_VERSION_MIN:
            raise ClusterFault(f"the cluster's fetch has version {answer.API_VERSION}; Kafka 2.3 or later is needed")
        chunks: list[Chunk] = []
        moved = False
        for topic, partitions in answer.topics:
            for partition, code, high_watermark, *_, aborted, _replica, data in partitions:
                error = errors.for_code(code)
                if error is not errors.NoError:
                    self._refuse(error, topic, partition)
                    moved = True
                    continue
                self.high_watermarks[topic, partition] = high_watermark
                unpacked = unpack(topic, partition, data or b"", aborted or [], self.positions[topic, partition])
                self.positions[topic, partition] = unpacked.next_offset
                chunks += unpacked.chunks
        if moved:
            await self._after_outage()
        return chunks

    def _refuse(self, error: type[errors.KafkaError], topic: str, partition: int) -> None:
        if error is errors.OffsetOutOfRangeError:
            position = self.positions[topic, partition]
            raise LaneStopped(
                f"{topic}-{partition} no longer has offset {position}: records were deleted before this group read "
                "them. Find out what was lost, then move the group's offset on purpose"
            )
        if error in RIGHTS:
            raise self._cluster.not_allowed(error, [topic], "Read")
        if not error.retriable:
            raise ClusterFault(f"{topic}-{partition} cannot be read: {error.__name__}")

    async def _after_outage(self) -> None:
        await asyncio.sleep(OUTAGE_RETRY_S)
        await self._cluster.refresh()


def unpack(topic: str, partition: int, data: bytes, aborted: list[tuple[int, int]], position: int) -> Unpacked:
    """The committed record batches of a fetch answer.

    Args:
        topic: whose.
        partition: its number.
        data: whole record batches, perhaps a cut one at the end, which the broker will send again.
        aborted: (producer id, first offset) of aborted transactions that reach into the data.
        position: the offset that was asked for; batches before it are dropped.

    Raises:
        ClusterFault: a checksum is wrong, or a batch is larger than a fetch may be.
    """
    records = MemoryRecords(data)
    if not records.has_next() and records.size_in_bytes() > 0:
        raise ClusterFault(f"{topic}-{partition} holds a batch larger than a fetch; raise the batches' partition_bytes")
    batches = list(_committed(_batches(records, f"{topic}-{partition}"), aborted))
    chunks = []
    for batch in batches:
        if batch.next_offset > position:
            if not batch.is_control_batch:
                chunks.append(_chunk(topic, partition, batch, position, len(data) // len(batches)))
            position = batch.next_offset
    return Unpacked(chunks, position)


def _batches(records: Any, where: str) -> Iterator[Any]:
    while records.has_next():
        batch = records.next_batch()
        if not batch.validate_crc():
            raise ClusterFault(f"{where} holds a damaged record batch at offset {batch.base_offset}")
        yield batch


def _committed(batches: Iterator[Any], aborted: list[tuple[int, int]]) -> Iterator[Any]:
    """Every batch that is not part of an aborted transaction, control batches included: they move the position.

    An aborted transaction of a producer reaches from its first offset to the producer's next abort marker.
    """
    pending = sorted(aborted, key=lambda entry: entry[1], reverse=True)
    dropped: set[int] = set()
    for batch in batches:
        while pending and pending[-1][1] <= batch.base_offset:
            dropped.add(pending.pop()[0])
        if batch.is_control_batch:
            if batch.producer_id in dropped and ControlRecord.parse(next(iter(batch)).key) == ABORT_MARKER:
                dropped.discard(batch.producer_id)
            yield batch
        elif batch.is_transactional and batch.producer_id in dropped:
            yield _Skipped(batch.next_offset)
        else:
            yield batch


class _Skipped(Struct, frozen=True):
    """Stands for a batch of an aborted transaction: it moves the position and holds nothing."""

    next_offset: int
    is_control_batch: bool = True


def _chunk(topic: str, partition: int, batch: Any, position: int, octets: int) -> Chunk:
    # By the broker's clock the batch has one time, max_timestamp; by the sender's, first_timestamp is the oldest.
    timestamp = batch.max_timestamp if batch.timestamp_type else batch.first_timestamp
    return Chunk(topic, partition, position, batch.next_offset, timestamp, octets, batch)


async def first_offsets(cluster: Cluster, partitions: list[Partition], channel: str) -> dict[Partition, int]:
    """The oldest offset that each partition still has."""
    return {partition: await _offset_at(cluster, partition, EARLIEST, channel) for partition in partitions}


async def end_offsets(cluster: Cluster, partitions: list[Partition], channel: str) -> dict[Partition, int]:
    """The offset that the next record of each partition will get, open transactions included."""
    return {partition: await _offset_at(cluster, partition, LATEST, channel) for partition in partitions}


async def offsets_from(
    cluster: Cluster, partitions: list[Partition], moment_ms: int, channel: str
) -> dict[Partition, int | None]:
    """The first offset of each partition whose record is of a moment (ms since 1970) or later; None: there is none."""
    found = {partition: await _offset_at(cluster, partition, moment_ms, channel) for partition in partitions}
    return {partition: None if offset < 0 else offset for partition, offset in found.items()}


async def stable_end(cluster: Cluster, partition: Partition, channel: str) -> int:
    """Where a partition ends for a reader of committed records: before what the first open transaction wrote."""
    return await _offset_at(cluster, partition, LATEST, channel, READ_COMMITTED)


async def _offset_at(
    cluster: Cluster, partition: Partition, moment: int, channel: str, isolation: int = READ_UNCOMMITTED
) -> int:
    topic, number = partition
    while True:
        request = OffsetRequest(-1, isolation, [(topic, [(number, moment)])])
        try:
            answer = await cluster.ask(await cluster.leader(topic, number), request, channel)
        except NoAnswer:
            await asyncio.sleep(OUTAGE_RETRY_S)
            await cluster.refresh()
            continue
        ((_, ((_, code, _timestamp, offset),)),) = answer.topics
        error = errors.for_code(code)
        if error is errors.NoError:
            return int(offset)
        if error in RIGHTS:
            raise cluster.not_allowed(error, [topic], "Read")
        if not error.retriable:
            raise ClusterFault(f"the offsets of {topic}-{number} cannot be read: {error.__name__}")
        await asyncio.sleep(OUTAGE_RETRY_S)
        await cluster.refresh()
