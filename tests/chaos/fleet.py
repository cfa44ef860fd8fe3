"""The workers of a run: which of them are wanted, and what stands on their boards. Knows processes, no Kafka."""

import asyncio
from collections.abc import Iterable, Mapping

from tests.chaos.board import LaneView
from tests.chaos.workers import Exit, WorkerProcess, until

TAKEOVER_S = 60.0
"""For every lane to be worked on again: a session that ends, a rebalance, a restore."""


class Fleet:
    """Workers that are started and stopped.

    Attributes:
        workers: all there may be; the first ``len(active)`` are wanted.
        active: those that are wanted.

    Args:
        workers: all there may be.
        lanes: how many lanes there are.
    """

    def __init__(self, workers: list[WorkerProcess], lanes: int) -> None:
        self.workers = workers
        self.active: list[WorkerProcess] = []
        self.lanes = lanes
        self._lives: dict[int, asyncio.Task[None]] = {}

    def start(self, worker: WorkerProcess) -> None:
        """Start a worker, or one again that ended for good."""
        self._lives[worker.number] = asyncio.create_task(worker.run())

    async def scale(self, count: int) -> None:
        """Let so many workers be there, and return when every lane is worked on again.

        Raises:
            DeadlineMissed: a worker did not leave, or a lane was not taken over.
        """
        wanted = self.workers[:count]
        for worker in self.active[count:]:
            await worker.stop()
        before = self.committed()  # what those that left have committed last included, so that others must go on
        for worker in wanted[len(self.active) :]:
            self.start(worker)
        self.active = wanted
        await until(
            f"{count} workers work on all lanes",
            lambda: (
                all(worker.board.commits for worker in wanted)
                and all(self.committed().get(lane, 0.0) > before.get(lane, 0.0) for lane in range(self.lanes))
            ),
            TAKEOVER_S,
        )

    async def stop(self) -> list[int | None]:
        """Ask all to end in order; their exit codes."""
        codes = [await worker.stop() for worker in self.active]
        self.active = []
        return codes

    async def kill(self) -> None:
        """End all at once and for good."""
        for worker in self.workers:
            worker.kill()
        await asyncio.gather(*self._lives.values())

    @property
    def exits(self) -> list[Exit]:
        """The end of every process so far."""
        return [each for worker in self.workers for each in worker.exits]

    @property
    def is_gone(self) -> bool:
        """Whether no process is left."""
        return not any(worker.pid for worker in self.active)

    def committed(self) -> dict[int, float]:
        """By lane, when a batch of it was last committed by a process that is there."""
        latest: dict[int, float] = {}
        for worker in self.workers:
            for lane, view in worker.board.lanes().items():
                latest[lane] = max(latest.get(lane, 0.0), view.committed)
        return latest

    def owner(self, lane: int) -> WorkerProcess:
        """The worker that has committed a batch of a lane last."""
        return max(self.active, key=lambda worker: _committed(worker, lane))

    def moved_with(self, worker: WorkerProcess, lanes: Mapping[int, LaneView]) -> list[int]:
        """Of lanes that a process had when it ended, those that were its own to the end."""
        others = [other for other in self.workers if other is not worker]
        return [lane for lane, view in lanes.items() if all(_committed(each, lane) < view.committed for each in others)]

    def commits_of_others(self, worker: WorkerProcess, lanes: Iterable[int]) -> dict[int, int]:
        """By lane, what the other workers have committed of it in their present lives."""
        views = [other.board.lanes() for other in self.active if other is not worker]
        return {lane: sum(view[lane].commits for view in views if lane in view) for lane in lanes}


def _committed(worker: WorkerProcess, lane: int) -> float:
    view = worker.board.lanes().get(lane)
    return 0.0 if view is None else view.committed
