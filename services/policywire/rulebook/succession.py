"""What a publication changes: from the documents that are held, and those that are wanted, to those held afterwards.

Knows documents by key and instants. Is told what time it is; reads no document and knows no topic.

Every publication also does away with what has come due: it takes its place among the standing documents, which changes
nothing that is in force. What still waits goes on waiting, unless it is to be cancelled.
"""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from policywire.rulebook.schedule import Documents, Scheduled, in_order


class Wanted(Struct, frozen=True):
    """What is to be published.

    Attributes:
        documents: by key.
        keep: leave what else is in force, instead of removing it.
        at: when it is to come into force; None: at once.
        cancel: take back what waits for its instant.
    """

    documents: Mapping[str, bytes]
    keep: bool = False
    at: datetime | None = None
    cancel: bool = False


class Succession(Struct, frozen=True):
    """What becomes of the documents held.

    Attributes:
        after: what is held then.
        changes: what must be written for that, by the key under which it is written; None removes.
        effective_at: when the publication comes into force.
        written: keys of documents that are new or others at that instant.
        removed: keys of documents that are there no longer at that instant.
        unchanged: how many of the wanted documents are the same already.
        settled: keys with the instant of what had come due and now stands without one.
        cancelled: keys with the instant of what waited and now does not.
    """

    after: Documents
    changes: Mapping[str, bytes | None]
    effective_at: datetime
    written: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: int
    settled: tuple[str, ...]
    cancelled: tuple[str, ...]

    @property
    def matters(self) -> bool:
        """Whether it changes anything that is or will be in force, and so is worth a publication."""
        return bool(self.written or self.removed or self.cancelled)

    @property
    def instants(self) -> tuple[datetime, ...]:
        """Each instant from which on the publication makes a difference to what is in force."""
        later = {each.at for each in self.after.scheduled if each.at > self.effective_at}
        return (self.effective_at, *sorted(later))


def succeed(before: Documents, wanted: Wanted, now: datetime) -> Succession:
    """What publishing does to the documents held at an instant."""
    at = now if wanted.at is None else wanted.at
    after = _after(before, wanted, now)
    held, then = before.held, after.held
    changes: dict[str, bytes | None] = {key: value for key, value in then.items() if held.get(key) != value}
    changes.update(dict.fromkeys(sorted(held.keys() - then.keys())))
    earlier, later = before.in_force(at), after.in_force(at)
    written = tuple(sorted(key for key, value in later.items() if earlier.get(key) != value))
    gone = [each for each in before.scheduled if each.written_as[0] not in then]
    return Succession(
        after=after,
        changes=changes,
        effective_at=at,
        written=written,
        removed=tuple(sorted(earlier.keys() - later.keys())),
        unchanged=sum(1 for key in wanted.documents if key not in written),
        settled=tuple(each.written_as[0] for each in gone if each.at <= now),
        cancelled=tuple(each.written_as[0] for each in gone if each.at > now),
    )


def _after(before: Documents, wanted: Wanted, now: datetime) -> Documents:
    standing = before.in_force(now)
    waiting = () if wanted.cancel else tuple(each for each in before.scheduled if each.at > now)
    if wanted.at is None:
        return Documents({**(standing if wanted.keep else {}), **wanted.documents}, waiting)
    return Documents(standing, _waiting(Documents(standing, waiting), wanted, wanted.at))


def _waiting(before: Documents, wanted: Wanted, at: datetime) -> tuple[Scheduled, ...]:
    """What waits once documents are published for an instant: they take the place of all that waited for the same."""
    others = tuple(each for each in before.scheduled if each.at != at)
    target = {**(before.in_force(at) if wanted.keep else {}), **wanted.documents}
    found = Documents(before.standing, others).in_force(at)
    differing = [Scheduled(key, at, content) for key, content in target.items() if found.get(key) != content]
    removed = [Scheduled(key, at, None) for key in found.keys() - target.keys()]
    return in_order([*others, *differing, *removed])
