"""``policywire send`` on a real broker: good events reach their topics by member, and with a bad one none is sent."""

import asyncio
import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from tests.stream.harness import appointment, claim, records_of, settings_for

from policywire.broker import LocalBroker
from policywire.cli import main
from policywire.stream.partitioning import partition_of
from policywire.stream.topics import load_topics


def send(broker: LocalBroker, topics: str, path: Path, *events: dict[str, Any]) -> Result:
    path.write_text("\n".join(map(json.dumps, events)) + "\n\n")
    where = ["--bootstrap-servers", broker.bootstrap_servers, "--topic-prefix", topics]
    return CliRunner().invoke(main, ["send", str(path), *where])


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
    assert "event 2: /payer_id" in result.output
    assert "Nothing was sent." in result.output
    assert asyncio.run(records_of(settings_for(broker.bootstrap_servers, topics), "claim-events")) == []


def test_a_cluster_without_the_topic_is_told(broker: LocalBroker, tmp_path: Path) -> None:
    result = send(broker, "nowhere.", tmp_path / "events.jsonl", claim(1))
    assert result.exit_code == 2
    assert "the cluster has no topic nowhere.claim-events" in result.output
