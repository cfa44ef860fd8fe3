"""A worker's clock: now, which never goes back. Knows time and the log; not what is decided by it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from policywire.stream.logs import get_logger

SLEW = timedelta(seconds=5)
"""Less is what keeping time looks like; more is a clock that somebody set back, and worth a line in the log."""


class SteadyClock:
    """The greatest instant that a wall clock has shown to this process.

    A wall clock that is set back would lower severities that had risen and make alerts that had ended open again. Now
    stands instead until the wall clock has caught up. A new start believes the wall clock again, so a clock that was
    wrong and far ahead is got rid of by a restart.

    Args:
        wall: gives now with its time zone; may go back.
    """

    def __init__(self, wall: Callable[[], datetime]) -> None:
        self._wall = wall
        self._greatest = datetime.min.replace(tzinfo=UTC)
        self._is_back = False

    def __call__(self) -> datetime:
        """Now; never less than what it was before."""
        now = self._wall()
        if now >= self._greatest:
            self._greatest, self._is_back = now, False
        elif not self._is_back and self._greatest - now > SLEW:
            self._is_back = True
            seconds = round((self._greatest - now).total_seconds())
            get_logger().warning("the wall clock was set back; now stands until it has caught up", seconds=seconds)
        return self._greatest
