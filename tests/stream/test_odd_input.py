"""What is odd about scheduling events, times and clocks, through a worker: nothing is lost or silently dropped."""

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from tests.stream.harness import (
    NOW,
    alerts_of,
    appointment,
    claim,
    publish,
    records_of,
    running,
    settings_for,
    until,
    until_done,
    void,
)

from policywire.broker import LocalBroker
from policywire.stream import changelog
from policywire.stream.partitioning import partition_of
from policywire.stream.settings import Settings

SCHEDULING = "scheduling-events"
LANE = partition_of(b"M-1", 4)
OLDER = Path(__file__).parents[1] / "unit/cases/timeline.v1.hex"
"""A timeline as an earlier edition of policywire wrote it."""


@pytest.fixture
def settings(broker: LocalBroker, topics: str) -> Settings:
    return settings_for(broker.bootstrap_servers, topics, batches={"tick_s": 0.1})


async def work(settings: Settings, now: datetime = NOW) -> bytes:
    """Decide all there is; the metrics at the end."""
    async with running(settings, clock=lambda: now) as worker:
        await until_done(settings)
        return worker.metrics.exposition()


def agreement(**changes: Any) -> dict[str, Any]:
    return {
        "event_id": "evt-g",
        "event_type": "agreement.signed",
        "occurred_at": "2026-01-06T15:00:00Z",
        "agreement_id": "AGR-1",
        "payer_id": "62308",
        "member_id": "M-1",
        "procedure_codes": ["0565T"],
        "service_date_from": "2026-01-01",
        "service_date_through": "2026-02-28",
        "signed_at": "2026-01-01T09:00:00-05:00",
    } | changes


def ending(kind: str, at: str = "2026-01-07T15:00:00Z", **changes: Any) -> dict[str, Any]:
    of = {"agreement_id": "AGR-1"} if kind == "agreement.revoked" else {"appointment_id": "APT-1"}
    return {"event_id": f"evt-{kind}", "event_type": kind, "occurred_at": at, "member_id": "M-1"} | of | changes


async def determinations_of(settings: Settings) -> dict[str, Any]:
    """The latest of each subject, by the id of its claim or appointment."""
    records = [record.document for record in await records_of(settings, "determinations")]
    return {each["subject"].get("claim_id") or each["subject"]["appointment_id"]: each for each in records}


async def open_alerts(settings: Settings) -> set[str]:
    """The kinds of member alerts that are open at the end."""
    latest = {each["alert_id"]: each for each in await alerts_of(settings)}
    return {each["kind"] for each in latest.values() if each["status"] == "open"}


def received(exposition: bytes) -> float:
    """How many events the worker counted."""
    lines = [line for line in exposition.splitlines() if line.startswith(b"policywire_events_total")]
    return sum(float(line.rsplit(b" ", 1)[1]) for line in lines)


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "an agreement that ends before it starts": (
        agreement(service_date_through="2025-12-31"),
        "/service_date_through window_not_reversed",
    ),
    "an agreement signed on a day without a time": (agreement(signed_at="2026-01-01"), "/signed_at format"),
    "an agreement without its list of codes": (
        {name: value for name, value in agreement().items() if name != "procedure_codes"},
        "/procedure_codes required",
    ),
    "an appointment without codes": (appointment(2, procedure_codes=[]), "/procedure_codes minItems"),
    "an appointment with an empty code": (appointment(2, procedure_codes=[""]), "/procedure_codes/0 minLength"),
    "an appointment on no day": (appointment(2, service_date="2026-02-30"), "/service_date format"),
    "an ending of no appointment": (ending("appointment.completed", appointment_id=None), "/appointment_id type"),
}


@pytest.mark.parametrize("what", BAD)
async def test_a_bad_scheduling_event_is_one_dead_letter_and_the_next_good_one_is_unharmed(
    settings: Settings, what: str
) -> None:
    event, detail = BAD[what]
    await publish(settings, [event, appointment(1)], SCHEDULING)
    exposition = await work(settings)
    (letter,) = await records_of(settings, "dead-letters")
    assert (letter.headers["error_code"], letter.headers["error_detail"].decode()) == (b"schema_violation", detail)
    assert (letter.document, letter.headers["source_topic"].decode()) == (event, settings.topic(SCHEDULING))
    assert (await determinations_of(settings)).keys() == {"APT-1"}
    assert received(exposition) == 2


