"""The history of what was published: who, when and why, what it changed, and what was in force at any time.

Knows the record of a publication (``schemas/publication.v1.schema.json``) and how documents follow from all of them.
Knows no topic and no clock.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from itertools import zip_longest
from typing import Final, Literal

from msgspec import Struct

from policywire.errors import BadInput
from policywire.rulebook.schedule import Documents, documents_of

NAME: Final = "policy-history"
"""Where it is, in the words of faults."""

Kind = Literal["publication", "rollback", "found"]


class Approval(Struct, frozen=True, kw_only=True):
    """That a second person approved of what was published."""

    by: str
    at: str
    note: str | None


class GateRun(Struct, frozen=True, kw_only=True):
    """The run of the gate that what was published had passed."""

    claims: int
    cases: int
    seed: int
    policywire: str
    durable_rules: str
    ran_at: str
    ran_by: str


class Account(Struct, frozen=True, kw_only=True):
    """Who publishes, why, and by whose leave; given by whoever asks for a publication.

    Attributes:
        kind: ``publication`` of a folder, ``rollback`` to what had been in force, or ``found``: what the topic held
            although no publication put it there.
        author: who published, as they call themselves; None of what was found.
        reason: what changed and why.
        content: the name of the folder's content, cases included, as the gate gives it; None of a rollback.
        gate: the run that it passed; None where there was none.
        approvals: by others than the author.
        forced: which of the gate's and the approval's demands were passed over on purpose.
        rolled_back_to: the publication whose documents are in force again, where there is one.
    """

    kind: Kind
    author: str | None
    reason: str
    content: str | None = None
    gate: GateRun | None = None
    approvals: tuple[Approval, ...] = ()
    forced: tuple[str, ...] = ()
    rolled_back_to: int | None = None


class Publication(Account, frozen=True, kw_only=True):
    """One publication as it is recorded.

    Attributes:
        number: from 1, in the order of publication.
        at: when it was published.
        effective_at: when it comes into force; the same where it did at once.
        revision_before: of the documents that would be in force at ``effective_at`` without it; None where there are
            none, or they cannot be used.
        revision: of those in force then with it; None only of what was found and cannot be used.
        written: keys of documents that are new or others at ``effective_at``.
        removed: keys of documents that are there no longer then.
        settled: keys with their instant of what had come due before and now stands without one.
        cancelled: keys with their instant of what waited and now does not.
        policywire: version of this package.
    """

    schema: Literal["publication.v1"] = "publication.v1"
    number: int
    at: datetime
    effective_at: datetime
    revision_before: str | None
    revision: str | None
    written: tuple[str, ...]
    removed: tuple[str, ...]
    settled: tuple[str, ...] = ()
    cancelled: tuple[str, ...] = ()
    policywire: str


class Entry(Struct, frozen=True):
    """A publication and the documents that it wrote, by the key under which they stand; None: removed."""

    publication: Publication
    changes: Mapping[str, bytes | None]


class Moment(Struct, frozen=True):
    """A time from which on other documents may have been in force, and the publication that was the latest then."""

    at: datetime
    number: int
    documents: Mapping[str, bytes]


def as_text(text: str) -> str:
    """Text that can be written down: bytes that were no UTF-8, and came as lone surrogates, are shown as digits."""
    return text.encode(errors="surrogateescape").decode(errors="backslashreplace")


class History:
    """All publications, the earliest first.

    Args:
        entries: in their order.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries = tuple(entries)

    @property
    def publications(self) -> list[Publication]:
        """Who, when, why and which keys."""
        return [each.publication for each in self.entries]

    @cached_property
    def states(self) -> tuple[Documents, ...]:
        """Everything that was held right after each publication."""
        return tuple(documents_of(held) for held in self._folded())

    @property
    def next_number(self) -> int:
        """Of the publication to come."""
        return self.entries[-1].publication.number + 1 if self.entries else 1

    @property
    def held(self) -> dict[str, bytes]:
        """What should be held now, by the keys under which it is written."""
        return next(iter(deque(self._folded(), maxlen=1)), {})

    def documents(self, number: int) -> dict[str, bytes]:
        """What a publication put in force at its instant.

        Raises:
            BadInput: there is no such publication.
        """
        for publication, state in zip(self.publications, self.states, strict=True):
            if publication.number == number:
                return state.in_force(publication.effective_at)
        raise BadInput(f"there is no publication {number}. policywire rules publications lists all of them")

    def moments(self, now: datetime) -> Iterator[Moment]:
        """What was in force, from the first publication to an instant; one moment may be as the one before it."""
        ends = [each.at for each in self.publications][1:]
        for publication, state, end in zip_longest(self.publications, self.states, ends):
            yield Moment(publication.at, publication.number, state.in_force(publication.at))
            for at in sorted({each.at for each in state.scheduled}):
                if publication.at < at <= (now if end is None else end):
                    yield Moment(at, publication.number, state.in_force(at))

    def before(self, now: datetime) -> Moment | None:
        """The last moment at which other documents were in force than at an instant; None where there is none.

        What was found and cannot be used was never in force with anybody.
        """
        unusable = {each.number for each in self.publications if each.revision is None}
        moments = list(self.moments(now))
        others = (each for each in reversed(moments) if each.documents != moments[-1].documents)
        return next((each for each in others if each.number not in unusable), None)

    def _folded(self) -> Iterator[dict[str, bytes]]:
        """What was held after each publication; the same dictionary each time, moved on."""
        held: dict[str, bytes] = {}
        for entry in self.entries:
            for key, content in entry.changes.items():
                if content is None:
                    held.pop(key, None)
                else:
                    held[key] = content
            yield held
