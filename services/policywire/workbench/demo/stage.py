"""The cluster with its worker, seen from outside: publishing to it, and waiting until it has said what it should.

Knows topics, offsets and the audit log. Knows nothing of what the records mean.
"""

import asyncio
import sys
import time
from asyncio.subprocess import PIPE, STDOUT
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from policywire.errors import PassingFault
from policywire.stream.topics import load_topics
from policywire.workbench.demo.stories import CLAIMS, SCHEDULING
from policywire.workbench.generate import Published
from policywire.workbench.receiver import GroupWatch, TopicTail
from policywire.workbench.sender import Sender
from policywire.workbench.worker_process import WorkerProcess

GROUP: Final = "policywire"
_LOOK_S: Final = 0.03
_STALL_S: Final = 60.0
_WITHOUT_LEAVE: Final = ("--force", "--author", "demo", "--reason", "A demonstration on made-up data.")


class Stage:
    """An asynchronous context manager.

    Attributes:
        bootstrap_servers: the cluster.
        audit_log: every record that was committed to the audit log, of one partition in order.
        published: how many events, by topic.
    """

    def __init__(self, bootstrap_servers: str, worker: WorkerProcess) -> None:
        self.bootstrap_servers = bootstrap_servers
        self._worker = worker
        topics = load_topics()
        self._senders = {
            each: Sender(bootstrap_servers, each, topics[each].partitions) for each in (CLAIMS, SCHEDULING)
        }
        self._watches = {each: GroupWatch(bootstrap_servers, GROUP, each) for each in (CLAIMS, SCHEDULING)}
        self._tail = TopicTail(bootstrap_servers, "audit-log")
        self._stack = AsyncExitStack()
        self.published: dict[str, int] = defaultdict(int)

    async def __aenter__(self) -> Self:
        parts: list[AbstractAsyncContextManager[Any]] = [*self._senders.values(), *self._watches.values(), self._tail]
        for part in parts:
            await self._stack.enter_async_context(part)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    @property
    def audit_log(self) -> Sequence[Any]:
        """What has come of it so far."""
        return self._tail.records

    async def publish(self, topic: str, events: Sequence[Published]) -> int:
        """Return how many there were, once the cluster has all of them."""
        self.published[topic] += len(events)
        return await self._senders[topic].send(events)

    async def look(self) -> None:
        """Take what has come to the audit log."""
        await self._tail.look(_LOOK_S)

    async def until(self, records: int, on_done: Callable[[int], object] = lambda _: None) -> None:
        """Return once all that was published is done and the audit log has so many records.

        Args:
            records: how many.
            on_done: told how many events are done.

        Raises:
            PassingFault: the worker ended, or nothing has moved for a minute.
        """
        before, moved = (-1, -1), time.monotonic()
        while True:
            await self.look()
            done = {topic: await watch.done() for topic, watch in self._watches.items()}
            now = (sum(done.values()), len(self.audit_log))
            on_done(now[0])
            if now != before:
                before, moved = now, time.monotonic()
            if all(done[topic] >= count for topic, count in self.published.items()) and now[1] >= records:
                return
            if not self._worker.running or time.monotonic() - moved > _STALL_S:
                raise self._worker.fault(f"stopped after {now[0]} events and {now[1]} of {records} records")


async def publish_rules(bootstrap_servers: str, folder: Path) -> None:
    """Run ``policywire rules publish`` as an analyst would, but without the gate and a second person.

    Raises:
        PassingFault: it did not publish them; the text has what it printed.
    """
    command = [sys.executable, "-m", "policywire", "rules", "publish", str(folder), *_WITHOUT_LEAVE]
    process = await asyncio.create_subprocess_exec(
        *command, "--bootstrap-servers", bootstrap_servers, stdout=PIPE, stderr=STDOUT
    )
    try:
        printed, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode:
        raise PassingFault(f"policywire rules publish ended with {process.returncode}:\n{printed.decode()}")
