"""Named points of a batch and of a restore, at which a test can stop the world. Knows names and nothing else."""

from collections.abc import Awaitable, Callable
from typing import Literal

Point = Literal[
    "open_before_fence",
    "open_after_fence",
    "open_after_barrier",
    "restore_midway",
    "restore_done",
    "open_done",
    "batch_decided",
    "before_begin",
    "after_begin",
    "after_send",
    "after_offsets",
    "before_commit",
    "after_commit",
    "after_fold",
]
"""In the order in which a lane passes them: those of its opening, then those of each batch."""

Passing = Callable[[Point, int], Awaitable[None]]
"""Called with the point and the lane's number whenever a lane passes one."""


async def pass_by(point: Point, lane: int) -> None:
    """What a worker outside of tests does at a point: nothing."""
