"""How long lanes stand still after a kill: from the kill to the next commit of each lane that moved. Knows boards."""

import asyncio
from collections.abc import Iterable
from statistics import median, quantiles
from time import monotonic
from typing import Literal

from msgspec import Struct
from tests.chaos.fleet import Fleet
from tests.chaos.workers import LOOK_S

WATCHED_S = 120.0
"""A lane that stood still for so long is not waited for any more."""
Cause = Literal["worker", "broker"]


class Recovery(Struct, frozen=True):
    """A lane after a kill: seconds until it had committed its next batch, None when it did not in ``WATCHED_S``."""

    cause: Cause
    lane: int
    seconds: float | None


class Summary(Struct, frozen=True):
    """Of many recoveries, in seconds; ``never`` counts those that did not come."""

    count: int
    median: float
    p95: float
    most: float
    never: int


class Stopwatch:
    """Times recoveries in the background.

    Attributes:
        recoveries: those that are over.
    """

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._running: set[asyncio.Task[None]] = set()
        self.recoveries: list[Recovery] = []

    def start(self, cause: Cause, lanes: Iterable[int], killed: float) -> None:
        """Time some lanes from a kill, on the monotonic clock."""
        task = asyncio.create_task(self._watch(cause, set(lanes), killed))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def finish(self) -> None:
        """Wait for those that are running."""
        await asyncio.gather(*self._running)

    async def _watch(self, cause: Cause, lanes: set[int], killed: float) -> None:
        while lanes and monotonic() < killed + WATCHED_S:
            committed = self._fleet.committed()
            for lane in [lane for lane in lanes if committed.get(lane, 0.0) > killed]:
                self.recoveries.append(Recovery(cause, lane, round(committed[lane] - killed, 3)))
                lanes.discard(lane)
            await asyncio.sleep(LOOK_S)
        self.recoveries += [Recovery(cause, lane, None) for lane in lanes]


def summary(recoveries: Iterable[Recovery], cause: Cause) -> Summary:
    """Of all recoveries after one kind of kill."""
    mine = [each for each in recoveries if each.cause == cause]
    seconds = sorted(each.seconds for each in mine if each.seconds is not None)
    if not seconds:
        return Summary(0, 0.0, 0.0, 0.0, len(mine))
    p95 = quantiles(seconds, n=20, method="inclusive")[-1] if len(seconds) > 1 else seconds[0]
    return Summary(len(seconds), round(median(seconds), 2), round(p95, 2), max(seconds), len(mine) - len(seconds))
