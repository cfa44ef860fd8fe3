"""Recorded events of the input topics, in the order of their records' time. Knows readers; decides nothing.

Records of one partition keep their order; between partitions the time of the record decides. No group, no offset is
committed, nothing is written: only offsets are asked for, and committed records fetched.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from heapq import heapify, heappop, heappush
from typing import Any, Final

from policywire.errors import BadInput
from policywire.model.decode import CLAIM_DECODER, SCHEDULING_DECODER, Decoder
from policywire.stream.cluster import Cluster
from policywire.stream.opening import INPUTS
from policywire.stream.reader import Chunk, Partition, Reader, first_offsets, offsets_from, stable_end
from policywire.stream.settings import Settings
from policywire.workbench.backtest.lanes import Backtest

CHANNEL: Final = "backtest"
DECODERS: Final[Mapping[str, Decoder[Any]]] = dict(zip(INPUTS, (CLAIM_DECODER, SCHEDULING_DECODER), strict=True))
TOLD_EVERY: Final = 2_000
"""Records between two looks at the progress bar."""

Progress = Callable[[str, float], None]


async def feed_topics(
    backtest: Backtest, settings: Settings, names: Sequence[str], read_from: datetime | None, progress: Progress
) -> None:
    """Feed everything that the topics hold now.

    Args:
        backtest: to be fed.
        settings: where the topics are.
        names: of the topics, without the prefix.
        read_from: leave out records written before; None: read all.
        progress: told how much of it has been read.

    Raises:
        TopicMissing: there is no such topic, or it may not be seen.
        ClusterFault: the cluster cannot be reached, or a topic cannot be read.
    """
    async with Cluster(settings.kafka) as cluster:
        sources = await _sources(cluster, settings, names, read_from)
        total = sum(source.end - source.position for source in sources) or 1
        decoders = {settings.topic(name): DECODERS[name] for name in names}
        count = 0
        async for topic, record in _in_order(sources):
            moment = datetime.fromtimestamp(record.timestamp / 1000, UTC)
            backtest.feed_record(decoders[topic], record.key, record.value, moment)
            count += 1
            if not count % TOLD_EVERY:
                progress(" and ".join(names), count / total)
        progress(" and ".join(names), 1.0)


class _Source:
    """One partition, read as far as it was committed when the reading began."""

    def __init__(self, cluster: Cluster, settings: Settings, partition: Partition, first: int, end: int) -> None:
        self.topic, self.number = partition
        self.end = end
        self._partition = partition
        self._reader = Reader(
            cluster,
            {partition: first},
            channel=CHANNEL,
            partition_bytes=settings.batches.partition_bytes,
            wait_ms=int(settings.batches.fetch_max_wait_s * 1000),
        )
        self._buffered: Iterator[Any] = iter(())
        self._latest_ms = 0

    @property
    def position(self) -> int:
        """The next offset to fetch."""
        return self._reader.positions[self._partition]

    async def next(self) -> tuple[int, str, int, int, Any] | None:
        """The next record, behind what orders it; None at the end."""
        while True:
            record = next(self._buffered, None)
            if record is not None:
                # Senders' clocks may go back; within a partition the order of records counts.
                self._latest_ms = max(self._latest_ms, record.timestamp)
                return self._latest_ms, self.topic, self.number, record.offset, record
            if self.position >= self.end:
                return None
            self._buffered = self._records(await self._reader.fetch())

    def _records(self, chunks: Sequence[Chunk]) -> Iterator[Any]:
        for chunk in chunks:
            yield from (record for record in chunk.records if chunk.first <= record.offset < self.end)


async def _sources(
    cluster: Cluster, settings: Settings, names: Sequence[str], read_from: datetime | None
) -> list[_Source]:
    counts = await cluster.partition_counts([settings.topic(name) for name in names])
    partitions = [(topic, number) for topic, count in counts.items() for number in range(count)]
    ends = {partition: await stable_end(cluster, partition, CHANNEL) for partition in partitions}
    firsts: dict[Partition, int | None] = dict(await first_offsets(cluster, partitions, CHANNEL))
    if read_from is not None:
        firsts = await offsets_from(cluster, partitions, int(read_from.timestamp() * 1000), CHANNEL)
    found = [(partition, first, ends[partition]) for partition, first in firsts.items()]
    sources = [_Source(cluster, settings, each, end if first is None else first, end) for each, first, end in found]
    if not any(source.position < source.end for source in sources):
        raise BadInput(
            f"{' and '.join(names)} hold nothing{' since then' if read_from else ''}: there is nothing to run."
        )
    return sources


async def _in_order(sources: Sequence[_Source]) -> AsyncIterator[tuple[str, Any]]:
    """Records of all sources by time."""
    heads = [(*head, place) for place, source in enumerate(sources) if (head := await source.next()) is not None]
    heapify(heads)
    while heads:
        *_, topic, _number, _offset, record, place = heappop(heads)
        yield topic, record
        head = await sources[place].next()
        if head is not None:
            heappush(heads, (*head, place))
