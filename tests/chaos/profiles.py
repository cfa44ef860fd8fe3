"""The runs there are: a short one for every change, a long one by hand. Knows plans as values; runs nothing."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import cycle
from random import Random
from typing import Final, Literal

from tests.chaos.board import OPENING, POINTS
from tests.chaos.faults import Fault
from tests.chaos.harness import Plan

from policywire.stream.points import Point

Profile = Literal["short", "long"]
IN_TRAFFIC: Final = 8
"""A batch's point is hit when it is passed for the eighth time: in the midst of several lanes' batches."""
BURST: Final = 240
FLOOD: Final = 10_000
"""More than half of what a lane takes in the guard's window of ten seconds."""
EDITIONS: Final = ("covered", "broken", "reworded", "reviewed", "shipped")
SCALES: Final = (4, 3, 1, 3, 2, 4, 1, 3)
KILLS_AT: Final = tuple(
    Fault("kill_at", point, 1 if point in OPENING else IN_TRAFFIC) for point in POINTS if point != "batch_decided"
)

SHORT: Final = (
    Fault("kill"),
    *KILLS_AT[:2],
    Fault("swap", edition="covered"),
    *KILLS_AT[2:4],
    Fault("burst", messages=BURST),
    Fault("scale", workers=4),
    *KILLS_AT[4:6],
    Fault("kill_broker"),
    Fault("clock_back", hours=20),
    *KILLS_AT[6:8],
    Fault("swap", edition="broken"),
    Fault("scale", workers=3),
    *KILLS_AT[8:9],
    Fault("fail_at", "before_commit", IN_TRAFFIC),
    Fault("stop_at", "batch_decided", IN_TRAFFIC),
    *KILLS_AT[9:10],
    Fault("swap", edition="reworded"),
    Fault("flood", messages=FLOOD),
    *KILLS_AT[10:],
    Fault("kill_at", "batch_decided", IN_TRAFFIC),
    Fault("scale", workers=1),
    Fault("kill"),
    Fault("scale", workers=3),
    Fault("swap", edition="shipped"),
    Fault("kill_broker"),
    Fault("kill"),
)
"""A kill at every named point of a batch and of an opening, and each other kind of fault at least once."""


FAUST_POINTS: Final[tuple[Point, ...]] = (
    "open_before_fence",
    "open_after_fence",
    "open_after_barrier",
    "restore_midway",
    "restore_done",
    "open_done",
    "batch_decided",
    "before_begin",
    "after_begin",
    "before_commit",
    "after_send",
    "after_fold",
)
"""Those that a lane of the second runner passes, in their order."""
FAUST: Final = (
    Fault("kill"),
    Fault("kill_at", "after_begin", IN_TRAFFIC),
    Fault("stop_at", "batch_decided", IN_TRAFFIC),
    Fault("swap", edition="covered"),
    Fault("kill_at", "before_commit", IN_TRAFFIC),
    Fault("scale", workers=4),
    Fault("kill_broker"),
    Fault("kill_at", "after_send", IN_TRAFFIC),
    Fault("burst", messages=BURST),
    Fault("stop_at", "before_commit", IN_TRAFFIC),
    Fault("scale", workers=2),
    Fault("kill_at", "open_after_fence", 1),
    Fault("kill"),
)
"""For the second runner: ends between what it remembers and what it says, owners that wake too late, and the rest."""


def faust_plan(claims: int = 30_000, rate: float = 1_000.0, seed: int = 1) -> Plan:
    """What ``make test`` runs of the second runner."""
    return Plan(claims=claims, rate=rate, faults=FAUST, seed=seed, runner="faust")


def short_plan(claims: int = 50_000, rate: float = 1_000.0, seed: int = 1) -> Plan:
    """What ``make test`` runs."""
    return Plan(claims=claims, rate=rate, faults=SHORT, seed=seed)


def long_plan(claims: int = 1_820_000, rate: float = 1_500.0, seed: int = 1, share: float = 1.0) -> Plan:
    """Hours, or most of one: all faults many times in a random order, with the session timeout that ships.

    Args:
        share: of the faults of the whole profile, for a rehearsal.
    """
    return Plan(
        claims=claims,
        rate=rate,
        faults=tuple(_shuffled(Random(seed), share)),  # noqa: S311  repeatable, not secret
        seed=seed,
        strangers=0.85,
        step=timedelta(hours=5),
        session_s=10.0,
    )


_LONG: Final[tuple[tuple[Fault, int], ...]] = (
    (Fault("kill"), 144),
    *((each, 4) for each in (*KILLS_AT, Fault("kill_at", "batch_decided", IN_TRAFFIC))),
    (Fault("kill_broker"), 60),
    (Fault("fail_at", "before_commit", IN_TRAFFIC), 8),
    (Fault("fail_at", "after_send", IN_TRAFFIC), 8),
    (Fault("stop_at", "batch_decided", IN_TRAFFIC), 4),
    (Fault("stop_at", "before_commit", IN_TRAFFIC), 4),
    (Fault("burst", messages=BURST), 8),
    (Fault("flood", messages=FLOOD), 4),
    (Fault("clock_back", hours=20), 4),
    (Fault("clock_back", hours=60), 2),
    (Fault("swap"), 20),
    (Fault("scale"), 16),
)
"""How often each comes; what a swap puts in place and a scale leads to follows its order."""


def _shuffled(random: Random, share: float) -> Iterator[Fault]:
    faults = [fault for fault, count in _LONG for _ in range(max(1, round(count * share)))]
    random.shuffle(faults)
    editions, scales = cycle(EDITIONS), cycle(SCALES)
    workers = 3
    for fault in faults:
        if fault.kind == "swap":
            yield Fault("swap", edition=next(editions))
        elif fault.kind == "scale":
            workers = next(scales)
            yield Fault("scale", workers=workers)
        elif fault.kind == "stop_at" and workers == 1:  # nobody would be there to take its lanes over
            workers = 3
            yield from (Fault("scale", workers=workers), fault)
        else:
            yield fault
    if workers != 3:
        yield Fault("scale", workers=3)
