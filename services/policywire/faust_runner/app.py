"""The Faust app: its settings, each with its reason, and its way to the cluster. Knows Faust; no lane, no event."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import faust
from aiokafka import AIOKafkaConsumer
from faust.transport.drivers import aiokafka as driver

from policywire.stream.login import client_arguments
from policywire.stream.membership import HEARTBEAT_S, JOIN_TIMEOUT_MS
from policywire.stream.settings import Settings

POLL_RECORDS = 5_000
"""Fetched records that are handed over at once: a hand-over crosses two threads and costs a millisecond."""
STREAM_RECORDS = 20_000
"""Records that wait in Faust before a lane takes them; of 1 KB some 20 MB."""


class _ConsumerThread(driver.AIOKafkaConsumerThread):
    """Faust's consumer with our login, and with committed records alone: Faust's own would read aborted events too."""

    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:  # noqa: ARG002  the signature is Faust's
        settings = cast("PolicywireApp", self.app).policywire
        kafka = settings.kafka
        self._assignor = self.app.assignor
        return AIOKafkaConsumer(
            group_id=kafka.group,
            group_instance_id=kafka.instance_id,
            partition_assignment_strategy=[self._assignor],
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            max_poll_records=POLL_RECORDS,
            max_partition_fetch_bytes=settings.batches.partition_bytes,
            fetch_max_wait_ms=int(settings.batches.fetch_max_wait_s * 1000),
            session_timeout_ms=int(kafka.session_timeout_s * 1000),
            rebalance_timeout_ms=int(kafka.session_timeout_s * 1000),
            heartbeat_interval_ms=int(min(HEARTBEAT_S, kafka.session_timeout_s / 5) * 1000),
            **client_arguments(kafka) | {"request_timeout_ms": JOIN_TIMEOUT_MS},
        )


class _Consumer(driver.Consumer):
    def _new_consumer_thread(self) -> _ConsumerThread:
        return _ConsumerThread(self, loop=self.loop, beacon=self.beacon)


class _Producer(driver.Producer):
    """Faust starts a producer with every app. Nothing is sent through it, but it must be able to log in."""

    def _settings_auth(self) -> Mapping[str, Any]:
        return client_arguments(cast("PolicywireApp", self.app).policywire.kafka)


class _Transport(driver.Transport):
    Consumer = _Consumer
    Producer = _Producer


class PolicywireApp(faust.App):
    """A Faust app that reads and logs in as ``settings`` say."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.policywire = settings
        kafka = settings.kafka
        super().__init__(
            kafka.group,  # Faust's id of an app is its group
            broker=[f"kafka://{server.strip()}" for server in kafka.bootstrap_servers.split(",")],
            autodiscover=False,
            datadir=folder,
            # Health and metrics are policywire's own; a second port would be one more to guard.
            web_enabled=False,
            # Bytes in and out: policywire's decoders judge them, and a dead letter has the original ones.
            key_serializer="raw",
            value_serializer="raw",
            # Our lanes write in an order that they await themselves; Faust's exactly-once is not asked for. Its
            # transactions are aiokafka's, which may commit twice what it sent once (see stream/transactions.py).
            processing_guarantee="at_least_once",
            producer_acks=-1,
            # Nothing is tracked event by event: lanes finish their batch when partitions are revoked, and offsets are
            # committed behind what the changelog has acknowledged. Waiting for Faust's own counts would wait for ever.
            stream_wait_empty=False,
            stream_buffer_maxsize=STREAM_RECORDS,
            stream_recovery_delay=0.0,
            # A standby would read everybody's changelog into every worker; a lane is read from its own disk instead.
            table_standby_replicas=0,
            # Topics are created by policywire, with its settings; Faust would create them with one copy.
            topic_allow_declare=False,
            topic_disable_leader=True,
            broker_session_timeout=kafka.session_timeout_s,
            broker_rebalance_timeout=kafka.session_timeout_s,
            broker_heartbeat_interval=min(HEARTBEAT_S, kafka.session_timeout_s / 5),
            broker_request_timeout=JOIN_TIMEOUT_MS / 1000,
            consumer_auto_offset_reset="earliest",
        )

    def _new_transport(self) -> _Transport:
        return _Transport(self.conf.broker_consumer, self)

    def _new_producer_transport(self) -> _Transport:
        return _Transport(self.conf.broker_producer, self)
