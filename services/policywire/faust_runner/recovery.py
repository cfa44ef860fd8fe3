"""Watches Faust's recovery of the table, which may end without anybody being told. Knows Faust's recovery; no lane.

Faust 0.15 signals the end of a recovery by setting an event and clearing it at once. A recovery that is over before its
other half begins to wait (a short changelog is) is then waited for without end, and the worker stands still.
"""

from collections.abc import Mapping
from time import monotonic
from typing import Any

from policywire.stream.ending import ClusterFault


class RecoveryWatch:
    """Tells Faust again that its recovery is over, and ends a worker whose recovery does not go on.

    Args:
        recovery: Faust's.
        idle_s: when nothing was read for so long, the recovery has failed.
    """

    def __init__(self, recovery: Any, idle_s: float) -> None:
        self._recovery = recovery
        self._idle_s = idle_s
        self._read: dict[Any, int | None] = {}
        self._moved = monotonic()

    def look(self, marks: Mapping[Any, int]) -> None:
        """Look once.

        Args:
            marks: by changelog partition the offset up to which it must be read; of the lanes that wait for it.

        Raises:
            ClusterFault: the changelog does not come.
        """
        read = {part: self._recovery.active_offsets.get(part) for part in marks}
        if read != self._read or not marks:
            self._read, self._moved = read, monotonic()
        elif monotonic() - self._moved > self._idle_s:
            raise ClusterFault(f"the table was not recovered: its changelog did not come for {self._idle_s:.0f} s")
        if marks and all((read[part] or 0) >= mark for part, mark in marks.items()):
            self._recovery.flush_buffers()
            self._recovery.signal_recovery_end.set()
