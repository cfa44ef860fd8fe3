"""The auditor without Kafka: it finds nothing in a right log, and names what is wrong with a tampered one."""

from collections.abc import Callable
from datetime import UTC, datetime, time

import msgspec
import pytest
from msgspec.structs import replace
from tests.chaos.auditor import audit_log
from tests.chaos.logs import Entry, Log, Stream
from tests.chaos.recompute import CLAIMS, INPUTS, SCHEDULING, partition_of
from tests.chaos.traffic import NOW, Traffic

from policywire import __version__
from policywire.cases.announcements import announce
from policywire.cases.announcements import encode as encode_memory
from policywire.cases.codec import encode as encode_timeline
from policywire.cases.timeline import Timeline
from policywire.model.decode import CLAIM_DECODER, SCHEDULING_DECODER
from policywire.model.records import Determination, Record, encode
from policywire.model.rejection import Rejected
from policywire.resources import shipped
from policywire.rulebook.load import load_rulebook
from policywire.step import step

LANES = 2
PREFIX = "test."
RULEBOOK = load_rulebook(shipped("rules"))
TOPICS = (*INPUTS, "determinations", "alerts", "audit-log", "dead-letters", "member-timelines")


class Writer:
    """Writes a log as a faultless worker would, an event at a time in the order of arrival."""

    def __init__(self, claims: int) -> None:
        self.entries: dict[Stream, list[Entry]] = {(topic, lane): [] for topic in TOPICS for lane in range(LANES)}
        self._timelines: dict[str, Timeline | None] = {}
        self._clock = 0
        self._speak_of_policies()
        for message in Traffic(3, claims):
            lane = partition_of(message.key or b"", LANES)
            self._decide(message.topic, lane, self._write(message.topic, lane, message.key, message.value))
        for lane in range(LANES):
            ends = {topic: len(self.entries[topic, lane]) for topic in INPUTS}
            self._write("member-timelines", lane, b"\xffoffsets", msgspec.json.encode({"offsets": ends}))

    def _write(self, topic: str, lane: int, key: bytes | None, value: bytes | None, **headers: bytes) -> Entry:
        self._clock += 1
        entries = self.entries[topic, lane]
        entries.append(Entry(len(entries), self._clock, key, value, tuple(headers.items())))
        return entries[-1]

    def _decide(self, topic: str, lane: int, entry: Entry) -> None:
        decoder = CLAIM_DECODER if topic == CLAIMS else SCHEDULING_DECODER
        try:
            event = decoder.decode(entry.value, entry.key)
            if event.occurred_at > NOW:
                self._bury(topic, lane, entry, "clock_ahead", "/occurred_at clock_ahead")
                return
        except Rejected as rejected:
            self._bury(topic, lane, entry, rejected.code.value, rejected.detail)
            return
        before = self._timelines.get(event.member_id)
        result = step(event, before, RULEBOOK, NOW)
        for record in result.records:
            self._say(record)
        if result.timeline is not before:
            self._timelines[event.member_id] = result.timeline
            self._remember(lane, event.member_id.encode(), result.timeline)

    def _say(self, record: Record) -> None:
        is_determination = isinstance(record, Determination)
        key = (record.determination_id if isinstance(record, Determination) else record.alert_id).encode()
        for output in ("determinations" if is_determination else "alerts", "audit-log"):
            self._write(output, partition_of(key, LANES), key, encode(record))

    def _speak_of_policies(self) -> None:
        announced = announce({}, RULEBOOK)
        for alert in announced.alerts:
            self._say(alert)
        for (payer, policy), memory in announced.memory.items():
            assert memory is not None
            key = b"\xffpolicy" + f"\0{payer}\0{policy}".encode()
            self._write("member-timelines", 0, key, encode_memory(memory))

    def _remember(self, lane: int, member: bytes, timeline: Timeline | None) -> None:
        assert timeline is not None
        day = timeline.due
        headers = {} if day is None else {"due": b"%d" % datetime.combine(day, time(), UTC).timestamp()}
        self._write("member-timelines", lane, member, encode_timeline(timeline), **headers)

    def _bury(self, topic: str, lane: int, entry: Entry, code: str, detail: str) -> None:
        self._write(
            "dead-letters",
            lane,
            entry.key,
            entry.value,
            error_code=code.encode(),
            error_detail=detail.encode(),
            source_topic=f"{PREFIX}{topic}".encode(),
            source_partition=b"%d" % lane,
            source_offset=b"%d" % entry.offset,
            source_timestamp=b"%d" % entry.timestamp,
            policywire_version=__version__.encode(),
        )

    def log(self) -> Log:
        """The log that was written."""
        return Log(self.entries, {stream: len(entries) for stream, entries in self.entries.items()}, [])


@pytest.fixture
def log() -> Log:
    return Writer(claims=600).log()


def findings(log: Log, offsets: dict[Stream, int] | None = None) -> dict[str, int]:
    """How often each invariant is broken in a log."""
    group = {stream: end for stream, end in log.ends.items() if stream[0] in INPUTS}
    return dict(audit_log(log, group if offsets is None else offsets, RULEBOOK, NOW, PREFIX).counts)


