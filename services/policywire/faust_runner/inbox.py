"""A lane's events between Faust and the next batch, and those that Faust has left out. Decodes nothing."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime

from policywire.faust_runner.fetched import Fetched, chunks_of, left_out
from policywire.stream.cluster import Cluster
from policywire.stream.logs import get_logger
from policywire.stream.metrics import Metrics
from policywire.stream.reader import Chunk, Partition, end_offsets


class Inbox:
    """What was fetched and not yet taken.

    Args:
        lane: its number.
        octets_max: about so much waits; then whoever puts in waits.

    Attributes:
        arrived: set while something waits.
    """

    def __init__(self, lane: int, cluster: Cluster, octets_max: int) -> None:
        self._lane = lane
        self._cluster = cluster
        self._octets_max = octets_max
        self._channel = f"lane-{lane}-left-out"
        self._fetched: list[Fetched] = []
        self._octets = 0
        self._looked_up_to: dict[Partition, int] = {}
        self.arrived = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    def __len__(self) -> int:
        return len(self._fetched)

    @property
    def oldest(self) -> int | None:
        """The time of the oldest event that waits, in milliseconds."""
        return min((fetched.record.timestamp for fetched in self._fetched), default=None)

    async def put(self, fetched: Fetched) -> None:
        """Put an event in; waits while there is too much."""
        await self._room.wait()
        self._fetched.append(fetched)
        self._octets += fetched.octets
        if self._octets >= self._octets_max:
            self._room.clear()
        self.arrived.set()

    def clear(self) -> None:
        """Drop everything: Faust reads it again from the group's offsets."""
        self._fetched.clear()
        self._octets = 0
        self.arrived.clear()
        self._room.set()

    async def take(self, wanted: Mapping[Partition, int], count_max: int) -> list[Chunk]:
        """What waits, but for what was decided before; what Faust has left out is read from the topic itself.

        Args:
            wanted: the next offset of each input.
            count_max: of events; the others wait for the next batch.
        """
        fetched, self._fetched = self._fetched[:count_max], self._fetched[count_max:]
        self._octets = sum(each.octets for each in self._fetched)
        if not self._fetched:
            self.arrived.clear()
        if self._octets < self._octets_max:
            self._room.set()
        chunks: list[Chunk] = []
        for chunk in chunks_of(fetched, wanted):
            if chunk.records[0].offset > chunk.first:
                chunks += await self._left_out((chunk.topic, chunk.partition), chunk.first, chunk.records[0].offset)
            chunks.append(chunk)
        return chunks

    async def look_for_what_was_left_out(self, wanted: Mapping[Partition, int]) -> None:
        """An idle lane's inputs end where it is; where they do not, nothing that comes later would show the gap."""
        for place, end in (await end_offsets(self._cluster, list(wanted), self._channel)).items():
            first = max(wanted[place], self._looked_up_to.get(place, 0))
            if first < end and not self.arrived.is_set():
                found = await self._left_out(place, first, end)
                if not found:
                    self._looked_up_to[place] = end
                elif not self.arrived.is_set():
                    self._fetched += [Fetched(*place, record) for chunk in found for record in chunk.records]
                    self.arrived.set()

    async def _left_out(self, place: Partition, first: int, end: int) -> list[Chunk]:
        """The records between two offsets; most often none, but only the markers of a sender's transactions."""
        found = await left_out(self._cluster, place, first, end, self._channel)
        count = sum(len(chunk.records) for chunk in found)
        if count:
            get_logger().warning("Faust left records out; they were read again", lane=self._lane, records=count)
        return found


def show_lag(  # noqa: PLR0913, PLR0917  what lag is made of
    metrics: Metrics,
    lane: str,
    wanted: Mapping[Partition, int],
    inbox: Inbox,
    highwater: Callable[[Partition], int | None],
    now: datetime,
) -> None:
    """Set a lane's gauges of lag. With nothing waiting, what is behind it is control records, which no batch takes."""
    for place, position in wanted.items():
        behind = max(0, (highwater(place) or 0) - position) if inbox else 0
        metrics.lag_records.labels(topic=place[0], lane=lane).set(behind)
    oldest = inbox.oldest
    metrics.lag_seconds.labels(lane=lane).set(0.0 if oldest is None else max(0.0, now.timestamp() - oldest / 1000))
