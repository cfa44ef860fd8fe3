"""The floor under a worker: its own reading and transactional writing, with nothing decoded, decided or remembered.

Run as a process of its own (``python -m policywire.workbench.bench.capacity.pass_through``). Every lane reads both
inputs and commits its offsets in transactions exactly as a worker's does, with the same reader, writer and limits;
between the two each record is unpacked, and every so-many-th is written to ``determinations`` as it came. What a worker
needs beyond that is what decoding, deciding, remembering and saying why cost. It is no member of its group and keeps no
changelog, so it can never go on where another stopped; runs until it is ended.
"""

import asyncio
import sys
from time import perf_counter, time
from typing import Final

import uvloop

from policywire.stream.cluster import Cluster
from policywire.stream.opening import INPUTS
from policywire.stream.outgoing import Outgoing
from policywire.stream.reader import Chunk, Partition, Reader
from policywire.stream.settings import Settings, load_settings
from policywire.stream.transactions import Transactions

_SINK: Final = "determinations"


class _Lane:
    """One lane: reads ahead and writes at the same time, as :class:`policywire.stream.lane.Lane` does."""

    def __init__(self, number: int, cluster: Cluster, settings: Settings, every: int, turn: asyncio.Lock) -> None:
        kafka, self._batches = settings.kafka, settings.batches
        self._number, self._settings, self._every, self._turn = number, settings, every, turn
        self._transactions = Transactions(
            cluster,
            transactional_id=f"{kafka.topic_prefix}{kafka.group}-lane-{number}",
            group=kafka.group,
            timeout_s=kafka.transaction_timeout_s,
            name=f"lane {number}",
        )
        self._reader = Reader(
            cluster,
            {(settings.topic(name), number): 0 for name in INPUTS},
            channel=f"lane-{number}-read",
            partition_bytes=self._batches.partition_bytes,
            wait_ms=int(self._batches.fetch_max_wait_s * 1000),
        )
        self._fetched: list[Chunk] = []
        self._offsets: dict[Partition, int] = dict(self._reader.positions)
        self._seen = 0
        self._arrived, self._room = asyncio.Event(), asyncio.Event()
        self._room.set()

    async def run(self) -> None:
        """Fence, then read and write until cancelled."""
        await self._transactions.fence()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._read_ahead())
            tasks.create_task(self._write())

    async def _read_ahead(self) -> None:
        while True:
            await self._room.wait()
            if chunks := await self._reader.fetch():
                self._fetched += chunks
                self._arrived.set()
                self._keep_room()

    async def _write(self) -> None:
        while True:
            await self._arrived.wait()
            kafka = self._settings.kafka
            outgoing = Outgoing(kafka.compression, int(time() * 1000), self._batches.record_bytes_max)
            async with self._turn:
                enough = perf_counter() + self._batches.decide_s
                while self._fetched and perf_counter() < enough:
                    self._take(self._fetched.pop(0), outgoing)
                    await asyncio.sleep(0)
            self._keep_room()
            await self._transactions.commit(outgoing, self._offsets)

    def _take(self, chunk: Chunk, outgoing: Outgoing) -> None:
        sink, number, every = self._settings.topic(_SINK), self._number, self._every
        for record in chunk.records:
            self._seen += 1
            if not self._seen % every:
                outgoing.add(sink, number, record.key, record.value)
        self._offsets[chunk.topic, chunk.partition] = chunk.next_offset

    def _keep_room(self) -> None:
        if not self._fetched:
            self._arrived.clear()
        if sum(chunk.octets for chunk in self._fetched) < self._batches.buffered_bytes:
            self._room.set()
        else:
            self._room.clear()


async def _run(bootstrap_servers: str, prefix: str, group: str, every: int) -> None:
    where = {"bootstrap_servers": bootstrap_servers, "topic_prefix": prefix, "group": group}
    settings = load_settings({"kafka": where})
    async with Cluster(settings.kafka) as cluster:
        # Asked for once and together: a cluster's client follows the leaders of the topics that it was asked of last.
        counts = await cluster.partition_counts([settings.topic(name) for name in (*INPUTS, _SINK)])
        turn = asyncio.Lock()
        async with asyncio.TaskGroup() as tasks:
            for number in range(counts[settings.topic(INPUTS[0])]):
                tasks.create_task(_Lane(number, cluster, settings, every, turn).run())


if __name__ == "__main__":
    uvloop.run(_run(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
