"""Dead letters sent again, on the real broker: each once, whoever dies and whoever else is at it."""

import asyncio
import json
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from tests.stream.harness import NOW, claim, publish, records_of, running, settings_for, until_done

from policywire.broker import LocalBroker
from policywire.errors import BadInput, PassingFault
from policywire.stream.cluster import Cluster
from policywire.stream.deadletter_topic import DeadLetterTopic, Found, Selection, Snapshot
from policywire.stream.deadletters import headers
from policywire.stream.outgoing import Outgoing
from policywire.stream.points import Passing, Point, pass_by
from policywire.stream.redrive import TRANSACTION_RECORDS, Redrive, Redriven
from policywire.stream.settings import Settings
from policywire.stream.topic_admin import create_topics
from policywire.stream.transactions import Transactions

ALL = Selection()
MANY = 3 * TRANSACTION_RECORDS + 7
DIES = """
import asyncio, os, signal, sys
from policywire.stream.cluster import Cluster
from policywire.stream.deadletter_topic import Selection
from policywire.stream.redrive import Redrive
from policywire.stream.settings import load_settings

async def main(point, nth):
    passed = 0
    async def passing(at, lane):
        nonlocal passed
        passed += at == point
        if passed == nth:
            os.kill(os.getpid(), signal.SIGKILL)
    settings = load_settings()
    async with Cluster(settings.kafka) as cluster:
        await Redrive(cluster, settings, passing=passing).run(Selection())

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


@pytest.fixture
def settings(broker: LocalBroker, topics: str) -> Settings:
    return settings_for(broker.bootstrap_servers, topics)


async def work(settings: Settings) -> None:
    async with running(settings):
        await until_done(settings)


async def redrive(  # noqa: PLR0913  as the method
    settings: Settings,
    selection: Selection = ALL,
    *,
    mended: bytes | None = None,
    again: bool = False,
    until: Snapshot | None = None,
    passing: Passing = pass_by,
) -> Redriven:
    async with Cluster(settings.kafka) as cluster:
        return await Redrive(cluster, settings, passing=passing).run(selection, mended=mended, again=again, until=until)


async def letters_of(settings: Settings, selection: Selection = ALL) -> list[Found]:
    async with Cluster(settings.kafka) as cluster:
        topic = DeadLetterTopic(cluster, settings)
        return [found async for found in topic.letters(await topic.snapshot(), selection)]


async def bury(settings: Settings, count: int, value: bytes = b"broken") -> None:
    """Dead letters as a worker writes them, of events that were never sent: so that all in claim-events is redriven."""
    async with Cluster(settings.kafka) as cluster:
        counts = await cluster.partition_counts([settings.topic("dead-letters")])
        transactions = Transactions(
            cluster, transactional_id=settings.topic("bury"), group="test", timeout_s=10, name="the test"
        )
        await transactions.fence()
        outgoing = Outgoing("none", 1_700_000_000_000, 2_000_000)
        for number in range(count):
            lane = number % counts[settings.topic("dead-letters")]
            why = headers(
                "not_json", "grammar", settings.topic("claim-events"), lane, 1_000_000 + number, 1_700_000_000_000
            )
            outgoing.add(settings.topic("dead-letters"), lane, b"M-%d" % number, value, why)
        await transactions.commit(outgoing, {})


async def sent_again(settings: Settings) -> Counter[str]:
    """How often each dead letter's event is in the input topic."""
    return Counter(record.headers["redrive_of"].decode() for record in await records_of(settings, "claim-events"))


async def test_a_dead_letter_is_sent_again_once_however_often_it_is_asked_for(settings: Settings) -> None:
    await publish(settings, [(b"M-1", b"broken")])
    await work(settings)
    first, second = await redrive(settings), await redrive(settings)
    assert (first.sent, first.before) == (1, 0)
    assert (second.sent, second.before) == (0, 1)
    original, again = await records_of(settings, "claim-events")
    assert (again.key, again.value, again.partition) == (original.key, original.value, original.partition)
    (found,) = await letters_of(settings)
    assert found.redriven
    assert again.headers["redrive_of"].decode() == found.letter.id


