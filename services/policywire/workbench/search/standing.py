"""How versions stand on a day, as far as they could be known: in force, upcoming, superseded, expired.

Knows windows of days and which versions belong to one policy; does not know what versions say. The same as
:meth:`policywire.rulebook.rulebook.CompiledPolicy.version_on`, for all policies at once.
"""

from datetime import date

from msgspec import Struct

from policywire.workbench.search.bitset import Families
from policywire.workbench.search.postings import DayPostings
from policywire.workbench.search.query import Status


class Standing(Struct, frozen=True):
    """The days of all versions."""

    families: Families
    effective_from: DayPostings
    effective_through: DayPostings
    """Of versions whose document writes one."""
    known_from: DayPostings

    def known(self, on: date | None) -> int:
        """The versions that could be known on a day; None: all."""
        return self.families.everything if on is None else self.known_from.until(on)

    def on(self, day: date, known: int) -> dict[Status, int]:
        """The known versions by how they stand on a day; each is in one set.

        The latest that has begun decides, unless its document ended it before the day.
        """
        begun = self.effective_from.until(day) & known
        followed = begun & self.families.before(begun)
        latest = begun ^ followed
        over = latest & self.effective_through.before(day)
        return {
            "in_force": latest ^ over,
            "upcoming": known & ~begun,
            "superseded": followed,
            "expired": over,
        }

    def one_each(self, found: int, standing: dict[Status, int]) -> int:
        """One of the versions found of each policy: the one in force, else the next to come, else the latest."""
        chosen = found & standing["in_force"]
        rest = found & ~self.families.whole(chosen)
        coming = rest & standing["upcoming"]
        coming &= ~self.families.after(coming)
        past = rest & ~self.families.whole(coming)
        return chosen | coming | (past & ~self.families.before(past))
