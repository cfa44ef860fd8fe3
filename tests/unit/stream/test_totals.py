"""What a lane's members add up to, and how they are counted after an opening."""

import asyncio
from datetime import date, timedelta
from threading import Thread
from time import monotonic

import pytest
from msgspec.structs import replace
from tests.unit.scenes import Event, Scene, claim, ended, line, signed, visit, voided

from policywire.cases import codec
from policywire.cases.figures import NOTHING, Figures, figures, figures_of
from policywire.cases.timeline import Timeline
from policywire.stream import counting
from policywire.stream.counting import count_members
from policywire.stream.ending import LaneStopped
from policywire.stream.metric_list import DAYS
from policywire.stream.totals import BREATH, LaneTotals, days_until

TODAY = date(2026, 1, 10)
MM = ("cigna", "MM 0552")
ONE = Figures(((MM, 100),), (("agreement_missing", "info", TODAY),))


def timeline_after(*events: Event, now: str = "2026-01-10") -> Timeline:
    return Scene(*events, now=now).folding.timelines["M-1"]


def exposure_of(*events: Event, now: str = "2026-01-10") -> int:
    return sum(cents for _, cents in figures_of(timeline_after(*events, now=now)).exposures)


def encoded(count: int) -> dict[str, bytes]:
    member = timeline_after(visit())
    return {f"M-{n}": codec.encode(replace(member, member_id=f"M-{n}")) for n in range(count)}


@pytest.mark.parametrize(
    ("events", "cents"),
    [
        ([claim()], 100_000),
        ([claim(line(number=1), line("99213", number=2), line("0717T", number=3))], 200_000),
        ([claim(line(charge_amount="0.01"), line("0566T", number=2, charge_amount="999999999999.99"))], 10**14),
        ([claim(), voided()], 0),
        ([signed(), claim()], 0),
        ([visit()], 500_000),
        ([visit(estimated_charge_amount=None)], 0),
        ([visit("0565T", "0717T")], 500_000),
        ([visit(), ended("cancelled")], 0),
        ([visit(day="2026-01-07"), ended("completed")], 500_000),
        ([visit(day="2026-01-02"), claim()], 100_000),
    ],
    ids=[
        *("claim", "of lines the denied", "cents", "voided", "signed", "visit", "no estimate", "once a visit"),
        *("cancelled", "done and not billed", "billed"),
    ],
)
def test_a_dollar_at_risk_is_counted_once(events: list[Event], cents: int) -> None:
    assert exposure_of(*events) == cents


def test_a_claim_lines_alert_repeats_its_exposure_and_is_not_summed() -> None:
    counted = figures_of(timeline_after(claim()))
    assert list(counted.alerts) == [("service_without_agreement", "critical", date(2026, 1, 2))]
    assert list(counted.exposures) == [(MM, 100_000)]


@pytest.mark.parametrize("events", [[visit()], [claim(), visit()], [claim(), voided()], [signed()]])
def test_what_is_read_in_part_counts_as_what_is_read_whole(events: list[Event]) -> None:
    timeline = timeline_after(*events)
    assert figures(*codec.said(codec.encode(timeline))) == figures_of(timeline)


def test_a_packed_timeline_is_read_in_part_too() -> None:
    timeline = timeline_after(claim(*(line(number=n) for n in range(1, 9))))
    data = codec.encode(timeline)
    assert data[0] == 2
    assert figures(*codec.said(data)) == figures_of(timeline)


@pytest.mark.parametrize(
    ("days", "label"),
    [
        *((-400, "past"), (-1, "past"), (0, "0-3"), (3, "0-3"), (4, "4-14"), (14, "4-14")),
        *((15, "15-30"), (30, "15-30"), (31, "31+"), (9_999, "31+")),
    ],
)
def test_days_until_the_service_have_a_closed_set_of_labels(days: int, label: str) -> None:
    assert days_until(TODAY + timedelta(days=days), TODAY) == label
    assert label in DAYS


