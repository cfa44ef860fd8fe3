"""The auditor without Kafka: it finds nothing in a right log, and names what is wrong with a tampered one."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import msgspec
import pytest
from msgspec.structs import replace
from tests.chaos.auditor import Auditor, World
from tests.chaos.clock import START
from tests.chaos.editions import load_editions, write_editions
from tests.chaos.findings import Audit
from tests.chaos.intake import CLAIMS, INPUTS, SCHEDULING
from tests.chaos.logs import Entry, Log, Stream
from tests.chaos.replay import due_header
from tests.chaos.sayings import partition_of, said, without_revision
from tests.chaos.traffic import Traffic

from policywire import __version__
from policywire.cases.announcements import Key, PolicyMemory, announce
from policywire.cases.announcements import encode as encode_memory
from policywire.cases.codec import encode as encode_timeline
from policywire.cases.timeline import Timeline
from policywire.model.decode import CLAIM_DECODER, SCHEDULING_DECODER
from policywire.model.records import Record
from policywire.model.rejection import Rejected
from policywire.rulebook.rulebook import Rulebook
from policywire.step import Step, follow, step, tick

LANES = 2
PARTITIONS = dict.fromkeys(("determinations", "alerts", "audit-log"), LANES)
PREFIX = "test."
TOPICS = (*INPUTS, *PARTITIONS, "dead-letters", "member-timelines")
BATCH = 60
STEP = timedelta(hours=30)


@pytest.fixture(scope="module")
def rulebooks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Rulebook]:
    folder = tmp_path_factory.mktemp("editions")
    write_editions(folder)
    return load_editions(folder)


class Writer:
    """Writes a log as a faultless worker would: batches by several rulebooks while the clock moves on."""

    def __init__(self, claims: int, rulebooks: dict[str, Rulebook]) -> None:
        self.entries: dict[Stream, list[Entry]] = {(topic, lane): [] for topic in TOPICS for lane in range(LANES)}
        self.clock = [START]
        self._timelines: tuple[dict[str, Timeline | None], ...] = tuple({} for _ in range(LANES))
        self._written: dict[str, Timeline | None] = {}
        self._memory: dict[Key, PolicyMemory] = {}
        self._stored = 0
        turns = [rulebooks[name] for name in ("shipped", "covered", "reworded", "shipped")]
        self.rulebook = turns[0]
        messages = list(Traffic(3, claims, lambda: START))
        batches = [messages[at : at + BATCH] for at in range(0, len(messages), BATCH)]
        for number, batch in enumerate(batches):
            self.rulebook = turns[number * len(turns) // len(batches)]
            arrived: list[list[tuple[str, Entry]]] = [[] for _ in range(LANES)]
            for message in batch:
                lane = partition_of(message.key or b"", LANES)
                arrived[lane].append((message.topic, self._store(message.topic, lane, message.key, message.value)))
            for lane in range(LANES):
                self._transaction(lane, arrived[lane])
            self.clock.append(self.now + STEP)
        for lane in range(LANES):
            self._transaction(lane, [])

    @property
    def now(self) -> datetime:
        return self.clock[-1]

    def _store(self, topic: str, lane: int, key: bytes | None, value: bytes | None) -> Entry:
        self._stored += 1
        return self._append(topic, lane, Entry(len(self.entries[topic, lane]), self._stored, key, value, ()))

    def _write(self, topic: str, lane: int, key: bytes | None, value: bytes | None, **headers: bytes) -> None:
        at = int(self.now.timestamp() * 1000)
        self._append(topic, lane, Entry(len(self.entries[topic, lane]), at, key, value, tuple(headers.items())))

    def _append(self, topic: str, lane: int, entry: Entry) -> Entry:
        self.entries[topic, lane].append(entry)
        return entry

    def _transaction(self, lane: int, arrived: Iterable[tuple[str, Entry]]) -> None:
        self._written.clear()
        for topic, entry in arrived:
            self._decide(topic, lane, entry)
        timelines = self._timelines[lane]
        for member in timelines:
            before = timelines[member]
            if before is not None and before.due is not None and before.due <= self.now.date():
                self._keep(lane, member, tick(before, self.rulebook, self.now))
            before = timelines[member]
            if before is not None:
                self._keep(lane, member, follow(before, self.rulebook, self.now))
        if lane == 0:
            self._speak_of_policies()
        for member, timeline in self._written.items():
            due = due_header(timeline.due) if timeline is not None else None
            value = None if timeline is None else encode_timeline(timeline)
            self._write("member-timelines", lane, member.encode(), value, **({} if due is None else {"due": due}))
        ends = {topic: len(self.entries[topic, lane]) for topic in INPUTS}
        offsets = msgspec.json.encode({"offsets": ends, "swept": self.rulebook.revision})
        self._write("member-timelines", lane, b"\xffoffsets", offsets)

    def _decide(self, topic: str, lane: int, entry: Entry) -> None:
        decoder = CLAIM_DECODER if topic == CLAIMS else SCHEDULING_DECODER
        try:
            event = decoder.decode(entry.value, entry.key)
        except Rejected as rejected:
            self._bury(topic, lane, entry, rejected.code.value, rejected.detail)
            return
        if event.occurred_at > self.now + timedelta(hours=24):
            self._bury(topic, lane, entry, "clock_ahead", "/occurred_at clock_ahead")
            return
        before = self._timelines[lane].get(event.member_id)
        self._keep(lane, event.member_id, step(event, before, self.rulebook, self.now))

    def _keep(self, lane: int, member: str, result: Step) -> None:
        self._say(result.records)
        if result.timeline is not self._timelines[lane].get(member):
            self._timelines[lane][member] = self._written[member] = result.timeline

    def _say(self, records: Iterable[Record]) -> None:
        for each in said(records, PARTITIONS):
            value = msgspec.json.decode(each.value)
            key = value.get("determination_id") or value["alert_id"]
            self._write(*each.stream, key.encode(), each.value)

    def _speak_of_policies(self) -> None:
        announced = announce(self._memory, self.rulebook)
        self._say(announced.alerts)
        for (payer, policy), memory in announced.memory.items():
            assert memory is not None
            self._memory[payer, policy] = memory
            self._write(
                "member-timelines", 0, f"\xffpolicy\0{payer}\0{policy}".encode("latin-1"), encode_memory(memory)
            )

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


class Case(msgspec.Struct):
    """A log, and what the harness would know of its run."""

    log: Log
    world: World

    def audit(self, offsets: dict[Stream, int] | None = None) -> Audit:
        """What the auditor says of it; ``offsets`` are the group's, by default at the end."""
        group = {stream: end for stream, end in self.log.ends.items() if stream[0] in INPUTS}
        return Auditor(self.log, self.world, PREFIX).run(group if offsets is None else offsets)


