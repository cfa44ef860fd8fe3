"""A file that a worker and the harness both map: where each lane stands, and what is to happen at the next point.

A worker that is killed leaves it as it was at that instant, so the harness knows what the kill hit. Knows the worker's
named points, nothing else of it.
"""

import mmap
import struct
from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from typing import Final, Literal, get_args

from msgspec import Struct

from policywire.stream.points import Point

LANES_MAX: Final = 16
POINTS: Final[tuple[Point, ...]] = get_args(Point)
OPENING: Final = POINTS[: POINTS.index("batch_decided")]
"""Points of a lane's opening, its barrier's own transaction apart."""
TRANSACTION: Final = ("after_begin", "after_send", "after_offsets", "before_commit")
"""Passed one of these last: its transaction was open, or its commit on the way."""
Action = Literal["kill", "stop", "fail"]
ACTIONS: Final[tuple[Action, ...]] = get_args(Action)
_ORDER: Final = struct.Struct("<BBI")
_LANE: Final = struct.Struct("@IIId")
"""Aligned, so that the instant is never read half."""
_LANES_AT: Final = 16
_SIZE: Final = _LANES_AT + LANES_MAX * _LANE.size


class LaneView(Struct, frozen=True):
    """Where a lane stands: the point passed last (None: none yet), its commits and openings since the start.

    ``committed`` is when it last had committed a batch, on the system's monotonic clock.
    """

    point: Point | None
    commits: int
    openings: int
    committed: float


def in_transaction(lanes: Mapping[int, LaneView]) -> list[int]:
    """Lanes whose last point lies inside a transaction."""
    return [lane for lane, view in lanes.items() if view.point in TRANSACTION]


class Board:
    """One worker's board.

    Args:
        path: the file; made when it is not there.
    """

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(bytes(_SIZE))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _SIZE)

    def clear_lanes(self) -> None:
        """Forget where lanes stood; called before each start. A standing order stays."""
        self._map[_LANES_AT:_SIZE] = bytes(_SIZE - _LANES_AT)

    def order(self, action: Action, point: Point, passes: int = 1) -> None:
        """Something is to happen when the point is passed for the so-manieth time from now, in whichever lane."""
        self._map[: _ORDER.size] = _ORDER.pack(ACTIONS.index(action) + 1, POINTS.index(point), passes)

    @property
    def has_order(self) -> bool:
        """Whether an order was given and not taken yet."""
        return self._map[0] != 0

    def take_order(self, point: Point) -> Action | None:
        """What is to happen at this point now; an order is taken once."""
        action, at, passes = _ORDER.unpack(self._map[: _ORDER.size])
        if not action or POINTS[at] != point:
            return None
        if passes > 1:
            self._map[: _ORDER.size] = _ORDER.pack(action, at, passes - 1)
            return None
        self._map[: _ORDER.size] = bytes(_ORDER.size)
        taken: Action = ACTIONS[action - 1]
        return taken

    def mark(self, point: Point, lane: int) -> None:
        """A lane passes a point."""
        at = _LANES_AT + lane * _LANE.size
        _, commits, openings, committed = _LANE.unpack_from(self._map, at)
        if point == "after_fold":
            commits, committed = commits + 1, monotonic()
        openings += point == "open_done"
        _LANE.pack_into(self._map, at, POINTS.index(point) + 1, commits, openings, committed)

    def lanes(self) -> dict[int, LaneView]:
        """Every lane that has passed any point since the start."""
        views = {}
        for lane in range(LANES_MAX):
            point, commits, openings, committed = _LANE.unpack_from(self._map, _LANES_AT + lane * _LANE.size)
            if point:
                views[lane] = LaneView(POINTS[point - 1], commits, openings, committed)
        return views

    @property
    def commits(self) -> int:
        """Batches committed and folded since the start, over all lanes."""
        return sum(view.commits for view in self.lanes().values())

    def close(self) -> None:
        """Unmap it; the file stays."""
        self._map.close()