def test_days_move_with_the_day_on_which_somebody_asks() -> None:
    totals = LaneTotals(())
    totals.fold({"M-1": (NOTHING, ONE)})
    shown = [totals.standing(TODAY - timedelta(days=days)) for days in (40, 20, 1, -1)]
    assert [list(each.open_alerts) for each in shown if each] == [
        [("agreement_missing", "info", label)] for label in ("31+", "15-30", "0-3", "past")
    ]


def test_what_is_gone_leaves_nothing_behind() -> None:
    totals = LaneTotals(())
    totals.fold({"M-1": (NOTHING, ONE)})
    totals.fold({"M-1": (ONE, NOTHING)})
    standing = totals.standing(TODAY)
    assert standing is not None
    assert (standing.exposures, standing.open_alerts) == ({}, {})


def test_nothing_is_told_until_everybody_is_counted() -> None:
    timelines = encoded(BREATH + 1)
    totals = LaneTotals(timelines)
    work = totals.count(timelines)
    next(work)
    assert (totals.is_complete, totals.standing(TODAY)) == (False, None)
    next(work)
    standing = totals.standing(TODAY)
    assert standing is not None
    assert standing.exposures == {MM: 500_000 * (BREATH + 1)}


def test_a_member_that_changes_before_its_turn_is_counted_once() -> None:
    timelines = encoded(1)
    totals = LaneTotals(timelines)
    totals.fold({"M-0": (ONE, ONE)})
    assert list(totals.count(timelines)) == []
    standing = totals.standing(TODAY)
    assert standing is not None
    assert standing.exposures == {MM: 100}


def test_a_member_that_is_forgotten_before_its_turn_is_passed_over() -> None:
    totals = LaneTotals(["M-0"])
    list(totals.count({}))
    standing = totals.standing(TODAY)
    assert standing is not None
    assert standing.exposures == {}


def test_another_thread_may_ask_while_members_are_folded() -> None:
    totals, failed, until = LaneTotals(()), list[BaseException](), monotonic() + 0.5

    def ask() -> None:
        try:
            while monotonic() < until:
                totals.standing(TODAY)
        except BaseException as error:  # noqa: BLE001  whatever it is, the test shall see it
            failed.append(error)

    asking = Thread(target=ask)
    asking.start()
    number = 0
    while monotonic() < until:
        number += 1
        policy = ("cigna", str(number % 500))
        totals.fold({str(number): (NOTHING, Figures(((policy, 1 if number % 1_000 < 500 else -1),), ()))})
    asking.join()
    assert (failed, number > 0) == ([], True)


async def test_counting_leaves_most_of_the_time_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "SLICE_S", 0.0)
    timelines = encoded(BREATH * 5)
    totals = LaneTotals(timelines)
    began, turns = monotonic(), 0
    task = asyncio.create_task(count_members(0, totals, timelines, asyncio.Lock()))
    while not task.done():
        turns += 1
        await asyncio.sleep(0)
    assert totals.is_complete
    assert monotonic() - began >= 4 * counting.REST_S
    assert turns > 4


async def test_one_lane_counts_at_a_time() -> None:
    timelines, lock = encoded(1), asyncio.Lock()
    totals = LaneTotals(timelines)
    async with lock:
        task = asyncio.create_task(count_members(0, totals, timelines, lock))
        await asyncio.sleep(0.01)
        assert not totals.is_complete
    await task
    assert totals.is_complete


async def test_a_timeline_that_cannot_be_counted_stops_the_lane_and_says_nothing_of_it() -> None:
    damaged = {"M-0": encoded(1)["M-0"][:5] + b"\xc1"}
    with pytest.raises(LaneStopped, match="lane 7: a timeline of its changelog cannot be read") as stopped:
        await count_members(7, LaneTotals(damaged), damaged, asyncio.Lock())
    assert "M-0" not in str(stopped.value)
