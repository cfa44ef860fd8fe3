"""Worker processes and their supervisor: each is started again when it ends, as an orchestrator would do it.

Knows processes, signals, exit codes and boards. Knows neither Kafka nor faults.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic

import psutil
from msgspec import Struct
from tests.chaos.board import Board, LaneView
from tests.chaos.runners import Runner

LOOK_S = 0.01
CLOCK = "clock"
"""The file of the run's clock, in the run's folder."""
UNUSABLE = 2
"""The exit code of a worker that somebody must look at; it is not started again."""
STOP_S = 15.0
"""A worker drains within 10 s."""


class Exit(Struct, frozen=True):
    """A worker's process ended; ``lanes`` is where its lanes stood, ``at`` when that was seen (monotonic)."""

    worker: int
    code: int
    lanes: dict[int, LaneView]
    at: float


class DeadlineMissed(Exception):
    """What a fault or a run waits for did not happen in time."""


async def until(what: str, condition: Callable[[], bool], deadline_s: float) -> None:
    """Return when the condition holds.

    Raises:
        DeadlineMissed: it did not in time.
    """
    deadline = monotonic() + deadline_s
    while not condition():
        if monotonic() > deadline:
            raise DeadlineMissed(f"{what}: not within {deadline_s:.0f} s")
        await asyncio.sleep(LOOK_S)


class WorkerProcess:
    """One worker, through all its lives.

    Attributes:
        number: of this worker among the run's.
        board: what it and the harness share.
        exits: the end of each of its processes, in order.

    Args:
        environment: the worker's settings; read at each start, so that an operator can change them.
        folder: of the run, for its board and its log; the run's clock is there.
        bug: the name of a bug to plant.
        runner: which of the two workers it is.
    """

    def __init__(
        self,
        number: int,
        environment: dict[str, str],
        folder: Path,
        bug: str | None = None,
        runner: Runner = "exactly-once",
    ) -> None:
        self.number = number
        self.board = Board(folder / f"board-{number}")
        self.exits: list[Exit] = []
        self.log = folder / f"worker-{number}.log"
        self.environment = environment
        self._command = [
            sys.executable,
            "-m",
            "tests.chaos.worker",
            str(folder / f"board-{number}"),
            str(folder / CLOCK),
            runner,
            *([bug] if bug else []),
        ]
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = False

    async def run(self) -> None:
        """Start it, and again whenever it ends, until :meth:`stop` or an end that somebody must look at."""
        self._stopping = False
        while not self._stopping:
            self.board.clear_lanes()
            with self.log.open("ab") as log:
                self._process = await asyncio.create_subprocess_exec(
                    *self._command,
                    env={**os.environ, **self.environment},
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )
            code = await self._process.wait()
            self.exits.append(Exit(self.number, code, self.board.lanes(), monotonic()))
            self._process = None
            if code == UNUSABLE:
                return

    def log_since(self, place: int) -> str:
        """What it has logged since a place that :attr:`log_size` gave."""
        with self.log.open("rb") as log:
            log.seek(place)
            return log.read().decode(errors="replace")

    @property
    def log_size(self) -> int:
        """How much it has logged over all its lives, in bytes."""
        return self.log.stat().st_size if self.log.exists() else 0

    @property
    def pid(self) -> int | None:
        """Of its process, if there is one."""
        return self._process.pid if self._process is not None else None

    @property
    def is_stopped(self) -> bool:
        """Whether its process is held by SIGSTOP."""
        try:
            return self.pid is not None and psutil.Process(self.pid).status() == psutil.STATUS_STOPPED
        except psutil.NoSuchProcess:
            return False

    def send(self, number: signal.Signals) -> None:
        """Send its process a signal."""
        if self._process is not None:
            self._process.send_signal(number)

    def kill(self) -> None:
        """End it at once and for good."""
        self._stopping = True
        self.send(signal.SIGKILL)

    async def stop(self) -> int | None:
        """Ask it to end in order; the exit code, None when there was no process.

        Raises:
            DeadlineMissed: it did not; it is killed then.
        """
        self._stopping = True
        if self._process is None:
            return None
        count = len(self.exits)
        self.send(signal.SIGTERM)
        try:
            await until(f"worker {self.number} ends on SIGTERM", lambda: len(self.exits) > count, STOP_S)
        except DeadlineMissed:
            self.send(signal.SIGKILL)
            raise
        return self.exits[-1].code
