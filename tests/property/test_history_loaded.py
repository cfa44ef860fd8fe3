"""With a first day for alerts: what holds is what the oracle says, and two years of history page nobody."""

import datetime as dt
import json
import random
from collections.abc import Iterator
from functools import partial
from itertools import chain

from tests.property import oracle
from tests.property.folding import Event, Folding
from tests.property.histories import DAYS, Histories
from tests.property.test_order_of_arrival import END, ORDERS, assert_holds, differences, seeds
from tests.unit.scenes import alerting_from

from policywire.model.records import Alert, Appointment, Determination
from policywire.rulebook.rulebook import Rulebook
from policywire.workbench.generate import ClaimMix, SchedulingMix, generate_claims, generate_scheduling
from policywire.workbench.replay import Replay

FIRST_DAYS = (*sorted(set(DAYS)), "2026-02-21")
"""Each day on which a history can have a service, so that services lie before, on and after it."""


def against_oracle(rulebook: Rulebook, first_day: str, events: list[Event]) -> list[str]:
    expected = oracle.expected(events, END, dt.date.fromisoformat(first_day))
    folding = Folding(alerting_from(first_day, rulebook)).feed_all(events)
    folding.advance(END)
    return [
        *differences(expected.determinations, folding.current()),
        *differences(expected.alerts, folding.open()),
    ]


def set_midway(rulebook: Rulebook, first_day: str, events: list[Event]) -> list[str]:
    """The first half of the events without a first day, the rest with one; then everybody is looked at."""
    half = len(events) // 2
    folding = Folding(alerting_from(None, rulebook)).feed_all(events[:half])
    folding.rulebook = alerting_from(first_day, rulebook)
    folding.feed_all(events[half:])
    folding.advance(END)
    folding.look_again()
    expected = oracle.expected(events, END, dt.date.fromisoformat(first_day))
    return differences(expected.alerts, folding.open())


def test_with_a_first_day_every_order_of_a_history_ends_in_what_the_oracle_says(rulebook: Rulebook) -> None:
    for seed in seeds():
        histories = Histories(seed)
        events = histories.history()
        first_day = FIRST_DAYS[seed % len(FIRST_DAYS)]
        for _ in range(ORDERS):
            assert_holds(partial(against_oracle, rulebook, first_day), histories.shuffled(events), seed)


def test_a_first_day_that_comes_midway_ends_in_what_the_oracle_says(rulebook: Rulebook) -> None:
    for seed in seeds():
        histories = Histories(seed)
        events = histories.shuffled(histories.history())
        assert_holds(partial(set_midway, rulebook, FIRST_DAYS[seed % len(FIRST_DAYS)]), events, seed)


# ---- two years

HISTORY_FROM = dt.date(2024, 1, 2)
STARTS = dt.date(2026, 1, 5)
"""The day on which the practice starts with policywire; its history reaches a month beyond, as bookings do."""
MEMBERS = 400


def two_years() -> list[Event]:
    """What a practice did with its members, as its systems would send it, oldest first. Synthetic."""
    chance = random.Random(552)  # noqa: S311 (test data)
    events = chain.from_iterable(_member(chance, f"M-{number}") for number in range(MEMBERS))
    return sorted(events, key=lambda event: (event["occurred_at"], event["event_id"]))


def _member(chance: random.Random, member: str) -> Iterator[Event]:
    for visit in range(chance.randint(1, 4)):
        day = HISTORY_FROM + dt.timedelta(days=chance.randrange((STARTS - HISTORY_FROM).days + 30))
        codes = chance.choice((["0565T"], ["0717T", "0718T"], ["38230"], ["20999"], ["0566T", "20999"], ["99213"]))
        identity = f"{member}-{visit}"
        booking = {"appointment_id": identity, "payer_id": "62308", "service_date": str(day), "procedure_codes": codes}
        yield _event("appointment.booked", member, identity, day - dt.timedelta(days=20)) | booking
        if chance.random() < 0.2:
            signing = {"service_date_from": str(day), "service_date_through": str(day), "procedure_codes": codes}
            at = _event("agreement.signed", member, identity, day - dt.timedelta(days=9))
            yield at | signing | {"agreement_id": identity, "payer_id": "62308", "signed_at": at["occurred_at"]}
        ending = chance.choices(("completed", "cancelled", "no_show", ""), (80, 10, 5, 5))[0]
        if ending:
            yield _event(f"appointment.{ending}", member, identity, day) | {"appointment_id": identity}
        if ending == "completed" and chance.random() < 0.9:
            yield _event("claim.submitted", member, identity, day + dt.timedelta(days=4)) | _bill(identity, codes, day)