async def test_an_event_redriven_after_the_fix_is_decided(settings: Settings) -> None:
    await publish(settings, [claim(1, occurred_at="2026-01-11T13:00:00Z")])
    await work(settings)
    (letter,) = await records_of(settings, "dead-letters")
    assert letter.headers["error_code"] == b"clock_ahead"
    await redrive(settings, Selection(reason="clock_ahead"))
    async with running(settings, clock=lambda: NOW.replace(day=12)):
        await until_done(settings)
    assert len(await records_of(settings, "determinations")) == 1


async def test_what_comes_back_is_known_and_left_alone_unless_it_is_asked_for(settings: Settings) -> None:
    await publish(settings, [(b"M-1", b"broken"), (b"M-2", b"broken")])
    await work(settings)
    assert (await redrive(settings)).sent == 2
    await work(settings)
    found = await letters_of(settings)
    assert [each.came_back for each in found].count(True) == 2
    assert all(each.came_back != each.redriven for each in found)
    repeated = await redrive(settings)
    assert (repeated.sent, repeated.before, repeated.came_back) == (0, 2, 2)
    asked_for = await redrive(settings, again=True)
    assert (asked_for.sent, asked_for.before) == (2, 2)


async def test_a_mended_event_goes_to_the_lane_of_its_own_member(settings: Settings) -> None:
    await publish(settings, [(b"M-1", json.dumps(claim(1, "M-2")).encode())])
    await work(settings)
    mended = json.dumps(claim(1, "M-2")).encode()
    await redrive(settings, Selection(reason="key_mismatch"), mended=mended)
    await work(settings)
    (determination,) = await records_of(settings, "determinations")
    assert determination.document["member_id"] == "M-2"


async def test_only_what_is_selected_is_sent(settings: Settings) -> None:
    await publish(settings, [(b"M-1", b"broken"), (b"M-1", b"{}"), (None, b"[")])
    await work(settings)
    assert (await redrive(settings, Selection(reason="schema_violation"))).sent == 1
    assert [found.letter.source_offset for found in await letters_of(settings) if found.redriven] == [1]
    with pytest.raises(BadInput, match="one dead letter, and 2"):
        await redrive(settings, Selection(reason="not_json"), mended=b"{}")
    lane = Selection(source_partition=0, source_topic=settings.topic("claim-events"), redriven=False)
    assert {found.letter.source_partition for found in await letters_of(settings, lane)} == {0}


async def test_dead_letters_that_came_after_the_count_are_left_alone(settings: Settings) -> None:
    await publish(settings, [(b"M-1", b"broken")])
    await work(settings)
    async with Cluster(settings.kafka) as cluster:
        counted = await DeadLetterTopic(cluster, settings).snapshot()
    await publish(settings, [(b"M-1", b"broken too")])
    await work(settings)
    assert (await redrive(settings, until=counted)).sent == 1
    assert (await redrive(settings)).sent == 1


async def test_what_somebody_else_sent_after_the_count_is_not_sent_twice(settings: Settings) -> None:
    await bury(settings, 3)
    async with Cluster(settings.kafka) as cluster:
        counted = await DeadLetterTopic(cluster, settings).snapshot()
    assert (await redrive(settings)).sent == 3
    done = await redrive(settings, until=counted)
    assert (done.sent, done.before) == (0, 3)


