"""The worker on the real broker: from events to committed records, once each."""

import asyncio
import json
import urllib.request
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiokafka.partitioner import DefaultPartitioner
from tests.stream.harness import (
    NOW,
    alerts_of,
    claim,
    outcome_of,
    publish,
    records_of,
    running,
    settings_for,
    until,
    until_done,
    void,
)

from policywire.broker import LocalBroker
from policywire.errors import BadInput
from policywire.step import step
from policywire.stream.cluster import Cluster
from policywire.stream.ending import ClusterFault, LaneStopped
from policywire.stream.settings import Settings


@pytest.fixture
def settings(broker: LocalBroker, topics: str) -> Settings:
    return settings_for(broker.bootstrap_servers, topics)


async def work(settings: Settings, **worker: Any) -> None:
    async with running(settings, **worker):
        await until_done(settings)


async def test_a_claim_comes_out_as_a_determination_an_alert_and_their_copies_in_the_audit_log(
    settings: Settings,
) -> None:
    await publish(settings, [claim(1)])
    await work(settings)
    (determination,) = await records_of(settings, "determinations")
    (alert,) = [record for record in await records_of(settings, "alerts") if record.document["member_id"]]
    assert determination.document["outcome"] == "not_medically_necessary"
    assert determination.key == determination.document["determination_id"].encode()
    assert alert.document["kind"] == "service_without_agreement"
    assert alert.key == alert.document["alert_id"].encode()
    audit_log = [record for record in await records_of(settings, "audit-log") if record.document["member_id"]]
    assert {(record.key, record.value) for record in audit_log} == {
        (record.key, record.value) for record in (determination, alert)
    }


async def test_outputs_lie_where_kafkas_own_partitioner_would_put_them(settings: Settings) -> None:
    await publish(settings, [claim(number, f"M-{number}") for number in range(20)])
    await work(settings)
    partition_of, numbers = DefaultPartitioner(), [0, 1, 2, 3]
    for topic in ("determinations", "alerts", "audit-log"):
        for record in await records_of(settings, topic):
            assert record.partition == partition_of(record.key, numbers, numbers)


async def test_a_restarted_worker_remembers_what_it_said(settings: Settings) -> None:
    await publish(settings, [claim(1)])
    await work(settings)
    await publish(settings, [void(1)])
    await work(settings)
    statuses = [record.document["status"] for record in await records_of(settings, "determinations")]
    assert statuses == ["current", "withdrawn"]


async def test_appointments_and_claims_of_a_member_meet_in_one_lane(settings: Settings) -> None:
    booked = {
        "event_id": "evt-b",
        "event_type": "appointment.booked",
        "occurred_at": "2026-01-05T15:00:00Z",
        "appointment_id": "APT-9",
        "payer_id": "62308",
        "member_id": "M-1",
        "service_date": "2026-02-01",
        "procedure_codes": ["0717T"],
    }
    await publish(settings, [booked], "scheduling-events")
    await work(settings)
    await publish(settings, [claim(1, lines=[claim(1)["lines"][0] | {"procedure_code": "20999"}])])
    await work(settings)
    kinds = {alert["kind"] for alert in await alerts_of(settings)}
    assert {"expected_denial_scheduled", "unlisted_substitution"} >= kinds - {
        "agreement_missing",
        "service_without_agreement",
    }
    assert "agreement_missing" in kinds


async def test_what_time_alone_changes_is_said_without_an_event(settings: Settings) -> None:
    booked = {
        "event_id": "evt-b",
        "event_type": "appointment.booked",
        "occurred_at": "2026-01-05T15:00:00Z",
        "appointment_id": "APT-9",
        "payer_id": "62308",
        "member_id": "M-1",
        "service_date": "2026-02-01",
        "procedure_codes": ["0717T"],
    }
    ticking = settings_for(settings.kafka.bootstrap_servers, settings.kafka.topic_prefix, batches={"tick_s": 0.2})
    await publish(ticking, [booked], "scheduling-events")
    now = NOW

    def clock() -> datetime:
        return now

    async with running(ticking, clock=clock) as worker:
        await until_done(ticking)
        now = NOW + timedelta(days=12)
        await until(lambda: _value(worker.metrics.exposition(), "agreement_missing", "warning") >= 1)
    severities = [
        record.document["severity"]
        for record in await records_of(ticking, "alerts")
        if record.document["kind"] == "agreement_missing"
    ]
    assert severities == ["info", "warning"]


