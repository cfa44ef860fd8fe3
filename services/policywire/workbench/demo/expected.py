"""What must come out: the same events, days and rules through the pure core, and how that differs from what was seen.

Knows the core and the contract of dead letters. Knows no Kafka: what was seen is given to it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from msgspec import Struct, field

from policywire.cases.announcements import Key, PolicyMemory, announce
from policywire.model.decode import CLAIM_DECODER, SCHEDULING_DECODER, Decoder, ErrorCode, Rejected
from policywire.model.events import AnyEvent
from policywire.model.records import Determination, Record, encode
from policywire.rulebook.rulebook import Rulebook
from policywire.step import step
from policywire.stream.clock import CLOCK_AHEAD
from policywire.workbench.demo.stories import CLAIMS, SCHEDULING
from policywire.workbench.generate import Published
from policywire.workbench.replay import BadLine, Replay

_DECODERS: Final[Mapping[str, Decoder[Any]]] = {CLAIMS: CLAIM_DECODER, SCHEDULING: SCHEDULING_DECODER}


class Outcomes(Struct):
    """What came out, or should: everything that was said of each id, in order, as bytes; and dead letters by code."""

    said: dict[str, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    dead_letters: Counter[str] = field(default_factory=Counter)

    @property
    def records(self) -> int:
        """How many records there are, dead letters aside."""
        return sum(map(len, self.said.values()))


class Expected:
    """The pure core beside the cluster. What it is told in turn, the cluster must have been told in that order.

    Args:
        rulebook: in force at first.
        now: the clock, which stands until it is moved.

    Attributes:
        outcomes: what must have come out.
    """

    def __init__(self, rulebook: Rulebook, now: datetime) -> None:
        self.outcomes = Outcomes()
        self._rulebook = rulebook
        self._now = now
        self._replay = Replay(rulebook)
        self._announced: dict[Key, PolicyMemory] = {}
        self._announce()
        self.move_clock(now)

    def take(self, topic: str, events: Iterable[Published]) -> None:
        """Events of one topic."""
        for published in events:
            if self._decoded(topic, published) is not None:
                self._note(self._replay.feed(0, published.value or b""))

    def move_clock(self, now: datetime) -> None:
        """Time passes."""
        self._now = now
        self._note(self._replay.advance(now))

    def change_rules(self, rulebook: Rulebook) -> None:
        """Another rulebook is in force."""
        self._rulebook = rulebook
        self._announce()
        self._note(self._replay.publish(rulebook, self._now))

    def take_amid_change(self, events: Iterable[Published], former: Rulebook, named: Mapping[str, str]) -> None:
        """Claims, each of a member of its own, that came while the rules changed: decided by one revision or the other.

        Args:
            events: they have no later story.
            former: the rulebook that was in force before.
            named: the revision that the first record of each id names.
        """
        for published in events:
            event = self._decoded(CLAIMS, published)
            if event is None:
                continue
            records = step(event, None, self._rulebook, self._now).records
            if any(named.get(_id(record)) == former.revision for record in records):
                records = step(event, None, former, self._now).records
            self._note(records)

    def _decoded(self, topic: str, published: Published) -> AnyEvent | None:
        """The event, or None when it is a dead letter, which is noted."""
        try:
            event: AnyEvent = _DECODERS[topic].decode(published.value, published.key)
        except Rejected as rejected:
            self.outcomes.dead_letters[rejected.code] += 1
            return None
        if event.occurred_at > self._now + CLOCK_AHEAD:
            self.outcomes.dead_letters[ErrorCode.CLOCK_AHEAD] += 1
            return None
        return event

    def _announce(self) -> None:
        announced = announce(self._announced, self._rulebook)
        for key, memory in announced.memory.items():
            if memory is None:
                self._announced.pop(key, None)
            else:
                self._announced[key] = memory
        self._note(announced.alerts)

    def _note(self, records: Iterable[Record | BadLine]) -> None:
        for record in records:
            if not isinstance(record, BadLine):  # the topic's own decoder has taken it, so there is none
                self.outcomes.said[_id(record)].append(encode(record))


def _id(record: Record) -> str:
    return record.determination_id if isinstance(record, Determination) else record.alert_id


def differences(wanted: Outcomes, seen: Outcomes) -> Iterator[str]:
    """Every way in which what was seen is not what was wanted, one sentence each; nothing when they agree."""
    if lost := wanted.said.keys() - seen.said.keys():
        yield f"{len(lost)} determinations or alerts are missing"
    if strange := seen.said.keys() - wanted.said.keys():
        yield f"{len(strange)} determinations or alerts should not be there"
    other = [each for each in wanted.said.keys() & seen.said.keys() if wanted.said[each] != seen.said[each]]
    if other:
        yield f"of {len(other)} determinations or alerts something else was said, or in another order, or not as often"
    for code in sorted(wanted.dead_letters.keys() | seen.dead_letters.keys()):
        if wanted.dead_letters[code] != seen.dead_letters[code]:
            yield f"{seen.dead_letters[code]} dead letters say {code} instead of {wanted.dead_letters[code]}"


def latest_differ(said: Mapping[str, list[bytes]], latest: Mapping[str, bytes]) -> Iterator[str]:
    """How the compacted topics differ from the last that the audit log has of each id."""
    if said.keys() != latest.keys():
        yield "the audit log and the topics of latest records are not of the same subjects"
    if any(records[-1] != latest.get(key) for key, records in said.items()):
        yield "the latest record of some subjects is not the last in the audit log"
