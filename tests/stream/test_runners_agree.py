"""Both runners and the replay come to the same: the latest record of every id, and the same dead letters.

The cases beside the policies and the watch rules, a file of events that were made to disagree about, and some hundred
synthetic ones with bad ones among them, on a real Kafka. A replay whose clock stands where the workers' clocks stand
says what must be there.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.stream.harness import publish, records_of, running, settings_for, until_done
from tests.stream.test_faust_runner import running_faust

from policywire.model.records import Determination, Record
from policywire.rulebook.case_events import event_values
from policywire.rulebook.load import Reading, files_in, read_rules
from policywire.stream.settings import Settings
from policywire.stream.topic_admin import create_topics
from policywire.workbench.casetest import claim_of
from policywire.workbench.generate import ClaimMix, SchedulingMix, generate_claims, generate_scheduling
from policywire.workbench.replay import Replay

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 6, 1, tzinfo=UTC)
CLAIMS, SCHEDULING = 400, 200
TOPICS = ("scheduling-events", "claim-events")
Event = tuple[str, bytes | None, bytes | None, bool]
"""Topic, key and value, and whether it was spoiled."""


@pytest.fixture(scope="module")
def reading() -> Reading:
    return read_rules(files_in(ROOT / "rules"))


def case_events(reading: Reading) -> Iterator[dict[str, Any]]:
    """What every case stands for, each with a member of its own."""
    rulebook = reading.rulebook
    assert rulebook is not None
    payer_ids = {each.payer: each.payer_ids[0] for each in reading.collection.payers.values()}
    number = 0
    for document in reading.collection.cases.values():
        for case in document.cases:
            number += 1
            claim = msgspec.to_builtins(claim_of(case, document.payer, rulebook))
            yield claim | {"member_id": f"case-{number}"}
    for watch in reading.collection.watch_cases.values():
        for each in watch.cases:
            number += 1
            for value in event_values(each, payer_ids[watch.payer]):
                event = json.loads(value)
                yield event | {"member_id": f"case-{number}-{event['member_id']}"}


def written_events() -> Iterator[dict[str, Any]]:
    yield from map(json.loads, (Path(__file__).parent / "agreeing.jsonl").read_text("utf-8").splitlines())


def published_events(reading: Reading) -> Iterator[Event]:
    for event in (*case_events(reading), *written_events()):
        if datetime.fromisoformat(event["occurred_at"]) > NOW:
            continue  # of a case that plays later
        topic = "claim-events" if event["event_type"].startswith("claim.") else "scheduling-events"
        yield topic, event["member_id"].encode(), json.dumps(event).encode(), False
    for claim in generate_claims(CLAIMS, seed=3, mix=ClaimMix(hits=0.3, bad=0.1)):
        yield "claim-events", claim.key, claim.value, claim.bad is not None
    for booking in generate_scheduling(SCHEDULING, seed=3, mix=SchedulingMix(hits=0.3, bad=0.1)):
        yield "scheduling-events", booking.key, booking.value, booking.bad is not None


def demanded(events: list[Event], reading: Reading) -> dict[str, bytes]:
    """The latest record of every id by the pure step alone."""
    assert reading.rulebook is not None
    replay = Replay(reading.rulebook)
    list(replay.advance(NOW))
    latest: dict[str, bytes] = {}
    for number, (_, _, value, is_spoiled) in enumerate(events, 1):
        for record in () if is_spoiled else replay.feed(number, value or b""):
            if isinstance(record, Record):
                latest[record_id(record)] = msgspec.json.encode(record)
    return latest


def record_id(record: Record) -> str:
    return record.determination_id if isinstance(record, Determination) else record.alert_id


async def outcome(settings: Settings) -> tuple[dict[str, bytes], Counter[tuple[Any, ...]]]:
    """The latest record of every id about a member, and the dead letters without what names this cluster."""
    latest: dict[str, bytes] = {}
    for name in ("determinations", "alerts"):
        for record in await records_of(settings, name):
            assert record.key is not None
            assert record.value is not None
            if record.document["member_id"] is not None:
                latest[record.key.decode()] = record.value
    letters: Counter[tuple[Any, ...]] = Counter()
    for record in await records_of(settings, "dead-letters"):
        headers = {name: value for name, value in record.headers.items() if name != "source_timestamp"}
        headers["source_topic"] = headers["source_topic"].removeprefix(settings.kafka.topic_prefix.encode())
        letters[record.partition, record.key, record.value, tuple(sorted(headers.items()))] += 1
    return latest, letters


async def test_both_runners_and_the_replay_come_to_the_same(
    broker: Any, topic_prefix: str, reading: Reading, tmp_path: Path
) -> None:
    events = sorted(published_events(reading), key=lambda event: TOPICS.index(event[0]))
    outcomes = []
    for runner in ("exactly-once", "faust"):
        prefix = f"{topic_prefix}{runner}."
        await create_topics(broker.bootstrap_servers, prefix=prefix)
        settings = settings_for(
            broker.bootstrap_servers,
            prefix,
            rules={"path": str(ROOT / "rules")},
            dead_letters={"share_max": 1},
            faust={"folder": str(tmp_path), "commit_s": 0.2},
        )
        start = running(settings, clock=lambda: NOW) if runner == "exactly-once" else running_faust(settings, now=NOW)
        async with asyncio.timeout(120), start:
            for name in TOPICS:  # one after the other: in which order two topics meet is nobody's to say
                await publish(settings, [(key, value) for topic, key, value, _ in events if topic == name], name)
                await until_done(settings)
        outcomes.append(await outcome(settings))
    (by_worker, its_letters), (by_faust, other_letters) = outcomes
    assert by_faust == by_worker
    assert other_letters == its_letters
    must = demanded(events, reading)
    assert by_worker.keys() == must.keys()
    assert {key: json.loads(value) for key, value in by_worker.items()} == {
        key: json.loads(value) for key, value in must.items()
    }
    assert len(must) > 200
    assert its_letters
