"""A worker in this process on the real broker, events to feed it, and what it committed. All synthetic."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaProducer

from policywire.stream.cluster import Cluster
from policywire.stream.offsets import committed_offsets
from policywire.stream.opening import INPUTS
from policywire.stream.points import Passing, pass_by
from policywire.stream.reader import Partition, Reader, end_offsets, first_offsets
from policywire.stream.settings import Settings, load_settings
from policywire.stream.worker import Worker

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
PATIENCE_S = 30


@dataclass(frozen=True)
class Seen:
    """A committed record."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: dict[str, bytes]

    @property
    def document(self) -> Any:
        assert self.value is not None
        return json.loads(self.value)


def claim(number: int, member: str = "M-1", **changes: Any) -> dict[str, Any]:
    """A submitted claim with one line that MM 0552 denies."""
    return {
        "event_id": f"evt-{number}",
        "event_type": "claim.submitted",
        "occurred_at": "2026-01-05T14:03:00Z",
        "claim_id": f"CLM-{number}",
        "payer_id": "62308",
        "member_id": member,
        "diagnoses": ["M17.11"],
        "lines": [
            {
                "line_number": 1,
                "procedure_code": "0565T",
                "charge_amount": "4200.00",
                "service_date": "2026-01-03",
            }
        ],
    } | changes


def void(number: int, member: str = "M-1") -> dict[str, Any]:
    return {
        "event_id": f"void-{number}",
        "event_type": "claim.voided",
        "occurred_at": "2026-01-06T14:03:00Z",
        "claim_id": f"CLM-{number}",
        "member_id": member,
    }


def settings_for(bootstrap_servers: str, prefix: str, **groups: dict[str, Any]) -> Settings:
    kafka = {"bootstrap_servers": bootstrap_servers, "topic_prefix": prefix, "group": "test"}
    options: dict[str, dict[str, Any]] = {"kafka": kafka, "health": {"port": 0}, "batches": {}, **groups}
    options["kafka"] = kafka | groups.get("kafka", {})
    return load_settings(options)


def appointment(number: int, member: str = "M-1", **changes: Any) -> dict[str, Any]:
    """A booked service that MM 0552 denies."""
    return {
        "event_id": f"evt-b{number}",
        "event_type": "appointment.booked",
        "occurred_at": "2026-01-05T15:00:00Z",
        "appointment_id": f"APT-{number}",
        "payer_id": "62308",
        "member_id": member,
        "service_date": "2026-02-01",
        "procedure_codes": ["0565T"],
    } | changes


async def publish(
    settings: Settings,
    events: Sequence[dict[str, Any] | tuple[bytes | None, bytes | None]],
    topic: str = "claim-events",
    **producer: Any,
) -> None:
    """Send events, or (key, value) pairs as they are, in order; those without a key go to partition 0.

    ``acks="all"``: with less, the end of the topic may not yet show what was acknowledged.
    """
    async with AIOKafkaProducer(bootstrap_servers=settings.kafka.bootstrap_servers, acks="all", **producer) as sender:
        sent = [await _send(sender, settings.topic(topic), event) for event in events]
        await asyncio.gather(*sent)


async def _send(sender: AIOKafkaProducer, topic: str, event: Any) -> Any:
    key, value = event if isinstance(event, tuple) else (event["member_id"].encode(), json.dumps(event).encode())
    return await sender.send(topic, value, key=key, partition=None if key else 0)


@contextlib.asynccontextmanager
async def running(
    settings: Settings, *, clock: Callable[[], datetime] = lambda: NOW, passing: Passing = pass_by
) -> AsyncIterator[Worker]:
    """A worker at work; stopped in order at the end. An error of it is raised here."""
    worker, stop = Worker(settings, clock=clock, passing=passing), asyncio.Event()
    task = asyncio.create_task(worker.run(stop))
    try:
        yield worker
    finally:
        stop.set()
        await task


async def outcome_of(settings: Settings, *, passing: Passing = pass_by) -> BaseException:
    """The error that ends a worker."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            await Worker(settings, clock=lambda: NOW, passing=passing).run(asyncio.Event())
    except Exception as error:  # noqa: BLE001  whatever it is, a test looks at it
        return error
    raise AssertionError("the worker ended without an error")


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        await asyncio.sleep(0.02)


async def until_done(settings: Settings) -> None:
    """Wait until the group has committed every record that is in the inputs now.

    Not the ends of the topics: after a transactional sender's last record comes a marker, which no batch commits.
    """
    ends: dict[Partition, int] = {}
    for name in INPUTS:
        for record in await records_of(settings, name):
            ends[record.topic, record.partition] = record.offset + 1
    deadline = time.monotonic() + PATIENCE_S
    async with Cluster(settings.kafka) as cluster:
        while True:
            committed = await committed_offsets(cluster, settings.kafka.group, list(ends), "test")
            if all((committed[part] or 0) >= end for part, end in ends.items()):
                return
            assert time.monotonic() < deadline, f"not done: {committed} of {ends}"
            await asyncio.sleep(0.02)


async def alerts_of(settings: Settings, *kinds: str) -> list[Any]:
    """Alerts as committed: of these kinds, or all of those that are about a member."""
    documents = [record.document for record in await records_of(settings, "alerts")]
    return [each for each in documents if (each["kind"] in kinds if kinds else each["member_id"] is not None)]


async def partitions_of(cluster: Cluster, settings: Settings, names: Sequence[str]) -> list[Partition]:
    counts = await cluster.partition_counts([settings.topic(name) for name in names])
    return [(topic, number) for topic, count in counts.items() for number in range(count)]


async def records_of(settings: Settings, name: str) -> list[Seen]:
    """Every committed record of a topic, by partition and offset; waits for open transactions."""
    async with Cluster(settings.kafka) as cluster:
        partitions = await partitions_of(cluster, settings, [name])
        ends = await end_offsets(cluster, partitions, "test")
        positions = await first_offsets(cluster, partitions, "test")
        reader = Reader(cluster, positions, channel="test", partition_bytes=1_000_000, wait_ms=50)
        seen = []
        while any(reader.positions[part] < end for part, end in ends.items()):
            for chunk in await reader.fetch():
                seen += [
                    Seen(chunk.topic, chunk.partition, record.offset, record.key, record.value, dict(record.headers))
                    for record in chunk.records
                    if record.offset >= chunk.first
                ]
        return sorted(seen, key=lambda record: (record.partition, record.offset))
