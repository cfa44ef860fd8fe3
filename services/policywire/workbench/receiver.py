"""Looks at a cluster from outside, as a consumer of ours would: how far a group has come, and what is in a topic.

Knows aiokafka's clients, always read_committed. Knows nothing of the worker's inside.
"""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from time import monotonic
from types import MappingProxyType, TracebackType
from typing import Any, Final, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import TopicAuthorizationFailedError, for_code

from policywire.errors import BadInput, PassingFault

_IDLE_S: Final = 30
_LOOK_MS: Final = 200
_FETCH_BYTES: Final = 4 << 20


class GroupWatch:
    """How far a consumer group has come. An asynchronous context manager.

    Args:
        topics: the inputs that are watched, by their names on the cluster.
    """

    def __init__(self, bootstrap_servers: str, group: str, *topics: str) -> None:
        self._admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
        self._group = group
        self._topics = topics

    async def __aenter__(self) -> Self:
        await self._admin.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._admin.close()

    async def done(self) -> int:
        """How many records of the topics the group has committed; they must be new, so that they begin at 0."""
        offsets = await self._admin.list_consumer_group_offsets(self._group)
        return sum(max(0, each.offset) for partition, each in offsets.items() if partition.topic in self._topics)


class TopicTail:
    """Everything that is committed to a topic, from its beginning on, as it comes. An asynchronous context manager.

    Attributes:
        records: what has come; of one partition in order.
    """

    def __init__(self, bootstrap_servers: str, topic: str) -> None:
        self.records: list[Any] = []
        self._bootstrap_servers = bootstrap_servers
        self._topic = topic
        self._stack = AsyncExitStack()
        self._consumer: Any = None

    async def __aenter__(self) -> Self:
        self._consumer = await self._stack.enter_async_context(_consumer(self._bootstrap_servers))
        self._consumer.assign(await _partitions(self._bootstrap_servers, [self._topic]))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def look(self, timeout_s: float) -> None:
        """Take what has come, waiting so long if there is nothing."""
        batches = await self._consumer.getmany(timeout_ms=int(timeout_s * 1000))
        for batch in batches.values():
            self.records += batch


async def read_topics(bootstrap_servers: str, topics: Sequence[str], **login: Any) -> dict[str, list[Any]]:
    """Every committed record that each topic has now; of one partition in order.

    Args:
        bootstrap_servers: of the cluster.
        topics: which.
        login: what else aiokafka's clients are given: TLS and the login.

    Raises:
        BadInput: the cluster has not all of the topics.
        aiokafka.errors.TopicAuthorizationFailedError: this client may not see them.
        PassingFault: they did not come.
    """
    records: dict[str, list[Any]] = {topic: [] for topic in topics}
    partitions = await _partitions(bootstrap_servers, topics, login)
    async with _consumer(bootstrap_servers, **login) as consumer:
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        await consumer.seek_to_beginning(*partitions)
        wanted = {partition for partition, end in ends.items() if end}
        moved = monotonic()
        while wanted:
            # Short looks: a transaction's marker behind the last record moves the position and gives no record.
            batches = await consumer.getmany(*wanted, timeout_ms=_LOOK_MS)
            for partition, batch in batches.items():
                records[partition.topic] += batch
            left = {each for each in wanted if await consumer.position(each) < ends[each]}
            if batches or left != wanted:
                moved = monotonic()
            elif monotonic() - moved > _IDLE_S:
                raise PassingFault(f"the cluster gave nothing of {', '.join(topics)} for {_IDLE_S} s")
            wanted = left
    return records


async def partition_count(bootstrap_servers: str, topic: str, **login: Any) -> int:
    """How many partitions a topic has.

    Raises:
        BadInput: the cluster has no such topic.
        aiokafka.errors.TopicAuthorizationFailedError: this client may not see it.
    """
    return len(await _partitions(bootstrap_servers, [topic], login))


async def _partitions(
    bootstrap_servers: str, topics: Sequence[str], login: Mapping[str, Any] = MappingProxyType({})
) -> list[TopicPartition]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers, **login)
    try:
        await admin.start()
        described = await admin.describe_topics(list(topics))
    finally:
        await admin.close()
    if any(for_code(each["error_code"]) is TopicAuthorizationFailedError for each in described):
        raise TopicAuthorizationFailedError
    if missing := [each["topic"] for each in described if each["error_code"]]:
        raise BadInput(f"the cluster has no topic {', '.join(missing)}")
    return [TopicPartition(each["topic"], part["partition"]) for each in described for part in each["partitions"]]


@asynccontextmanager
async def _consumer(bootstrap_servers: str, **login: Any) -> Any:
    consumer = AIOKafkaConsumer(
        **login,
        bootstrap_servers=bootstrap_servers,
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=_FETCH_BYTES,
    )
    try:
        await consumer.start()
        yield consumer
    finally:
        await consumer.stop()
