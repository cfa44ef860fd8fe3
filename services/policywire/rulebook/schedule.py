"""Documents that come into force at an instant: how they are written down, and what is in force when.

Knows the keys of published documents and the instant that may follow one. Is told what time it is, and knows no topic.

A document that waits stands under ``<key>@<instant>``, as ``cigna/MM 0552@2026-12-16T00:00:00Z``, beside the one under
``<key>`` that it will replace; the JSON value ``null`` there removes it then. No key of a document ends so: no
id may hold an ``@``, and watch rules' keys end with their file's suffix. Everybody who reads the same documents at the
same instant sees the same in force, with nothing else written and nobody woken.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from msgspec import Struct

from policywire.errors import BadInput

REMOVAL: Final = b"null"
"""What stands for "no longer there" until its instant. A deletion in Kafka cannot wait."""

INSTANT: Final = "%Y-%m-%dT%H:%M:%SZ"
START: Final = datetime(1900, 1, 1, tzinfo=UTC)
END: Final = datetime(2200, 1, 1, tzinfo=UTC)
"""Between them lie all dates of the contracts. A key with a much later instant would not be read as one that waits."""

_SCHEDULED: Final = re.compile(r"(?s)(.+)@([12][0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)")


class Scheduled(Struct, frozen=True):
    """A document that waits for its instant; without content it is to be removed then."""

    key: str
    at: datetime
    content: bytes | None

    @property
    def written_as(self) -> tuple[str, bytes]:
        """The key under which it stands while it waits, and the value there."""
        return (
            f"{self.key}@{self.at.astimezone(UTC).strftime(INSTANT)}",
            REMOVAL if self.content is None else self.content,
        )


class Documents(Struct, frozen=True):
    """Everything that is published: what stands without an instant, and what waits, the earliest first."""

    standing: Mapping[str, bytes]
    scheduled: tuple[Scheduled, ...] = ()

    @property
    def held(self) -> dict[str, bytes]:
        """All of it by the keys under which it is written."""
        return {**self.standing, **dict(each.written_as for each in self.scheduled)}

    def in_force(self, now: datetime) -> dict[str, bytes]:
        """The documents in force at an instant, by key."""
        found = dict(self.standing)
        for each in self.scheduled:
            if each.at <= now:
                _put(found, each.key, each.content)
        return found

    def next_instant(self, now: datetime) -> datetime | None:
        """When something else comes into force; None while nothing waits."""
        return min((each.at for each in self.scheduled if each.at > now), default=None)


def documents_of(held: Mapping[str, bytes]) -> Documents:
    """What is written, told apart. What looks almost like an instant is part of the key and so a faulty document."""
    standing: dict[str, bytes] = {}
    scheduled: list[Scheduled] = []
    for written, content in held.items():
        waiting = _waiting(written, content)
        if waiting is None:
            standing[written] = content
        else:
            scheduled.append(waiting)
    return Documents(standing, in_order(scheduled))


def in_order(scheduled: Iterable[Scheduled]) -> tuple[Scheduled, ...]:
    """By instant, then key."""
    return tuple(sorted(scheduled, key=lambda each: (each.at, each.key)))


def instant_of(text: str) -> datetime:
    """An instant as somebody writes it: RFC 3339 with its offset, in whole seconds, or a day, which begins in UTC.

    Raises:
        BadInput: it is neither, or lies in a year that no contract has.
    """
    mend = "Write it as 2026-12-16T00:00:00Z, or a day alone for its beginning in UTC."
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{text} is no instant. {mend}") from None
    if at.tzinfo is None:
        if len(text) != len("2026-12-16"):
            raise BadInput(f"{text} does not say its offset from UTC. {mend}")
        at = at.replace(tzinfo=UTC)
    if at.microsecond:
        raise BadInput(f"{text} has a fraction of a second. {mend}")
    # The year alone comes first: at the calendar's ends an offset cannot be computed with.
    if not START.year <= at.year < END.year or at >= END:
        raise BadInput(f"{text} does not lie in the years {START.year} to {END.year - 1}. {mend}")
    return at.astimezone(UTC)


def _waiting(written: str, content: bytes) -> Scheduled | None:
    found = _SCHEDULED.fullmatch(written)
    if found is None:
        return None
    try:
        at = datetime.strptime(found[2], INSTANT).replace(tzinfo=UTC)
    except ValueError:
        return None
    return Scheduled(found[1], at, None if content.strip() == REMOVAL else content)


def _put(documents: dict[str, bytes], key: str, content: bytes | None) -> None:
    if content is None:
        documents.pop(key, None)
    else:
        documents[key] = content
