"""How a lane catches up with the rulebook in force: whom to look at again, and what to say of policies.

Knows which rulebook the lane has caught up with, across restarts: its changelog says so. Decides nothing itself: the
members go through :func:`policywire.step.follow`, the policies through :mod:`policywire.cases.announcements`. Knows no
Kafka.

A change of many members is worked off in slices, a batch each, and events go on in the same batches: a member with an
event is decided by the new rulebook at once, and its slice finds nothing left to do.
"""

import asyncio
from collections.abc import Collection, Iterator, Mapping

from policywire.cases.announcements import Announced, Key, PolicyMemory, announce
from policywire.rulebook.rulebook import Rulebook
from policywire.stream.batch import Batch

ANNOUNCER = 0
"""The lane that speaks of policies: one for all, so that each thing is said once."""

MEMBERS_MAX = 2_000
"""Members looked at in one batch because of changed rules: as much work as a usual batch of events."""


class Sweep:
    """The members of a lane that are still to be looked at with the rulebook in force.

    Args:
        swept: the revision with which all that is booked was last looked at; empty when that is not known.
    """

    def __init__(self, swept: str) -> None:
        self._revision = swept
        self._waiting: list[str] = []

    def turn_to(self, revision: str, members: Collection[str]) -> None:
        """Begin, if this is another revision than the last; those who come later are decided by it anyway."""
        if revision != self._revision:
            self._revision = revision
            self._waiting = list(members)

    def take(self) -> list[str]:
        """The next members, at most ``MEMBERS_MAX``."""
        taken = self._waiting[-MEMBERS_MAX:]
        del self._waiting[-MEMBERS_MAX:]
        return taken

    @property
    def waiting(self) -> int:
        """How many members are still to be looked at."""
        return len(self._waiting)

    @property
    def swept(self) -> str:
        """The revision with which everybody has been looked at; empty in the midst: then nothing is known."""
        return "" if self._waiting else self._revision


class Announcer:
    """What has been said of policies, and what is to be said now.

    Args:
        memory: of what was said, by policy.
    """

    def __init__(self, memory: Mapping[Key, PolicyMemory]) -> None:
        self._memory = dict(memory)
        self._revision = ""
        self._pending: Announced | None = None

    async def look(self, rulebook: Rulebook) -> None:
        """Compare with a rulebook, on a thread: with 10,000 policies that takes a while."""
        if rulebook.revision != self._revision:
            announced = await asyncio.to_thread(announce, self._memory, rulebook)
            self._pending = announced if announced.memory or announced.alerts else None
            self._revision = rulebook.revision

    def pending(self, revision: str | None = None) -> Announced | None:
        """What is to be said; None when there is nothing, or the comparison was with another revision than this."""
        return self._pending if revision in {None, self._revision} else None

    def fold(self) -> None:
        """What was to be said has been committed."""
        if self._pending is not None:
            for key, memory in self._pending.memory.items():
                if memory is None:
                    self._memory.pop(key, None)
                else:
                    self._memory[key] = memory
            self._pending = None


class RuleChange:
    """Both of a lane. Only lane ``ANNOUNCER`` has an announcer.

    Args:
        lane: its number.
        swept: the revision with which all that is booked was last looked at.
        memory: what was said of policies.
    """

    def __init__(self, lane: int, swept: str, memory: Mapping[Key, PolicyMemory]) -> None:
        self._sweep = Sweep(swept)
        self._announcer = Announcer(memory) if lane == ANNOUNCER else None
        self._saying = False

    @property
    def swept(self) -> str:
        """What the lane's changelog is to remember: with which revision everybody has been looked at, or empty."""
        return self._sweep.swept

    @property
    def waiting(self) -> int:
        """How many members are still to be looked at."""
        return self._sweep.waiting

    async def wants_a_batch(self, rulebook: Rulebook, members: Collection[str]) -> bool:
        """Whether the rulebook leaves something to do, even without events."""
        self._sweep.turn_to(rulebook.revision, members)
        if self._announcer is not None:
            await self._announcer.look(rulebook)
        return self.waiting > 0 or (self._announcer is not None and self._announcer.pending() is not None)

    def begin(self, batch: Batch, members: Collection[str]) -> None:
        """A batch begins; its rulebook may be a newer one than was looked at."""
        self._sweep.turn_to(batch.rulebook.revision, members)

    def add_to(self, batch: Batch) -> Iterator[None]:
        """Put the next slice of the work into a batch; pauses now and then.

        Raises:
            LaneStopped: a timeline of the state cannot be read.
            RecordTooLarge: a record would be refused by the broker.
        """
        announced = None if self._announcer is None else self._announcer.pending(batch.rulebook.revision)
        self._saying = announced is not None
        if announced is not None:
            yield from batch.announce(announced)
        for member in self._sweep.take():
            batch.follow(member)
            yield

    def fold(self) -> None:
        """The batch has been committed."""
        if self._announcer is not None and self._saying:
            self._announcer.fold()
        self._saying = False
