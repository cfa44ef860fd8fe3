"""A broker for benchmarks: topics that are filled once and read by many runs, and outputs that every run finds empty.

Knows the local broker and the topics. Knows neither the worker nor its peer.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from aiokafka.admin import AIOKafkaAdminClient

from policywire.broker import LocalBroker
from policywire.errors import PassingFault
from policywire.stream.topic_admin import create_topics
from policywire.stream.topics import load_topics
from policywire.workbench.generate import Published
from policywire.workbench.sender import Sender, chunks

LANES: Final = 4
INPUT: Final = "claim-events"
INPUTS: Final = (INPUT, "scheduling-events")
PEER_SINK: Final = "peer-determinations"
RAW_SINK: Final = "raw-"
_PROPERTIES: Final = {
    # Deleted outputs give their disk back at once: a run writes gigabytes.
    "log.segment.delete.delay.ms": "1000",
    "group.initial.rebalance.delay.ms": "0",
    # The peer's output, created by its first write.
    "auto.create.topics.enable": "true",
    "num.partitions": str(LANES),
}
_CHUNK: Final = 20_000
_GONE_TIMEOUT_S: Final = 30.0
_POLL_S: Final = 0.1


class Bed:
    """A running broker; a context manager."""

    def __init__(self) -> None:
        self._broker = LocalBroker(full_jit=True, properties=_PROPERTIES, jvm_options=("-Xmx1g",))

    def __enter__(self) -> Self:
        self._broker.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._broker.__exit__(kind, error, trace)

    @property
    def bootstrap_servers(self) -> str:
        """The address for clients."""
        return self._broker.bootstrap_servers

    @property
    def broker_pid(self) -> int:
        """The broker's process."""
        return self._broker.pid

    @property
    def data(self) -> Path:
        """The broker's folder."""
        return self._broker.data

    def fill(self, prefix: str, **events: Iterable[Published]) -> None:
        """Create the topics of a prefix and publish these claim and scheduling events, each to its topic."""
        asyncio.run(self._fill(prefix, {f"{name}-events": stream for name, stream in events.items()}))

    async def _fill(self, prefix: str, events: Mapping[str, Iterable[Published]]) -> None:
        await create_topics(self.bootstrap_servers, prefix=prefix, partitions=LANES)
        for topic, stream in events.items():
            async with Sender(self.bootstrap_servers, prefix + topic, LANES) as sender:
                for chunk in chunks(stream, _CHUNK):
                    await sender.send(chunk)

    def empty_outputs(self, prefix: str) -> None:
        """Everything but the inputs anew, the workers' state included."""
        asyncio.run(self._empty_outputs(prefix))

    async def _empty_outputs(self, prefix: str) -> None:
        outputs = [prefix + name for name in load_topics() if name not in INPUTS]
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap_servers)
        await admin.start()
        try:
            sinks = (prefix + PEER_SINK, prefix + RAW_SINK)
            there = [name for name in await admin.list_topics() if name in outputs or name.startswith(sinks)]
            await admin.delete_topics(there)
            deadline = time.monotonic() + _GONE_TIMEOUT_S
            while set(await admin.list_topics()) & set(outputs):
                if time.monotonic() > deadline:
                    raise PassingFault(f"the broker did not delete topics within {_GONE_TIMEOUT_S:.0f} s")
                await asyncio.sleep(_POLL_S)
        finally:
            await admin.close()
        await create_topics(self.bootstrap_servers, prefix=prefix, partitions=LANES)
