"""What the worker said, sorted by what it is about: members, policies, dead letters by source.

Knows the shape of the worker's records as the contracts have them. Judges nothing but where a record lies and whether
there was a rulebook of the revision that it names.
"""

from collections.abc import Collection, Iterable, Mapping

import msgspec
from msgspec import Struct, field
from tests.chaos.findings import Finding
from tests.chaos.intake import Source
from tests.chaos.logs import Entry, Log, Stream
from tests.chaos.sayings import RECORD_TOPICS, Said, partition_of

DEAD_LETTERS = "dead-letters"
CHANGELOG = "member-timelines"
OUTPUTS = (*RECORD_TOPICS, DEAD_LETTERS, CHANGELOG)


class Heading(Struct, frozen=True):
    """What the auditor reads of a determination or an alert; one about a policy has no member."""

    member_id: str | None
    rulebook_revision: str
    status: str
    kind: str | None = None
    determination_id: str | None = None
    alert_id: str | None = None

    @property
    def key(self) -> str | None:
        """The record's id, which must be its key."""
        return self.determination_id or self.alert_id


class Uttered(Struct, frozen=True, gc=False):
    """A record as it stands in its stream; ``now`` is its timestamp, the clock under which it was decided, in ms."""

    value: bytes
    now: int


class Observed(Struct):
    """Everything that was said.

    ``records`` is by member, then stream; ``of_policies`` by stream. ``dead`` is by the source that the headers name.
    """

    records: dict[str, dict[Stream, list[Uttered]]] = field(default_factory=dict)
    of_policies: dict[Stream, list[Uttered]] = field(default_factory=dict)
    dead: dict[Source, list[tuple[Stream, Entry]]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


heading = msgspec.json.Decoder(Heading).decode
"""What a determination's or an alert's bytes are about; raises msgspec.MsgspecError when they are neither."""


def observe(log: Log, prefix: str, revisions: Collection[str], partitions: Mapping[str, int]) -> Observed:
    """Sort the outputs of a log.

    Args:
        prefix: of the topics on the cluster, which the headers of dead letters carry.
        revisions: of the rulebooks that there were.
        partitions: how many each output topic has.
    """
    observed = Observed()
    for stream, entries in log.entries.items():
        topic, _ = stream
        for entry in entries:
            if topic in RECORD_TOPICS:
                _take_record(observed, stream, entry, revisions, partitions[topic])
            elif topic == DEAD_LETTERS:
                observed.dead.setdefault(_source(entry, prefix), []).append((stream, entry))
    return observed


def _take_record(observed: Observed, stream: Stream, entry: Entry, revisions: Collection[str], partitions: int) -> None:
    where = f"{stream[0]}-{stream[1]}"
    try:
        head = heading(entry.value or b"")
    except msgspec.MsgspecError:
        observed.findings.append(Finding("phantom", where, f"offset {entry.offset} is no determination and no alert"))
        return
    key = (head.key or "").encode()
    if entry.key != key or partition_of(key, partitions) != stream[1]:
        observed.findings.append(Finding("misplaced", where, f"offset {entry.offset}"))
    if head.rulebook_revision not in revisions:
        observed.findings.append(Finding("revision", where, f"offset {entry.offset}"))
    member = head.member_id
    streams = observed.of_policies if member is None else observed.records.setdefault(member, {})
    streams.setdefault(stream, []).append(Uttered(entry.value or b"", entry.timestamp))


def _source(entry: Entry, prefix: str) -> Source:
    headers = dict(entry.headers)
    topic = headers.get("source_topic", b"").decode().removeprefix(prefix)
    return topic, int(headers.get("source_partition", b"-1")), int(headers.get("source_offset", b"-1"))


def sayings_of(records: Iterable[Said], now: int) -> dict[Stream, list[Uttered]]:
    """What one transaction said, by stream."""
    sayings: dict[Stream, list[Uttered]] = {}
    for each in records:
        sayings.setdefault(each.stream, []).append(Uttered(each.value, now))
    return sayings


def take_repeated(
    sayings: Mapping[Stream, list[Uttered]],
    story: dict[Stream, list[Uttered]],
    observed: Mapping[Stream, list[Uttered]],
) -> int:
    """Add to the story what stands in a stream once more, at once after it: the same records, whole and in order.

    At least once allows that and nothing else: equal bytes, the same instant, before anything else is said of the
    member. Gives how many records that were.
    """
    count = 0
    for stream, said in sayings.items():
        told, there = story[stream], observed.get(stream, [])
        while there[len(told) : len(told) + len(said)] == said:
            told += said
            count += len(said)
    return count


def comes_next(
    records: Iterable[Said], story: Mapping[Stream, list[Uttered]], observed: Mapping[Stream, list[Uttered]]
) -> bool:
    """Whether records are, in every stream, what was said next after what is explained already (``story``)."""
    position: dict[Stream, int] = {}
    for each in records:
        at = position.get(each.stream, len(story.get(each.stream, ())))
        stream = observed.get(each.stream, ())
        if at >= len(stream) or stream[at].value != each.value:
            return False
        position[each.stream] = at + 1
    return True
