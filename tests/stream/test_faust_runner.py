"""The second runner on a real Kafka: what it says, what it keeps over a restart, and whom it shuts out."""

import asyncio
import contextlib
import shutil
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from tests.stream.harness import (
    NOW,
    PATIENCE_S,
    alerts_of,
    appointment,
    claim,
    publish,
    records_of,
    settings_for,
    until,
    until_done,
    void,
)

from policywire.faust_runner.lane import FaustLane
from policywire.faust_runner.outgoing import LaneOutgoing
from policywire.faust_runner.runner import FaustWorker
from policywire.faust_runner.writer import FencedWriter
from policywire.stream.cluster import Cluster
from policywire.stream.ending import LaneLost, LaneStopped
from policywire.stream.partitioning import partition_of
from policywire.stream.points import Passing, Point, pass_by
from policywire.stream.settings import Settings
from policywire.stream.worker import Worker

STORES = ("rocksdb", "memory")


def faust_settings(broker: Any, topics: str, folder: Path, **groups: dict[str, Any]) -> Settings:
    faust = {"folder": str(folder), "commit_s": 0.2} | groups.pop("faust", {})
    return settings_for(broker.bootstrap_servers, topics, faust=faust, **groups)


@contextlib.asynccontextmanager
async def running_faust(
    settings: Settings, *, now: datetime = NOW, passing: Passing = pass_by
) -> AsyncIterator[FaustWorker]:
    """A worker on Faust at work; stopped in order at the end. An error of it is raised here."""
    worker, stop = FaustWorker(settings, clock=lambda: now, passing=passing), asyncio.Event()
    task = asyncio.create_task(worker.run(stop))
    try:
        yield worker
    finally:
        stop.set()
        await task


MEMBER = "M-1"
LANE = partition_of(MEMBER.encode(), 4)
"""Not the first lane, which also speaks of policies: the first batch of this one is the member's."""
assert LANE


async def cut_off(settings: Settings, at: Point) -> None:
    """A worker whose process ends when the member's lane passes a point: no cleaning up, no last word."""
    cut = asyncio.Event()

    async def passing(point: Point, lane: int) -> None:
        if (point, lane) == (at, LANE):
            cut.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(FaustWorker(settings, clock=lambda: NOW, passing=passing).run(asyncio.Event()))
    async with asyncio.timeout(PATIENCE_S):
        await cut.wait()
    task.cancel()
    await asyncio.wait([task])


async def said(settings: Settings) -> list[tuple[str, bytes | None]]:
    """Every record of the outputs, by topic."""
    topics = ("determinations", "alerts", "audit-log", "dead-letters")
    return [(name, record.value) for name in topics for record in await records_of(settings, name)]


async def said_of_the_member(settings: Settings) -> list[tuple[str, bytes | None]]:
    return [(name, value) for name, value in await said(settings) if value == b"{" or b'"M-1"' in (value or b"")]


@pytest.mark.parametrize("store", STORES)
async def test_a_restarted_lane_knows_its_members_from_a_kept_store_and_from_none(
    broker: Any, topics: str, tmp_path: Path, store: str
) -> None:
    settings = faust_settings(broker, topics, tmp_path, faust={"store": store})
    await publish(settings, [claim(number, f"M-{number}") for number in range(8)])
    async with running_faust(settings):
        await until_done(settings)
    await publish(settings, [void(number, f"M-{number}") for number in range(4)])
    async with running_faust(settings):
        await until_done(settings)
    shutil.rmtree(tmp_path)
    await publish(settings, [void(number, f"M-{number}") for number in range(4, 8)])
    async with running_faust(settings):
        await until_done(settings)
    determinations = [record.document["status"] for record in await records_of(settings, "determinations")]
    assert sorted(determinations) == ["current"] * 8 + ["withdrawn"] * 8


async def test_what_cannot_be_used_is_a_dead_letter_and_holds_nobody_up(
    broker: Any, topics: str, tmp_path: Path
) -> None:
    settings = faust_settings(broker, topics, tmp_path)
    poison = [(b"M-1", b"{"), (b"M-2", b'{"event_type": 7}'), (b"M-1", None), (b"M-3", b'{"event_type": "claim.lost"}')]
    await publish(settings, [*poison, claim(1, "M-1")])
    mine = claim(2, "M-2")
    await publish(settings, [(b"M-other", str(mine).replace("'", '"').encode())])
    async with running_faust(settings):
        await until_done(settings)
    codes = sorted(record.headers["error_code"].decode() for record in await records_of(settings, "dead-letters"))
    assert codes == ["key_mismatch", "not_json", "not_json", "schema_violation", "unknown_event_type"]
    assert len(await records_of(settings, "determinations")) == 1


async def test_time_alone_raises_an_alert_also_after_a_restart(broker: Any, topics: str, tmp_path: Path) -> None:
    settings = faust_settings(broker, topics, tmp_path, batches={"tick_s": 0.2})
    await publish(settings, [appointment(1)], "scheduling-events")
    async with running_faust(settings):
        await until_done(settings)
    async with running_faust(settings, now=NOW + timedelta(days=20)):
        await until_alerts(settings, 2)
    severities = [alert["severity"] for alert in await alerts_of(settings, "agreement_missing")]
    assert severities[0] != severities[-1] == "critical"


