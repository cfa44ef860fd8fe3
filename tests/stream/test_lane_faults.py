"""What happens to a lane when something breaks: nothing is lost, said twice, or committed by one who lost it."""

import asyncio
import os
from collections import Counter
from typing import Any, get_args

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.protocol.transaction import EndTxnRequest, TxnOffsetCommitRequest
from tests.stream.harness import claim, outcome_of, publish, records_of, running, settings_for, until_done, void

from policywire.broker import LocalBroker
from policywire.cases import codec
from policywire.stream import changelog
from policywire.stream.cluster import Cluster, NoAnswer
from policywire.stream.ending import ClusterFault, LaneLost, LaneStopped
from policywire.stream.offsets import committed_offsets
from policywire.stream.outgoing import Outgoing
from policywire.stream.partitioning import partition_of
from policywire.stream.points import Point
from policywire.stream.reader import Reader
from policywire.stream.settings import Settings
from policywire.stream.transactions import Transactions

LANE = partition_of(b"M-1", 4)


@pytest.fixture
def settings(broker: LocalBroker, topics: str) -> Settings:
    return settings_for(broker.bootstrap_servers, topics)


async def work(settings: Settings) -> None:
    async with running(settings):
        await until_done(settings)


class Crash(Exception):
    """Stands for the death of the process at a named point."""


class CrashAt:
    """Dies at the first passing of a point, by the lane of M-1."""

    def __init__(self, point: Point) -> None:
        self._point = point

    async def __call__(self, point: Point, lane: int) -> None:
        if point == self._point and lane == LANE:
            raise Crash


async def expect_each_once(settings: Settings, claims: int, statuses: int) -> None:
    """Every determination was said so many times in the log that is never compacted, the last time withdrawn."""
    said = [
        record for record in await records_of(settings, "audit-log") if b'"determination.v1"' in (record.value or b"")
    ]
    counts = Counter(record.document["determination_id"] for record in said)
    assert len(counts) == claims
    assert set(counts.values()) == {statuses}


@pytest.mark.parametrize("point", get_args(Point))
async def test_a_crash_at_any_point_loses_and_repeats_nothing(settings: Settings, point: Point) -> None:
    await publish(settings, [claim(number) for number in range(20)])
    assert isinstance(await outcome_of(settings, passing=CrashAt(point)), Crash)
    await publish(settings, [void(number) for number in range(20)])
    await work(settings)
    await expect_each_once(settings, claims=20, statuses=2)


@pytest.mark.parametrize("point", ["after_send", "after_offsets", "before_commit"])
async def test_a_dead_letter_is_not_seen_before_the_offset_that_goes_with_it(settings: Settings, point: Point) -> None:
    await publish(settings, [(b"M-1", b"broken"), claim(1)])
    assert isinstance(await outcome_of(settings, passing=CrashAt(point)), Crash)
    async with Cluster(settings.kafka) as cluster:
        partition = (settings.topic("claim-events"), LANE)
        committed = await committed_offsets(cluster, settings.kafka.group, [partition], "test")
        await writer_of(cluster, settings).fence()  # settles what the dead worker had open
        assert committed[partition] is None
    assert await records_of(settings, "dead-letters") == []
    await work(settings)
    assert len(await records_of(settings, "dead-letters")) == 1


def writer_of(cluster: Cluster, settings: Settings) -> Transactions:
    return Transactions(
        cluster,
        transactional_id=f"{settings.kafka.topic_prefix}{settings.kafka.group}-lane-{LANE}",
        group=settings.kafka.group,
        timeout_s=10,
        name=f"lane {LANE}",
    )


def one_alert(settings: Settings, key: bytes) -> Outgoing:
    outgoing = Outgoing("none", 0, 1_000)
    outgoing.add(settings.topic("alerts"), 0, key, b"{}")
    return outgoing


async def test_one_who_lost_the_lane_cannot_commit(settings: Settings) -> None:
    async with Cluster(settings.kafka) as cluster:
        former, owner = writer_of(cluster, settings), writer_of(cluster, settings)
        await former.fence()
        await former.commit(one_alert(settings, b"before"), {})
        await owner.fence()
        offsets = {(settings.topic("claim-events"), LANE): 7}
        with pytest.raises(LaneLost, match=f"lane {LANE}"):
            await former.commit(one_alert(settings, b"zombie"), offsets)
        await owner.commit(one_alert(settings, b"after"), {})
        committed = await committed_offsets(cluster, settings.kafka.group, list(offsets), "test")
    assert [record.key for record in await records_of(settings, "alerts")] == [b"before", b"after"]
    assert set(committed.values()) == {None}


async def test_a_worker_whose_lane_was_taken_ends_naming_the_lane(settings: Settings) -> None:
    async with Cluster(settings.kafka) as cluster:

        async def take_it(point: Point, lane: int) -> None:
            if point == "after_send" and lane == LANE:
                await writer_of(cluster, settings).fence()

        await publish(settings, [claim(1)])
        error = await outcome_of(settings, passing=take_it)
    assert isinstance(error, LaneLost)
    assert f"lane {LANE}" in str(error)
    assert await records_of(settings, "determinations") == []


