"""With a first day for alerts, history pages nobody, but for what was done and can still be held."""

from typing import Any

import pytest
from tests.unit.scenes import Event, Scene, alerting_from, claim, ended, instant, line, revoked, signed, visit, voided

from policywire.model.records import Alert
from policywire.step import follow

FIRST = "2026-02-10"
RULES = alerting_from(FIRST)
BEFORE = "2026-02-09"
AFTER = "2026-02-11T15:00:00Z"


def opened(*events: Event) -> set[str]:
    """The kinds of alert that were ever opened."""
    scene = Scene(*events, rulebook=RULES, now="2026-02-12")
    return {each.kind for each in scene.alerts}


@pytest.mark.parametrize(
    ("kind", "events"),
    [
        ("expected_denial_scheduled", lambda day: [visit(day=day)]),
        ("agreement_missing", lambda day: [visit(day=day)]),
        ("service_without_agreement", lambda day: [claim(line(day=day), at=AFTER)]),
        ("unlisted_substitution", lambda day: [visit(day="2026-01-10"), claim(line("20999", day), at=AFTER)]),
        ("unlisted_substitution", lambda day: [visit("20999", "0565T", day=day)]),
        ("context_review", lambda day: [claim(line("38230", day), at=AFTER)]),
        ("context_review", lambda day: [visit("38230", day=day)]),
        ("companion_policy_review", lambda day: [claim(line(day=day), line("20931", day, number=2), at=AFTER)]),
    ],
)
def test_each_kind_opens_for_a_service_on_the_first_day_and_for_none_on_the_day_before(kind: str, events: Any) -> None:
    assert kind in opened(*events(FIRST))
    assert opened(*events(BEFORE)) == set()


def test_the_first_day_of_a_span_counts() -> None:
    scene = Scene(claim(line("38230", BEFORE, service_date_end="2026-02-11"), at=AFTER), rulebook=RULES)
    assert scene.alerts == ()


def test_what_was_done_before_and_is_not_billed_yet_is_to_be_held() -> None:
    scene = Scene(visit("0565T", "0566T", day=BEFORE), ended("completed", at=AFTER), rulebook=RULES)
    (found,) = scene.alerts
    assert (found.kind, found.status, found.procedure_codes) == (
        "service_without_agreement",
        "open",
        ("0565T", "0566T"),
    )
    scene.then(claim(line(day=BEFORE), at="2026-02-12T15:00:00Z"))
    (found,) = scene.alerts
    assert (found.status, found.procedure_codes) == ("open", ("0566T",))
    scene.then(claim(line("0566T", BEFORE), at="2026-02-12T16:00:00Z", claim_id="C2"))
    (found,) = scene.alerts
    assert found.status == "resolved"


def test_a_void_makes_it_to_be_held_again() -> None:
    scene = Scene(
        visit(day=BEFORE),
        ended("completed", at=AFTER),
        claim(line(day=BEFORE), at="2026-02-12T15:00:00Z"),
        voided("2026-02-13T15:00:00Z"),
        rulebook=RULES,
    )
    (found,) = scene.alerts
    assert (found.kind, found.status) == ("service_without_agreement", "open")


@pytest.mark.parametrize("how", ["cancelled", "no_show"])
def test_what_was_not_done_is_not(how: str) -> None:
    assert opened(visit(day=BEFORE), ended(how, at=AFTER)) == set()


def test_a_valid_agreement_leaves_nothing_to_hold_until_it_is_taken_back() -> None:
    events = (visit(day=BEFORE), signed(), ended("completed", at=AFTER))
    assert Scene(*events, rulebook=RULES).alerts == ()
    alerts = Scene(*events, revoked("2026-02-01T00:00:00Z"), rulebook=RULES).alerts
    assert [each.kind for each in alerts] == ["service_without_agreement"]


def test_determinations_are_as_without_it() -> None:
    events = [visit(day=BEFORE), claim(line(day=BEFORE), line("38230", BEFORE, number=2), at=AFTER)]
    told = [(each.subject, each.outcome) for each in Scene(*events).determinations]
    assert [(each.subject, each.outcome) for each in Scene(*events, rulebook=RULES).determinations] == told
    assert told


def test_moving_an_appointment_over_the_first_day_opens_and_resolves() -> None:
    scene = Scene(visit(day=BEFORE), rulebook=RULES)
    assert scene.alerts == ()
    moved = {"event_type": "appointment.rescheduled", "event_id": "moved"}
    scene.then(visit(day=FIRST, at="2026-01-06T15:00:00Z", **moved))
    assert scene.alert("agreement_missing").status == "open"
    scene.then(visit(day=BEFORE, at="2026-01-07T15:00:00Z", **moved))
    assert scene.alert("agreement_missing").status == "resolved"


def test_a_first_day_that_is_set_later_resolves_what_is_open_at_the_next_look() -> None:
    scene = Scene(visit(day=BEFORE), claim(line(day="2026-02-02"), at="2026-02-03T00:00:00Z"))
    was_open = {each.alert_id for each in scene.alerts if each.status == "open"}
    assert len(was_open) == 3
    scene.folding.rulebook = RULES
    given = scene.then(voided("2026-02-03T00:00:00Z", claim_id="C9"))
    assert {each.alert_id for each in given if isinstance(each, Alert)} == was_open
    assert {each.status for each in scene.alerts} == {"resolved"}
    assert {each.rulebook_revision for each in scene.alerts} == {RULES.revision}


def test_it_resolves_them_at_once_where_the_lane_looks_at_everybody_after_a_change() -> None:
    billed = Scene(claim(line(day="2026-02-02"), at="2026-02-03T00:00:00Z")).folding.timelines["M-1"]
    now = instant("2026-02-20")
    (resolved,) = follow(billed, RULES, now).records
    assert isinstance(resolved, Alert)
    assert (resolved.kind, resolved.status) == ("service_without_agreement", "resolved")
    assert follow(billed, alerting_from("2026-02-02"), now).records == ()
    done = Scene(visit(day=BEFORE), ended("completed", at=AFTER)).folding.timelines["M-1"]
    assert follow(done, RULES, now).records == ()


def test_one_that_is_taken_away_opens_what_it_kept_back() -> None:
    scene = Scene(visit(day=BEFORE), rulebook=RULES)
    scene.folding.rulebook = alerting_from(None)
    scene.then(voided(claim_id="C9"))
    assert {each.kind for each in scene.alerts} == {"expected_denial_scheduled", "agreement_missing"}
