"""Notices when dead letters are no longer single mishaps. Knows counts and a clock that is given to it."""

from collections import deque

from msgspec import Struct


class _Entry(Struct, frozen=True):
    at: float
    events: int
    dead: int


class FloodGuard:
    """Counts events and dead letters of a lane over a sliding window.

    The batch that goes over the limit is not committed, so that after a restart the lane stops at the same place
    instead of letting some more through each time.

    Args:
        share_max: of dead letters among events; 1 never trips.
        window_s: how far back events count.
        events_min: below this many in the window nothing is concluded.
    """

    def __init__(self, share_max: float, window_s: float, events_min: int) -> None:
        self._share_max = share_max
        self._window_s = window_s
        self._events_min = events_min
        self._entries: deque[_Entry] = deque()
        self._events = 0
        self._dead = 0

    def trips(self, at: float, events: int, dead: int) -> bool:
        """Count a batch; whether too many of the window's events, this batch's included, are dead letters.

        A batch without any does not trip: as good events leave the window the share of what came long ago may rise, but
        to stop there would keep nobody from anything.

        Args:
            at: now, in seconds of any clock that does not go back.
            events: of the batch.
            dead: of them.
        """
        self._add(_Entry(at, events, dead))
        while self._entries[0].at < at - self._window_s:
            gone = self._entries.popleft()
            self._events -= gone.events
            self._dead -= gone.dead
        return dead > 0 and self._events >= self._events_min and self._dead > self._share_max * self._events

    def _add(self, entry: _Entry) -> None:
        self._entries.append(entry)
        self._events += entry.events
        self._dead += entry.dead

    @property
    def counts(self) -> tuple[int, int]:
        """Events and dead letters in the window."""
        return self._events, self._dead