def _value(exposition: bytes, *labels: str) -> float:
    """The sum of the alert counters that carry all these labels."""
    return sum(
        float(line.rsplit(b" ", 1)[1])
        for line in exposition.splitlines()
        if line.startswith(b"policywire_alerts_total") and all(f'"{label}"'.encode() in line for label in labels)
    )


def text(event: Any) -> bytes:
    return json.dumps(event, separators=(",", ":")).encode()


LINE = claim(0)["lines"][0]
BAD: dict[str, tuple[str, bytes | None]] = {
    "empty": ("not_json", b""),
    "null": ("schema_violation", b"null"),
    "tombstone": ("not_json", None),
    "invalid UTF-8": ("not_json", b'{"event_id":"\xff"}'),
    "byte order mark": ("not_json", b"\xef\xbb\xbf" + text(claim(1))),
    "truncated": ("not_json", text(claim(1))[:-5]),
    "depth 10,000": ("too_deep", b"[" * 10_000 + b"]" * 10_000),
    "NaN": ("not_json", text(claim(1)).replace(b'"4200.00"', b"NaN")),
    "digits": ("schema_violation", text(claim(1)).replace(b'"4200.00"', b"9" * 10_000)),
    "year 0000": ("schema_violation", text(claim(1)).replace(b"2026-01-03", b"0000-01-03")),
    "year 9999": ("schema_violation", text(claim(1)).replace(b"2026-01-03", b"9999-01-03")),
    "string of 1 MB": ("too_large", text(claim(1, narrative="x" * 900_000))),
    "10,000 lines": ("too_large", text(claim(1, lines=[LINE | {"line_number": n + 1} for n in range(10_000)]))),
    "no event_type": ("schema_violation", b"{}"),
    "unknown type": ("unknown_event_type", text(claim(1, event_type="claim.dreamt"))),
    "of the other topic": ("unknown_event_type", text(claim(1, event_type="appointment.booked"))),
    "wrong key": ("key_mismatch", text(claim(1, "M-2"))),
    "tomorrow after next": ("clock_ahead", text(claim(1, occurred_at="2026-01-11T12:00:01Z"))),
}


@pytest.mark.parametrize("what", BAD)
async def test_a_bad_event_is_one_dead_letter_and_the_next_good_one_is_unharmed(settings: Settings, what: str) -> None:
    code, value = BAD[what]
    await publish(settings, [(b"M-1", value), claim(2)], max_request_size=3_000_000)
    await work(settings)
    (letter,) = await records_of(settings, "dead-letters")
    assert letter.headers["error_code"].decode() == code
    assert letter.key == b"M-1"
    assert letter.value == value or not (letter.value or value)
    assert letter.headers["source_topic"].decode() == settings.topic("claim-events")
    assert letter.headers["source_offset"] == b"0"
    determinations = await records_of(settings, "determinations")
    assert [record.document["subject"]["claim_id"] for record in determinations] == ["CLM-2"]