async def test_a_lane_that_cannot_be_fenced_ends_the_worker_in_time(broker: LocalBroker, topics: str) -> None:
    async def held(point: Point, _lane: int) -> None:
        if point == "open_before_fence":
            await asyncio.Event().wait()

    settings = settings_for(broker.bootstrap_servers, topics, deadlines={"fence_s": 0.2})
    error = await outcome_of(settings, passing=held)
    assert isinstance(error, ClusterFault)
    assert "was not fenced within 0.2 s" in str(error)


@pytest.mark.parametrize("kind", [EndTxnRequest, TxnOffsetCommitRequest])
async def test_what_may_be_sent_once_is_sent_once_when_its_answer_is_lost(
    settings: Settings, kind: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker carries the request out; the worker hears nothing, sends nothing more and ends."""
    sent: list[object] = []
    ask = Cluster.ask

    async def deaf(this: Cluster, node: int, request: Any, channel: str) -> Any:
        answer = await ask(this, node, request, channel)
        if isinstance(request, kind) and f"lane-{LANE}-" in channel and opened:
            sent.append(request)
            raise NoAnswer("lost")
        return answer

    opened: list[Point] = []

    async def note(point: Point, lane: int) -> None:
        if point == "batch_decided" and lane == LANE:
            opened.append(point)

    monkeypatch.setattr(Cluster, "ask", deaf)
    await publish(settings, [claim(number) for number in range(20)])
    assert isinstance(await outcome_of(settings, passing=note), NoAnswer)
    assert len(sent) == 1
    monkeypatch.undo()
    await publish(settings, [void(number) for number in range(20)])
    await work(settings)
    await expect_each_once(settings, claims=20, statuses=2)


async def test_records_whose_answer_is_lost_are_sent_again_and_stored_once(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aiokafka.protocol.produce import ProduceRequest  # noqa: PLC0415  beside its use

    lost: list[object] = []
    ask = Cluster.ask

    async def deaf_once(this: Cluster, node: int, request: Any, channel: str) -> Any:
        answer = await ask(this, node, request, channel)
        if isinstance(request, ProduceRequest) and not lost:
            lost.append(request)
            raise NoAnswer("lost")
        return answer

    async with Cluster(settings.kafka) as cluster:
        writer = writer_of(cluster, settings)
        await writer.fence()
        monkeypatch.setattr(Cluster, "ask", deaf_once)
        await writer.commit(one_alert(settings, b"once"), {})
    assert lost
    assert [record.key for record in await records_of(settings, "alerts")] == [b"once"]


async def write_changelog(settings: Settings, key: bytes, value: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=settings.kafka.bootstrap_servers, acks="all") as producer:
        await producer.send_and_wait(settings.topic(changelog.TOPIC), value, key=key, partition=LANE)


def flipped(value: bytes) -> bytes:
    return value[:-1] + bytes([value[-1] ^ 1])


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (flipped, "cannot be read"),
        (lambda value: bytes([codec.VERSION + 1]) + value[1:], "newer policywire"),
        (lambda _: b"", "cannot be read"),
    ],
    ids=["bit-flipped", "newer", "empty"],
)
async def test_a_timeline_that_cannot_be_read_stops_the_lane_by_name(settings: Settings, spoil: Any, says: str) -> None:
    await publish(settings, [claim(1)])
    await work(settings)
    timeline = next(seen for seen in await records_of(settings, changelog.TOPIC) if seen.key == b"M-1")
    await write_changelog(settings, b"M-1", spoil(timeline.value))
    error = await outcome_of(settings)
    assert isinstance(error, LaneStopped)
    assert f"lane {LANE}" in str(error)
    assert says in str(error)


@pytest.mark.parametrize(
    ("value", "says"), [(b'{"offsets":{},"version":2}', "newer"), (b"?", "cannot be read")], ids=["newer", "damaged"]
)
async def test_an_offsets_record_that_cannot_be_read_stops_the_lane_by_name(
    settings: Settings, value: bytes, says: str
) -> None:
    await write_changelog(settings, changelog.OFFSETS_KEY, value)
    error = await outcome_of(settings)
    assert isinstance(error, LaneStopped)
    assert f"lane {LANE}" in str(error)
    assert says in str(error)


@pytest.mark.parametrize("key", [changelog.policy_key(("cigna", "MM 0552")), changelog.POLICY_KEY + b"cigna"])
async def test_what_was_said_of_a_policy_and_cannot_be_read_stops_the_lane_by_name(
    settings: Settings, key: bytes
) -> None:
    await write_changelog(settings, key, b"?")
    error = await outcome_of(settings)
    assert isinstance(error, LaneStopped)
    assert f"lane {LANE}: what its changelog has of a policy cannot be read" in str(error)


async def test_offsets_that_disagree_stop_the_lane_with_both_numbers(broker: LocalBroker, topics: str) -> None:
    settings = settings_for(broker.bootstrap_servers, topics, deadlines={"agree_s": 0.5})
    await publish(settings, [claim(1), claim(2)])
    await work(settings)
    await write_changelog(
        settings, changelog.OFFSETS_KEY, b'{"offsets":{"claim-events":1,"scheduling-events":0},"version":1}'
    )
    error = await outcome_of(settings)
    assert isinstance(error, LaneStopped)
    assert "changelog 1, group 2" in str(error)


async def test_a_lost_changelog_is_not_taken_for_a_fresh_start(broker: LocalBroker, topics: str) -> None:
    settings = settings_for(broker.bootstrap_servers, topics, deadlines={"agree_s": 0.5})
    async with Cluster(settings.kafka) as cluster:
        writer = writer_of(cluster, settings)
        await writer.fence()
        await writer.commit(one_alert(settings, b"x"), {(settings.topic("claim-events"), LANE): 3})
    error = await outcome_of(settings)
    assert isinstance(error, LaneStopped)
    assert "changelog none, group 3" in str(error)


async def test_a_timeline_too_large_for_its_topic_is_a_loud_stop_and_commits_nothing(
    broker: LocalBroker, topics: str
) -> None:
    settings = settings_for(broker.bootstrap_servers, topics, batches={"record_bytes_max": 3_000})
    many = claim(1, diagnoses=[f"M17.{number}" for number in range(1_000)])
    await publish(settings, [many])
    error = await outcome_of(settings)
    assert isinstance(error, LaneStopped)
    assert f"lane {LANE}" in str(error)
    assert "RECORD_BYTES_MAX" in str(error)
    assert await records_of(settings, "determinations") == []


async def test_a_timeline_that_is_small_only_when_packed_is_a_loud_stop_too(broker: LocalBroker, topics: str) -> None:
    settings = settings_for(broker.bootstrap_servers, topics, batches={"record_bytes_max": 20_000})
    (line,) = claim(1)["lines"]
    await publish(settings, [claim(1, lines=[line | {"procedure_code": "20999", "narrative": "BMAC " * 10_000}])])
    error = await outcome_of(settings)
    assert isinstance(error, LaneStopped)
    assert f"lane {LANE}" in str(error)
    assert await records_of(settings, "determinations") == []


class Coordinator:
    """A cluster whose group coordinator says that it is moving, then what it knows."""

    def __init__(self, answers: list[Any]) -> None:
        self._answers = answers
        self.forgotten = 0

    async def coordinator(self, *_: str) -> int:
        return 1

    async def ask(self, *_: Any) -> Any:
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def forget_coordinator(self, *_: str) -> None:
        self.forgotten += 1

    async def refresh(self) -> None:
        await asyncio.sleep(0)


class Answer:
    """Of OffsetFetch."""

    def __init__(self, error_code: int, offset: int) -> None:
        self.error_code = error_code
        self.topics = [("claim-events", [(0, offset, "", 0)])] if not error_code else []


async def test_a_coordinator_that_moves_is_not_one_that_knows_of_no_offset() -> None:
    cluster: Any = Coordinator([Answer(16, -1), NoAnswer("gone"), Answer(14, -1), Answer(0, 42)])
    assert await committed_offsets(cluster, "g", [("claim-events", 0)], "test") == {("claim-events", 0): 42}
    assert cluster.forgotten == 3


async def test_aborted_records_are_never_read_and_committed_ones_after_them_are(settings: Settings) -> None:
    servers, topic = settings.kafka.bootstrap_servers, settings.topic("claim-events")
    async with AIOKafkaProducer(bootstrap_servers=servers, transactional_id=f"{topic}-t") as producer:
        for number in range(6):
            await producer.begin_transaction()
            await producer.send_and_wait(topic, b"%d" % number, partition=0)
            await (producer.abort_transaction() if number % 2 else producer.commit_transaction())
    async with Cluster(settings.kafka) as cluster:
        reader = Reader(cluster, {(topic, 0): 0}, channel="test", partition_bytes=100_000, wait_ms=50)
        seen = []
        while reader.positions[topic, 0] < 12:  # six records and six markers
            seen += [record.value for chunk in await reader.fetch() for record in chunk.records]
    assert seen == [b"0", b"2", b"4"]


async def fetch_for_ever(reader: Reader) -> None:
    """A topic this young may first have no leader, and then a fetch gives nothing."""
    while True:
        await reader.fetch()


async def test_deleted_records_stop_the_lane_instead_of_being_skipped(settings: Settings) -> None:
    async with Cluster(settings.kafka) as cluster:
        topic = settings.topic("claim-events")
        reader = Reader(cluster, {(topic, 0): 1_000}, channel="test", partition_bytes=100_000, wait_ms=50)
        with pytest.raises(LaneStopped, match="no longer has offset 1000"):
            await fetch_for_ever(reader)


async def test_random_bytes_are_dead_letters_one_each(settings: Settings) -> None:
    await publish(settings, [(b"M-1", os.urandom(200)) for _ in range(50)])
    await work(settings)
    offsets = [record.headers["source_offset"] for record in await records_of(settings, "dead-letters")]
    assert offsets == [b"%d" % number for number in range(50)]