async def test_endings_of_things_never_seen_are_kept_until_their_content_comes(settings: Settings) -> None:
    await publish(settings, [void(1)])
    await publish(settings, [ending("appointment.cancelled"), ending("agreement.revoked")], SCHEDULING)
    exposition = await work(settings)
    assert received(exposition) == 3
    assert await records_of(settings, "dead-letters") == await records_of(settings, "determinations") == []
    await publish(settings, [claim(1), claim(2)])
    booked = appointment(1, occurred_at="2026-01-07T14:00:00Z")
    await publish(settings, [booked, agreement(), appointment(2, service_date="2026-02-02")], SCHEDULING)
    await work(settings)
    found = await determinations_of(settings)
    assert found.keys() == {"CLM-2", "APT-2"}
    # Revoked on 2026-01-07: in time for the appointment in February, too late for the claim of the 3rd.
    assert found["APT-2"]["financial_responsibility"]["problem"] == "revoked"
    assert found["CLM-2"]["financial_responsibility"]["status"] == "valid"


async def test_events_years_late_are_decided_counted_and_forgotten_at_the_next_look(settings: Settings) -> None:
    line = claim(1)["lines"][0]
    late = [
        claim(1, occurred_at="2019-05-02T10:00:00Z", lines=[line | {"service_date": "2019-05-01"}]),
        claim(2, occurred_at="2021-05-02T10:00:00Z", lines=[line | {"service_date": "2021-05-01"}]),
        claim(3, occurred_at="1900-01-01T00:00:00Z", lines=[line | {"service_date": "1900-01-01"}]),
    ]
    past = {"occurred_at": "2021-05-02T10:00:00Z", "service_date": "2021-05-09"}
    await publish(settings, late)
    await publish(settings, [appointment(1, **past)], SCHEDULING)
    async with running(settings) as worker:
        await until_done(settings)
        assert received(worker.metrics.exposition()) == 4
        await until(lambda: f'policywire_lane_timelines{{lane="{LANE}"}} 0.0'.encode() in worker.metrics.exposition())
    found = await determinations_of(settings)
    assert {name: (each["outcome"], each["status"]) for name, each in found.items()} == {
        "CLM-1": ("no_policy_in_force", "current"),
        "CLM-2": ("experimental_investigational", "current"),
        "CLM-3": ("no_policy_in_force", "current"),
        "APT-1": ("experimental_investigational", "current"),
    }
    assert await open_alerts(settings) == set()
    assert await records_of(settings, "dead-letters") == []
    (latest,) = [seen for seen in await records_of(settings, changelog.TOPIC) if seen.key == b"M-1"][-1:]
    assert latest.value is None


async def test_a_lane_that_moves_to_a_clock_that_is_behind_takes_nothing_back(settings: Settings) -> None:
    midnight = datetime.fromisoformat("2026-01-18T00:00:00Z")  # 14 days before the service: info turns to warning
    await publish(settings, [appointment(1)], SCHEDULING)
    await work(settings, midnight + timedelta(seconds=1))
    await publish(settings, [appointment(2, service_date="2026-02-01", occurred_at="2026-01-17T20:00:00Z")], SCHEDULING)
    await work(settings, midnight - timedelta(hours=3))
    missing = await alerts_of(settings, "agreement_missing")
    assert Counter((each["subject"]["appointment_id"], each["severity"]) for each in missing) == {
        ("APT-1", "warning"): 1,
        ("APT-2", "warning"): 1,
    }
    await publish(settings, [ending("appointment.cancelled", "2026-01-17T21:00:00Z")], SCHEDULING)
    await work(settings, midnight - timedelta(hours=2))
    statuses = Counter(each["status"] for each in await alerts_of(settings, "agreement_missing"))
    assert statuses == {"open": 2, "resolved": 1}


async def write_changelog(settings: Settings, records: dict[bytes, bytes]) -> None:
    async with AIOKafkaProducer(bootstrap_servers=settings.kafka.bootstrap_servers, acks="all") as producer:
        for key, value in records.items():
            await producer.send_and_wait(settings.topic(changelog.TOPIC), value, key=key, partition=LANE)


async def test_a_changelog_of_an_older_edition_is_read(settings: Settings) -> None:
    await publish(settings, [claim(0, "M-1")])
    await work(settings)
    offsets = b'{"offsets":{"claim-events":1,"scheduling-events":0},"version":1}'
    await write_changelog(settings, {b"M-1": bytes.fromhex(OLDER.read_text()), changelog.OFFSETS_KEY: offsets})
    await publish(settings, [void(1) | {"claim_id": "C1", "occurred_at": "2026-01-09T00:00:00Z"}])
    await work(settings)
    found = await determinations_of(settings)
    assert (found["C1"]["status"], found["C1"]["procedure_code"]) == ("withdrawn", "20999")
