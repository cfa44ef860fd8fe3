"""A broker for benchmarks: topics that are filled once and read by many runs, and outputs that every run finds empty.

Knows the local broker and the topics. Knows neither the worker nor its peer.
"""

import asyncio
import time
from types import TracebackType
from typing import Final, Self

from aiokafka.admin import AIOKafkaAdminClient

from policywire.broker import LocalBroker
from policywire.errors import PassingFault
from policywire.stream.topic_admin import create_topics
from policywire.stream.topics import load_topics
from policywire.workbench.generate import ClaimMix, generate_claims
from policywire.workbench.sender import Sender, chunks

LANES: Final = 4
INPUT: Final = "claim-events"
PEER_SINK: Final = "peer-determinations"
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

    def fill(self, prefix: str, claims: int, seed: int, mix: ClaimMix) -> float:
        """Create the topics of a prefix and publish so many claims; claims a second."""
        return asyncio.run(self._fill(prefix, claims, seed, mix))

    async def _fill(self, prefix: str, claims: int, seed: int, mix: ClaimMix) -> float:
        await create_topics(self.bootstrap_servers, prefix=prefix, partitions=LANES)
        began = time.monotonic()
        async with Sender(self.bootstrap_servers, prefix + INPUT, LANES) as sender:
            for chunk in chunks(generate_claims(claims, seed, mix), _CHUNK):
                await sender.send(chunk)
        return claims / (time.monotonic() - began)

    def empty_outputs(self, prefix: str) -> None:
        """Everything but the inputs anew, the workers' state included."""
        asyncio.run(self._empty_outputs(prefix))

    async def _empty_outputs(self, prefix: str) -> None:
        inputs = {INPUT, "scheduling-events"}
        outputs = [prefix + name for name in load_topics() if name not in inputs]
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap_servers)
        await admin.start()
        try:
            there = set(await admin.list_topics())
            await admin.delete_topics([name for name in (*outputs, prefix + PEER_SINK) if name in there])
            deadline = time.monotonic() + _GONE_TIMEOUT_S
            while set(await admin.list_topics()) & set(outputs):
                if time.monotonic() > deadline:
                    raise PassingFault(f"the broker did not delete topics within {_GONE_TIMEOUT_S:.0f} s")
                await asyncio.sleep(_POLL_S)
        finally:
            await admin.close()
        await create_topics(self.bootstrap_servers, prefix=prefix, partitions=LANES)
