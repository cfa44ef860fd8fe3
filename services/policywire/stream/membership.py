"""Which lanes are this worker's: the group consumer, used for nothing else. Knows Kafka's group protocol by aiokafka.

It fetches nothing: every partition is paused as soon as it is assigned, and what might slip through is thrown away.
aiokafka logs and swallows exceptions of its rebalance callbacks, so these catch their own and hand them over.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import KafkaError

from policywire.stream.access import rights_missing
from policywire.stream.ending import ClusterFault
from policywire.stream.login import client_arguments
from policywire.stream.settings import Kafka

HEARTBEAT_S = 1.0
"""Also how soon a member hears of a rebalance; a tenth of the session timeout."""

POLL_MS = 500
"""Each poll tells the group that this worker is alive and gives coordination errors a way out."""

JOIN_TIMEOUT_MS = 40_000
"""A join is answered when every member has joined or been given up, so later than the session timeout. A member that
gave up earlier would come back as another one and hold everybody up again."""

LEAVE_S = 1.0
"""Leaving waits for a broker that may be away."""


class Membership(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """A member of the group.

    Args:
        topics: both inputs, as they are called on the cluster.
        on_revoked: called when nothing may be begun any more; must return within the revocation deadline.
        on_assigned: called with the numbers of which every topic's partition is this worker's, then those of which
            only some are.
    """

    def __init__(
        self,
        kafka: Kafka,
        topics: list[str],
        *,
        on_revoked: Callable[[], Awaitable[None]],
        on_assigned: Callable[[set[int], set[int]], Awaitable[None]],
    ) -> None:
        self._kafka = kafka
        self._topics = topics
        self._on_revoked = on_revoked
        self._on_assigned = on_assigned
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._consumer = AIOKafkaConsumer(
            group_id=kafka.group,
            group_instance_id=kafka.instance_id,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            session_timeout_ms=int(kafka.session_timeout_s * 1000),
            heartbeat_interval_ms=int(min(HEARTBEAT_S, kafka.session_timeout_s / 5) * 1000),
            # Of one topic each member gets a range of numbers, so of two topics of equal counts the same numbers.
            partition_assignment_strategy=(RangePartitionAssignor,),
            rebalance_timeout_ms=int(kafka.session_timeout_s * 1000),
            **client_arguments(kafka) | {"request_timeout_ms": JOIN_TIMEOUT_MS},
        )

    async def run(self) -> None:
        """Take part in the group until cancelled.

        Raises:
            AccessRefused: this client has no right to the group, or to see its topics.
            ClusterFault: the group does not take this worker.
        """
        self._consumer.subscribe(self._topics, listener=self)
        try:
            await self._consumer.start()
            while not self._failure.done():
                await self._consumer.getmany(timeout_ms=POLL_MS)
            self._failure.result()
        except KafkaError as error:
            wanted = {"group": [self._kafka.group], "topic": self._topics}
            refused = rights_missing(error, self._kafka, wanted)
            if refused is not None:
                raise refused from None
            raise ClusterFault(f"the group does not go on: {type(error).__name__}: {error}") from error

    async def leave(self) -> None:
        """Leave the group, if it answers soon; with an instance id only stop, so that the same lanes come back."""
        with contextlib.suppress(TimeoutError, KafkaError):
            async with asyncio.timeout(LEAVE_S):
                await self._consumer.stop()

    async def on_partitions_revoked(self, revoked: list[TopicPartition]) -> None:  # noqa: ARG002  the listener's signature
        """All of them are taken at every rebalance; which of them come back is known afterwards."""
        await self._guarded(self._on_revoked())

    async def on_partitions_assigned(self, assigned: list[TopicPartition]) -> None:
        """Tell which lanes are whole."""
        self._consumer.pause(*assigned)
        numbers = [{part.partition for part in assigned if part.topic == topic} for topic in self._topics]
        whole = set.intersection(*numbers)
        await self._guarded(self._on_assigned(whole, set.union(*numbers) - whole))

    async def _guarded(self, call: Awaitable[None]) -> None:
        try:
            await call
        except Exception as error:  # noqa: BLE001  aiokafka would swallow it
            if not self._failure.done():
                self._failure.set_exception(error)
