"""What is remembered, for how long, and what forgetting does."""

import pytest
from tests.unit.scenes import Event, Scene, claim, ended, line, revoked, signed, visit, voided

from policywire.cases.timeline import Timeline
from policywire.model.records import Alert


def remembered(*events: Event, now: str) -> Timeline | None:
    return Scene(*events, now=now).folding.timelines.get("M-1")


@pytest.mark.parametrize(
    ("event", "last", "over"),
    [
        # 24 months after the event, which is later than the service.
        (claim(), "2028-01-04T23:59:59Z", "2028-01-05T00:00:00Z"),
        # After the latest line's last day.
        (claim(line(), line(day="2026-03-01", number=2)), "2028-02-29T23:59:59Z", "2028-03-01T00:00:00Z"),
        (claim(line(service_date_end="2026-01-20")), "2028-01-19T23:59:59Z", "2028-01-20T00:00:00Z"),
        # After the service, which is later than the event.
        (visit(), "2028-02-09T23:59:59Z", "2028-02-10T00:00:00Z"),
        # After an agreement's last day.
        (signed(), "2028-02-27T23:59:59Z", "2028-02-28T00:00:00Z"),
        # An ending, and a revocation, alone.
        (voided(), "2028-01-07T23:59:59Z", "2028-01-08T00:00:00Z"),
        (revoked("2026-01-09T00:00:00Z"), "2028-01-08T23:59:59Z", "2028-01-09T00:00:00Z"),
    ],
)
def test_each_is_kept_24_months_after_the_later_of_service_and_event(event: Event, last: str, over: str) -> None:
    assert remembered(event, now=last) is not None
    assert remembered(event, now=over) is None


def test_forgetting_resolves_open_alerts_and_leaves_determinations_standing() -> None:
    scene = Scene(visit("0565T", "20999"))
    was_open = {each.alert_id for each in scene.alerts if each.status == "open"}
    assert was_open
    said = len(scene.folding.records)
    scene.at("2028-02-10")
    later = scene.folding.records[said:]
    assert {each.alert_id for each in later if isinstance(each, Alert) and each.status == "resolved"} == was_open
    assert all(isinstance(each, Alert) for each in later)
    assert {each.status for each in scene.determinations} == {"current"}


@pytest.mark.parametrize(
    ("seen_at", "last", "over"),
    [
        ("2025-12-20T00:00:00Z", "2027-12-31T23:59:59Z", "2028-01-01"),  # by the day of service
        ("2026-03-05T00:00:00Z", "2028-03-04T23:59:59Z", "2028-03-05"),  # by the later event
    ],
)
def test_a_sighting_is_forgotten_by_its_own_day(seen_at: str, last: str, over: str) -> None:
    later = claim(line("20999", "2026-06-01"), at="2026-06-02T00:00:00Z")
    scene = Scene(visit("0565T", day="2026-01-01", at=seen_at), later, now=last)
    assert scene.alert("unlisted_substitution").status == "open"
    assert scene.at(over).alert("unlisted_substitution").status == "resolved"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"service_date_through": "2026-01-02"},
        {"service_date_from": "2026-01-05"},
        {"procedure_codes": ["0717T"], "service_date_from": "2026-02-01", "service_date_through": "2026-02-01"},
    ],
)
def test_an_agreement_that_a_determination_names_is_kept_as_long_as_what_it_was_about(fields: Event) -> None:
    elsewhere = voided("2026-06-01T00:00:00Z", claim_id="C2")  # forgotten in between, which is when others could go too
    scene = Scene(signed(**fields), elsewhere, claim(at="2026-12-01T00:00:00Z"), now="2028-11-30T23:59:59Z")
    determination = scene.determination
    assert determination.financial_responsibility.agreement_id == "G1"
    said = len(scene.folding.records)
    scene.at("2028-12-01")
    assert scene.folding.timelines == {}
    assert scene.determination == determination
    assert [each for each in scene.folding.records[said:] if not isinstance(each, Alert)] == []


def test_a_claim_is_kept_as_long_as_an_appointment_that_it_bills() -> None:
    billed = claim(line(day="2026-01-02"), at="2026-01-02T12:00:00Z")
    late = visit(day="2026-01-02", at="2026-01-20T00:00:00Z")
    scene = Scene(billed, late)
    assert scene.open("expected_denial_scheduled") == ()
    scene.at("2028-01-19T23:59:59Z")
    assert scene.open("expected_denial_scheduled") == ()
    assert scene.folding.timelines != {}
    assert scene.at("2028-01-20").folding.timelines == {}


def test_what_comes_after_24_months_is_decided_and_forgotten_at_the_next_look() -> None:
    scene = Scene(claim(), now="2029-01-01")
    assert scene.determination.status == "current"
    late = Scene(voided(member_id="M-2", at="2029-01-01T00:00:00Z"), claim())
    late.at("2029-01-01T00:00:01Z")
    assert late.determination.status == "current"
    assert late.folding.timelines.keys() == {"M-2"}


def test_a_void_after_forgetting_takes_nothing_back() -> None:
    scene = Scene(claim(), now="2028-01-05")
    assert scene.then(voided("2028-01-06T00:00:00Z")) == ()


def test_an_ended_appointment_is_kept_by_its_end() -> None:
    events = (visit(day="2026-01-06", at="2026-01-05T00:00:00Z"), ended("completed", "2026-03-01T12:00:00Z"))
    assert remembered(*events, now="2028-02-29T23:59:59Z") is not None
    assert remembered(*events, now="2028-03-01") is None