async def test_headers_and_log_say_nothing_of_what_is_in_a_bad_event(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    await publish(settings, [claim(77, lines=[LINE | {"charge_amount": "4200.0", "service_date": "2026-01-03"}])])
    await work(settings)
    (letter,) = await records_of(settings, "dead-letters")
    said = b" ".join(letter.headers.values()).decode() + capsys.readouterr().err
    assert not [value for value in ("CLM-77", "evt-77", "M-1", "4200.0", "2026-01-03") if value in said]


async def test_a_bug_of_ours_makes_a_dead_letter_and_a_loud_log_and_blocks_nobody(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(event: Any, *rest: Any) -> Any:
        if event.event_id == "evt-1":
            raise KeyError("secret")
        return step(event, *rest)

    monkeypatch.setattr("policywire.stream.batch.step", broken)
    await publish(settings, [claim(1), claim(2)])
    await work(settings)
    (letter,) = await records_of(settings, "dead-letters")
    assert letter.headers["error_code"] == b"processing_error"
    assert letter.headers["error_detail"].startswith(b"KeyError at policywire.stream.batch:")
    assert len(await records_of(settings, "determinations")) == 1
    said = capsys.readouterr()
    assert "could not be processed" in said.err + said.out
    assert "secret" not in said.err + said.out


async def test_a_flood_of_dead_letters_stops_the_lane_before_anything_is_committed(
    broker: LocalBroker, topics: str
) -> None:
    settings = settings_for(broker.bootstrap_servers, topics, dead_letters={"events_min": 50})
    await publish(settings, [(b"M-1", b"broken")] * 100)
    error = await outcome_of(settings)
    assert isinstance(error, LaneStopped)
    assert "not_json" in str(error)
    assert "POLICYWIRE_DEAD_LETTERS__SHARE_MAX" in str(error)
    assert await records_of(settings, "dead-letters") == []


async def test_two_workers_share_the_lanes_and_say_everything_once(settings: Settings) -> None:
    async with running(settings) as first, running(settings) as second:
        await until(lambda: len(first._lanes) == 2 and len(second._lanes) == 2)
        await publish(settings, [claim(number, f"M-{number}") for number in range(200)])
        await until_done(settings)
        owned = set(first._lanes) | set(second._lanes)
    assert owned == {0, 1, 2, 3}
    said = Counter(record.key for record in await records_of(settings, "determinations"))
    assert len(said) == 200
    assert set(said.values()) == {1}


async def test_lanes_move_to_a_worker_that_joins_while_events_flow(settings: Settings) -> None:
    async with running(settings) as first:
        await publish(settings, [claim(number, f"M-{number}") for number in range(200)])
        async with running(settings) as second:
            await publish(settings, [claim(number, f"M-{number}") for number in range(200, 400)])
            await until(lambda: len(second._lanes) == 2 and all(lane.is_open for lane in second._lanes.values()))
            await publish(settings, [void(number, f"M-{number}") for number in range(400)])
            await until_done(settings)
            assert len(first._lanes) == 2
    said = Counter(record.key for record in await records_of(settings, "determinations"))
    assert len(said) == 400
    assert set(said.values()) == {2}


async def test_unequal_partition_counts_are_refused(broker: LocalBroker, topic_prefix: str) -> None:
    from aiokafka.admin import AIOKafkaAdminClient, NewPartitions  # noqa: PLC0415  only here

    from policywire.stream.topic_admin import create_topics  # noqa: PLC0415

    await create_topics(broker.bootstrap_servers, prefix=topic_prefix)
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)
    await admin.start()
    await admin.create_partitions({f"{topic_prefix}claim-events": NewPartitions(5)})
    await admin.close()
    settings = settings_for(broker.bootstrap_servers, topic_prefix)
    topic = settings.topic("claim-events")
    async with Cluster(settings.kafka) as cluster:
        while (await cluster.partition_counts([topic]))[topic] != 5:
            await cluster.refresh()
    error = await outcome_of(settings)
    assert isinstance(error, BadInput)
    assert "claim-events 5" in str(error)
    assert "scheduling-events 4" in str(error)


async def test_missing_topics_are_refused_with_what_to_do(broker: LocalBroker, topic_prefix: str) -> None:
    error = await outcome_of(settings_for(broker.bootstrap_servers, topic_prefix))
    assert isinstance(error, BadInput)
    assert "policywire broker" in str(error)


async def test_partitions_added_after_the_start_end_the_worker_so_that_it_counts_again(settings: Settings) -> None:
    async with running(settings) as worker:
        await until(lambda: bool(worker._lanes))
        with pytest.raises(ClusterFault, match="more partitions than the 4 of the start"):
            await worker._assigned({0, 1, 2, 3, 4}, set())


async def test_half_a_lane_is_not_worked_on_and_the_worker_is_not_ready(settings: Settings) -> None:
    async with running(settings) as worker:
        await until(lambda: len(worker._lanes) == 4 and worker._ready().holds)
        await worker._assigned({0, 1}, {2})
        assert set(worker._lanes) == {0, 1}
        ready = worker._ready()
    assert not ready.holds
    assert ready.details["half_lanes"] == [2]


async def test_health_and_metrics_are_served(settings: Settings) -> None:
    await publish(settings, [claim(1), (b"M-1", b"broken")])
    async with running(settings) as worker:
        await until_done(settings)
        await until(lambda: all(lane.is_open for lane in worker._lanes.values()) and len(worker._lanes) == 4)
        ready = json.loads(await asyncio.to_thread(_get, worker.health_port, "/readyz"))
        alive = json.loads(await asyncio.to_thread(_get, worker.health_port, "/livez"))
        await until(lambda: b'policywire_dead_letters_total{code="not_json"} 1.0' in worker.metrics.exposition())
        metrics = (await asyncio.to_thread(_get, worker.health_port, "/metrics")).decode()
    assert ready["ok"]
    assert set(ready["lanes"].values()) == {"open"}
    assert alive["ok"]
    assert 'outcome="not_medically_necessary",payer="cigna",policy="MM 0552"' in metrics
    assert "CLM-1" not in metrics
    assert "M-1" not in metrics.replace("MM 0552", "")


def _get(port: int, path: str) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
        body: bytes = answer.read()
        return body
