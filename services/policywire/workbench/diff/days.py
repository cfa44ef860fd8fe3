"""Days of service as versions part them: windows in which nothing changes, and one day that stands for each.

Knows the versions' days of both editions; knows no rule.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final

from msgspec import Struct

from policywire.rulebook.rulebook import CompiledPolicy

FIRST_DAY: Final = date(1900, 1, 1)
LAST_DAY: Final = date(2199, 12, 31)
"""The contracts' days: nothing is billed before the one or after the other."""

DAY: Final = timedelta(days=1)


class Window(Struct, frozen=True, order=True, gc=False):
    """Days of service, both ends included; FIRST_DAY and LAST_DAY mean that it has no end on that side."""

    first: date
    last: date

    def __str__(self) -> str:
        """In words."""
        if self.first == FIRST_DAY and self.last == LAST_DAY:
            return "any day"
        if self.last == LAST_DAY:
            return f"from {self.first}"
        if self.first == FIRST_DAY:
            return f"to {self.last}"
        return str(self.first) if self.first == self.last else f"{self.first} to {self.last}"


def windows(policies: Iterable[CompiledPolicy]) -> tuple[Window, ...]:
    """All days, parted wherever a version of one of the policies begins or ends."""
    cuts = {FIRST_DAY}
    for policy in policies:
        for version in policy.versions:
            cuts.add(version.effective_from)
            if version.effective_through is not None and version.effective_through < LAST_DAY:
                cuts.add(version.effective_through + DAY)
    firsts = sorted(day for day in cuts if FIRST_DAY <= day <= LAST_DAY)
    lasts = (*(day - DAY for day in firsts[1:]), LAST_DAY)
    return tuple(Window(first, last) for first, last in zip(firsts, lasts, strict=True))


def window_of(all_days: Sequence[Window], day: date) -> int:
    """The place of the window that a day lies in."""
    return next(place for place, window in enumerate(all_days) if day <= window.last)


def joined(all_days: Sequence[Window], places: Iterable[int]) -> tuple[Window, ...]:
    """Windows at some places, those that follow one another as one."""
    found: list[Window] = []
    for place in sorted(places):
        window = all_days[place]
        if found and found[-1].last + DAY == window.first:
            window = Window(found.pop().first, window.last)
        found.append(window)
    return tuple(found)
