"""Publishes a run's traffic at a pace, once each: an idempotent producer that outlives broker kills.

Knows pace and Kafka's producer. Does not know faults: somebody moves its ``allowance`` on as faults are done, so that
there is traffic for those still to come.
"""

import asyncio
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from time import monotonic

from aiokafka import AIOKafkaProducer
from tests.chaos.spoiled import Message

TURN_S = 0.02
UNANSWERED_MAX = 5_000
TRICKLE = 4
LEFT_S = 60.0
"""Beyond its allowance the feeder goes on, so that a worker that comes back finds work: at a quarter of its rate, but
so slowly that what is left would last a minute. So a fault never waits for traffic that is over."""
DELIVERY_S = 90.0
STOP_S = 10.0


class Feeder:
    """Publishes messages.

    Attributes:
        published: how many were stored.
        allowance: how many may be published at the full rate.
        extra: how many of those of bursts were stored.

    Args:
        rate: messages a second.
        total: how many messages there are.
    """

    def __init__(
        self, bootstrap_servers: str, prefix: str, messages: Iterable[Message], *, rate: float, total: int
    ) -> None:
        self._servers = bootstrap_servers
        self._prefix = prefix
        self._messages = iter(messages)
        self._rate = rate
        self._sent = 0
        self._failure: BaseException | None = None
        self.total = total
        self.published = 0
        self.extra = 0
        self.allowance = total
        self._burst: deque[Message] = deque()
        self._unanswered_extra = 0

    @property
    def has_traffic(self) -> bool:
        """Whether there is something left to publish."""
        return self._sent < self.total

    def add(self, burst: Iterable[Message]) -> int:
        """Publish these too, as fast as can be; what :attr:`extra` is when all of them are stored."""
        self._burst.extend(burst)
        return self.extra + self._unanswered_extra + len(self._burst)

    async def run(self) -> None:
        """Publish everything and return when all of it is stored.

        Raises:
            aiokafka.errors.KafkaError: a message could not be stored; the run is worth nothing.
        """
        producer = AIOKafkaProducer(
            bootstrap_servers=self._servers,
            enable_idempotence=True,
            acks="all",
            linger_ms=5,
            request_timeout_ms=int(DELIVERY_S * 1000),
        )
        await producer.start()
        try:
            await self._publish_all(producer)
        finally:
            with suppress(TimeoutError):  # it waits for answers for as long as the broker is gone
                async with asyncio.timeout(STOP_S):
                    await producer.stop()

    async def _publish_all(self, producer: AIOKafkaProducer) -> None:
        credit, last = 0.0, monotonic()
        while self.has_traffic:
            await asyncio.sleep(TURN_S)
            now = monotonic()
            credit, last = min(credit + self._pace() * (now - last), self._rate), now
            while credit >= 1 and self.has_traffic and self._sent - self.published < UNANSWERED_MAX:
                credit -= 1
                await self._publish(producer, next(self._messages))
            while self._burst and self._unanswered_extra < UNANSWERED_MAX:
                await self._publish_extra(producer, self._burst.popleft())
            self._check()
        await producer.flush()
        self._check()

    def _pace(self) -> float:
        """Messages a second now."""
        if self._sent < self.allowance:
            return self._rate
        return min(self._rate / TRICKLE, (self.total - self._sent) / LEFT_S)

    async def _publish(self, producer: AIOKafkaProducer, message: Message) -> None:
        answer = await producer.send(self._prefix + message.topic, message.value, message.key)
        answer.add_done_callback(self._stored)
        self._sent += 1

    async def _publish_extra(self, producer: AIOKafkaProducer, message: Message) -> None:
        answer = await producer.send(self._prefix + message.topic, message.value, message.key)
        self._unanswered_extra += 1
        answer.add_done_callback(self._stored_extra)

    def _stored_extra(self, answer: "asyncio.Future[object]") -> None:
        self._unanswered_extra -= 1
        if (error := answer.exception()) is None:
            self.extra += 1
        else:
            self._failure = error

    def _stored(self, answer: "asyncio.Future[object]") -> None:
        if (error := answer.exception()) is None:
            self.published += 1
        else:
            self._failure = error

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure
