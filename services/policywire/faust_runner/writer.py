"""A lane's writing end without transactions: every write is acknowledged, and a former owner's is refused.

Knows Kafka's producer ids and epochs. At least once does not need transactions, but it needs a fence. A worker that was
held (SIGSTOP, a paused machine) past its session does not know that its lane has another owner; when it wakes, what it
had begun would overwrite newer records of the same ids, and newer timelines in the changelog: not a duplicate but a
step back, and with the timelines a loss.

The fence is Kafka's own. The broker refuses a batch whose epoch is older than the greatest one it has seen of the same
producer id *in that partition*. So an opening lane takes the next epoch of the lane's transactional id and commits one
transaction that holds nothing: its markers carry the new epoch into every partition the lane writes to, and no consumer
ever sees them. From then on plain, idempotent batches are written in the epoch after it.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from time import monotonic
from typing import TypeVar

from policywire.faust_runner.outgoing import LaneOutgoing
from policywire.stream.ending import ClusterFault, LaneStopped
from policywire.stream.outgoing import RecordTooLarge
from policywire.stream.reader import Partition
from policywire.stream.transactions import Transactions

RENEW_S = 43_200.0
"""Brokers forget a producer id in a partition after a day without a batch, a transactional id after seven: the fence is
raised again twice a day, so that they never do while somebody holds the lane."""

Written = TypeVar("Written")


class FencedWriter(Transactions):
    """The writing end of one lane, from its fence to the process' end.

    Attributes:
        deadline_s: of a write that :meth:`in_time` awaits.
    """

    deadline_s = 8.0
    _raised = 0.0

    async def raise_fence(self, partitions: Sequence[Partition]) -> None:
        """Shut every former owner out of these partitions; when this returns nothing of theirs can be written any more.

        The second ``fence`` is answered only when the markers of the empty transaction stand in every partition, so
        that what is written next comes after them: a table's recovery waits for the last record of its changelog, and
        a marker that came last would be waited for in vain. To raise it again begins with the epoch it has: who woke
        up after half a day, and is the owner no longer, is refused here instead of becoming it again.

        Raises:
            LaneLost: another owner has done the same meanwhile.
            NoAnswer: the cluster's last answer was lost; a restart begins again.
        """
        if not self._raised:
            await self.fence()
        await self._begin(partitions, with_offsets=False)
        await self._end()
        await self.fence()
        self._raised = monotonic()

    @property
    def wants_its_fence_renewed(self) -> bool:
        """Whether the fence is so old that brokers may begin to forget it."""
        return monotonic() - self._raised > RENEW_S

    async def write_changelog(self, outgoing: LaneOutgoing) -> int:
        """Write the changelog's part, all of it or nothing.

        Returns:
            The offset of its last record; -1 when the cluster does not say it any more.

        Raises:
            LaneLost: another owner has fenced this one.
            RecordTooLarge: it is more than the topic takes at once.
            ProtocolFault: the cluster refused it.
        """
        await self._passing("before_begin")
        batch = outgoing.changelog_batch(self._writer, self._sequences)
        first = (await self._send([batch]))[batch.partition]
        await self._passing("after_begin")
        return first + batch.count - 1 if first >= 0 else -1

    async def write_outputs(self, outgoing: LaneOutgoing) -> None:
        """Write all but the changelog; when this returns, all replicas in sync have every record.

        Raises:
            LaneLost: another owner has fenced this one.
            ProtocolFault: the cluster refused something.
        """
        for batches in outgoing.output_rounds(self._writer, self._sequences):
            await self._send(batches)
        await self._passing("after_send")

    async def in_time(self, write: Awaitable[Written]) -> Written:
        """Await a write of this writer's.

        Raises:
            ClusterFault: it takes too long, also because this process was held meanwhile.
            LaneStopped: a batch is too large.
        """
        try:
            async with asyncio.timeout(self.deadline_s):
                return await write
        except TimeoutError:
            raise ClusterFault(f"{self._name}: a batch was not acknowledged within {self.deadline_s:g} s") from None
        except RecordTooLarge as error:
            raise LaneStopped(f"{self._name}: {error} at once; raise its max.message.bytes") from None
