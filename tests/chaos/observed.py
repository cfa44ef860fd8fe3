"""What the worker wrote, sorted by what it is about: members, policies, dead letters by source, state by lane.

Knows the shape of the worker's records as the contracts and the changelog have them. Judges nothing but where a record
lies and which rulebook made it.
"""

from collections.abc import Mapping

import msgspec
from msgspec import Struct, field
from tests.chaos.findings import Finding
from tests.chaos.logs import Entry, Log, Stream
from tests.chaos.recompute import Source, partition_of

RECORD_TOPICS = ("determinations", "alerts", "audit-log")
DEAD_LETTERS = "dead-letters"
CHANGELOG = "member-timelines"
OUTPUTS = (*RECORD_TOPICS, DEAD_LETTERS, CHANGELOG)
_OFFSETS_KEY = b"\xffoffsets"
_LANE_KEY = b"\xff"
"""No member id begins with this byte; the lane's own records do."""
_POLICY_KEY = b"\xffpolicy\0"


class Heading(Struct, frozen=True):
    """What the auditor reads of a determination or an alert; one about a policy has no member."""

    member_id: str | None
    rulebook_revision: str
    determination_id: str | None = None
    alert_id: str | None = None

    @property
    def key(self) -> str | None:
        """The record's id, which must be its key."""
        return self.determination_id or self.alert_id


class _Offsets(Struct, frozen=True):
    offsets: dict[str, int]


class Remembered(Struct, frozen=True):
    """The last word of the changelog on a member: the timeline's bytes, None when forgotten, and the ``due`` header."""

    value: bytes | None
    due: bytes | None


class Observed(Struct):
    """Everything that was written.

    ``records`` is by member, then stream; ``of_policies`` by stream. ``dead`` is by the source that the headers name.
    ``timelines``, ``policies`` (the last word on each changelog key of a policy) and ``offsets`` are by lane.
    """

    records: dict[str, dict[Stream, list[bytes]]] = field(default_factory=dict)
    of_policies: dict[Stream, list[bytes]] = field(default_factory=dict)
    dead: dict[Source, list[tuple[Stream, Entry]]] = field(default_factory=dict)
    timelines: dict[int, dict[str, Remembered]] = field(default_factory=dict)
    policies: dict[int, dict[bytes, bytes | None]] = field(default_factory=dict)
    offsets: dict[int, dict[str, int]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


_heading = msgspec.json.Decoder(Heading).decode
_offsets = msgspec.json.Decoder(_Offsets).decode


def observe(log: Log, prefix: str, revision: str, partitions: Mapping[str, int]) -> Observed:
    """Sort the outputs of a log.

    Args:
        prefix: of the topics on the cluster, which the headers of dead letters carry.
        revision: the rulebook that must have made every record.
        partitions: how many each output topic has.
    """
    observed = Observed()
    for stream, entries in log.entries.items():
        topic, lane = stream
        for entry in entries:
            if topic in RECORD_TOPICS:
                _take_record(observed, stream, entry, revision, partitions[topic])
            elif topic == DEAD_LETTERS:
                observed.dead.setdefault(_source(entry, prefix), []).append((stream, entry))
            elif topic == CHANGELOG:
                _take_change(observed, lane, entry)
    return observed


def _take_record(observed: Observed, stream: Stream, entry: Entry, revision: str, partitions: int) -> None:
    where = f"{stream[0]}-{stream[1]}"
    try:
        heading = _heading(entry.value or b"")
    except msgspec.MsgspecError:
        observed.findings.append(Finding("phantom", where, f"offset {entry.offset} is no determination and no alert"))
        return
    key = (heading.key or "").encode()
    if entry.key != key or partition_of(key, partitions) != stream[1]:
        observed.findings.append(Finding("misplaced", where, f"offset {entry.offset}"))
    if heading.rulebook_revision != revision:
        observed.findings.append(Finding("revision", where, f"offset {entry.offset}"))
    member = heading.member_id
    streams = observed.of_policies if member is None else observed.records.setdefault(member, {})
    streams.setdefault(stream, []).append(entry.value or b"")


def _source(entry: Entry, prefix: str) -> Source:
    headers = dict(entry.headers)
    topic = headers.get("source_topic", b"").decode().removeprefix(prefix)
    return topic, int(headers.get("source_partition", b"-1")), int(headers.get("source_offset", b"-1"))


def _take_change(observed: Observed, lane: int, entry: Entry) -> None:
    key = entry.key or b""
    if key == _OFFSETS_KEY:
        _take_offsets(observed, lane, entry)
    elif key.startswith(_POLICY_KEY):
        observed.policies.setdefault(lane, {})[key] = entry.value
    elif not key.startswith(_LANE_KEY):
        due = dict(entry.headers).get("due")
        observed.timelines.setdefault(lane, {})[key.decode()] = Remembered(entry.value, due)


def _take_offsets(observed: Observed, lane: int, entry: Entry) -> None:
    """The lane's offsets: each must be at least its forerunner."""
    offsets = _offsets(entry.value or b"").offsets
    before = observed.offsets.get(lane, {})
    if any(offsets.get(topic, -1) < offset for topic, offset in before.items()):
        observed.findings.append(Finding("rewound", f"lane {lane}", f"{before} to {offsets}"))
    observed.offsets[lane] = offsets
