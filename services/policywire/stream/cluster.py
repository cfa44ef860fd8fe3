"""The Kafka cluster as lanes see it: who leads a partition, who coordinates, and a request with its answer.

Knows aiokafka's client and nothing of records. One client serves the whole worker; each lane has connections of its
own by naming a *channel*, because a broker answers one request of a connection at a time: a fetch that waits for
events would hold up everybody else's commit.

Why not aiokafka's consumer and producer for the lanes: with them the order of requests, repeated attempts and
positions are hidden state, and that is where the measured hazards were: a commit sent twice, futures not awaited,
positions moved by an error on another partition, a ``stop()`` that hangs. The requests of a lane are eight, sent in a
plain order in :mod:`policywire.stream.reader` and :mod:`policywire.stream.transactions`. Reading this way costs 0.4 us
a record where ``getmany`` costs 1.7. aiokafka's consumer is used where it is strong: group membership.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping
from time import monotonic
from typing import Any, Literal, Self

from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient, CoordinationType
from aiokafka.errors import KafkaError, NodeNotReadyError

from policywire.errors import BadInput
from policywire.stream.access import ACLS, RIGHTS, AccessRefused, principal, refusal, right_missing
from policywire.stream.ending import ClusterFault
from policywire.stream.login import login_arguments
from policywire.stream.settings import Kafka, variable

RETRY_S = 0.002
"""Back-to-back transactions wait for the former one's markers, mostly 1 to 3 ms: with 5 ms here they took 11 ms each,
with 2 ms 5 ms. aiokafka's default would add 100."""

OUTAGE_RETRY_S = 0.1
"""Between attempts to reach a broker that is away: long enough not to burn a core, short enough not to be felt."""

PROBE_S = 1.0
"""Between two looks at why a broker cannot be reached: each is a connection more."""

CLOSE_S = 1.0
"""Closing connections may wait for a broker that is away."""

KINDS = {"group": CoordinationType.GROUP, "transaction": CoordinationType.TRANSACTION}
Kind = Literal["group", "transaction"]


class NoAnswer(ClusterFault):
    """A request may or may not have been carried out."""


class NotSent(NoAnswer):
    """A request was not even sent: there is no connection."""


class TopicMissing(BadInput):
    """A topic that must exist does not."""


