"""What is demanded: dead letters, what a rulebook says of policies, and each member's records in whatever order.

Knows the pure core, nothing of ``policywire.stream``. Within a topic a member's events have one order. Between the two
topics of a lane they meet as they were fetched, so the order is searched: one must exist that explains everything that
was said of the member, in every stream, and its last state. For a member with events in one topic that is one order.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

from aiokafka.partitioner import murmur2
from msgspec import Struct, field
from tests.chaos.logs import Entry, Log, Stream

from policywire.cases.announcements import announce
from policywire.cases.announcements import encode as encode_memory
from policywire.cases.codec import encode as encode_timeline
from policywire.cases.timeline import Timeline
from policywire.model.decode import CLAIM_DECODER, SCHEDULING_DECODER
from policywire.model.events import AnyEvent
from policywire.model.records import Determination, Record, encode
from policywire.model.rejection import Rejected
from policywire.rulebook.rulebook import Rulebook
from policywire.step import step

CLAIMS: Final = "claim-events"
SCHEDULING: Final = "scheduling-events"
INPUTS: Final = (CLAIMS, SCHEDULING)
RECORD_TOPICS: Final = frozenset({"determinations", "alerts", "audit-log"})
_DECODE: Final[Mapping[str, Any]] = {CLAIMS: CLAIM_DECODER.decode, SCHEDULING: SCHEDULING_DECODER.decode}
_CLOCK_AHEAD: Final = timedelta(hours=24)
Source = tuple[str, int, int]
"""Topic, partition and offset of an input record."""


class Turn(Struct, frozen=True):
    """A member's event, and when the broker stored it."""

    event: AnyEvent
    stored: int


class Member(Struct):
    """The events of one member in one lane, by topic, each in its order."""

    claims: list[Turn] = field(default_factory=list)
    scheduling: list[Turn] = field(default_factory=list)

    @property
    def is_interleaved(self) -> bool:
        """Whether the order of its events is not known beforehand."""
        return bool(self.claims and self.scheduling)


class DeadLetter(Struct, frozen=True):
    """A dead letter that must be there, in the lane's partition, with the source's own key and value."""

    code: str
    detail: str
    entry: Entry


class Intake(Struct):
    """The input as the worker must take it."""

    members: dict[tuple[int, str], Member] = field(default_factory=dict)
    dead: dict[Source, DeadLetter] = field(default_factory=dict)


class Said(Struct, frozen=True):
    """A record in its stream."""

    stream: Stream
    value: bytes


class Node(Struct, frozen=True):
    """A member after some of its events. ``said`` is what the last of them made the worker say; ``heard`` counts, by
    stream, how many of the member's records are explained so far."""

    claims: int
    scheduling: int
    timeline: Timeline | None
    said: tuple[Said, ...]
    heard: dict[Stream, int]
    before: "Node | None"

    @property
    def events(self) -> int:
        """How many events were taken."""
        return self.claims + self.scheduling

    @property
    def state(self) -> bytes | None:
        """The timeline as the changelog must have it."""
        return None if self.timeline is None else encode_timeline(self.timeline)

    @property
    def due(self) -> bytes | None:
        """The instant of the changelog's ``due`` header."""
        day = None if self.timeline is None else self.timeline.due
        return None if day is None else b"%d" % datetime.combine(day, time(), UTC).timestamp()

    def story(self) -> dict[Stream, list[bytes]]:
        """Everything said from the first event to here, by stream."""
        path: list[Node] = []
        node: Node | None = self
        while node is not None:
            path.append(node)
            node = node.before
        streams: dict[Stream, list[bytes]] = {}
        for each in reversed(path):
            for said in each.said:
                streams.setdefault(said.stream, []).append(said.value)
        return streams


class Explanation(Struct, frozen=True):
    """The end of an order of a member's events; ``holds``: it explains all that was observed."""

    end: Node
    holds: bool


class Evidence(Struct, frozen=True):
    """What an order must explain: a member's records in some topics and, unless ``any_state``, the last state."""

    streams: Mapping[Stream, list[bytes]]
    topics: frozenset[str]
    state: bytes | None
    any_state: bool

    @property
    def is_all(self) -> bool:
        """Whether nothing observed is left out."""
        return self.topics == RECORD_TOPICS and not self.any_state

    def fits(self, node: Node) -> bool:
        """Whether what was said last is what was observed next, in every stream."""
        heard = dict(node.before.heard) if node.before is not None else {}
        for said in node.said:
            if said.stream[0] in self.topics:
                position = heard.get(said.stream, 0)
                stream = self.streams.get(said.stream, ())
                if position >= len(stream) or stream[position] != said.value:
                    return False
                heard[said.stream] = position + 1
        return True

    def is_met_by(self, node: Node) -> bool:
        """Whether all of it was said, and the state is reached."""
        return (self.any_state or node.state == self.state) and all(
            node.heard.get(stream, 0) == len(values)
            for stream, values in self.streams.items()
            if stream[0] in self.topics
        )


