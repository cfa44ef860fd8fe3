"""A worker with faults of its own, which a file turns on and off while it runs: ``python -m ... FILE [PLANTED]...``.

Each line of the file holds a word, and perhaps a number: ``slow 0.5`` (each batch waits so many seconds), ``stuck``
(each batch waits until the file says otherwise), ``block 0.4`` (each batch blocks the event loop for so many seconds),
``leak 600`` (so many MB are taken, until the file says otherwise), ``bug`` (each decision raises). Planted for good:
``uncounted`` (a lane's totals stop in the midst) and ``unswept`` (one member a batch is followed after new rules).
"""

import asyncio
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

from policywire.step import step
from policywire.stream import batch, counting, rulechange, totals, worker
from policywire.stream.logs import configure
from policywire.stream.points import Point
from policywire.stream.settings import load_settings

LOOK_S = 0.1
PAGE = 4096


class Faults:
    """What stands in the file, and what it does."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._taken = bytearray()

    @property
    def orders(self) -> dict[str, float]:
        """The words and their numbers."""
        words = (line.partition(" ") for line in self._file.read_text().splitlines())
        return {word: float(number or 0) for word, _, number in words}

    async def __call__(self, point: Point, lane: int) -> None:  # noqa: ARG002  every lane is served alike
        """A lane passes a point."""
        if point != "batch_decided":
            return
        orders = self.orders
        await asyncio.sleep(orders.get("slow", 0))
        time.sleep(orders.get("block", 0))  # noqa: ASYNC251  that is the fault
        while "stuck" in self.orders:  # noqa: ASYNC110  a file wakes nobody
            await asyncio.sleep(LOOK_S)

    async def leak(self) -> None:
        """Take memory, and give it back, as the file says."""
        while True:
            wanted = int(self.orders.get("leak", 0) * 1_000_000)
            if len(self._taken) != wanted:
                self._taken = bytearray(wanted)
                self._taken[::PAGE] = b"x" * len(range(0, wanted, PAGE))
            await asyncio.sleep(LOOK_S)

    def step(self, *arguments: Any, right: Any) -> Any:
        """Decide, or be the bug."""
        if "bug" in self.orders:
            raise ZeroDivisionError
        return right(*arguments)


class FaultyWorker(worker.Worker):
    """A worker beside which memory leaks."""

    def __init__(self, settings: Any, faults: Faults) -> None:
        super().__init__(settings, passing=faults)
        self._faults = faults

    async def run(self, stop: asyncio.Event) -> None:
        """Work."""
        leaking = asyncio.create_task(self._faults.leak())
        try:
            await super().run(stop)
        finally:
            leaking.cancel()


def main(file: str, *planted: str) -> None:
    """Run until the end that a worker comes to."""
    settings = load_settings()
    configure(settings.logs.level, settings.logs.format)
    faults = Faults(Path(file))
    batch.step = partial(faults.step, right=step)  # type: ignore[attr-defined]
    if "uncounted" in planted:
        counting.SLICE_S, counting.REST_S, totals.BREATH = -1.0, 3_600.0, 1
    if "unswept" in planted:
        rulechange.MEMBERS_MAX = 1
    worker.run_and_exit(FaultyWorker(settings, faults))


if __name__ == "__main__":
    main(*sys.argv[1:])