@pytest.fixture(scope="module")
def written(rulebooks: dict[str, Rulebook]) -> Writer:
    return Writer(600, rulebooks)


@pytest.fixture
def case(written: Writer, rulebooks: dict[str, Rulebook]) -> Case:
    log = written.log()
    entries = {stream: list(each) for stream, each in log.entries.items()}
    by_revision = {rulebook.revision: rulebook for rulebook in rulebooks.values()}
    return Case(Log(entries, log.ends, []), World(by_revision, written.rulebook, written.clock))


def test_a_right_log_has_no_findings_whatever_the_order_in_which_topics_met(case: Case) -> None:
    outcome = case.audit()
    assert outcome.findings == []
    assert outcome.interleaved > 10
    assert outcome.expected["determinations"] == outcome.outputs["determinations"] > 100
    assert outcome.expected["dead-letters"] == outcome.outputs["dead-letters"] > 3
    assert len(outcome.revisions) == 3
    assert min(outcome.ticked, outcome.followed, outcome.settled, outcome.forgotten) > 0


def test_an_order_that_contradicts_the_times_of_storing_is_found(case: Case) -> None:
    """Claims are marked as stored long after all scheduling, but were decided in the order of arrival."""
    for lane in range(LANES):
        entries = case.log.entries[SCHEDULING, lane]
        entries[:] = [replace(entry, timestamp=entry.timestamp + 10**9) for entry in entries]
    assert case.audit().findings == []


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
    value = without_revision(entries[0].value or b"") + b',"rulebook_revision":"sha256:0"}'
    entries[0] = replace(entries[0], value=value)