def _event(kind: str, member: str, identity: str, day: dt.date) -> Event:
    at = f"{day}T15:00:00Z"
    return {"event_id": f"{kind}-{identity}", "event_type": kind, "occurred_at": at, "member_id": member}


def _bill(identity: str, codes: list[str], day: dt.date) -> Event:
    fields = {"charge_amount": "900.00", "service_date": str(day)}
    lines = [
        {"line_number": number, "procedure_code": code} | fields for number, code in enumerate([*codes, "20931"], 1)
    ]
    return {"claim_id": identity, "payer_id": "62308", "lines": lines}


def replayed(rulebook: Rulebook, events: list[Event]) -> tuple[list[Alert], list[Determination]]:
    """All alerts and determinations that were ever said."""
    replay = Replay(rulebook)
    records = [
        record for number, event in enumerate(events, 1) for record in replay.feed(number, json.dumps(event).encode())
    ]
    assert all(isinstance(each, Alert | Determination) for each in records)
    return [x for x in records if isinstance(x, Alert)], [x for x in records if isinstance(x, Determination)]


def is_exception(alert: Alert) -> bool:
    return alert.kind == "service_without_agreement" and isinstance(alert.subject, Appointment)


def test_two_years_of_history_page_nobody(rulebook: Rulebook) -> None:
    events = two_years()
    alerts, determinations = replayed(alerting_from(str(STARTS), rulebook), events)
    of_the_past = [each for each in alerts if each.date_of_service is not None and each.date_of_service < STARTS]
    assert of_the_past
    assert all(map(is_exception, of_the_past))
    all_alerts, all_determinations = replayed(alerting_from(None, rulebook), events)
    assert len(all_alerts) > 4 * len(alerts)
    assert [(each.subject, each.status, each.outcome) for each in determinations] == [
        (each.subject, each.status, each.outcome) for each in all_determinations
    ]
    for_today = [each for each in all_alerts if each.date_of_service is not None and each.date_of_service >= STARTS]
    assert {each.alert_id for each in alerts if each not in of_the_past} == {each.alert_id for each in for_today}


def test_nor_do_two_years_of_what_policywire_generates(rulebook: Rulebook) -> None:
    ends = STARTS + dt.timedelta(days=30)
    claims = generate_claims(4_000, 1, ClaimMix(hits=0.4, members=900, start=HISTORY_FROM, end=ends))
    visits = generate_scheduling(4_000, 1, SchedulingMix(hits=0.4, members=900, start=HISTORY_FROM, end=ends))
    events = [json.loads(each.value) for each in (*claims, *visits) if each.value is not None]
    events.sort(key=lambda event: event["occurred_at"])
    alerts, determinations = replayed(alerting_from(str(STARTS), rulebook), events)
    of_the_past = [each for each in alerts if each.date_of_service is not None and each.date_of_service < STARTS]
    assert of_the_past
    assert all(map(is_exception, of_the_past))
    assert {each.kind for each in alerts} > {"expected_denial_scheduled", "agreement_missing"}
    all_alerts, all_determinations = replayed(alerting_from(None, rulebook), events)
    assert len(all_alerts) > 4 * len(alerts)
    assert len(determinations) == len(all_determinations)


def test_with_claims_loaded_first_nothing_of_the_past_is_ever_open_but_what_nobody_billed(rulebook: Rulebook) -> None:
    history = [event for event in two_years() if event["occurred_at"] < f"{STARTS}"]
    claims_first = sorted(history, key=lambda event: event["event_type"] != "claim.submitted")
    alerts, _ = replayed(alerting_from(str(STARTS), rulebook), claims_first)
    of_the_past = [each for each in alerts if each.date_of_service is not None and each.date_of_service < STARTS]
    billed = {event["claim_id"] for event in history if "claim_id" in event}
    subjects = [each.subject for each in of_the_past]
    assert subjects
    assert all(isinstance(each, Appointment) and each.appointment_id not in billed for each in subjects)
