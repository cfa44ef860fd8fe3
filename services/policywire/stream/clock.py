"""Clocks that never go back: a worker's, and a lane's, which moves between workers.

Knows time and the log; not what is decided by it.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from policywire.stream.logs import get_logger

SLEW = timedelta(seconds=5)
"""Less is what keeping time looks like; more is a clock that somebody set back, and worth a line in the log."""

CLOCK_AHEAD = timedelta(hours=24)
"""What is further ahead of a clock is not believed, be it an event or what another worker's clock said."""


class SteadyClock:
    """The greatest instant that a wall clock has shown to this process.

    A wall clock that is set back would lower severities that had risen and make alerts that had ended open again. Now
    stands instead until the wall clock has caught up. A new start believes the wall clock again, so a clock that was
    wrong and far ahead is got rid of by a restart; see :class:`LaneClock` for one that was a little ahead.

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


class LaneClock:
    """The worker's clock, but never earlier than the instant by which the lane was decided last, by whomever.

    At midnight UTC alerts grow louder and end. Decided by a clock that is a minute behind the former owner's, a lane
    would take that back, and say it again a minute later.

    Args:
        lane: its number, for the log.
        clock: the worker's, steady.
        latest: by which the lane was decided last, as its changelog has it; None: nobody has.
    """

    def __init__(self, lane: int, clock: Callable[[], datetime], latest: datetime | None) -> None:
        self._clock = clock
        self._latest = latest or datetime.min.replace(tzinfo=UTC)
        ahead = self._latest - clock()
        if ahead > CLOCK_AHEAD:
            # Standing still that long would do more harm than saying something again.
            self._latest = datetime.min.replace(tzinfo=UTC)
            get_logger().error(
                "the lane was decided by a clock that was more than a day ahead of this worker's; it goes on by this "
                "one, and what time has changed may be taken back. Look at the clocks of all workers",
                lane=lane,
                hours_ahead=round(ahead.total_seconds() / 3600),
            )

    def __call__(self) -> datetime:
        """Now; never less than what the lane was decided by before."""
        return max(self._clock(), self._latest)
