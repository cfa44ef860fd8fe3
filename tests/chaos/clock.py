"""The clock of a run: a mapped file that the harness moves and every worker reads. Knows instants, nothing else."""

import mmap
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

START: Final = datetime(2026, 3, 2, 12, tzinfo=UTC)
"""What the clock shows at the beginning of every run."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_INSTANT: Final = struct.Struct("@q")
"""Microseconds since 1970: one aligned word, so that a reader never sees half of a move."""


class RunClock:
    """Shows the same instant to all until it is moved.

    Args:
        path: the file; made, showing :data:`START`, when it is not there.
    """

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(_INSTANT.pack((START - _EPOCH) // timedelta(microseconds=1)))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _INSTANT.size)

    def __call__(self) -> datetime:
        """What it shows."""
        return _EPOCH + timedelta(microseconds=_INSTANT.unpack_from(self._map)[0])

    def move(self, by: timedelta) -> datetime:
        """Move it, forward or back; what it shows then."""
        moved = self() + by
        _INSTANT.pack_into(self._map, 0, (moved - _EPOCH) // timedelta(microseconds=1))
        return moved
