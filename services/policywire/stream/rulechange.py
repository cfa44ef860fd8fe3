"""How a lane catches up with the rulebook in force: whom to look at again, and what to say of policies.

Knows which rulebook the lane has caught up with, across restarts: its changelog says so. Decides nothing itself: the
members go through :func:`policywire.step.follow`, the policies through :mod:`policywire.cases.announcements`. Knows no
Kafka.

A change of many members is worked off in slices, a batch each, and events go on in the same batches: a member with an
event is decided by the new rulebook at once, and its slice finds nothing left to do.
"""

import asyncio
from collections.abc import Collection, Iterator, Mapping

from msgspec import Struct

from policywire.cases.announcements import Key, PolicyMemory, announce_each, decode, encode
from policywire.model.records import Alert
from policywire.rulebook.rulebook import Rulebook
from policywire.stream.batch import Batch
from policywire.stream.changelog import Restored

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


class Saying(Struct, frozen=True):
    """What is to be said of policies, and what is then to be remembered of each: encoded, None to forget it."""

    alerts: tuple[Alert, ...]
    memory: dict[Key, bytes | None]


class Memory(Mapping[Key, PolicyMemory]):
    """What was said of each policy, kept encoded: as objects the memory of 10,000 policies is some hundred MB."""

    def __init__(self, encoded: dict[Key, bytes]) -> None:
        self.encoded = encoded

    def __getitem__(self, key: Key) -> PolicyMemory:
        return decode(self.encoded[key])

    def __iter__(self) -> Iterator[Key]:
        return iter(self.encoded)

    def __len__(self) -> int:
        return len(self.encoded)


def compare(memory: Memory, rulebook: Rulebook) -> Saying | None:
    """What a rulebook makes to be said; None when there is nothing."""
    alerts: list[Alert] = []
    encoded: dict[Key, bytes | None] = {}
    for key, after, said in announce_each(memory, rulebook):
        alerts += said
        encoded[key] = None if after is None else encode(after)
    return Saying(tuple(alerts), encoded) if encoded else None


class Announcer:
    """What has been said of policies, and what is to be said now.

    Args:
        said: the revision of which everything was said; empty when that is not known.
        memory: of what was said, by policy, encoded.
    """

    def __init__(self, said: str, memory: Mapping[Key, bytes]) -> None:
        self._memory = Memory(dict(memory))
        self._revision = said
        self._saying: Saying | None = None

    async def look(self, rulebook: Rulebook) -> None:
        """Compare with a rulebook, on a thread: with 10,000 policies that takes half a second."""
        if rulebook.revision != self._revision:
            self._saying = await asyncio.to_thread(compare, self._memory, rulebook)
            self._revision = rulebook.revision

    def saying(self, revision: str | None = None) -> Saying | None:
        """What is to be said; None when there is nothing, or the comparison was with another revision than this."""
        return self._saying if revision in {None, self._revision} else None

    @property
    def compared(self) -> str:
        """The revision that was compared with last."""
        return self._revision

    def fold(self) -> None:
        """What was to be said has been committed."""
        for key, encoded in (self._saying.memory if self._saying is not None else {}).items():
            if encoded is None:
                self._memory.encoded.pop(key, None)
            else:
                self._memory.encoded[key] = encoded
        self._saying = None


class RuleChange:
    """Both of a lane. Only lane ``ANNOUNCER`` has an announcer.

    Args:
        lane: its number.
        restored: what its changelog says of it.
    """

    def __init__(self, lane: int, restored: Restored) -> None:
        self._sweep = Sweep(restored.swept)
        self._announcer = Announcer(restored.said, restored.policies) if lane == ANNOUNCER else None
        self._says = False

    @property
    def swept(self) -> str:
        """What the lane's changelog is to remember: with which revision everybody has been looked at, or empty."""
        return self._sweep.swept

    @property
    def said(self) -> str:
        """The same of policies: of which revision everything is said once this batch is committed, or empty."""
        if self._announcer is None or (self._announcer.saying() is not None and not self._says):
            return ""
        return self._announcer.compared

    @property
    def waiting(self) -> int:
        """How many members are still to be looked at."""
        return self._sweep.waiting

    async def wants_a_batch(self, rulebook: Rulebook, members: Collection[str]) -> bool:
        """Whether the rulebook leaves something to do, even without events."""
        self._sweep.turn_to(rulebook.revision, members)
        if self._announcer is not None:
            await self._announcer.look(rulebook)
        return self.waiting > 0 or (self._announcer is not None and self._announcer.saying() is not None)

    def begin(self, batch: Batch, members: Collection[str]) -> None:
        """A batch begins; its rulebook may be a newer one than was looked at."""
        self._sweep.turn_to(batch.rulebook.revision, members)

    def add_to(self, batch: Batch) -> Iterator[None]:
        """Put the next slice of the work into a batch; pauses now and then.

        Raises:
            LaneStopped: a timeline of the state cannot be read.
            RecordTooLarge: a record would be refused by the broker.
        """
        saying = None if self._announcer is None else self._announcer.saying(batch.rulebook.revision)
        self._says = saying is not None
        if saying is not None:
            yield from batch.announce(saying.alerts, saying.memory)
        for member in self._sweep.take():
            batch.follow(member)
            yield

    def fold(self) -> None:
        """The batch has been committed."""
        if self._announcer is not None and self._says:
            self._announcer.fold()
        self._says = False
