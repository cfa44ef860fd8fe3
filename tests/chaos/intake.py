"""A lane's input, shared out: what each transaction took of each member, and what must have become a dead letter.

Knows the decoders, which the auditor shares with the worker, and the history that says how far each transaction read.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from msgspec import Struct, field
from tests.chaos.history import History, Remembered, Transaction
from tests.chaos.logs import Entry

from policywire.model.decode import CLAIM_DECODER, SCHEDULING_DECODER
from policywire.model.events import AnyEvent
from policywire.model.rejection import Rejected
from policywire.rulebook.rulebook import Rulebook
from policywire.step import passed_by

CLAIMS: Final = "claim-events"
SCHEDULING: Final = "scheduling-events"
INPUTS: Final = (CLAIMS, SCHEDULING)
_DECODE: Final[Mapping[str, Any]] = {CLAIMS: CLAIM_DECODER.decode, SCHEDULING: SCHEDULING_DECODER.decode}
_CLOCK_AHEAD: Final = timedelta(hours=24)
Source = tuple[str, int, int]
"""Topic, partition and offset of an input record."""


class Turn(Struct, frozen=True, gc=False):
    """A member's event, and when the broker stored it."""

    event: AnyEvent
    stored: int


class Share(Struct):
    """What one transaction took of one member, by topic in order, and what it then remembered (None: nothing new)."""

    transaction: Transaction
    claims: list[Turn] = field(default_factory=list)
    scheduling: list[Turn] = field(default_factory=list)
    change: Remembered | None = None

    @property
    def turns(self) -> list[Turn]:
        """All events, in the likeliest order: what was stored earlier was mostly fetched earlier."""
        return sorted((*self.claims, *self.scheduling), key=lambda turn: turn.stored)


class DeadLetter(Struct, frozen=True):
    """A dead letter that must be there, in the lane's partition, with the source's own key and value, at ``now``."""

    code: str
    detail: str
    entry: Entry
    now: int


class Intake(Struct):
    """A lane's input: each member's shares in order, and the dead letters. ``taken`` counts records."""

    members: dict[str, list[Share]] = field(default_factory=dict)
    dead: dict[Source, DeadLetter] = field(default_factory=dict)
    taken: int = 0


def take_in(
    lane: int, history: History, inputs: Mapping[str, list[Entry]], rulebooks: Mapping[str, Rulebook]
) -> Intake:
    """Share a lane's input out.

    Args:
        inputs: the lane's records by topic.
        rulebooks: by revision.
    """
    intake, remembered = Intake(), history.members
    iterators = {topic: iter(inputs.get(topic, ())) for topic in INPUTS}
    ahead: dict[str, Entry | None] = {topic: next(each, None) for topic, each in iterators.items()}
    for transaction in history.transactions:
        shares: dict[str, Share] = {}
        for topic in INPUTS:
            end = transaction.offsets.get(topic, 0)
            for entry in _until(end, topic, iterators[topic], ahead):
                intake.taken += 1
                event = _event(lane, topic, entry, transaction, intake)
                if event is None or _leaves_no_trace(event, rulebooks.get(transaction.revision), remembered):
                    continue
                share = shares.setdefault(event.member_id, Share(transaction))
                (share.claims if topic == CLAIMS else share.scheduling).append(Turn(event, entry.timestamp))
        for member, change in transaction.changes.items():
            shares.setdefault(member, Share(transaction)).change = change
        for member, share in shares.items():
            intake.members.setdefault(member, []).append(share)
    return intake


def _until(end: int, topic: str, entries: Iterator[Entry], ahead: dict[str, Entry | None]) -> Iterable[Entry]:
    while (entry := ahead[topic]) is not None and entry.offset < end:
        yield entry
        ahead[topic] = next(entries, None)


def _event(lane: int, topic: str, entry: Entry, transaction: Transaction, intake: Intake) -> AnyEvent | None:
    try:
        event: AnyEvent = _DECODE[topic](entry.value, entry.key)
    except Rejected as rejected:
        letter = DeadLetter(rejected.code.value, rejected.detail, entry, transaction.now)
    else:
        if event.occurred_at <= moment(transaction) + _CLOCK_AHEAD:
            return event
        letter = DeadLetter("clock_ahead", "/occurred_at clock_ahead", entry, transaction.now)
    intake.dead[topic, lane, entry.offset] = letter
    return None


def _leaves_no_trace(event: AnyEvent, rulebook: Rulebook | None, remembered: set[str]) -> bool:
    """Whether it concerns nobody: of a member who was never remembered, and about nothing that is listed."""
    if rulebook is None or event.member_id in remembered:
        return False
    passed = passed_by(event, rulebook)
    return passed is not None and passed.timeline is None and not passed.records


def moment(transaction: Transaction) -> datetime:
    """The clock under which a transaction was decided."""
    return datetime.fromtimestamp(transaction.now // 1000, UTC) + timedelta(milliseconds=transaction.now % 1000)