def test_a_right_log_has_no_findings_whatever_the_order_in_which_topics_met(log: Log) -> None:
    outcome = audit_log(log, {stream: log.ends[stream] for stream in log.ends}, RULEBOOK, NOW, PREFIX)
    assert outcome.counts == {}
    assert outcome.interleaved > 10
    assert outcome.expected["determinations"] == outcome.outputs["determinations"] > 100
    assert outcome.expected["dead-letters"] == outcome.outputs["dead-letters"] > 3


def test_an_order_that_contradicts_the_times_of_storing_is_found() -> None:
    """Claims are marked as stored long after all scheduling, but were decided in the order of arrival."""
    log = Writer(claims=600).log()
    for lane in range(LANES):
        entries = log.entries[SCHEDULING, lane]
        entries[:] = [replace(entry, timestamp=entry.timestamp + 10**9) for entry in entries]
    assert findings(log) == {}


def records(log: Log, topic: str) -> list[Entry]:
    """The fullest partition of a topic."""
    return max((log.entries[topic, lane] for lane in range(LANES)), key=len)


def drop_a_record(log: Log) -> None:
    del records(log, "determinations")[10]


def repeat_a_record(log: Log) -> None:
    entries = records(log, "alerts")
    entries.insert(11, entries[10])


def invent_a_record(log: Log) -> None:
    entries = records(log, "audit-log")
    value = (entries[5].value or b"").replace(b'"M-', b'"X-')
    entries.append(replace(entries[5], value=value))


def change_a_record(log: Log) -> None:
    entries = records(log, "determinations")
    entries[10] = replace(entries[10], value=(entries[10].value or b"").replace(b'"stage":"', b'"stage":"not '))


def swap_a_members_records(log: Log) -> None:
    entries = records(log, "determinations")
    keys = [entry.key for entry in entries]
    first = next(at for at, key in enumerate(keys) if keys.count(key) > 1)
    second = keys.index(keys[first], first + 1)
    entries[first], entries[second] = entries[second], entries[first]


def is_of_a_policy(entry: Entry) -> bool:
    return b'"member_id":null' in (entry.value or b"")


def lose_what_was_said_of_a_policy(log: Log) -> None:
    partitions = [log.entries["alerts", lane] for lane in range(LANES)]
    entries = next(each for each in partitions if any(map(is_of_a_policy, each)))
    del entries[next(at for at, entry in enumerate(entries) if is_of_a_policy(entry))]


def speak_of_policies_again(log: Log) -> None:
    for topic in ("alerts", "audit-log"):
        for lane in range(LANES):
            entries = log.entries[topic, lane]
            entries += [entry for entry in entries if is_of_a_policy(entry)]


def forget_a_policy(log: Log) -> None:
    entries = log.entries["member-timelines", 0]
    entries[:] = [entry for entry in entries if not (entry.key or b"").startswith(b"\xffpolicy")]


def misplace_a_record(log: Log) -> None:
    records(log, "alerts")[0] = replace(records(log, "alerts")[0], key=b"elsewhere")


def use_another_rulebook(log: Log) -> None:
    entries = records(log, "determinations")
    value = (entries[0].value or b"").replace(RULEBOOK.revision.encode(), b"sha256:0")
    entries[0] = replace(entries[0], value=value)


def forget_a_timeline(log: Log) -> None:
    entries = records(log, "member-timelines")
    key = entries[0].key
    entries[:] = [entry for entry in entries if entry.key != key]


def go_back(log: Log) -> None:
    before = {"offsets": {CLAIMS: 10**6, SCHEDULING: 0}}
    log.entries["member-timelines", 0].insert(0, Entry(0, 0, b"\xffoffsets", msgspec.json.encode(before), ()))


def leave_the_end_unread(log: Log) -> None:
    log.ends[CLAIMS, 0] += 1


def leave_a_transaction_open(log: Log) -> None:
    log.hanging.append(("alerts", 1))


def lose_a_dead_letter(log: Log) -> None:
    records(log, "dead-letters").pop()


def write_a_dead_letter_twice(log: Log) -> None:
    records(log, "dead-letters").append(records(log, "dead-letters")[0])


def change_a_dead_letter(log: Log) -> None:
    records(log, "dead-letters")[0] = replace(records(log, "dead-letters")[0], value=b"{}")


@pytest.mark.parametrize(
    ("tamper", "broken"),
    [
        (drop_a_record, {"lost"}),
        (repeat_a_record, {"duplicated"}),
        (invent_a_record, {"phantom"}),
        (change_a_record, {"wrong"}),
        (swap_a_members_records, {"reordered"}),
        (lose_what_was_said_of_a_policy, {"lost"}),
        (speak_of_policies_again, {"duplicated"}),
        (forget_a_policy, {"state"}),
        (misplace_a_record, {"misplaced"}),
        (use_another_rulebook, {"revision", "wrong"}),
        (forget_a_timeline, {"state"}),
        (go_back, {"rewound"}),
        (leave_the_end_unread, {"behind"}),
        (leave_a_transaction_open, {"hanging"}),
        (lose_a_dead_letter, {"lost"}),
        (write_a_dead_letter_twice, {"duplicated"}),
        (change_a_dead_letter, {"wrong"}),
    ],
)
def test_what_was_tampered_with_is_named(tamper: Callable[[Log], None], broken: set[str], log: Log) -> None:
    tamper(log)
    assert findings(log).keys() == broken


def test_a_group_that_stayed_behind_is_named(log: Log) -> None:
    assert findings(log, {}) == {"behind": sum(log.ends[topic, lane] > 0 for topic in INPUTS for lane in range(LANES))}
