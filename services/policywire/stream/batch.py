"""One batch of a lane, decided: the way of a record from bytes to records. Knows every stage and does no I/O.

::

    bytes -> decode -> step(event, timeline, rulebook, now) -> determinations, alerts, audit-log
                |                  `-> timeline ------------> member-timelines
                `-> dead-letters

A batch works over an overlay: what it changes is seen by its later events and by nobody else until it is committed and
folded into the lane's state.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from policywire.cases.announcements import Key
from policywire.cases.codec import TimelineTooLong, TimelineUnreadable, is_strange_to
from policywire.cases.codec import decode as decode_timeline
from policywire.cases.codec import encode as encode_timeline
from policywire.cases.figures import Figures, figures_of
from policywire.cases.timeline import Timeline
from policywire.model.events import AnyEvent, AppointmentContent, ClaimContent
from policywire.model.records import Alert, Determination, Record, encode
from policywire.model.rejection import ErrorCode, Rejected
from policywire.rulebook.rulebook import Rulebook
from policywire.step import Step, follow, looked_with, passed_by, step, tick
from policywire.stream import changelog, deadletters
from policywire.stream.clock import CLOCK_AHEAD
from policywire.stream.completeness import Completeness
from policywire.stream.flood import Remembered
from policywire.stream.outgoing import Outgoing, RecordTooLarge
from policywire.stream.partitioning import places_of_ids
from policywire.stream.reader import Chunk
from policywire.stream.tally import Tally
from policywire.stream.totals import Turn

Decode = Callable[[bytes | None, bytes | None], AnyEvent]
"""(value, key) to an event; raises Rejected for what is none."""

BREATH = 128
"""Records read between two looks at the clock: about a millisecond."""
BREATH_DECIDING = 16
"""Events decided between two looks at the clock: about a millisecond."""


class Outlets:
    """Where records go: names on the cluster and partition counts.

    Args:
        prefix: in front of every topic's name.
        partitions: by topic name without prefix.
    """

    def __init__(self, prefix: str, partitions: Mapping[str, int]) -> None:
        self.determinations = prefix + "determinations"
        self.alerts = prefix + "alerts"
        self.audit_log = prefix + "audit-log"
        self.dead_letters = prefix + deadletters.TOPIC
        self.changelog = prefix + changelog.TOPIC
        self.partitions = {prefix + name: count for name, count in partitions.items()}


class Batch:
    """The events of one transaction as they are decided.

    Args:
        lane: its number, for errors and for what goes to the lane's own partition.
        timelines: the lane's state, encoded, by member id; not changed here.
        rulebook: decides all of the batch.
        now: the same for all of the batch.
        decoders: by the input topic's name on the cluster.
        outlets: where records go.
        outgoing: takes what is to be written.
        log_bug: told of an exception that the step raised, as :func:`policywire.stream.deadletters.place_of` words it.
    """

    def __init__(  # noqa: PLR0913  a batch is where everything meets, once
        self,
        lane: int,
        timelines: Mapping[str, bytes],
        rulebook: Rulebook,
        now: datetime,
        *,
        decoders: Mapping[str, Decode],
        outlets: Outlets,
        outgoing: Outgoing,
        log_bug: Callable[[str], None],
    ) -> None:
        self._lane = lane
        self._timelines = timelines
        self.rulebook = rulebook
        self.now = now
        self._decoders = decoders
        self._outlets = outlets
        self._log_bug = log_bug
        self.outgoing = outgoing
        self.tally = Tally()
        self._completeness = Completeness(rulebook)
        self._overlay: dict[str, Timeline | None] = {}
        self._dues: dict[str, float | None] = {}
        self._before: dict[str, Figures] = {}
        """What each member of whom something was said or forgotten stood for before the batch."""
        self.change = Change(self._dues)
        self._said: list[tuple[str, bytes, bytes]] = []
        """Topic, key and value of every determination and alert."""

    def take(self, chunk: Chunk) -> Iterator[None]:
        """Decide a chunk's events; pauses now and then, so that the caller can see to other things.

        First those that concern nobody are passed by, then the others are decided one after the other, in their order.
        Apart, because each kind is quicker among its like: mixed, a decision took twice as long.

        Raises:
            LaneStopped: a timeline of the state cannot be read.
            RecordTooLarge: a record would be refused by the broker.
        """
        decode, first = self._decoders[chunk.topic], chunk.first
        remembered, overlay, rulebook = self._timelines, self._overlay, self.rulebook
        horizon = self.now + CLOCK_AHEAD
        taken = undecided = unmapped = 0
        looked = looked_with(rulebook)
        waiting: list[tuple[AnyEvent, Any]] = []
        members: set[str] = set()
        for record in chunk.records:
            if record.offset < first:
                continue
            taken += 1
            if not taken % BREATH:
                yield
            try:
                event = decode(record.value, record.key)
            except Rejected as rejected:
                self._reject(record, chunk, rejected.code, rejected.detail)
                continue
            if event.occurred_at > horizon:
                self._reject(record, chunk, ErrorCode.CLOCK_AHEAD, deadletters.CLOCK_AHEAD_DETAIL)
                continue
            member = event.member_id
            if member not in overlay and member not in members:
                passed = passed_by(event, rulebook)
                if passed is not None and (
                    member not in remembered or self._is_strange(remembered[member], event, looked)
                ):
                    undecided += passed.undecided_lines
                    unmapped += passed.unmapped_codes
                    continue
            waiting.append((event, record))
            members.add(member)
        yield from self._decide(waiting, chunk)
        self.tally.received[chunk.topic] += taken
        self.tally.undecided_lines += undecided
        self.tally.unmapped_codes += unmapped
        self.tally.ages.append((chunk.timestamp, taken))
        yield

    def _is_strange(self, encoded: bytes, event: AnyEvent, looked: str) -> bool:
        try:
            return is_strange_to(encoded, _subject_id(event), looked)
        except TimelineUnreadable as error:
            raise changelog.unreadable(self._lane, error) from None

    def _decide(self, waiting: list[tuple[AnyEvent, Any]], chunk: Chunk) -> Iterator[None]:
        for number, (event, record) in enumerate(waiting, 1):
            if not number % BREATH_DECIDING:
                yield
            timeline = self._timeline(event.member_id)
            try:
                result = step(event, timeline, self.rulebook, self.now)
            except MemoryError:
                raise
            except Exception as error:  # noqa: BLE001  our bug, whatever it is: not lost, and in nobody's way
                self._reject_for_bug(record, chunk, error)
                continue
            self._completeness.look(event)
            self.tally.undecided_lines += result.undecided_lines
            self.tally.unmapped_codes += result.unmapped_codes
            if timeline is not None or result.timeline is not None or result.records:
                self._keep(event.member_id, timeline, result)

    def _reject_for_bug(self, record: Any, chunk: Chunk, error: Exception) -> None:
        place = deadletters.place_of(error)
        self._log_bug(place)
        self._reject(record, chunk, ErrorCode.PROCESSING_ERROR, place)

    def tick(self, member: str) -> None:
        """Look at a member again because time has passed."""
        timeline = self._timeline(member)
        if timeline is None:
            self._dues[member] = None
        else:
            self._keep(member, timeline, tick(timeline, self.rulebook, self.now))

    def follow(self, member: str) -> None:
        """Look at a member again because the rulebook has changed, if something is booked."""
        timeline = self._timeline(member)
        if timeline is not None:
            result = follow(timeline, self.rulebook, self.now)
            if result.timeline is not timeline:
                self._keep(member, timeline, result)
                self.tally.followed += 1

    def announce(self, alerts: Iterable[Alert], memory: Mapping[Key, bytes | None]) -> Iterator[None]:
        """Say what is to be said of policies, and remember that it was, encoded; pauses like :meth:`take`."""
        for number, alert in enumerate(alerts, 1):
            self._emit(alert)
            if not number % BREATH:
                yield
        for number, (key, value) in enumerate(memory.items(), 1):
            self.outgoing.add(self._outlets.changelog, self._lane, changelog.policy_key(key), value)
            if not number % BREATH:
                yield

    def _timeline(self, member: str) -> Timeline | None:
        if member in self._overlay:
            return self._overlay[member]
        encoded = self._timelines.get(member)
        if encoded is None:
            return None
        try:
            return decode_timeline(encoded)
        except TimelineUnreadable as error:
            raise changelog.unreadable(self._lane, error) from None

    def _keep(self, member: str, before: Timeline | None, result: Step) -> None:
        if result.timeline is not before:
            if member not in self._before and (result.records or _forgets(before, result.timeline)):
                self._before[member] = figures_of(before)
            self._overlay[member] = result.timeline
        self._dues[member] = None if result.due is None else result.due.timestamp()
        for record in result.records:
            self._emit(record)

    def _emit(self, record: Record) -> None:
        if isinstance(record, Determination):
            topic, key, policy = self._outlets.determinations, record.determination_id, record.policy
            self.tally.determinations[policy.payer, policy.id, policy.version, record.outcome, record.status] += 1
        else:
            topic, key = self._outlets.alerts, record.alert_id
            self.tally.alerts[record.kind, record.severity, record.status] += 1
        self._said.append((topic, key.encode(), encode(record)))

    def _reject(self, record: Any, chunk: Chunk, code: ErrorCode, detail: str) -> None:
        self.tally.rejected[chunk.topic, code.value] += 1
        headers = deadletters.headers(code, detail, chunk.topic, chunk.partition, record.offset, record.timestamp)
        topic = self._outlets.dead_letters
        partition = self._lane % self._outlets.partitions[topic]
        self.outgoing.add(topic, partition, record.key, record.value, headers, deadletters.OCTETS_MAX)

    def finish(self) -> Iterator[None]:
        """Put what was said and what changed in the state into the outgoing records, the latter also into ``change``.

        What was said waits until here, because the partitions of many are worked out in less time than those of each.
        """
        outlets, outgoing = self._outlets, self.outgoing
        places = places_of_ids([key for _, key, _ in self._said])
        yield
        for number, ((topic, key, value), place) in enumerate(zip(self._said, places, strict=True), 1):
            for name in (topic, outlets.audit_log):
                outgoing.add(name, place % outlets.partitions[name], key, value)
            if not number % BREATH:
                yield
        for number, (member, timeline) in enumerate(self._overlay.items(), 1):
            encoded = None if timeline is None else self._encoded(timeline)
            self.change.timelines[member] = encoded
            if member in self._before:
                self.change.figures[member] = (self._before[member], figures_of(timeline))
            due = changelog.due_header(self._dues.get(member)) if encoded is not None else []
            outgoing.add(outlets.changelog, self._lane, member.encode(), encoded, due)
            if not number % BREATH:
                yield
        self.tally.timelines_changed = len(self.change.timelines)
        self._completeness.add_to(self.tally)

    def _encoded(self, timeline: Timeline) -> bytes:
        try:
            return encode_timeline(timeline, self.outgoing.octets_max)
        except TimelineTooLong as error:
            raise RecordTooLarge(self._outlets.changelog, error.octets) from None

    def add_offsets(self, offsets: dict[str, int], swept: str, said: str, flood: Remembered = ()) -> None:
        """Put the lane's input offsets, by topic name without prefix, into the changelog, and how far it followed."""
        value = changelog.encode_offsets(offsets, swept, said, self.now, flood)
        self.outgoing.add(self._outlets.changelog, self._lane, changelog.OFFSETS_KEY, value)


def _subject_id(event: AnyEvent) -> str:
    """The claim's or the appointment's id; empty, and so in every timeline, for an event that states neither."""
    if isinstance(event, ClaimContent):
        return event.claim_id
    return event.appointment_id if isinstance(event, AppointmentContent) else ""


def _forgets(before: Timeline | None, after: Timeline | None) -> bool:
    """Whether a verdict goes without a word: its claim or appointment was forgotten, and its determination stands."""
    return before is not None and len(before.verdicts) != (0 if after is None else len(after.verdicts))


class Change:
    """What a committed batch does to the lane's state. ``timelines``: None forgets; ``dues``: None has none.

    ``figures``: what members stood for before and stand for after, of those for whom it may differ.
    """

    __slots__ = ("dues", "figures", "timelines")

    def __init__(self, dues: dict[str, float | None]) -> None:
        self.figures: dict[str, Turn] = {}
        self.timelines: dict[str, bytes | None] = {}
        self.dues = dues
