"""Everything that a topic holds now, for commands that look at it once. Knows readers; not what records mean.

Nothing is written and no consumer group is used: who only looks leaves no trace.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from policywire.stream.cluster import Cluster
from policywire.stream.ending import ClusterFault
from policywire.stream.reader import Chunk, Partition, Reader, end_offsets, first_offsets
from policywire.stream.settings import Settings


async def records_so_far(cluster: Cluster, settings: Settings, topic: str, channel: str) -> AsyncIterator[Any]:
    """Every committed record up to the end as it is now, of each partition in order; waits for what is open before it.

    Args:
        cluster: where the topic is.
        settings: how much is fetched at a time.
        topic: its full name.
        channel: the connection's name; nothing else may use it meanwhile.

    Yields:
        Records with ``offset``, ``timestamp`` (ms), ``key``, ``value`` and ``headers``.

    Raises:
        TopicMissing: there is no such topic, or it may not be seen.
        ClusterFault: it cannot be read.
        LaneStopped: records were deleted while they were read.
    """
    counts = await cluster.partition_counts([topic])
    partitions: list[Partition] = [(topic, number) for number in range(counts[topic])]
    ends = await end_offsets(cluster, partitions, channel)
    async for record in records_until(cluster, settings, ends, channel):
        yield record


async def records_until(
    cluster: Cluster,
    settings: Settings,
    ends: Mapping[Partition, int],
    channel: str,
    *,
    idle_s: float | None = None,
) -> AsyncIterator[Any]:
    """The same up to given offsets of partitions whose leaders are followed already.

    Raises:
        ClusterFault: they cannot be read, or nothing came for ``idle_s``.
        LaneStopped: records were deleted while they were read.
    """
    async with in_time(idle_s):
        firsts = await first_offsets(cluster, list(ends), channel)
    reader = Reader(
        cluster,
        firsts,
        channel=channel,
        partition_bytes=settings.batches.partition_bytes,
        wait_ms=int(settings.batches.fetch_max_wait_s * 1000),
    )
    while any(reader.positions[partition] < end for partition, end in ends.items()):
        for chunk in await _some(reader, idle_s):
            end = ends[chunk.topic, chunk.partition]
            for record in chunk.records:
                if chunk.first <= record.offset < end:
                    yield record


async def _some(reader: Reader, idle_s: float | None) -> list[Chunk]:
    """What the next fetch gives that gives any, or moves on past what is not committed."""
    before = dict(reader.positions)
    async with in_time(idle_s):
        while not (chunks := await reader.fetch()) and reader.positions == before:
            pass  # ended by the time-out: a fetch waits
    return chunks


@asynccontextmanager
async def in_time(idle_s: float | None) -> AsyncIterator[None]:
    """Ends what waits for the cluster for longer; None waits for ever.

    Raises:
        ClusterFault: in place of the time-out.
    """
    try:
        async with asyncio.timeout(idle_s):
            yield
    except TimeoutError:
        raise ClusterFault(f"the cluster gave no answer for {idle_s:g} s; try again when all of it is up") from None
