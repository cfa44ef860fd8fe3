"""Kafka's log as the auditor sees it: every committed record of some topics, from the first to the last.

Knows aiokafka's plain consumer, on purpose nothing of ``policywire.stream``: an auditor that read with the worker's own
reader would not see its mistakes.
"""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from time import monotonic
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from msgspec import Struct

SETTLE_S = 45.0
"""Longer than any transaction's timeout in a run: an open transaction left behind is aborted by then."""
READ_S = 900.0
"""Some millions of records."""
LOOK_S = 0.2
Stream = tuple[str, int]
"""Topic, without the run's prefix, and partition."""


class Entry(Struct, frozen=True, gc=False):
    """A committed record."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


class Log(Struct):
    """Committed records by stream in offset order, where each stream ends, and those with a transaction left open."""

    entries: dict[Stream, list[Entry]]
    ends: dict[Stream, int]
    hanging: list[Stream]


async def read_log(bootstrap_servers: str, prefix: str, topics: list[str]) -> Log:
    """Read all of it, once no transaction is open any more or ``SETTLE_S`` have passed.

    Raises:
        TimeoutError: the records did not come.
    """
    async with AsyncExitStack() as stack:
        committed = await stack.enter_async_context(_consumer(bootstrap_servers, "read_committed"))
        everything = await stack.enter_async_context(_consumer(bootstrap_servers, "read_uncommitted"))
        streams = await _streams(bootstrap_servers, prefix, topics)
        committed.assign(list(streams))
        ends, hanging = await _settled(committed, everything, list(streams))
        async with asyncio.timeout(READ_S):
            entries = await _read(committed, ends, streams)
    return Log(
        entries,
        {streams[partition]: end for partition, end in ends.items()},
        [streams[partition] for partition in hanging],
    )


async def committed_offsets(bootstrap_servers: str, prefix: str, group: str) -> dict[Stream, int]:
    """The next offset that the group wants of each partition that it has committed anything of.

    Raises:
        aiokafka.errors.KafkaError: nobody coordinated the group for ``SETTLE_S``.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        offsets = await _group_offsets(admin, group)
    finally:
        await admin.close()
    return {(part.topic.removeprefix(prefix), part.partition): each.offset for part, each in offsets.items()}


async def log_ends(bootstrap_servers: str, prefix: str, topics: Iterable[str]) -> dict[Stream, int]:
    """Where each partition of the topics ends."""
    streams = await _streams(bootstrap_servers, prefix, list(topics))
    async with _consumer(bootstrap_servers, "read_committed") as consumer:
        ends = await consumer.end_offsets(list(streams))
    return {streams[partition]: end for partition, end in ends.items()}


async def _group_offsets(admin: AIOKafkaAdminClient, group: str) -> Any:
    """What the group has committed, once it has a coordinator: a young broker takes a moment to name one."""
    deadline = monotonic() + SETTLE_S
    while True:
        try:
            return await admin.list_consumer_group_offsets(group)
        except KafkaError as error:
            if not error.retriable or monotonic() > deadline:
                raise
        await asyncio.sleep(LOOK_S)


def _consumer(bootstrap_servers: str, isolation: str) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        bootstrap_servers=bootstrap_servers,
        isolation_level=isolation,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=4 << 20,
    )


async def _streams(bootstrap_servers: str, prefix: str, topics: list[str]) -> dict[TopicPartition, Stream]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        described = await admin.describe_topics([prefix + topic for topic in topics])
    finally:
        await admin.close()
    return {
        TopicPartition(each["topic"], part["partition"]): (each["topic"].removeprefix(prefix), part["partition"])
        for each in described
        for part in each["partitions"]
    }


async def _settled(
    committed: AIOKafkaConsumer, everything: AIOKafkaConsumer, partitions: list[TopicPartition]
) -> tuple[dict[TopicPartition, int], list[TopicPartition]]:
    """The end of each partition for a reader of committed records, and those where more is behind it."""
    deadline = monotonic() + SETTLE_S
    while True:
        stable = await committed.end_offsets(partitions)
        last = await everything.end_offsets(partitions)
        hanging = [partition for partition in partitions if stable[partition] != last[partition]]
        if not hanging or monotonic() > deadline:
            return stable, hanging
        await asyncio.sleep(LOOK_S)


async def _read(
    consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int], streams: Mapping[TopicPartition, Stream]
) -> dict[Stream, list[Entry]]:
    entries: dict[Stream, list[Entry]] = {stream: [] for stream in streams.values()}
    await consumer.seek_to_beginning(*ends)
    wanted = {partition for partition, end in ends.items() if end}
    while wanted:
        batches = await consumer.getmany(*wanted, timeout_ms=500, max_records=20_000)
        for partition, records in batches.items():
            entries[streams[partition]] += [
                Entry(each.offset, each.timestamp, each.key, each.value, tuple(each.headers))
                for each in records
                if each.offset < ends[partition]
            ]
        wanted = {partition for partition in wanted if await consumer.position(partition) < ends[partition]}
    return entries
