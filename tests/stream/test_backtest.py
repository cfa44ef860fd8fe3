"""``policywire backtest`` on the real broker: what it reads, what it finds, and that it leaves no trace."""

import asyncio
import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from click.testing import CliRunner, Result
from tests.stream.harness import (
    appointment,
    claim,
    partitions_of,
    publish,
    records_of,
    running,
    settings_for,
    until_done,
    void,
)

from policywire.broker import LocalBroker
from policywire.cli import main
from policywire.model.records import Alert
from policywire.rulebook.load import load_rulebook
from policywire.stream.cluster import Cluster
from policywire.stream.reader import end_offsets
from policywire.stream.settings import Settings
from policywire.workbench.replay import BadLine, Replay

ROOT = Path(__file__).parents[2]
POLICY = "cigna/mm-0552/policy.yaml"
KNEE = """        indication: fat-derived cell implant for knee osteoarthritis
        outcome: not_medically_necessary
"""
SINCE = "2026-01-05T14:30:00Z"
EVERY_TOPIC = (
    *("claim-events", "scheduling-events", "determinations", "alerts", "audit-log", "dead-letters"),
    *("member-timelines", "policy-documents", "policy-history"),
)
MEMBERS = [f"M-{number}" for number in range(1, 21)]


@pytest.fixture
def settings(broker: LocalBroker, topics: str) -> Settings:
    return settings_for(broker.bootstrap_servers, topics)


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    """Rules that cover the knee from the current version on."""
    folder = tmp_path / "draft"
    shutil.copytree(ROOT / "rules", folder)
    policy = folder / POLICY
    policy.write_text(policy.read_text().replace(KNEE, KNEE.replace("not_medically_necessary", "covered")))
    return folder


def events() -> tuple[list[Any], list[Any]]:
    """Claims and bookings of twenty members; the even ones' claims come late, two claims are voided."""
    claims: list[Any] = [
        claim(number, member, occurred_at=f"2026-01-05T{14 + number % 2:02}:{number:02}:00Z")
        for number, member in enumerate(MEMBERS, 1)
    ]
    claims += [void(3, "M-3"), void(4, "M-4"), (b"M-1", b"broken"), (b"M-2", json.dumps(claim(90, "M-1")).encode())]
    bookings = [appointment(number, member) for number, member in enumerate(MEMBERS, 1) if number % 3 == 0]
    return claims, bookings


async def published(settings: Settings) -> None:
    claims, bookings = events()
    await publish(settings, claims)
    await publish(settings, bookings, "scheduling-events")


async def traces(settings: Settings) -> tuple[dict[Any, int], list[Any], dict[str, Any]]:
    """Where every topic ends, which groups there are, and what they have committed."""
    async with Cluster(settings.kafka) as cluster:
        ends = await end_offsets(cluster, await partitions_of(cluster, settings, EVERY_TOPIC), "test")
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka.bootstrap_servers)
    await admin.start()
    try:
        groups = sorted(await admin.list_consumer_groups())
        offsets = {group: await admin.list_consumer_group_offsets(group) for group, *_ in groups}
    finally:
        await admin.close()
    return ends, groups, offsets


def backtest(settings: Settings, draft: Path, *arguments: str, status: int = 1) -> Result:
    where = ("--bootstrap-servers", settings.kafka.bootstrap_servers, "--topic-prefix", settings.kafka.topic_prefix)
    topics = ("--from-topic", "claim-events", "--from-topic", "scheduling-events")
    rules = ("--rules", str(draft), "--against", str(ROOT / "rules"))
    result = CliRunner().invoke(main, ["backtest", *rules, *topics, *where, *arguments])
    assert result.exit_code == status, result.output
    return result


def latest(settings: Settings, rules: Path) -> dict[str, Any]:
    """What a replay of the very records says last of each subject."""
    records = [
        *asyncio.run(records_of(settings, "claim-events")),
        *asyncio.run(records_of(settings, "scheduling-events")),
    ]
    replay, found = Replay(load_rulebook(rules)), {}
    good = [record.value for record in records if record.value and json_member(record.value) == record.key]
    for given in (*(replay.feed(0, value) for value in good), replay.advance()):
        for each in given:
            assert not isinstance(each, BadLine)
            found[each.alert_id if isinstance(each, Alert) else each.determination_id] = each
    return found


def json_member(value: bytes) -> bytes | None:
    try:
        return str(json.loads(value)["member_id"]).encode()
    except ValueError:
        return None


