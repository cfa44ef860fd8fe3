"""Publishes synthetic events to a cluster, fast: whole batches at a time, as the worker's lanes expect them by key.

Knows aiokafka's producer. Knows no event's content.
"""

import asyncio
from collections.abc import Iterable
from functools import lru_cache
from itertools import islice
from types import TracebackType
from typing import Any, Final, Self

from aiokafka import AIOKafkaProducer

from policywire.stream.partitioning import partition_of
from policywire.workbench.generate import Published

_BATCH_BYTES: Final = 600_000
"""Below the input topics' max.message.bytes, and above the largest event that is generated."""
_IN_FLIGHT_MAX: Final = 16
_KEYS_KNOWN: Final = 100_000


class Sender:
    """Sends to one topic. An asynchronous context manager.

    Args:
        topic: by its name on the cluster.
        partitions: how many it has.
        login: what else aiokafka's producer is given: TLS and the login.
    """

    def __init__(self, bootstrap_servers: str, topic: str, partitions: int, **login: Any) -> None:
        self._producer = AIOKafkaProducer(
            **login,
            bootstrap_servers=bootstrap_servers,
            acks="all",
            max_batch_size=_BATCH_BYTES,
            max_request_size=2**20,
        )
        self._topic = topic
        self._partition_of = lru_cache(_KEYS_KNOWN)(lambda key: partition_of(key, partitions))
        self._batches: dict[int, Any] = {}
        self._on_the_way: set[asyncio.Future[Any]] = set()

    async def __aenter__(self) -> Self:
        try:
            await self._producer.start()
        except BaseException:
            await self._producer.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._producer.stop()

    async def send(self, events: Iterable[Published]) -> int:
        """Return how many there were, once the cluster has all of them.

        Raises:
            aiokafka.errors.KafkaError: the cluster refused some.
        """
        count = 0
        for event in events:
            await self._add(self._partition_of(event.key), event)
            count += 1
        for partition in list(self._batches):
            await self._hand_over(partition)
        await asyncio.gather(*self._on_the_way)
        self._on_the_way.clear()
        return count

    async def _add(self, partition: int, event: Published) -> None:
        while True:
            batch = self._batches.get(partition)
            if batch is None:
                batch = self._batches[partition] = self._producer.create_batch()
            if batch.append(key=event.key, value=event.value, timestamp=None) is not None:
                return
            await self._hand_over(partition)

    async def _hand_over(self, partition: int) -> None:
        batch = self._batches.pop(partition)
        if len(self._on_the_way) >= _IN_FLIGHT_MAX:
            done, self._on_the_way = await asyncio.wait(self._on_the_way, return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                each.result()
        self._on_the_way.add(await self._producer.send_batch(batch, self._topic, partition=partition))


def chunks(events: Iterable[Published], size: int) -> Iterable[list[Published]]:
    """The events in lists of that size; the last may be shorter."""
    rest = iter(events)
    while chunk := list(islice(rest, size)):
        yield chunk
