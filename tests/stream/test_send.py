"""``policywire send`` on a real broker: good events reach their topics by member, and with a bad one none is sent."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from click.testing import CliRunner, Result
from tests.stream.harness import appointment, claim, records_of, settings_for

from policywire.broker import LocalBroker
from policywire.cli import main
from policywire.model.json_text import EVENT_BYTES_MAX
from policywire.stream.partitioning import partition_of
from policywire.stream.settings import Settings
from policywire.stream.topics import load_topics


def send(broker: LocalBroker, topics: str, path: Path, *events: dict[str, Any], more: Sequence[str] = ()) -> Result:
    path.write_text("\n".join(map(json.dumps, events)) + "\n\n")
    where = ["--bootstrap-servers", broker.bootstrap_servers, "--topic-prefix", topics]
    return CliRunner().invoke(main, ["send", str(path), *where, *more])


async def without(settings: Settings, topic: str) -> None:
    """Take a topic away, and wait until the cluster knows nothing of it."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka.bootstrap_servers)
    await admin.start()
    try:
        await admin.delete_topics([settings.topic(topic)])
        while settings.topic(topic) in await admin.list_topics():  # noqa: ASYNC110  it happens on the broker
            await asyncio.sleep(0.05)
    finally:
        await admin.close()


def test_each_event_goes_to_its_topic_with_its_member_as_key(broker: LocalBroker, topics: str, tmp_path: Path) -> None:
    result = send(broker, topics, tmp_path / "events.jsonl", claim(1), appointment(1, "M-2"), claim(2, "M-3"))
    assert result.exit_code == 0, result.output
    assert "2 events sent to" in result.output
    settings = settings_for(broker.bootstrap_servers, topics)
    claims = asyncio.run(records_of(settings, "claim-events"))
    (booked,) = asyncio.run(records_of(settings, "scheduling-events"))
    assert {record.key for record in claims} == {b"M-1", b"M-3"}
    assert (booked.key, booked.document["appointment_id"]) == (b"M-2", "APT-1")
    count = load_topics()["claim-events"].partitions
    assert all(record.key and record.partition == partition_of(record.key, count) for record in claims)


def test_with_one_bad_event_none_is_sent(broker: LocalBroker, topics: str, tmp_path: Path) -> None:
    bad = claim(2) | {"payer_id": ""}
    result = send(broker, topics, tmp_path / "events.jsonl", claim(1), bad)
    assert result.exit_code == 1
    assert f"{tmp_path / 'events.jsonl'}:2: /payer_id" in result.output
    assert "Nothing was sent." in result.output
    assert asyncio.run(records_of(settings_for(broker.bootstrap_servers, topics), "claim-events")) == []


def test_a_fault_is_named_by_its_file_and_line_blank_ones_counted(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.jsonl", tmp_path / "bad.jsonl"
    good.write_text(json.dumps(claim(1)) + "\n")
    bad.write_text("\n\n" + json.dumps(claim(2) | {"payer_id": ""}) + "\r\n")
    where = ["--bootstrap-servers", "127.0.0.1:1"]
    result = CliRunner().invoke(main, ["send", str(good), str(bad), *where])
    assert result.exit_code == 1
    assert f"{bad}:3: /payer_id" in result.output
    report = json.loads(CliRunner().invoke(main, ["send", str(good), str(bad), "--json", *where]).stdout)
    assert report["sent"] == {}
    assert [(each["file"], each["line"]) for each in report["faults"]] == [(str(bad), 3)]


def test_where_one_topic_is_lacking_none_gets_anything(broker: LocalBroker, topics: str, tmp_path: Path) -> None:
    settings = settings_for(broker.bootstrap_servers, topics)
    asyncio.run(without(settings, "scheduling-events"))
    result = send(broker, topics, tmp_path / "events.jsonl", claim(1), appointment(1, "M-2"))
    assert result.exit_code == 2
    assert f"the cluster has no topic {topics}scheduling-events" in result.output
    assert asyncio.run(records_of(settings, "claim-events")) == []


def test_what_was_sent_is_told_to_programs_too(broker: LocalBroker, topics: str, tmp_path: Path) -> None:
    result = send(broker, topics, tmp_path / "events.jsonl", claim(1), appointment(1, "M-2"), more=["--json"])
    assert json.loads(result.stdout) == {
        "sent": {f"{topics}claim-events": 1, f"{topics}scheduling-events": 1},
        "faults": [],
    }


def test_the_largest_event_that_is_good_is_sent(broker: LocalBroker, topics: str, tmp_path: Path) -> None:
    large = claim(1) | {"own": ""}
    large |= {"own": "x" * (EVENT_BYTES_MAX - len(json.dumps(large)))}
    result = send(broker, topics, tmp_path / "events.jsonl", claim(2), large, claim(3))
    assert result.exit_code == 0, result.output
    assert len(asyncio.run(records_of(settings_for(broker.bootstrap_servers, topics), "claim-events"))) == 3


def test_a_file_without_an_event_sends_nothing_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_text("\n\n")
    result = CliRunner().invoke(main, ["send", str(tmp_path / "events.jsonl"), "--bootstrap-servers", "127.0.0.1:1"])
    assert result.exit_code == 0
    assert "There is no event in it: nothing was sent." in result.output


def test_where_no_cluster_answers_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_text(json.dumps(claim(1)))
    result = CliRunner().invoke(main, ["send", str(tmp_path / "events.jsonl"), "--bootstrap-servers", "127.0.0.1:1"])
    assert result.exit_code == 1
    assert "No Kafka answers at 127.0.0.1:1" in result.output


def test_a_cluster_without_the_topic_is_told(broker: LocalBroker, tmp_path: Path) -> None:
    result = send(broker, "nowhere.", tmp_path / "events.jsonl", claim(1))
    assert result.exit_code == 2
    assert "the cluster has no topic nowhere.claim-events" in result.output
