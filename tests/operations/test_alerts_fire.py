"""Every alert of ``deploy/prometheus/`` is seen firing: its fault is caused on a real broker, with real workers.

The rules are those that ship, with their durations made short (``alert_rules.shortened``); expressions stay as they
are. Where a test mends what it broke, the alerts must end. The last test says that no alert was left out.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from tests.operations.alert_rules import alert_rules, shortened_rules
from tests.operations.alert_stage import Stage, copy_of_rules, rename, repeated
from tests.operations.prometheus import Prometheus
from tests.stream.harness import appointment, claim, settings_for, until_done

from policywire.broker import LocalBroker
from policywire.stream.settings import Settings
from policywire.stream.topic_admin import create_topics

Test = TypeVar("Test", bound=Callable[..., Any])
LAG = ("PolicywireLagHigh", "PolicywireLagCritical", "PolicywireLagGrows", "PolicywireEndToEndSlow")
GONE = ("PolicywireWorkersAbsent", "PolicywireWorkerDown", "PolicywireLanesWithoutOwner")
UNWELL = ("PolicywireLoopLag", "PolicywireMemoryHigh", "PolicywireLaneStuck")
UNUSABLE = ("PolicywireDeadLetterFlood", "PolicywireDeadLetters", "PolicywireProcessingError")
DUE = ("PolicywireExposureHigh", "PolicywireNearServicesUncovered")
FACTS = {"diagnosis_pointers", "taxonomy", "narrative"}


def sees(*alerts: str, edited: tuple[str, str] | None = None) -> Callable[[Test], Test]:
    """Which alerts a test sees firing, and what a site has edited in the rules before: old and new."""

    def noted(test: Test) -> Test:
        test.alerts, test.edited = alerts, edited  # type: ignore[attr-defined]
        return test

    return noted


@pytest.fixture
def prometheus(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Prometheus]:
    """With the shortened rules. A test that has not seen all its alerts fails."""
    edited = request.function.edited
    rules = shortened_rules(tmp_path / "alert-rules", lambda text: text.replace(*edited) if edited else text)
    folder = tmp_path / "prometheus"
    folder.mkdir()
    with Prometheus(folder, rules=rules) as started:
        yield started
    assert started.fired == set(request.function.alerts)


@pytest.fixture
def stage(prometheus: Prometheus, broker: LocalBroker, topics: str, tmp_path: Path) -> Stage:
    return Stage(prometheus, settings_for(broker.bootstrap_servers, topics), tmp_path)


@sees(*LAG)
def test_a_worker_too_slow_for_its_backlog_falls_behind_and_catches_up(
    prometheus: Prometheus, broker: LocalBroker, topic_prefix: str, tmp_path: Path
) -> None:
    # Kafka would say when it got a record. Here the record says it, so that nobody has to wait until it is old.
    topics = {"claim-events": {"message.timestamp.type": "CreateTime"}}
    asyncio.run(create_topics(broker.bootstrap_servers, prefix=topic_prefix, config=topics))
    stage = Stage(prometheus, settings_for(broker.bootstrap_servers, topic_prefix), tmp_path)
    worker = stage.faulty_worker(batches={"partition_bytes": 65_536, "buffered_bytes": 65_536})
    with stage.scraped(worker):
        stage.fault.write_text("slow 1.5")
        asyncio.run(stage.send_backlog(60, timedelta(minutes=10)))
        assert all(stage.firing(alert) for alert in LAG)
        stage.prometheus.until(lambda: _grows_steadily(stage), "the lag grows by about a second a second")
        stage.fault.write_text("")
        stage.over(*LAG)


def _grows_steadily(stage: Stage) -> bool:
    """Whether growth is seen, and not only the step at the beginning."""
    return any(0.1 < float(alert.value) < 3 for alert in stage.prometheus.firing("PolicywireLagGrows"))


@sees(*GONE)
def test_a_worker_that_is_held_is_missed_with_its_lanes_until_it_goes_on(stage: Stage) -> None:
    worker = stage.worker()
    with stage.scraped(worker):
        worker.hold()
        assert all(stage.firing(alert) for alert in GONE)
        worker.release()
        stage.over(*GONE)


@sees("PolicywireWorkerRestarts")
def test_a_worker_that_is_killed_again_and_again_is_noticed(stage: Stage) -> None:
    worker = stage.worker()
    with stage.scraped(worker):
        for _ in range(4):
            worker.kill()
            stage.prometheus.until(lambda: stage.prometheus.targets()[worker.address] == "down", "its end is seen")
            worker.start()
            stage.prometheus.until_scraped(worker.address)
        assert worker.address in stage.firing("PolicywireWorkerRestarts")


@sees(*UNWELL, edited=("vector(1.5e9)", "vector(4e8)"))
def test_a_worker_that_blocks_leaks_and_then_stands_still_is_noticed_until_it_is_well_again(stage: Stage) -> None:
    with stage.scraped(stage.faulty_worker()), repeated(lambda: stage.send([claim(1), claim(2, "M-2")])):
        stage.fault.write_text("block 0.5")
        stage.firing("PolicywireLoopLag")
        stage.fault.write_text("leak 500\nstuck")
        stage.firing("PolicywireMemoryHigh")
        assert "stands still" in stage.firing("PolicywireLaneStuck")
        stage.fault.write_text("")
        stage.over(*UNWELL)


@sees("PolicywireKafkaUnanswered")
def test_a_broker_that_was_killed_is_missed_until_it_is_back(prometheus: Prometheus, tmp_path: Path) -> None:
    with LocalBroker() as broker:
        asyncio.run(create_topics(broker.bootstrap_servers))
        stage = Stage(prometheus, settings_for(broker.bootstrap_servers, ""), tmp_path)
        worker = stage.worker()
        with stage.scraped(worker):
            broker.kill()
            stage.firing("PolicywireKafkaUnanswered")
            broker.start()
            with repeated(worker.supervise):
                stage.over("PolicywireKafkaUnanswered")
                worker.until_ready()


@sees("PolicywireRulesRefused", "PolicywireRevisionsDiffer")
def test_refused_rules_and_different_rules_are_noticed_until_they_are_mended(stage: Stage) -> None:
    one, other = (copy_of_rules(stage.folder / name) for name in ("one", "other"))
    workers = [stage.worker(rules.name, rules={"path": rules, "poll_s": 0.2}) for rules in (one, other)]
    with stage.scraped(*workers):
        policy = one / "cigna/mm-0552/policy.yaml"
        good = policy.read_text()
        policy.write_text("document: nonsense\n")
        assert workers[0].address in stage.firing("PolicywireRulesRefused")
        rename(other, "Stem Cell Therapy, renamed")
        stage.firing("PolicywireRevisionsDiffer")
        policy.write_text(good)
        stage.over("PolicywireRulesRefused")
        rename(one, "Stem Cell Therapy, renamed")
        stage.over("PolicywireRevisionsDiffer")


@sees(*UNUSABLE)
def test_poison_and_bugs_are_noticed_until_only_good_events_come(stage: Stage) -> None:
    worker = stage.faulty_worker(dead_letters={"events_min": 20, "window_s": 20, "share_max": 0.9})
    good = [claim(number, f"M-{number}") for number in range(200)]
    with stage.scraped(worker):
        stage.send([*good, *((f"M-{number}".encode(), b"poison") for number in range(120))])
        assert "about to stop" in stage.firing("PolicywireDeadLetterFlood")
        stage.firing("PolicywireDeadLetters")
        stage.fault.write_text("bug")
        stage.send([claim(1_000)])
        stage.firing("PolicywireProcessingError")
        stage.fault.write_text("")
        with repeated(lambda: stage.send(good)):
            stage.over(*UNUSABLE)


@sees("PolicywireUnmappedPayer", "PolicywireFactsMissing", "PolicywireAgreementFeedSilent")
def test_what_senders_leave_out_is_noticed(stage: Stage) -> None:
    line = {"line_number": 1, "procedure_code": "20999", "charge_amount": "900.00", "service_date": "2026-01-03"}
    numbers = iter(range(0, 1_000_000, 100))

    def feed() -> None:
        first = next(numbers)
        stage.send([claim(number, f"M-{number}", lines=[line]) for number in range(first, first + 100)])

    with stage.scraped(stage.worker()):
        stage.send([claim(5_000_000, payer_id="00000")])
        stage.firing("PolicywireUnmappedPayer")
        with repeated(feed):
            stage.prometheus.until(lambda: _facts_missing(stage) == FACTS, "every fact is missed")
            stage.firing("PolicywireFactsMissing")
            assert "No agreement" in stage.firing("PolicywireAgreementFeedSilent")
            stage.send([agreement()], "scheduling-events")
            stage.over("PolicywireAgreementFeedSilent")


def _facts_missing(stage: Stage) -> set[str]:
    return {alert.labels["fact"] for alert in stage.prometheus.firing("PolicywireFactsMissing")}


def agreement() -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "event_id": "evt-signed",
        "event_type": "agreement.signed",
        "occurred_at": now.isoformat(),
        "agreement_id": "AGR-1",
        "payer_id": "62308",
        "member_id": "M-1",
        "procedure_codes": ["20999"],
        "service_date_from": now.date().isoformat(),
        "service_date_through": now.date().isoformat(),
        "signed_at": now.isoformat(),
    }


@sees(*DUE)
def test_dollars_at_risk_and_services_of_the_next_days_are_noticed_until_they_are_gone(stage: Stage) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
    booked = [appointment(n, f"M-{n}", service_date=tomorrow, estimated_charge_amount="30000.00") for n in range(11)]
    cancelled = {"event_type": "appointment.cancelled", "occurred_at": "2026-01-06T15:00:00Z"}
    with stage.scraped(stage.worker()):
        stage.send(booked, "scheduling-events")
        assert stage.firing("PolicywireExposureHigh").startswith("330k dollars")
        assert stage.firing("PolicywireNearServicesUncovered").startswith("11 critical")
        endings = [each | cancelled | {"event_id": f"end-{number}"} for number, each in enumerate(booked)]
        stage.send(endings, "scheduling-events")
        stage.over(*DUE)


@sees("PolicywireTotalsIncomplete", "PolicywireSweepStalls")
def test_lanes_that_do_not_get_done_with_their_members_are_noticed(stage: Stage) -> None:
    in_a_month = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    stage.send([appointment(n, f"M-{n}", service_date=in_a_month) for n in range(200)], "scheduling-events")
    rules = copy_of_rules(stage.folder / "rules")
    with stage.worker(rules={"path": rules}) as former:
        asyncio.run(until_done(stage.settings))
        assert former.stop() == 0
    rename(rules, "Stem Cell Therapy, renamed")
    stage.fault.write_text("slow 0.5")
    with stage.faulty_worker("uncounted", "unswept", rules={"path": rules}) as worker:
        stage.prometheus.scrape([worker.address])
        stage.firing("PolicywireTotalsIncomplete")
        stage.firing("PolicywireSweepStalls")
        stage.fault.write_text("")
        stage.over("PolicywireSweepStalls")


@contextlib.asynccontextmanager
async def stranger(settings: Settings) -> AsyncIterator[None]:
    """A member of the group that subscribes to one of the inputs only."""
    consumer = AIOKafkaConsumer(
        settings.topic("claim-events"),
        bootstrap_servers=settings.kafka.bootstrap_servers,
        group_id=settings.kafka.group,
        enable_auto_commit=False,
        partition_assignment_strategy=(RangePartitionAssignor,),
    )
    await consumer.start()
    try:
        yield
    finally:
        await consumer.stop()


@sees("PolicywireHalfLanes")
async def test_a_stranger_in_the_group_leaves_half_lanes_until_it_goes(stage: Stage) -> None:
    worker = stage.worker()
    with stage.scraped(worker):
        async with stranger(stage.settings):
            assert worker.address in await asyncio.to_thread(stage.firing, "PolicywireHalfLanes")
        await asyncio.to_thread(stage.over, "PolicywireHalfLanes")
        await asyncio.to_thread(worker.until_ready)


@sees("PolicywireThresholdMissing", edited=("record: policywire:exposure_threshold:dollars", "record: site:dollars"))
def test_a_threshold_that_a_site_lost_is_noticed(prometheus: Prometheus) -> None:
    assert "threshold" in prometheus.until_firing("PolicywireThresholdMissing").annotations["summary"]


def test_every_alert_is_seen_firing() -> None:
    tests = [value for name, value in globals().items() if name.startswith("test_")]
    seen = [alert for test in tests for alert in getattr(test, "alerts", ())]
    assert sorted(seen) == sorted(rule.name for rule in alert_rules())