def forget_a_timeline(log: Log) -> None:
    entries = records(log, "member-timelines")
    key = entries[0].key
    entries[:] = [entry for entry in entries if entry.key != key]


def go_back(log: Log) -> None:
    """A transaction's claims end before those of its forerunner."""
    entries = log.entries["member-timelines", 0]
    former, at = [at for at, entry in enumerate(entries) if entry.key == b"\xffoffsets"][1:3]
    stated = msgspec.json.decode(entries[at].value or b"")
    stated["offsets"][CLAIMS] = msgspec.json.decode(entries[former].value or b"")["offsets"][CLAIMS] - 1
    entries[at] = replace(entries[at], value=msgspec.json.encode(stated))


def be_late(log: Log) -> None:
    """Nobody looks any more after the clock's last move."""
    for lane in range(LANES):
        entries = log.entries["member-timelines", lane]
        last = entries[-1].timestamp
        for (topic, each), others in log.entries.items():
            if topic not in INPUTS and each == lane:
                others[:] = [entry for entry in others if entry.timestamp != last]


def name_another_rulebook(log: Log) -> None:
    """Of an id that was said by several: the one of its first record on its last."""
    entries = records(log, "determinations")
    values = [entry.value or b"" for entry in entries]
    first = values[0].removeprefix(without_revision(values[0]))
    at = next(at for at, value in enumerate(values) if not value.endswith(first))
    entries[at] = replace(entries[at], value=without_revision(values[at]) + first)


def mix_rulebooks(log: Log) -> None:
    """A transaction ends as if it had swept with the rulebook of the first one."""
    entries = log.entries["member-timelines", 0]
    ends = [at for at, entry in enumerate(entries) if entry.key == b"\xffoffsets"]
    revision = msgspec.json.decode(entries[ends[0]].value or b"")["swept"]
    at = next(at for at in ends if msgspec.json.decode(entries[at].value or b"")["swept"] != revision)
    value = msgspec.json.decode(entries[at].value or b"") | {"swept": revision}
    entries[at] = replace(entries[at], value=msgspec.json.encode(value))


def set_the_clock_back(log: Log) -> None:
    """A transaction is said to be of the first instant."""
    entries = log.entries["member-timelines", 0]
    at = next(at for at, entry in reversed(list(enumerate(entries))) if entry.key == b"\xffoffsets")
    entries[at] = replace(entries[at], timestamp=entries[0].timestamp)


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
        (drop_a_record, "lost"),
        (repeat_a_record, "duplicated"),
        (invent_a_record, "phantom"),
        (change_a_record, "wrong"),
        (swap_a_members_records, "reordered"),
        (lose_what_was_said_of_a_policy, "lost"),
        (speak_of_policies_again, "duplicated"),
        (forget_a_policy, "overdue"),
        (misplace_a_record, "misplaced"),
        (use_another_rulebook, "revision"),
        (name_another_rulebook, "mixed"),
        (mix_rulebooks, "mixed"),
        (set_the_clock_back, "clock"),
        (forget_a_timeline, "state"),
        (be_late, "overdue"),
        (go_back, "rewound"),
        (leave_the_end_unread, "behind"),
        (leave_a_transaction_open, "hanging"),
        (lose_a_dead_letter, "lost"),
        (write_a_dead_letter_twice, "duplicated"),
        (change_a_dead_letter, "wrong"),
    ],
)
def test_what_was_tampered_with_is_named(tamper: Callable[[Log], None], broken: str, case: Case) -> None:
    tamper(case.log)
    assert case.audit().counts[broken] > 0


def test_a_group_that_stayed_behind_is_named(case: Case) -> None:
    behind = sum(case.log.ends[topic, lane] > 0 for topic in INPUTS for lane in range(LANES))
    assert case.audit({}).counts == {"behind": behind}