def test_it_finds_what_two_replays_of_the_records_differ_in(settings: Settings, draft: Path) -> None:
    asyncio.run(published(settings))
    report = json.loads(backtest(settings, draft, "--json").output)
    current, other = latest(settings, ROOT / "rules"), latest(settings, draft)
    flipped = [
        (str(each.outcome), str(other[key].outcome))
        for key, each in current.items()
        if not isinstance(each, Alert) and each.status == "current" and each.outcome != other[key].outcome
    ]
    told = {each["change"]: each["lines"] for each in report["flips"]["by"]["change"]}
    assert told == {f"{was} -> {now}": count for (was, now), count in Counter(flipped).items()}
    assert told == {"not_medically_necessary -> covered": 18 + 6}
    assert report["flips"]["claim_lines"]["exposure_before"] == "75600.00"
    opened = {key for key, each in current.items() if isinstance(each, Alert) and each.status == "open"}
    still = {key for key, each in other.items() if isinstance(each, Alert) and each.status == "open"}
    finally_other = [each for each in report["alerts"] if each["change"] == "does not open"]
    assert sum(each["alerts"] for each in finally_other) == len(opened - still) > 0
    assert report["read"]["bad_events"] == {"key_mismatch": 1, "not_json": 1}
    assert report["read"]["events"] == len(MEMBERS) + 2 + 6


def test_it_leaves_no_trace_on_the_cluster(settings: Settings, draft: Path) -> None:
    async def work() -> None:
        await published(settings)
        async with running(settings):
            await until_done(settings)

    asyncio.run(work())
    before = asyncio.run(traces(settings))
    assert before[0]
    assert before[2]["test"]
    backtest(settings, draft)
    backtest(settings, ROOT / "rules", status=0)
    assert asyncio.run(traces(settings)) == before


def test_only_what_is_said_in_the_window_is_told(settings: Settings, draft: Path) -> None:
    asyncio.run(published(settings))
    everything = json.loads(backtest(settings, draft, "--json").output)
    later = json.loads(backtest(settings, draft, "--json", "--since", SINCE).output)
    assert later["read"]["events"] == everything["read"]["events"]
    assert 0 < later["flips"]["claim_lines"]["lines"] <= everything["flips"]["claim_lines"]["lines"]
    earlier = json.loads(backtest(settings, draft, "--json", "--until", SINCE).output)
    assert earlier["read"]["after_window"] > 0
    assert earlier["flips"]["claim_lines"]["lines"] < everything["flips"]["claim_lines"]["lines"]


def publish_rules(settings: Settings, rules: Path) -> None:
    where = ("--bootstrap-servers", settings.kafka.bootstrap_servers, "--topic-prefix", settings.kafka.topic_prefix)
    leave = ("--force", "--reason", "a test", "--author", "somebody")
    result = CliRunner().invoke(main, ["rules", "publish", str(rules), *where, *leave])
    assert result.exit_code == 0, result.output


def test_the_rules_in_force_can_be_those_of_the_topic(settings: Settings, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "rules", tmp_path / "rules")
    asyncio.run(published(settings))
    publish_rules(settings, tmp_path / "rules")
    assert "No line flips." in backtest(settings, ROOT / "rules", "--against", "topic", status=0).output


def test_records_written_before_can_be_left_out(settings: Settings, draft: Path) -> None:
    asyncio.run(published(settings))
    nothing = backtest(settings, draft, "--read-from", "2199-01-01T00:00:00Z", status=2).output
    assert "there is nothing to run" in nothing
    everything = json.loads(backtest(settings, draft, "--json", "--read-from", "2020-01-01T00:00:00Z").output)
    assert everything["read"]["events"] == len(MEMBERS) + 2 + 6


def test_published_editions_can_be_compared(settings: Settings, tmp_path: Path, draft: Path) -> None:
    shutil.copytree(ROOT / "rules", tmp_path / "rules")
    where = ("--bootstrap-servers", settings.kafka.bootstrap_servers, "--topic-prefix", settings.kafka.topic_prefix)

    def diff(*sides: str, status: int) -> str:
        result = CliRunner().invoke(main, ["rules", "diff", *sides, *where])
        assert result.exit_code == status, result.output
        return result.output

    assert "holds no documents" in diff("topic", str(draft), status=2)
    publish_rules(settings, tmp_path / "rules")
    first = load_rulebook(tmp_path / "rules").revision
    for name in (POLICY, "cigna/mm-0552/cases.yaml"):
        edited = tmp_path / "rules" / name
        edited.write_text(edited.read_text().replace('carc: "50"', 'carc: "96"'))
    publish_rules(settings, tmp_path / "rules")
    assert "CARC: 50 becomes 96" in diff("publication:1", "topic", status=1)
    assert "CARC: 96 becomes 50" in diff("topic", f"revision:{first[:20]}", status=1)
    assert "No answer changes." in diff("publication:2", str(tmp_path / "rules"), status=0)
    assert "there is no publication 9" in diff("publication:9", "topic", status=2)
    assert "no publication has the revision:ffff" in diff("revision:ffff", "topic", status=2)
