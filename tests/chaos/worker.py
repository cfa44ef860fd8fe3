"""The worker under test: policywire's own, with the run's clock, its points on a board, and perhaps a bug.

``python -m tests.chaos.worker BOARD CLOCK RUNNER [BUG]``; the settings come from the environment, as for everybody.
"""

import ctypes
import os
import signal
import sys
from pathlib import Path

from tests.chaos.board import Board
from tests.chaos.bugs import BUGS
from tests.chaos.clock import RunClock
from tests.chaos.faust_bugs import FAUST_BUGS

from policywire.faust_runner.runner import FaustWorker
from policywire.stream import worker
from policywire.stream.ending import ClusterFault
from policywire.stream.logs import configure
from policywire.stream.points import Point
from policywire.stream.settings import load_settings

_PR_SET_PDEATHSIG = 1
"""Of ``<linux/prctl.h>``."""


class ForcedFault(ClusterFault):
    """The harness makes a batch fail here, as a lost answer would."""


class Obedience:
    """Marks the board at every point and does what stands on it."""

    def __init__(self, board: Board) -> None:
        self._board = board

    async def __call__(self, point: Point, lane: int) -> None:
        """A lane passes a point."""
        self._board.mark(point, lane)
        match self._board.take_order(point):
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case "stop":
                os.kill(os.getpid(), signal.SIGSTOP)
            case "fail":
                raise ForcedFault(f"lane {lane}: made to fail at {point}")


def main(board: str, clock: str, runner: str, bug: str | None = None) -> None:
    """Run until the end that a worker comes to."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    settings = load_settings()
    configure(settings.logs.level, settings.logs.format)
    if bug is not None:
        (BUGS if runner == "exactly-once" else FAUST_BUGS)[bug].plant()
    product = worker.Worker if runner == "exactly-once" else FaustWorker
    worker.run_and_exit(product(settings, clock=RunClock(Path(clock)), passing=Obedience(Board(Path(board)))))


if __name__ == "__main__":
    main(*sys.argv[1:])