class Cluster:
    """A connection to the cluster, shared by all lanes of a worker. ``async with`` opens and closes it.

    Args:
        kafka: how to reach it.
        unanswered: called for each request that gets no answer.
    """

    def __init__(self, kafka: Kafka, *, unanswered: Callable[[], None] = lambda: None) -> None:
        self._kafka = kafka
        self._unanswered = unanswered
        self._probed = 0.0
        self._unreached: set[int] = set()
        client_id = f"policywire-{kafka.instance_id or 'worker'}"
        self._login = login_arguments(kafka)
        self._client = AIOKafkaClient(client_id=client_id, bootstrap_servers=kafka.bootstrap_servers, **self._login)
        self._coordinators: dict[tuple[Kind, str], int] = {}

    async def __aenter__(self) -> Self:
        try:
            await self._client.bootstrap()
        except KafkaError as error:
            await self._client.close()
            await self._tell_refusal((host, port) for host, port, _ in self._client.hosts)
            raise ClusterFault(
                f"no Kafka answers at the bootstrap servers: {error}. Is it running, and does that port speak "
                f"{variable('kafka', 'security_protocol')} {self._kafka.security_protocol}?"
            ) from error
        return self

    async def __aexit__(self, *_: object) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await self._client.close()

    async def partition_counts(self, topics: list[str]) -> Mapping[str, int]:
        """How many partitions each topic has.

        Raises:
            TopicMissing: one does not exist.
            AccessRefused: one may not be seen.
            ClusterFault: no broker says.
        """
        if not await self._client.set_topics(topics):
            await self._tell_refusal(self._addresses(None))
            raise ClusterFault("no broker says which topics there are")
        hidden = self._client.cluster.unauthorized_topics.intersection(topics)
        if hidden:
            raise AccessRefused(
                f"{principal(self._kafka)} has no right to see the topic {', '.join(sorted(hidden))}: add an ACL that "
                f"allows Read or Write on it, as its use needs ({ACLS})"
            )
        counts = {}
        for topic in topics:
            partitions = self._client.cluster.partitions_for_topic(topic)
            if not partitions:
                raise TopicMissing(
                    f"the topic {topic} does not exist on this cluster; "
                    "`policywire broker --bootstrap-servers ...` creates what is missing"
                )
            counts[topic] = len(partitions)
        return counts

    async def ask(self, node: int, request: Any, channel: str) -> Any:
        """Send a request and give its answer.

        Raises:
            NotSent: there is no connection to the node.
            NoAnswer: the connection failed or the answer did not come in time.
        """
        try:
            return await self._client.send(node, request, group=channel)
        except NodeNotReadyError as error:
            self._unreached.add(node)
            self._unanswered()
            raise NotSent(f"{type(request).__name__} could not be sent") from error
        except KafkaError as error:
            self._unanswered()
            raise NoAnswer(f"no answer to {type(request).__name__}: {type(error).__name__}") from error

    async def leader(self, topic: str, partition: int) -> int:
        """The node that leads a partition; waits while none is known."""
        while True:
            node: int | None = self._client.cluster.leader_for_partition(TopicPartition(topic, partition))
            if node is not None and node != -1:
                return node
            await self.refresh()
            await asyncio.sleep(OUTAGE_RETRY_S)

    async def coordinator(self, kind: Kind, key: str) -> int:
        """The node that coordinates a group or a transactional id; waits while none is known."""
        while (node := self._coordinators.get((kind, key))) is None:
            try:
                self._coordinators[kind, key] = await self._client.coordinator_lookup(KINDS[kind], key)
            except KafkaError as error:
                if type(error) in RIGHTS:
                    raise self.not_allowed(type(error), [key], "Read" if kind == "group" else "Write") from None
                if not error.retriable:
                    raise ClusterFault(f"the {kind} coordinator cannot be found: {type(error).__name__}") from error
                await self.refresh()
                await asyncio.sleep(OUTAGE_RETRY_S)
        return node

    def forget_coordinator(self, kind: Kind, key: str) -> None:
        """Look it up anew next time: it said that it is not, or did not answer."""
        self._coordinators.pop((kind, key), None)

    def not_allowed(self, error: type[KafkaError], names: Iterable[str], operation: str) -> AccessRefused:
        """The error to raise when the cluster's authorizer refused something.

        Args:
            error: Kafka's, one of ``RIGHTS``.
            names: of the resources.
            operation: that is missing, by Kafka's name.
        """
        return right_missing(self._kafka, RIGHTS[error], names, operation)

    async def refresh(self) -> None:
        """Read the cluster's metadata again; whoever tries again calls this in between.

        Raises:
            AccessRefused: a broker that could not be reached does not take us, or we do not take it.
            ClusterFault: there is no token to log in with for now.
        """
        updated = await self._client.force_metadata_update()
        if updated and not self._unreached:
            return
        if monotonic() - self._probed >= PROBE_S:
            self._probed = monotonic()
            unreached, self._unreached = self._unreached, set()
            await self._tell_refusal(self._addresses(unreached if updated else None))

    def _addresses(self, nodes: set[int] | None) -> list[tuple[str, int]]:
        """Of these nodes, or of all that are known."""
        known = {each.nodeId: (each.host, each.port) for each in self._client.cluster.brokers()}
        return [address for node, address in known.items() if nodes is None or node in nodes]

    async def _tell_refusal(self, addresses: Iterable[tuple[str, int]]) -> None:
        refused = await refusal(self._kafka, addresses, self._login)
        if refused is not None:
            raise refused
