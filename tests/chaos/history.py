"""A lane's changelog read as what it is: the lane's transactions, one after the other, each with its clock and offsets.

Every transaction of a lane ends its part of the changelog with a record of the lane's input offsets, so the log itself
says under which clock, after which events and with which rulebook each was decided. Knows the changelog's keys and
values as they are documented, and the codec of timelines; nothing of ``policywire.stream``.
"""

from collections.abc import Iterable, Iterator, Mapping

import msgspec
from msgspec import Struct, field
from tests.chaos.findings import Finding
from tests.chaos.logs import Entry

from policywire.cases.codec import TimelineUnreadable, decode

_OFFSETS_KEY = b"\xffoffsets"
_BARRIER_KEY = b"\xffbarrier"
_POLICY_KEY = b"\xffpolicy\0"
_OUTBOX_KEY = b"\xffoutbox"
"""No member id begins with such a byte."""


class Remembered(Struct, frozen=True, gc=False):
    """A word of the changelog on a member: the timeline's bytes, None when forgotten, and the ``due`` header."""

    value: bytes | None
    due: bytes | None


class Transaction(Struct):
    """What one transaction of a lane wrote to its changelog.

    ``now`` is in milliseconds; ``offsets`` are the next ones wanted, by topic; ``swept`` is the revision with which all
    that is booked has been looked at, empty in the midst of that. ``opened``: the lane was opened just before.
    ``revision`` is that of the rulebook that decided, as far as the log tells.
    """

    number: int
    now: int
    offsets: dict[str, int]
    swept: str
    opened: bool
    changes: dict[str, Remembered]
    policies: dict[bytes, bytes | None]
    revision: str = ""


class History(Struct):
    """All transactions of one lane, in order."""

    transactions: list[Transaction] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def members(self) -> set[str]:
        """Who was ever remembered."""
        return {member for each in self.transactions for member in each.changes}

    @property
    def offsets(self) -> dict[str, int]:
        """The next ones wanted at the end, by topic."""
        return self.transactions[-1].offsets if self.transactions else {}


class _Offsets(Struct, frozen=True):
    offsets: dict[str, int]
    swept: str = ""


_offsets = msgspec.json.Decoder(_Offsets).decode


def history_of(lane: int, entries: Iterable[Entry], revisions: Mapping[str, str]) -> History:
    """The history that a changelog partition tells.

    Args:
        revisions: of every rulebook there was, by the head that timelines name it with.
    """
    history = History()
    opened, pending = False, list[Entry]()
    for entry in entries:
        if entry.key == _BARRIER_KEY:
            opened = True
        elif entry.key == _OUTBOX_KEY:
            continue  # the second runner's: what the outputs themselves say
        elif entry.key == _OFFSETS_KEY:
            history.transactions.append(_transaction(len(history.transactions), pending, entry, opened=opened))
            opened, pending = False, []
        else:
            pending.append(entry)
    where = f"lane {lane}"
    if pending:
        history.findings.append(Finding("state", where, f"{len(pending)} changes without the offsets they belong to"))
    history.findings += _rewound(where, history.transactions)
    history.findings += _name_revisions(where, history.transactions, revisions)
    return history


def _transaction(number: int, changes: list[Entry], end: Entry, *, opened: bool) -> Transaction:
    stated = _offsets(end.value or b"")
    each = Transaction(number, end.timestamp, stated.offsets, stated.swept, opened, {}, {})
    for entry in changes:
        key = entry.key or b""
        if key.startswith(_POLICY_KEY):
            each.policies[key] = entry.value
        else:
            each.changes[key.decode()] = Remembered(entry.value, dict(entry.headers).get("due"))
    return each


def _rewound(where: str, transactions: list[Transaction]) -> Iterator[Finding]:
    """A lane's offsets never go back."""
    before: dict[str, int] = {}
    for each in transactions:
        if any(each.offsets.get(topic, -1) < offset for topic, offset in before.items()):
            yield Finding("rewound", where, f"{before} to {each.offsets}")
        before = each.offsets


def _name_revisions(where: str, transactions: list[Transaction], revisions: Mapping[str, str]) -> Iterator[Finding]:
    """Find out which rulebook decided each; one transaction has one."""
    last = ""
    for each in transactions:
        looked = {revision_in(change.value, revisions) for change in each.changes.values() if change.value is not None}
        each.revision = each.swept or next(iter(sorted(looked)), last)
        if each.revision not in {*revisions.values(), ""}:
            yield Finding("revision", where, f"transaction {each.number} by an unknown rulebook")
        if looked - {each.revision}:
            yield Finding("mixed", where, f"transaction {each.number} by {len(looked | {each.revision})} rulebooks")
        last = each.revision
    for later, each in zip(reversed(transactions), list(reversed(transactions))[1:], strict=False):
        each.revision = each.revision or later.revision


def revision_in(timeline: bytes, revisions: Mapping[str, str]) -> str:
    """The rulebook that a timeline was last looked at with; empty when it names none that there was."""
    try:
        return revisions.get(decode(timeline).looked, "")
    except TimelineUnreadable:
        return ""