@pytest.mark.parametrize(
    ("point", "nth"), [("after_begin", 1), ("after_send", 2), ("before_commit", 3), ("after_commit", 2)]
)
async def test_one_that_is_killed_half_way_and_repeated_sends_the_rest_once(
    settings: Settings, point: Point, nth: int
) -> None:
    await bury(settings, MANY)
    kafka = settings.kafka
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", DIES, point, str(nth)),
        env={
            "PYTHONPATH": str(Path(__file__).parents[2] / "services"),
            "POLICYWIRE_KAFKA__BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
            "POLICYWIRE_KAFKA__TOPIC_PREFIX": kafka.topic_prefix,
            "POLICYWIRE_KAFKA__GROUP": kafka.group,
        },
        stderr=subprocess.PIPE,
    )
    _, said = await process.communicate()
    assert process.returncode == -signal.SIGKILL, said.decode()
    rest = await redrive(settings)
    assert rest.before == (nth if point == "after_commit" else nth - 1) * TRANSACTION_RECORDS
    assert rest.sent == MANY - rest.before
    again = await sent_again(settings)
    assert len(again) == MANY
    assert set(again.values()) == {1}


async def test_of_two_at_the_same_time_the_earlier_one_stops_and_each_event_is_sent_once(settings: Settings) -> None:
    await bury(settings, MANY)
    later: list[Redriven] = []
    passed = 0

    async def begin_another(point: Point, _lane: int) -> None:
        nonlocal passed
        passed += point == "after_send"
        if passed == 2 and not later:
            later.append(await redrive(settings))

    with pytest.raises(PassingFault, match="another redrive began after this one"):
        await redrive(settings, passing=begin_another)
    assert [(each.sent, each.before) for each in later] == [(MANY - TRANSACTION_RECORDS, TRANSACTION_RECORDS)]
    again = await sent_again(settings)
    assert len(again) == MANY
    assert set(again.values()) == {1}


async def test_two_processes_at_the_same_time_send_each_event_once(settings: Settings) -> None:
    await bury(settings, MANY)
    done = await asyncio.gather(redrive(settings), redrive(settings), return_exceptions=True)
    assert {type(each) for each in done} <= {Redriven, PassingFault}
    await redrive(settings)
    again = await sent_again(settings)
    assert len(again) == MANY
    assert set(again.values()) == {1}


async def test_large_events_are_sent_in_transactions_that_their_topic_takes(settings: Settings) -> None:
    await bury(settings, 30, b"x" * 200_000)
    assert (await redrive(settings)).sent == 30
    assert len(await records_of(settings, "claim-events")) == 30


async def test_one_that_its_topic_would_refuse_is_told_and_keeps_nobody_else_back(settings: Settings) -> None:
    await bury(settings, 1, b"x" * 1_040_000)
    await publish(settings, [(b"M-1", b"broken")], topic="scheduling-events")
    await work(settings)
    done = await redrive(settings)
    assert (done.sent, done.too_large) == (1, 1)
    assert (await redrive(settings)).too_large == 1


async def test_a_broker_that_goes_away_ends_it_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("policywire.stream.deadletter_topic.IDLE_S", 1.0)
    with LocalBroker() as own:
        await create_topics(own.bootstrap_servers)
        settings = settings_for(own.bootstrap_servers, "", deadlines={"fence_s": 1.0})
        async with Cluster(settings.kafka) as cluster:
            topic = DeadLetterTopic(cluster, settings)
            before = await topic.snapshot()
            later = Snapshot(dict.fromkeys(before.ends, 1), before.redriven, before.landed)
            # A place that no record has yet is waited for, and so is a broker.
            for away in (False, True):
                if away:
                    await asyncio.to_thread(own.kill)
                with pytest.raises(PassingFault, match="no answer for 1 s"):
                    _ = [found async for found in topic.letters(later, ALL)]
            for waiting in (topic.snapshot(), Redrive(cluster, settings).run(ALL)):
                with pytest.raises(PassingFault, match="no answer for 1 s"):
                    await waiting


async def test_an_event_that_was_judged_twice_is_sent_once(settings: Settings) -> None:
    await bury(settings, 3)
    await bury(settings, 3)
    assert len(await letters_of(settings)) == 3
    assert (await redrive(settings)).sent == 3
