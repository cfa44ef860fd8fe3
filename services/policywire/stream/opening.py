"""Opening a lane: fence, offsets, barrier, restore, agreement, in the one order that is right.

The fence comes first: only then is nothing of the former owner still on its way, and only then do committed offsets and
changelog say the last word. The barrier marks where the changelog ends for a reader of committed records. The
changelog's own offsets are the authority; the group's must agree before anything is read.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from time import monotonic

from msgspec import Struct

from policywire.stream import changelog
from policywire.stream.cluster import Cluster
from policywire.stream.ending import ClusterFault, LaneStopped
from policywire.stream.offsets import committed_offsets
from policywire.stream.outgoing import Outgoing
from policywire.stream.points import Point
from policywire.stream.reader import Partition, Reader, first_offsets
from policywire.stream.settings import Settings
from policywire.stream.transactions import Transactions

INPUTS = ("claim-events", "scheduling-events")
"""Of every lane, from the first release on: workers with different subscriptions would split lanes between them."""

AGREE_RETRY_S = 0.2


class Opened(Struct):
    """A lane's starting point: its state, and the next offset wanted of each input partition."""

    restored: changelog.Restored
    positions: dict[Partition, int]


class Opening:
    """Opens one lane.

    Args:
        lane: its number.
        cluster: where it lives.
        settings: topics, group, deadlines.
        transactions: the lane's writing end, not yet fenced.
        timestamp: of the barrier record, in milliseconds.
        passing: told of every named point.
    """

    def __init__(  # noqa: PLR0913  each is used by one step of the opening
        self,
        lane: int,
        *,
        cluster: Cluster,
        settings: Settings,
        transactions: Transactions,
        timestamp: int,
        passing: Callable[[Point], Awaitable[None]],
    ) -> None:
        self._lane = lane
        self._cluster = cluster
        self._settings = settings
        self._transactions = transactions
        self._timestamp = timestamp
        self._passing = passing
        self._channel = f"lane-{lane}-open"
        self._changelog = (settings.topic(changelog.TOPIC), lane)

    async def open(self) -> Opened:
        """Do it.

        Raises:
            LaneStopped: the changelog cannot be read, or does not agree with the group's offsets.
            ClusterFault: the cluster does not answer as it should.
        """
        barrier = await self._fenced()
        restored = await self._restore(barrier)
        await self._passing("restore_done")
        positions = await self._agreed_positions(restored.offsets)
        await self._passing("open_done")
        return Opened(restored, positions)

    async def _fenced(self) -> int:
        """Fence, then mark the changelog's end; a lane that cannot be had in time must not wait unseen for ever."""
        fence_s = self._settings.deadlines.fence_s
        try:
            async with asyncio.timeout(fence_s):
                await self._passing("open_before_fence")
                await self._transactions.fence()
                await self._passing("open_after_fence")
                barrier = await self._write_barrier()
                await self._passing("open_after_barrier")
        except TimeoutError:
            raise ClusterFault(f"lane {self._lane} was not fenced within {fence_s:g} s") from None
        return barrier

    async def _write_barrier(self) -> int:
        outgoing = Outgoing("none", self._timestamp, self._settings.batches.record_bytes_max)
        outgoing.add(*self._changelog, changelog.BARRIER_KEY, b"{}")
        written = await self._transactions.commit(outgoing, {})
        return written[self._changelog]

    async def _restore(self, barrier: int) -> changelog.Restored:
        reader = Reader(
            self._cluster,
            await first_offsets(self._cluster, [self._changelog], self._channel),
            channel=self._channel,
            partition_bytes=self._settings.batches.partition_bytes,
            wait_ms=int(self._settings.batches.fetch_max_wait_s * 1000),
        )
        idle_s = self._settings.deadlines.restore_idle_s
        await self._passing("restore_midway")
        return await changelog.restore(reader, barrier, self._lane, idle_s)

    async def _agreed_positions(self, remembered: Mapping[str, int] | None) -> dict[Partition, int]:
        """The changelog's offsets, once the group's committed ones are the same; from the start when both have none."""
        inputs: list[Partition] = [(self._settings.topic(name), self._lane) for name in INPUTS]
        wanted = {(self._settings.topic(name), self._lane): offset for name, offset in (remembered or {}).items()}
        deadline = monotonic() + self._settings.deadlines.agree_s
        while True:
            committed = await committed_offsets(self._cluster, self._settings.kafka.group, inputs, self._channel)
            if all(committed.get(partition) == wanted.get(partition) for partition in inputs):
                break
            if monotonic() > deadline:
                raise LaneStopped(self._disagreement(wanted, committed))
            await asyncio.sleep(AGREE_RETRY_S)
        missing = [partition for partition in inputs if partition not in wanted]
        return {**await first_offsets(self._cluster, missing, self._channel), **wanted}

    def _disagreement(self, wanted: Mapping[Partition, int], committed: Mapping[Partition, int | None]) -> str:
        each = "; ".join(
            f"{topic}-{partition}: changelog {wanted.get((topic, partition), 'none')}, group "
            f"{'none' if offset is None else offset}"
            for (topic, partition), offset in committed.items()
        )
        return (
            f"lane {self._lane}: the offsets of the changelog and those of group {self._settings.kafka.group} differ "
            f"({each}). Either the group's name is not that by which this topic prefix is worked, or somebody reset "
            "one of them. Mend the name; or stop all workers of the group and set the group's offsets to the "
            "changelog's (kafka-consumer-groups --reset-offsets), or start over with another topic prefix"
        )
