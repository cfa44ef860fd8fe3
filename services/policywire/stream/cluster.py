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
import ssl
from collections.abc import Mapping
from typing import Any, Literal, Self

from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient, CoordinationType
from aiokafka.errors import KafkaError, NodeNotReadyError

from policywire.errors import BadInput
from policywire.stream.ending import ClusterFault
from policywire.stream.settings import Kafka

RETRY_S = 0.002
"""Back-to-back transactions wait for the former one's markers, mostly 1 to 3 ms: with 5 ms here they took 11 ms each,
with 2 ms 5 ms. aiokafka's default would add 100."""

OUTAGE_RETRY_S = 0.1
"""Between attempts to reach a broker that is away: long enough not to burn a core, short enough not to be felt."""

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


def client_arguments(kafka: Kafka) -> dict[str, Any]:
    """What every aiokafka client is given to reach the cluster: addresses, TLS and login."""
    arguments: dict[str, Any] = {
        "bootstrap_servers": kafka.bootstrap_servers,
        "security_protocol": kafka.security_protocol,
        "request_timeout_ms": int(kafka.request_timeout_s * 1000),
    }
    if kafka.is_encrypted:
        arguments["ssl_context"] = _tls(kafka)
    if kafka.sasl_username and kafka.sasl_password:
        arguments |= {
            "sasl_mechanism": kafka.sasl_mechanism,
            "sasl_plain_username": kafka.sasl_username,
            "sasl_plain_password": kafka.sasl_password.get_secret_value(),
        }
    return arguments


def _tls(kafka: Kafka) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=kafka.ssl_ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if kafka.ssl_certificate_file:
        password = kafka.ssl_key_password
        context.load_cert_chain(
            kafka.ssl_certificate_file, kafka.ssl_key_file, password.get_secret_value() if password else None
        )
    return context


class Cluster:
    """A connection to the cluster, shared by all lanes of a worker. ``async with`` opens and closes it."""

    def __init__(self, kafka: Kafka) -> None:
        client_id = f"policywire-{kafka.instance_id or 'worker'}"
        self._client = AIOKafkaClient(client_id=client_id, **client_arguments(kafka))
        self._coordinators: dict[tuple[Kind, str], int] = {}

    async def __aenter__(self) -> Self:
        try:
            await self._client.bootstrap()
        except KafkaError as error:
            await self._client.close()
            raise ClusterFault(f"no Kafka answers at the bootstrap servers: {error}") from error
        return self

    async def __aexit__(self, *_: object) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await self._client.close()

    async def partition_counts(self, topics: list[str]) -> Mapping[str, int]:
        """How many partitions each topic has.

        Raises:
            TopicMissing: one does not exist, or may not be seen.
        """
        await self._client.set_topics(topics)
        counts = {}
        for topic in topics:
            partitions = self._client.cluster.partitions_for_topic(topic)
            if not partitions:
                raise TopicMissing(
                    f"the topic {topic} does not exist on this cluster, or this worker may not see it; "
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
            raise NotSent(f"{type(request).__name__} could not be sent") from error
        except KafkaError as error:
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
                if not error.retriable:
                    raise ClusterFault(f"the {kind} coordinator cannot be found: {type(error).__name__}") from error
                await self.refresh()
                await asyncio.sleep(OUTAGE_RETRY_S)
        return node

    def forget_coordinator(self, kind: Kind, key: str) -> None:
        """Look it up anew next time: it said that it is not, or did not answer."""
        self._coordinators.pop((kind, key), None)

    async def refresh(self) -> None:
        """Read the cluster's metadata again."""
        await self._client.force_metadata_update()
