"""The least that any transactional job must do: the worker's own records, produced again by a bare aiokafka producer.

Run as a process of its own on the measured core (``python -m policywire.workbench.bench.raw_producer``): it reads
what a worker wrote, holds it in memory, and only then writes the same keys and values to sinks of its own, in
transactions as large as the worker's, by aiokafka's quickest way (``create_batch``, ``send_batch``). Nothing is
decoded, decided or remembered. Prints its seconds.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any, Final

from aiokafka import AIOKafkaProducer

from policywire.errors import PassingFault
from policywire.workbench.receiver import read_topics

SINK: Final = "raw-"
OUTPUTS: Final = ("determinations", "alerts", "audit-log", "member-timelines")
_BATCH_BYTES: Final = 900_000
_TIMEOUT_S: Final = 300


class RawProducer:
    """Runs the process."""

    def run(self, bootstrap_servers: str, prefix: str, transactions: int, under: Sequence[str]) -> float:
        """Seconds to write what the topics of a prefix hold, in so many transactions.

        Raises:
            PassingFault: it failed.
        """
        command = [*under, sys.executable, "-m", __name__, bootstrap_servers, prefix, str(transactions)]
        run = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)  # noqa: S603
        if run.returncode:
            raise PassingFault(f"the raw producer failed: {run.stderr[-1500:]}")
        return float(run.stdout)


async def _produce(bootstrap_servers: str, prefix: str, transactions: int) -> float:
    records = await read_topics(bootstrap_servers, [prefix + name for name in OUTPUTS])
    shares = list(_shares(prefix, records, transactions))
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap_servers,
        transactional_id=f"{prefix}raw-producer",
        compression_type="zstd",
        max_batch_size=_BATCH_BYTES,
        max_request_size=2**20,
        retry_backoff_ms=5,
    )
    async with producer:
        began = time.perf_counter()
        for share in shares:
            async with producer.transaction():
                await _send(producer, share)
        return time.perf_counter() - began


def _shares(
    prefix: str, records: dict[str, list[Any]], transactions: int
) -> Iterator[dict[tuple[str, int], list[tuple[bytes, bytes]]]]:
    """What each transaction writes: (sink, partition) to keys and values."""
    for number in range(transactions):
        share: dict[tuple[str, int], list[tuple[bytes, bytes]]] = {}
        for topic, found in records.items():
            sink = prefix + SINK + topic.removeprefix(prefix)
            first, last = (len(found) * each // transactions for each in (number, number + 1))
            for record in found[first:last]:
                share.setdefault((sink, record.partition), []).append((record.key, record.value))
        yield share


async def _send(producer: Any, share: dict[tuple[str, int], list[tuple[bytes, bytes]]]) -> None:
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


if __name__ == "__main__":
    sys.stdout.write(f"{asyncio.run(_produce(sys.argv[1], sys.argv[2], int(sys.argv[3])))}\n")
