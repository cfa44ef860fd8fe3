"""How long a claim waits for its determination: from the moment it is due at the producer to a consumer's reading it.

Claims come at a fixed rate, whatever the worker does: one that falls behind is seen to (no coordinated omission).
"""

import asyncio
import gc
import re
import time
import uuid
from collections.abc import Sequence
from typing import Any, Final

import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from msgspec import Struct

from policywire.errors import PassingFault
from policywire.stream.partitioning import partition_of
from policywire.workbench.bench.bed import INPUT, LANES
from policywire.workbench.bench.throughput import Bench
from policywire.workbench.generate import ClaimMix, generate_claims

_BEAT_S: Final = 0.01
"""Claims are sent in so many seconds' portions; half of it is what that adds on average."""
_WARM_UP_S: Final = 3.0
_BATCH_BYTES: Final = 900_000
_event_number = re.compile(rb'"event_id":"evt-[0-9]+-([0-9]+)"').search
Portion = dict[int, list[tuple[bytes, bytes]]]
"""Keys and values of a beat by partition."""


class Latency(Struct, frozen=True):
    """Milliseconds from claim to determination, over so many determinations, at a rate of claims that was kept."""

    p50_ms: float
    p99_ms: float
    max_ms: float
    determinations: int
    claims_a_second: float


def measure_latency(bench: Bench, rate: float, seconds: float, mix: ClaimMix) -> Latency:
    """One run with a worker of its own.

    Args:
        bench: broker and core.
        rate: claims a second.
        seconds: how long, after a warm-up that does not count.
        mix: what claims.

    Raises:
        PassingFault: determinations did not come.
    """
    prefix = f"latency-{uuid.uuid4().hex[:6]}."
    bench.bed.fill(prefix)
    worker = bench.worker(prefix, prefix.strip("."))
    try:
        worker.wait_until_ready()
        return uvloop.run(_Flow(bench.bed.bootstrap_servers, prefix, rate, seconds, mix).run())
    finally:
        worker.stop()


class _Flow:
    def __init__(self, bootstrap_servers: str, prefix: str, rate: float, seconds: float, mix: ClaimMix) -> None:
        self._servers = bootstrap_servers
        self._prefix = prefix
        self._portions = _portions(rate, seconds + _WARM_UP_S, mix)
        gc.freeze()  # a million tuples: going through them would be a pause of ours, not of the worker's
        self._a_portion = int(rate * _BEAT_S)
        self._sent: list[float] = []
        self._waits: list[float] = []
        self._sending_done = asyncio.Event()

    async def run(self) -> Latency:
        consumer = AIOKafkaConsumer(
            self._prefix + "determinations",
            bootstrap_servers=self._servers,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )
        producer = AIOKafkaProducer(bootstrap_servers=self._servers, max_batch_size=_BATCH_BYTES, acks="all")
        await consumer.start()
        await producer.start()
        try:
            reading = asyncio.create_task(self._read(consumer))
            rate = await self._send(producer)
            self._sending_done.set()
            await reading
        finally:
            await producer.stop()
            await consumer.stop()
        waits = sorted(self._waits)
        if not waits:
            raise PassingFault("no determination came")
        return Latency(
            p50_ms=_quantile(waits, 0.5) * 1000,
            p99_ms=_quantile(waits, 0.99) * 1000,
            max_ms=waits[-1] * 1000,
            determinations=len(waits),
            claims_a_second=rate,
        )

    async def _send(self, producer: AIOKafkaProducer) -> float:
        """Send a portion every beat; the claims a second that this came to."""
        began = time.perf_counter()
        futures: list[Any] = []
        for number, portion in enumerate(self._portions):
            due = began + number * _BEAT_S
            if (early := due - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            self._sent.append(due)
            for partition, records in portion.items():
                batch = producer.create_batch()
                for key, value in records:
                    batch.append(key=key, value=value, timestamp=None)
                futures.append(await producer.send_batch(batch, self._prefix + INPUT, partition=partition))
        await asyncio.gather(*futures)
        return len(self._portions) * self._a_portion / (time.perf_counter() - began)

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        """Take every determination's wait, until none has come for a while after the last claim was sent."""
        warm_up = int(_WARM_UP_S / _BEAT_S)
        quiet = 0.0
        while not self._sending_done.is_set() or quiet < 1:
            batches = await consumer.getmany(timeout_ms=200)
            now = time.perf_counter()
            quiet = 0.0 if batches else quiet + 0.2
            for records in batches.values():
                for record in records:
                    beat = _beat(record.value, self._a_portion)
                    if beat >= warm_up:
                        self._waits.append(now - self._sent[beat])


def _beat(value: bytes, a_portion: int) -> int:
    """The number of the beat in which a determination's claim was sent: claims are numbered in order."""
    found = _event_number(value)
    if found is None:
        raise PassingFault("a determination of no claim of ours came")
    return int(found[1]) // a_portion


def _portions(rate: float, seconds: float, mix: ClaimMix) -> list[Portion]:
    count = int(rate * _BEAT_S)
    beats = int(seconds / _BEAT_S)
    events = generate_claims(count * beats, 1, mix)
    portions: list[Portion] = []
    for _ in range(beats):
        portion: Portion = {}
        for _ in range(count):
            event = next(events)
            assert event.key is not None  # noqa: S101  good events have key and value
            assert event.value is not None  # noqa: S101
            portion.setdefault(partition_of(event.key, LANES), []).append((event.key, event.value))
        portions.append(portion)
    return portions


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
