"""What a lane's members add up to: dollars at risk by policy, open alerts by day of service. Knows no metrics library.

Kept by difference: a committed batch takes away what its members stood for before and adds what they stand for after.
A lane that has just opened has counted nobody, for its timelines are encoded and nobody decodes them at once; they are
counted bit by bit beside the work, and a member that changes before its turn is counted as it is after the change.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from threading import Lock
from typing import TypeVar

from msgspec import Struct

from policywire.cases.codec import said
from policywire.cases.figures import NOTHING, Figures, OpenAlert, figures
from policywire.model.records import Severity
from policywire.rulebook.rulebook import PolicyKey
from policywire.stream.metric_list import DAYS_BEYOND, DAYS_PAST, DAYS_UNTIL_SERVICE

Key = TypeVar("Key")

BREATH = 32
"""Members counted between two looks at the clock: about a tenth of a millisecond."""

Turn = tuple[Figures, Figures]
"""What a member stood for before a batch and stands for after it."""


class Standing(Struct, frozen=True):
    """How things stand with a lane's members: cents at risk by policy, open alerts by kind, severity and days left."""

    exposures: dict[PolicyKey, int]
    open_alerts: dict[tuple[str, Severity, str], int]


class LaneTotals:
    """The totals of one lane. Folded and counted by one thread; any may ask how things stand.

    Args:
        uncounted: the members whose timelines are there and not yet counted.
    """

    def __init__(self, uncounted: Iterable[str]) -> None:
        self._uncounted = set(uncounted)
        self._exposures: defaultdict[PolicyKey, int] = defaultdict(int)
        self._alerts: defaultdict[OpenAlert, int] = defaultdict(int)
        # Held for as long as a batch is added up, or the sums are copied: so briefly that the loop may wait for it.
        self._lock = Lock()

    @property
    def is_complete(self) -> bool:
        """Whether every member is counted."""
        return not self._uncounted

    def fold(self, turns: Mapping[str, Turn]) -> None:
        """Take over what a committed batch changed, by member."""
        with self._lock:
            for member, (before, after) in turns.items():
                if member in self._uncounted:
                    self._uncounted.discard(member)
                else:
                    self._add(before, -1)
                self._add(after, 1)

    def count(self, timelines: Mapping[str, bytes]) -> Iterator[None]:
        """Count who is not yet counted; pauses now and then, and what is folded meanwhile is right.

        Args:
            timelines: of the lane as it is, encoded, by member id.

        Raises:
            TimelineUnreadable: a timeline is damaged.
        """
        while self._uncounted:
            with self._lock:
                for _ in range(min(BREATH, len(self._uncounted))):
                    encoded = timelines.get(self._uncounted.pop())
                    self._add(NOTHING if encoded is None else figures(*said(encoded)), 1)
            yield

    def standing(self, today: date) -> Standing | None:
        """How things stand on a UTC day; None while not everybody is counted."""
        with self._lock:
            if self._uncounted:
                return None
            exposures, alerts = _without_zeros(self._exposures), _without_zeros(self._alerts)
            # What is gone leaves nothing behind; days go by, so there would be ever more of it.
            self._alerts = defaultdict(int, alerts)
        open_alerts: dict[tuple[str, Severity, str], int] = {}
        for (kind, severity, day), count in alerts.items():
            key = (kind, severity, days_until(day, today))
            open_alerts[key] = open_alerts.get(key, 0) + count
        return Standing(exposures, open_alerts)

    def _add(self, counted: Figures, sign: int) -> None:
        exposures, alerts = self._exposures, self._alerts
        for policy, cents in counted.exposures:
            exposures[policy] += sign * cents
        for alert in counted.alerts:
            alerts[alert] += sign


def _without_zeros(sums: dict[Key, int]) -> dict[Key, int]:
    return {key: count for key, count in sums.items() if count}


def days_until(day: date, today: date) -> str:
    """The label for the days from one UTC date to another."""
    days = (day - today).days
    if days < 0:
        return DAYS_PAST
    return next((label for most, label in DAYS_UNTIL_SERVICE if days <= most), DAYS_BEYOND)