async def test_changed_rules_are_followed_and_what_is_booked_is_decided_again(
    broker: Any, topics: str, tmp_path: Path
) -> None:
    rules = tmp_path / "rules"
    shutil.copytree(Path(__file__).parents[2] / "rules", rules)
    settings = faust_settings(broker, topics, tmp_path / "state", rules={"path": str(rules), "poll_s": 0.1})
    await publish(settings, [appointment(1)], "scheduling-events")
    async with running_faust(settings) as worker:
        await until_done(settings)
        before = worker._rules.current.revision
        policy = rules / "cigna" / "mm-0552" / "policy.yaml"
        policy.write_text(policy.read_text("utf-8").replace("do_not_appeal", "may_appeal"), "utf-8")
        watch = rules / "watch" / "alerts.yaml"
        watch.write_text(watch.read_text("utf-8").replace("No agreement", "Not one agreement"), "utf-8")
        await until(lambda: worker._rules.current.revision != before)
        assert worker._ready().details["rulebook_revision"] != before
        await until(
            lambda: all(lane._rulechange.swept == worker._rules.current.revision for lane in open_lanes(worker))
        )


async def until_alerts(settings: Settings, count: int) -> None:
    deadline = monotonic() + PATIENCE_S
    while True:
        if len(await alerts_of(settings, "agreement_missing")) >= count:
            return
        assert monotonic() < deadline, "the alerts did not come"
        await asyncio.sleep(0.1)


def open_lanes(worker: FaustWorker) -> list[FaustLane]:
    return [lane for lane in worker._lanes.values() if lane.is_open]


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("at", ["before_commit", "after_send"])
async def test_what_was_remembered_and_perhaps_not_said_is_said_by_the_next_owner_byte_for_byte(
    broker: Any, topics: str, tmp_path: Path, store: str, at: Point
) -> None:
    settings = faust_settings(broker, topics, tmp_path, faust={"store": store})
    await publish(settings, [claim(1), (MEMBER.encode(), b"{")])
    await cut_off(settings, at)
    before = await said_of_the_member(settings)
    async with running_faust(
        settings, now=NOW + timedelta(days=200)
    ):  # decided by this clock, the alert is another one
        await until_done(settings)
    after = await said_of_the_member(settings)
    assert {name for name, _ in after} == {"determinations", "alerts", "audit-log", "dead-letters"}
    assert Counter(before) + Counter(set(after)) == Counter(after)
    assert len(before) == (0 if at == "before_commit" else len(set(after)))


async def test_a_batch_that_was_cut_off_before_it_was_remembered_leaves_no_trace(
    broker: Any, topics: str, tmp_path: Path
) -> None:
    settings = faust_settings(broker, topics, tmp_path)
    await publish(settings, [claim(1)])
    await cut_off(settings, "batch_decided")
    assert [each for each in await said(settings) if each[0] == "determinations"] == []
    async with running_faust(settings):
        await until_done(settings)
    assert len([each for each in await said(settings) if each[0] == "determinations"]) == 1


async def test_a_restart_in_order_says_nothing_again(broker: Any, topics: str, tmp_path: Path) -> None:
    settings = faust_settings(broker, topics, tmp_path)
    await publish(settings, [claim(number, f"M-{number}") for number in range(8)])
    async with running_faust(settings):
        await until_done(settings)
    before = await said(settings)
    async with running_faust(settings) as worker:
        await until(lambda: len(open_lanes(worker)) == 4)
    assert await said(settings) == before


async def test_who_lost_a_lane_can_write_nothing_any_more(broker: Any, topics: str) -> None:
    settings = settings_for(broker.bootstrap_servers, topics)
    names = [settings.topic(name) for name in ("determinations", "alerts", "audit-log", "dead-letters")]
    async with Cluster(settings.kafka) as cluster:
        counts = await cluster.partition_counts(names)
        places = [(name, number) for name in names for number in range(counts[name])]
        former, owner = (
            FencedWriter(cluster, transactional_id=f"{topics}lane-0", group="test", timeout_s=10, name=name)
            for name in ("former", "owner")
        )
        await former.raise_fence(places)
        await former.write_outputs(outgoing_to(places))
        await owner.raise_fence(places)
        for place in places:
            with pytest.raises(LaneLost):
                await former.write_outputs(outgoing_to([place]))
        await owner.write_outputs(outgoing_to(places))
        with pytest.raises(LaneLost):
            await former.raise_fence(places)
    assert [len(await records_of(settings, name)) for name in ("determinations", "alerts", "audit-log")] == [8, 8, 8]


def outgoing_to(places: list[tuple[str, int]]) -> LaneOutgoing:
    outgoing = LaneOutgoing("zstd", int(NOW.timestamp() * 1000), 1_000_000, ("none", 0))
    for name, number in places:
        outgoing.add(name, number, b"key", b"value")
    return outgoing


async def test_a_group_of_the_exactly_once_worker_is_refused_with_what_to_do(
    broker: Any, topics: str, tmp_path: Path
) -> None:
    settings = faust_settings(broker, topics, tmp_path)
    await publish(settings, [claim(1)])
    stop = asyncio.Event()
    task = asyncio.create_task(Worker(settings, clock=lambda: NOW).run(stop))
    await until_done(settings)
    stop.set()
    await task
    with pytest.raises(LaneStopped, match="take another group"):
        async with asyncio.timeout(PATIENCE_S):
            await FaustWorker(settings, clock=lambda: NOW).run(asyncio.Event())
