"""Notices when dead letters are no longer single mishaps. Knows counts and a clock that is given to it."""

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from policywire.stream.ending import LaneStopped
from policywire.stream.tally import Tally

SLOTS: Final = 10
"""What came within a tenth of the window is counted as one: what a lane remembers stays some 200 bytes."""

Remembered = tuple[tuple[int, int, int], ...]
"""What a lane keeps of its window with its offsets: age in ms, events, dead letters; the oldest first."""


@dataclass(slots=True)
class _Slot:
    since: float
    events: int
    dead: int


class FloodGuard:
    """Counts events and dead letters of a lane over a sliding window.

    The batch that goes over the limit is not committed, and the window of the batch before it is committed with that
    batch's offsets. So after a restart the lane stops at the same place, instead of letting some more through each time
    until the window is full again.

    Args:
        share_max: of dead letters among events; 1 never trips, and what it let through is not held against the lane
            later: somebody wanted it to pass.
        window_s: how far back events count.
        events_min: below this many in the window nothing is concluded.
    """

    def __init__(self, share_max: float, window_s: float, events_min: int) -> None:
        self._share_max = share_max
        self._window_s = window_s
        self._events_min = events_min
        self._slots: deque[_Slot] = deque()
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
        self._add(at, events, dead)
        self._slide(at)
        return dead > 0 and self._events >= self._events_min and self._dead > self._share_max * self._events

    def _add(self, at: float, events: int, dead: int) -> None:
        if not events:
            return
        if not self._slots or at - self._slots[-1].since > self._window_s / SLOTS:
            self._slots.append(_Slot(at, 0, 0))
        self._slots[-1].events += events
        self._slots[-1].dead += dead
        self._events += events
        self._dead += dead

    def _slide(self, at: float) -> None:
        while self._slots and self._slots[0].since < at - self._window_s:
            gone = self._slots.popleft()
            self._events -= gone.events
            self._dead -= gone.dead

    def share(self, at: float) -> float:
        """Dead letters' share of the window's events; 0 while there are too few of them to conclude anything."""
        self._slide(at)
        return self._dead / self._events if self._events >= self._events_min else 0.0

    @property
    def counts(self) -> tuple[int, int]:
        """Events and dead letters in the window."""
        return self._events, self._dead

    def remembered(self, at: float) -> Remembered:
        """The window as it is now, to be kept with the offsets of the batch that was counted last."""
        if self._share_max >= 1:
            return ()
        return tuple((round((at - slot.since) * 1000), slot.events, slot.dead) for slot in self._slots)

    def resume(self, at: float, remembered: Iterable[tuple[int, int, int]]) -> None:
        """Take over a window: as if no time had gone by since, for nothing came in while the lane was closed."""
        for age_ms, events, dead in remembered:
            self._slots.append(_Slot(at - age_ms / 1000, events, dead))
            self._events += events
            self._dead += dead


def stop_in_a_flood(guard: FloodGuard, lane: int, at: float, tally: Tally) -> None:
    """Count a batch that is decided and not committed.

    Raises:
        LaneStopped: too many of the window's events would be dead letters, so the batch must not be committed.
    """
    if not guard.trips(at, tally.events, tally.dead_letters):
        return
    events, dead = guard.counts
    codes = Counter[str]()
    for (_, code), count in tally.rejected.items():
        codes[code] += count
    latest = ", ".join(f"{code} {count}" for code, count in codes.most_common())
    raise LaneStopped(
        f"lane {lane}: {dead} of the last {events} would be dead letters (the latest: {latest}), so it stops here, and "
        "again after a restart; nothing is lost. Mend the sender. To let pass what it has sent, as dead letters to "
        "redrive, start with POLICYWIRE_DEAD_LETTERS__SHARE_MAX=1 until it is through"
    )
