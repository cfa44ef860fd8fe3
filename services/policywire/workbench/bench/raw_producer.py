"""The least that any transactional job must do: the worker's own records, produced again by a bare aiokafka producer.

Run as a process of its own on the measured core (``python -m policywire.workbench.bench.raw_producer``): it reads
what a worker wrote, holds it in memory, and only then writes the same keys and values to sinks of its own, in
transactions as large as the worker's. Nothing is decoded, decided or remembered. Prints its seconds.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, Final, Literal

from aiokafka import AIOKafkaProducer

from policywire.errors import PassingFault
from policywire.workbench.bench.bed import RAW_SINK
from policywire.workbench.receiver import read_topics

Way = Literal["batches", "singly"]
"""aiokafka's quickest way (``create_batch``, ``send_batch``), or a ``send`` a record, as most programs do."""
Share = dict[tuple[str, int], list[tuple[bytes, bytes]]]
"""What one transaction writes: by sink and partition, keys and values."""

_OUTPUTS: Final = ("determinations", "alerts", "audit-log", "member-timelines")
_BATCH_BYTES: Final = 900_000
_TIMEOUT_S: Final = 300


def run_raw_producer(
    way: Way, bootstrap_servers: str, prefix: str, transactions: int, under: Sequence[str] = ()
) -> float:
    """Seconds to write what the output topics of a prefix hold, in so many transactions.

    Args:
        way: how.
        bootstrap_servers: the cluster that holds them.
        prefix: of the topics.
        transactions: how many.
        under: a command to run it under, such as ``taskset -c 1``.

    Raises:
        PassingFault: it failed.
    """
    command = [*under, sys.executable, "-m", __name__, way, bootstrap_servers, prefix, str(transactions)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)  # noqa: S603
    if run.returncode:
        raise PassingFault(f"the raw producer failed: {run.stderr[-1500:]}")
    return float(run.stdout)


async def _produce(way: str, bootstrap_servers: str, prefix: str, transactions: int) -> float:
    records = await read_topics(bootstrap_servers, [prefix + name for name in _OUTPUTS])
    shares = list(_shares(f"{prefix}{RAW_SINK}{way}-", records, transactions))
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap_servers,
        transactional_id=f"{prefix}raw-producer",
        compression_type="zstd",
        max_batch_size=_BATCH_BYTES,
        max_request_size=2**20,
        retry_backoff_ms=5,
    )
    send = _WAYS[way]
    async with producer:
        for sink in {sink for share in shares for sink, _ in share}:
            await producer.partitions_for(sink)
        began = time.perf_counter()
        for share in shares:
            async with producer.transaction():
                await send(producer, share)
        return time.perf_counter() - began


def _shares(sinks: str, records: dict[str, list[Any]], transactions: int) -> Iterator[Share]:
    for number in range(transactions):
        share: Share = {}
        for topic, found in records.items():
            first, last = (len(found) * each // transactions for each in (number, number + 1))
            for record in found[first:last]:
                share.setdefault((sinks + topic, record.partition), []).append((record.key, record.value))
        yield share


async def _send_batches(producer: Any, share: Share) -> None:
    sent = []
    for (sink, partition), records in share.items():
        batch = producer.create_batch()
        for key, value in records:
            if batch.append(key=key, value=value, timestamp=None) is None:
                sent.append(await producer.send_batch(batch, sink, partition=partition))
                batch = producer.create_batch()
                batch.append(key=key, value=value, timestamp=None)
        sent.append(await producer.send_batch(batch, sink, partition=partition))
    await asyncio.gather(*sent)


async def _send_singly(producer: Any, share: Share) -> None:
    sent = [
        await producer.send(sink, value, key, partition)
        for (sink, partition), records in share.items()
        for key, value in records
    ]
    await asyncio.gather(*sent)


_WAYS: Final[dict[str, Callable[[Any, Share], Awaitable[None]]]] = {
    "batches": _send_batches,
    "singly": _send_singly,
}


if __name__ == "__main__":
    sys.stdout.write(f"{asyncio.run(_produce(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))}\n")
