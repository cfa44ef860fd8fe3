"""Everything that a topic holds now, for commands that look at it once. Knows readers; not what records mean.

Nothing is written and no consumer group is used: who only looks leaves no trace.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from policywire.stream.cluster import Cluster
from policywire.stream.reader import Partition, Reader, end_offsets, first_offsets
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
    cluster: Cluster, settings: Settings, ends: Mapping[Partition, int], channel: str
) -> AsyncIterator[Any]:
    """The same up to given offsets of partitions whose leaders are followed already.

    Raises:
        ClusterFault: they cannot be read.
        LaneStopped: records were deleted while they were read.
    """
    reader = Reader(
        cluster,
        await first_offsets(cluster, list(ends), channel),
        channel=channel,
        partition_bytes=settings.batches.partition_bytes,
        wait_ms=int(settings.batches.fetch_max_wait_s * 1000),
    )
    while any(reader.positions[partition] < end for partition, end in ends.items()):
        for chunk in await reader.fetch():
            end = ends[chunk.topic, chunk.partition]
            for record in chunk.records:
                if chunk.first <= record.offset < end:
                    yield record