def _evidence(streams: Mapping[Stream, list[bytes]], state: bytes | None) -> Iterator[Evidence]:
    """All there is, then less and less of it."""
    yield Evidence(streams, RECORD_TOPICS, state, any_state=False)
    yield Evidence(streams, RECORD_TOPICS, state, any_state=True)
    yield Evidence(streams, RECORD_TOPICS - {"audit-log"}, state, any_state=True)
    yield Evidence(streams, frozenset({"audit-log"}), state, any_state=True)


class Recomputation:
    """Recomputes members under one rulebook at one moment.

    Args:
        partitions: how many each output topic has.
    """

    def __init__(self, rulebook: Rulebook, now: datetime, partitions: Mapping[str, int]) -> None:
        self._rulebook = rulebook
        self._now = now
        self._partitions = partitions

    def take_in(self, log: Log) -> Intake:
        """Decode the input: who must be remembered, and what must become a dead letter."""
        intake = Intake()
        for topic in INPUTS:
            for (name, lane), entries in log.entries.items():
                if name == topic:
                    for entry in entries:
                        self._take(intake, topic, lane, entry)
        return intake

    def _take(self, intake: Intake, topic: str, lane: int, entry: Entry) -> None:
        try:
            event = _DECODE[topic](entry.value, entry.key)
        except Rejected as rejected:
            intake.dead[topic, lane, entry.offset] = DeadLetter(rejected.code.value, rejected.detail, entry)
            return
        if event.occurred_at > self._now + _CLOCK_AHEAD:
            detail = "/occurred_at clock_ahead"
            intake.dead[topic, lane, entry.offset] = DeadLetter("clock_ahead", detail, entry)
            return
        member = intake.members.setdefault((lane, event.member_id), Member())
        turns = member.claims if topic == CLAIMS else member.scheduling
        turns.append(Turn(event, entry.timestamp))

    def of_policies(self) -> tuple[dict[Stream, list[bytes]], dict[bytes, bytes]]:
        """What a first start says of the rulebook's policies, by stream; and what the changelog then has of them."""
        announced = announce({}, self._rulebook)
        streams: dict[Stream, list[bytes]] = {}
        for alert in announced.alerts:
            for said in self._said(alert):
                streams.setdefault(said.stream, []).append(said.value)
        memory = {
            b"\xffpolicy\0%b\0%b" % (payer.encode(), policy.encode()): encode_memory(each)
            for (payer, policy), each in announced.memory.items()
            if each is not None
        }
        return streams, memory

    def explain(self, member: Member, observed: Mapping[Stream, list[bytes]], state: bytes | None) -> Explanation:
        """Find an order of the member's events that says what was observed and ends in that state.

        When there is none, one that explains as much as can be is taken, so that a fault in one topic is not reported
        as faults in all of them.
        """
        for evidence in _evidence(observed, state):
            if (end := self._search(member, evidence)) is not None:
                return Explanation(end, holds=evidence.is_all)
        return Explanation(self._finish(Node(0, 0, None, (), {}, None), member), holds=False)

    def _search(self, member: Member, evidence: Evidence) -> Node | None:
        stack = [Node(0, 0, None, (), {}, None)]
        seen: set[object] = set()
        while stack:
            node = stack.pop()
            turns = _next_turns(member, node)
            if not turns and evidence.is_met_by(node):
                return node
            for turn in reversed(turns):
                after = self._after(node, turn, member)
                if evidence.fits(after) and (not member.is_interleaved or _is_new(after, seen)):
                    stack.append(after)
        return None

    def _finish(self, node: Node, member: Member) -> Node:
        """Go on in the likeliest order, whatever was observed."""
        while turns := _next_turns(member, node):
            node = self._after(node, turns[0], member)
        return node

    def _after(self, node: Node, turn: Turn, member: Member) -> Node:
        is_claim = node.claims < len(member.claims) and turn is member.claims[node.claims]
        result = step(turn.event, node.timeline, self._rulebook, self._now)
        said = tuple(each for record in result.records for each in self._said(record))
        heard = node.heard
        if said:
            heard = dict(heard)
            for each in said:
                heard[each.stream] = heard.get(each.stream, 0) + 1
        return Node(node.claims + is_claim, node.scheduling + (not is_claim), result.timeline, said, heard, node)

    def _said(self, record: Record) -> Iterator[Said]:
        key = record.determination_id if isinstance(record, Determination) else record.alert_id
        value = encode(record)
        for topic in ("determinations" if isinstance(record, Determination) else "alerts", "audit-log"):
            yield Said((topic, partition_of(key.encode(), self._partitions[topic])), value)


def partition_of(key: bytes, partitions: int) -> int:
    """Where Kafka's default partitioner puts a key, by aiokafka's own hash."""
    return int(murmur2(key) & 0x7FFFFFFF) % partitions


def _next_turns(member: Member, node: Node) -> list[Turn]:
    """What may come next, the likelier first: what was stored earlier was mostly fetched earlier."""
    turns = [*member.claims[node.claims : node.claims + 1], *member.scheduling[node.scheduling : node.scheduling + 1]]
    return sorted(turns, key=lambda turn: turn.stored)


def _is_new(node: Node, seen: set[object]) -> bool:
    """Whether no other order led to the same place."""
    place = (node.claims, node.scheduling, node.state, frozenset(node.heard.items()))
    if place in seen:
        return False
    seen.add(place)
    return True
