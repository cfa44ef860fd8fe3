"""Faults, and injecting them one after the other, each in the midst of traffic and each seen to have landed.

Knows workers by their boards and the broker by its process. A fault waits for conditions with deadlines; the one random
moment is when a worker is killed.
"""

import asyncio
import signal
from collections.abc import Iterable
from random import Random
from typing import Literal

from msgspec import Struct
from tests.chaos.board import OPENING, LaneView, in_transaction
from tests.chaos.feeder import Feeder
from tests.chaos.workers import WorkerProcess, until

from policywire.broker import LocalBroker
from policywire.stream.points import Point

PROGRESS_S = 60.0
"""For a worker to get back to work: start, restore, and up to 10 s for a transaction left open to be aborted."""
LANDING_S = 45.0
COMMITS_BEFORE = 3
"""A worker has committed so many batches since its start before something is done to it: it is in traffic."""
TAKEOVER_COMMITS = 3
MOMENT_MAX_S = 0.4
Kind = Literal["kill", "kill_at", "stop_at", "fail_at", "kill_broker"]


class Fault(Struct, frozen=True):
    """Something to be done to a worker, or to the broker.

    ``kill`` comes at a random moment; ``kill_at``, ``stop_at`` and ``fail_at`` when a lane passes ``point`` for the
    so-manieth time (``passes``). ``stop_at`` holds the worker until others have worked on its lanes.
    """

    kind: Kind
    point: Point | None = None
    passes: int = 1


class Landing(Struct, frozen=True):
    """An injected fault, and where each lane of the worker stood. ``to_come`` messages were not published yet."""

    fault: Fault
    worker: int | None
    commits: int
    lanes: dict[int, str]
    in_transaction: list[int]
    to_come: int


class Injector:
    """Injects faults into a running system.

    Attributes:
        landings: what was injected so far.
    """

    def __init__(self, seed: int, workers: list[WorkerProcess], broker: LocalBroker, feeder: Feeder) -> None:
        self._random = Random(seed)  # noqa: S311  repeatable, not secret
        self._workers = workers
        self._broker = broker
        self._feeder = feeder
        self.landings: list[Landing] = []

    async def run(self, faults: list[Fault]) -> None:
        """Inject all of them in this order, each when everybody works and as the feeder begins a share at full rate.

        At the end everybody works again.

        Raises:
            DeadlineMissed: a fault did not land, or the system did not recover from the one before.
        """
        share = self._feeder.total / (len(faults) + 2)
        self._feeder.allowance = int(share)
        for number, fault in enumerate(faults, 1):
            await self._share_is_published()
            await self._everybody_works()
            self._feeder.allowance = int(share * (number + 1))
            if fault.kind == "kill_broker":
                await self._kill_broker(fault)
            else:
                await self._hurt(fault, self._random.choice(self._workers))
        await self._everybody_works()
        self._feeder.allowance = self._feeder.total

    async def _share_is_published(self) -> None:
        wanted = self._feeder.allowance
        await until(f"{wanted} messages are published", lambda: self._feeder.published >= wanted, PROGRESS_S)

    async def _everybody_works(self) -> None:
        """Every worker has committed batches since it last started, and again since this was asked."""
        before = {worker.number: (len(worker.exits), worker.board.commits) for worker in self._workers}

        def works(worker: WorkerProcess) -> bool:
            lives, commits = before[worker.number]
            wanted = max(COMMITS_BEFORE, commits + 1) if len(worker.exits) == lives else COMMITS_BEFORE
            return worker.pid is not None and worker.board.commits >= wanted

        await until("every worker works", lambda: all(map(works, self._workers)), PROGRESS_S)

    async def _hurt(self, fault: Fault, worker: WorkerProcess) -> None:
        count = len(worker.exits)
        match fault.kind:
            case "kill":
                await asyncio.sleep(self._random.uniform(0, MOMENT_MAX_S))
                worker.send(signal.SIGKILL)
                await self._landed(fault, worker, count + 1)
            case "kill_at":
                self._order(worker, "kill", fault)
                if fault.point in OPENING:
                    worker.send(signal.SIGKILL)
                    count += 1
                await self._landed(fault, worker, count + 1)
            case "fail_at":
                self._order(worker, "fail", fault)
                await until(f"{fault} lands", lambda: not worker.board.has_order, LANDING_S)
                self._record(fault, worker, worker.board.lanes())
            case "stop_at":
                self._order(worker, "stop", fault)
                await self._hold(fault, worker)

    def _order(self, worker: WorkerProcess, action: Literal["kill", "stop", "fail"], fault: Fault) -> None:
        assert fault.point is not None
        worker.board.order(action, fault.point, fault.passes)

    async def _landed(self, fault: Fault, worker: WorkerProcess, count: int) -> None:
        """Wait for the process' death; it left its board as it was at that instant."""
        await until(f"{fault} lands", lambda: len(worker.exits) >= count, LANDING_S)
        self._record(fault, worker, worker.exits[count - 1].lanes)

    async def _hold(self, fault: Fault, worker: WorkerProcess) -> None:
        """Let others take the held worker's lanes and work on them; then it wakes, believing them its own."""
        await until(f"{fault} lands", lambda: worker.is_stopped, LANDING_S)
        lanes = worker.board.lanes()
        self._record(fault, worker, lanes)
        before = self._commits_of_others(worker, lanes)
        await until(
            f"others take over lanes {sorted(lanes)}",
            lambda: all(
                commits >= before[lane] + TAKEOVER_COMMITS
                for lane, commits in self._commits_of_others(worker, lanes).items()
            ),
            LANDING_S,
        )
        worker.send(signal.SIGCONT)

    def _commits_of_others(self, worker: WorkerProcess, lanes: Iterable[int]) -> dict[int, int]:
        """By lane, what the other workers have committed of it in their present lives."""
        views = [other.board.lanes() for other in self._workers if other is not worker]
        return {lane: sum(view[lane].commits for view in views if lane in view) for lane in lanes}

    async def _kill_broker(self, fault: Fault) -> None:
        await asyncio.sleep(self._random.uniform(0, MOMENT_MAX_S))
        await asyncio.to_thread(self._broker.kill)
        hit = [lane for worker in self._workers for lane in in_transaction(worker.board.lanes())]
        self.landings.append(Landing(fault, None, 0, {}, hit, self._feeder.total - self._feeder.published))
        published = self._feeder.published
        await asyncio.to_thread(self._broker.start)
        await until("the broker takes messages again", lambda: self._feeder.published > published, PROGRESS_S)

    def _record(self, fault: Fault, worker: WorkerProcess, lanes: dict[int, LaneView]) -> None:
        self.landings.append(
            Landing(
                fault,
                worker.number,
                sum(view.commits for view in lanes.values()),
                {number: view.point or "" for number, view in lanes.items()},
                in_transaction(lanes),
                self._feeder.total - self._feeder.published,
            )
        )
