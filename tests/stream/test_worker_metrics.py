"""What a worker on the real broker shows at /metrics, of what has really happened to it."""

import asyncio
import time
import urllib.request
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from threading import Thread
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.stream.harness import NOW, appointment, claim, publish, running, settings_for, until, until_done, void
from tests.unit.scenes import RULES

from policywire import __version__
from policywire.broker import LocalBroker
from policywire.rulebook.load import load_rulebook
from policywire.stream.counting import count_members
from policywire.stream.metric_list import ALL, FOREIGN
from policywire.stream.settings import Settings
from policywire.stream.topic_admin import create_topics
from policywire.stream.worker import Worker

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]
LANES = 4


@pytest.fixture
def settings(broker: LocalBroker, topics: str) -> Settings:
    return settings_for(broker.bootstrap_servers, topics)


def scrape(worker: Worker) -> Samples:
    """Every sample, over HTTP, by its name and labels; none before the worker listens."""
    if not worker.health_port:
        return {}
    with urllib.request.urlopen(f"http://127.0.0.1:{worker.health_port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def total(samples: Samples, name: str, **labels: str) -> float:
    """The sum of what carries these labels, as PromQL's sum gives it."""
    return sum(value for (each, own), value in samples.items() if each == name and labels.items() <= dict(own).items())


def labelled(samples: Samples, name: str, label: str) -> dict[str, float]:
    """Sums by one label."""
    values = {dict(own)[label] for each, own in samples if each == name}
    return {value: total(samples, name, **{label: value}) for value in sorted(values)}


async def settled(worker: Worker) -> Samples:
    """A scrape once all lanes are open and all members are counted."""
    return await shows(worker, lambda each: total(each, "policywire_lane_totals_complete") == LANES)


async def shows(worker: Worker, condition: Callable[[Samples], bool]) -> Samples:
    """The first scrape of which something holds."""
    async with asyncio.timeout(30):
        while True:
            samples = await asyncio.to_thread(scrape, worker)
            if condition(samples):
                return samples
            await asyncio.sleep(0.02)


def visits(days: Iterable[int]) -> list[dict[str, Any]]:
    """Booked denied services of a member each, so many days from now."""
    return [
        appointment(n, f"V-{n}", service_date=str(NOW.date() + timedelta(days=day)), estimated_charge_amount="500.50")
        for n, day in enumerate(days)
    ]


async def test_exposure_and_open_alerts_are_shown_and_are_the_same_after_a_restart(settings: Settings) -> None:
    await publish(settings, [claim(n, f"C-{n}") for n in range(7)])
    await publish(settings, visits((1, 10, 20, 40)), "scheduling-events")
    async with running(settings) as worker:
        await until_done(settings)
        before = await shows(worker, lambda each: total(each, "policywire_open_alerts") >= 15)
    assert labelled(before, "policywire_exposure_dollars", "policy") == {"MM 0552": 7 * 4200 + 4 * 500.50}
    assert labelled(before, "policywire_open_alerts", "days") == {"0-3": 2, "15-30": 2, "31+": 2, "4-14": 2, "past": 7}
    async with running(settings) as worker:
        after = await settled(worker)
    kept = ("policywire_exposure_dollars", "policywire_open_alerts")
    assert {k: v for k, v in after.items() if k[0] in kept} == {k: v for k, v in before.items() if k[0] in kept}


async def test_what_changes_while_restored_members_are_counted_is_counted_once(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await publish(settings, [claim(n, f"C-{n}") for n in range(12)])
    async with running(settings):
        await until_done(settings)
    may_count = asyncio.Event()

    async def held(*lane: Any) -> None:
        await may_count.wait()
        await count_members(*lane)

    monkeypatch.setattr("policywire.stream.lane.count_members", held)
    await publish(settings, [void(n, f"C-{n}") for n in range(5)])
    async with running(settings) as worker:
        await until_done(settings)
        counting = await asyncio.to_thread(scrape, worker)
        may_count.set()
        after = await settled(worker)
    assert total(counting, "policywire_lane_open") == LANES
    assert total(counting, "policywire_lane_totals_complete") < LANES
    assert total(counting, "policywire_exposure_dollars") < 7 * 4200
    assert total(after, "policywire_exposure_dollars") == 7 * 4200
    assert total(after, "policywire_open_alerts") == 7


async def test_an_alerts_days_move_on_without_an_event(settings: Settings) -> None:
    now = NOW
    await publish(settings, visits((20,)), "scheduling-events")

    def clock() -> datetime:
        return now

    async with running(settings, clock=clock) as worker:
        await until_done(settings)
        before = await shows(worker, lambda each: total(each, "policywire_open_alerts") == 2)
        now = NOW + timedelta(days=12)
        after = await shows(worker, lambda each: total(each, "policywire_open_alerts", days="4-14") == 2)
    assert labelled(before, "policywire_open_alerts", "days") == {"15-30": 2}
    assert labelled(after, "policywire_open_alerts", "days") == {"4-14": 2}


async def test_what_senders_leave_out_and_what_agreements_came_is_counted(settings: Settings) -> None:
    full = {"diagnosis_pointers": [1], "narrative": "BMAC injection", "procedure_code": "20999"}
    lines = [claim(0)["lines"][0] | {"line_number": n} | more for n, more in ((1, {}), (2, full))]
    signed = {
        "event_id": "evt-s",
        "event_type": "agreement.signed",
        "occurred_at": "2026-01-05T15:00:00Z",
        "agreement_id": "AGR-1",
        "member_id": "M-1",
        "payer_id": "62308",
        "procedure_codes": ["0565T"],
        "service_date_from": "2026-01-01",
        "service_date_through": "2026-02-28",
        "signed_at": "2025-12-20T10:00:00-05:00",
    }
    await publish(settings, [claim(1, lines=lines), claim(2, lines=[lines[0] | {"procedure_code": "99213"}])])
    await publish(settings, [signed, (b"M-1", b"{}")], "scheduling-events")
    async with running(settings) as worker:
        await until_done(settings)
        samples = await shows(worker, lambda each: total(each, "policywire_agreements_total") == 1)
        samples = await shows(worker, lambda each: total(each, "policywire_listed_lines_total") == 5)
    wanted = {"diagnosis_pointers": 2, "narrative": 1, "taxonomy": 2}
    assert labelled(samples, "policywire_listed_lines_total", "fact") == wanted
    assert labelled(samples, "policywire_listed_lines_without_total", "fact") == {
        "diagnosis_pointers": 1,
        "narrative": 0,
        "taxonomy": 2,
    }
    assert labelled(samples, "policywire_agreements_total", "event_type") == {
        "agreement.revoked": 0,
        "agreement.signed": 1,
    }


async def test_the_flood_guards_window_is_shown_as_a_share(settings: Settings) -> None:
    guarded = settings_for(
        settings.kafka.bootstrap_servers,
        settings.kafka.topic_prefix,
        dead_letters={"events_min": 4, "share_max": 1.0, "window_s": 2.0},
    )
    await publish(guarded, [claim(1), claim(2), claim(3), (b"M-1", b"broken")])
    async with running(guarded) as worker:
        during = await shows(worker, lambda each: total(each, "policywire_dead_letter_window_share") > 0)
        after = await shows(worker, lambda each: total(each, "policywire_dead_letter_window_share") == 0)
    assert sorted(labelled(during, "policywire_dead_letter_window_share", "lane").values()) == [0, 0, 0, 0.25]
    assert total(after, "policywire_dead_letters_total") == 1


async def test_too_few_records_are_no_share(settings: Settings) -> None:
    await publish(settings, [(b"M-1", b"broken")])
    async with running(settings) as worker:
        await until_done(settings)
        samples = await shows(worker, lambda each: total(each, "policywire_dead_letters_total") == 1)
    assert labelled(samples, "policywire_dead_letter_window_share", "lane") == dict.fromkeys("0123", 0)


async def test_a_blocked_loop_shows_as_the_age_of_progress_while_it_is_blocked(settings: Settings) -> None:
    seen: list[Samples] = []

    def ask_in_the_midst() -> None:
        time.sleep(2)
        seen.append(scrape(worker))

    async with running(settings) as worker:
        await settled(worker)
        asking = Thread(target=ask_in_the_midst)
        asking.start()
        time.sleep(2.5)  # noqa: ASYNC251  the loop is to be blocked
        await asyncio.to_thread(asking.join)
        after = await shows(
            worker, lambda each: max(labelled(each, "policywire_lane_progress_age_seconds", "lane").values()) < 1.5
        )
    ages = labelled(seen[0], "policywire_lane_progress_age_seconds", "lane")
    assert ages.keys() == set("0123")
    assert min(ages.values()) >= 1.9
    assert total(after, "policywire_loop_lag_seconds_count") > 0


async def test_lanes_and_rules_are_shown(settings: Settings) -> None:
    began = time.time()
    async with running(settings) as worker:
        samples = await settled(worker)
        await worker._assigned({0, 1}, {2})
        halved = await asyncio.to_thread(scrape, worker)
    assert total(samples, "policywire_lanes") == total(samples, "policywire_lane_open") == LANES
    assert (total(samples, "policywire_half_lanes"), total(halved, "policywire_half_lanes")) == (0, 1)
    assert labelled(halved, "policywire_lane_totals_complete", "lane") == {"0": 1, "1": 1}
    assert total(samples, "policywire_rulebook_policies") == len(load_rulebook(RULES).policies())
    assert began - 1 <= total(samples, "policywire_rulebook_loaded_timestamp_seconds") <= time.time() + 1
    assert total(samples, "policywire_build_info", version=__version__, runner="exactly-once") == 1
    assert total(samples, "process_resident_memory_bytes") > 1_000_000


async def test_a_broker_that_does_not_answer_is_counted() -> None:
    async with LocalBroker() as own:
        await create_topics(own.bootstrap_servers, prefix="t.")
        async with running(settings_for(own.bootstrap_servers, "t.")) as worker:
            await settled(worker)
            # What is said of policies at the first start is committed: no batch is under way.
            before = await shows(worker, lambda each: total(each, "policywire_alerts_total") > 0)
            await asyncio.to_thread(own.kill)
            await shows(worker, lambda each: total(each, "policywire_kafka_unanswered_total") > LANES)
            await asyncio.to_thread(own.start)
            await until(lambda: worker._ready().holds)
    assert total(before, "policywire_kafka_unanswered_total") == 0


async def test_nothing_is_shown_that_is_not_listed_and_no_label_says_who_or_when(settings: Settings) -> None:
    await publish(settings, [claim(31337, "MEMBER-77"), (b"MEMBER-77", b"broken"), claim(2, payer_id="UNKNOWN-PAYER")])
    await publish(settings, visits((5,)), "scheduling-events")
    async with running(settings) as worker:
        await until_done(settings)
        await shows(worker, lambda each: total(each, "policywire_open_alerts") == 3)
        samples = await settled(worker)
    suffixes = ("_bucket", "_sum", "_count")
    for name, labels in samples:
        histogram = next((name.removesuffix(each) for each in suffixes if name.endswith(each)), name)
        listed = ALL.get(name) or ALL[histogram]
        assert dict(labels).keys() - {"le"} == listed.labels.keys() or listed in FOREIGN
    values = {value for _, labels in samples for _, value in labels}
    days = {str(NOW.date() + timedelta(days=5)), "2026-01-03", "2026-01-05"}
    said = [value for value in values if any(each in value for each in ("77", "31337", "V-0", "UNKNOWN-PAYER", "APT"))]
    assert said == []
    assert values.isdisjoint(days)
