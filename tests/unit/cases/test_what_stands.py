"""Which content and which ending of a claim, an appointment or an agreement stands, in whatever order they come."""

from itertools import permutations
from typing import Any

import pytest
from tests.unit.scenes import Event, Scene, claim, ended, line, revoked, signed, visit, voided

from policywire.model.records import Determination

T1, T2, T3 = "2026-01-05T10:00:00Z", "2026-01-06T10:00:00Z", "2026-01-07T10:00:00Z"


def in_every_order(*events: Event) -> set[tuple[str, str, str]]:
    """(status, event, stage) of the only determination, for every order of the events; there must be one in each."""
    return {
        (found.status, found.event_id, found.stage)
        for order in permutations(events)
        for found in [Scene(*order).determination]
    }


def test_a_later_content_replaces_an_earlier_one_whichever_comes_first() -> None:
    events = (claim(at=T1, event_id="a"), claim(at=T2, event_id="b"))
    assert in_every_order(*events) == {("current", "b", "submitted")}


def test_a_draft_never_replaces_what_was_submitted_whatever_its_time() -> None:
    events = (claim(at=T1, event_id="a"), claim(at=T3, kind="drafted", event_id="b"))
    assert in_every_order(*events) == {("current", "a", "submitted")}
    events = (claim(at=T1, kind="replaced", event_id="a"), claim(at=T3, kind="drafted", event_id="b"))
    assert in_every_order(*events) == {("current", "a", "submitted")}


def test_a_later_draft_replaces_an_earlier_draft() -> None:
    events = (claim(at=T1, kind="drafted", event_id="b"), claim(at=T2, kind="drafted", event_id="a"))
    assert in_every_order(*events) == {("current", "a", "drafted")}


def test_at_one_instant_replaced_is_later_than_submitted_and_submitted_than_drafted() -> None:
    elsewhere = "2026-01-05T19:30:00+09:30"
    events = (
        claim(at=T1, kind="replaced", event_id="a"),
        claim(at=elsewhere, kind="submitted", event_id="b"),
        claim(at=T1, kind="drafted", event_id="c"),
    )
    assert in_every_order(*events) == {("current", "a", "submitted")}
    assert in_every_order(*events[1:]) == {("current", "b", "submitted")}


def test_at_one_instant_rescheduled_is_later_than_booked() -> None:
    events = (visit(at=T1, event_id="b"), visit(at=T1, event_type="appointment.rescheduled", event_id="a"))
    assert in_every_order(*events) == {("current", "a", "scheduled")}


def test_of_equals_the_greater_event_id_is_later() -> None:
    assert in_every_order(claim(event_id="10"), claim(event_id="9")) == {("current", "9", "submitted")}
    assert in_every_order(visit(event_id="10"), visit(event_id="9")) == {("current", "9", "scheduled")}


def test_a_void_takes_back_what_came_before_it_and_not_what_came_after() -> None:
    before, after = claim(at=T1, event_id="a"), claim(at=T3, kind="replaced", event_id="c")
    assert Scene(before, voided(T2), claim(at=T1, event_id="b")).determination.status == "withdrawn"
    assert in_every_order(before, voided(T2), after) == {("current", "c", "submitted")}


def test_at_one_instant_a_void_is_later_than_any_content() -> None:
    content, void = claim(at=T1, kind="replaced", event_id="z"), voided(T1, event_id="a")
    assert Scene(void, content).determinations == ()
    assert Scene(content, void).determination.status == "withdrawn"


def test_an_ending_before_its_content_is_remembered() -> None:
    assert Scene(voided(T2), claim(at=T1)).determinations == ()
    assert Scene(ended("cancelled", T2), visit(at=T1)).determinations == ()
    assert Scene(ended("cancelled", T1), visit(at=T2)).determination.status == "current"


def test_an_ending_without_content_yields_nothing() -> None:
    scene = Scene(voided(), ended("completed"), revoked(T1))
    assert scene.folding.records == []
    assert scene.folding.timelines["M-1"].claims.keys() == {"C1"}


@pytest.mark.parametrize("how", ["cancelled", "no_show"])
def test_cancelled_and_missed_appointments_withdraw_their_determinations(how: str) -> None:
    assert Scene(visit(at=T1), ended(how, T2)).determination.status == "withdrawn"


def test_a_completed_appointment_keeps_its_determinations() -> None:
    assert Scene(visit(at=T1), ended("completed", T2)).determination.status == "current"


def test_the_latest_ending_counts() -> None:
    early, late = ended("completed", T2), ended("cancelled", T3)
    assert {Scene(visit(at=T1), *each).determination.status for each in permutations((early, late))} == {"withdrawn"}
    early, late = ended("cancelled", T2), ended("completed", T3)
    assert {Scene(visit(at=T1), *each).determination.status for each in permutations((early, late))} == {"current"}


def test_of_endings_at_one_instant_the_greater_event_id_is_the_later() -> None:
    kept, taken = ended("completed", T2, event_id="9"), ended("cancelled", T2, event_id="10")
    assert {Scene(visit(at=T1), *each).determination.status for each in permutations((kept, taken))} == {"current"}


def test_a_reschedule_after_the_end_makes_the_appointment_active_again() -> None:
    again = visit(at=T3, event_type="appointment.rescheduled", event_id="r")
    scene = Scene(visit(at=T1), ended("cancelled", T2), again)
    assert scene.determination.status == "current"
    assert scene.open("expected_denial_scheduled") != ()


def test_a_line_that_a_replacement_drops_is_withdrawn_and_one_it_keeps_is_decided_again() -> None:
    scene = Scene(claim(line(number=1), line("0717T", number=2), at=T1))
    records = scene.then(claim(line("0718T", number=1), at=T2, kind="replaced"))
    statuses = {(x.subject.line_number, x.status, x.procedure_code) for x in records if isinstance(x, Determination)}  # type: ignore[union-attr]
    assert statuses == {(1, "current", "0718T"), (2, "withdrawn", "0717T")}


def test_a_withdrawn_determination_repeats_the_last_current_one() -> None:
    scene = Scene(claim(at=T1))
    current = scene.determination
    (withdrawn, _) = scene.then(voided())
    assert isinstance(withdrawn, Determination)
    changed = {name for name in current.__struct_fields__ if getattr(current, name) != getattr(withdrawn, name)}
    assert changed == {"status"}


def test_a_code_taken_off_an_appointment_is_withdrawn() -> None:
    scene = Scene(visit("0717T", "0718T", at=T1), visit("0718T", at=T2, event_type="appointment.rescheduled"))
    assert {(each.procedure_code, each.status) for each in scene.determinations} == {
        ("0717T", "withdrawn"),
        ("0718T", "current"),
    }


def test_an_older_content_that_comes_late_says_nothing() -> None:
    scene = Scene(claim(at=T2))
    assert scene.then(claim(line("0717T"), at=T1, event_id="late")) == ()


def test_the_same_event_again_says_and_changes_nothing() -> None:
    events = (claim(at=T1), visit(at=T1), signed(at=T1), revoked(T2), ended("completed", T2), voided(T3))
    scene = Scene(*events)
    before = dict(scene.folding.timelines)
    assert scene.then(*events) == ()
    assert scene.folding.timelines == before


# ---- agreements


def standing(*events: Event) -> set[str | None]:
    """The problem of the agreement for a service on 2026-01-10, for every order of the events."""
    billed = claim(line(day="2026-01-10"), at="2026-02-15T00:00:00Z")
    return {
        found.financial_responsibility.problem or found.financial_responsibility.status
        for order in permutations((*events, billed))
        for found in [Scene(*order).determination]
    }


def test_the_latest_signing_counts() -> None:
    assert standing(signed(at=T1), signed("0717T", at=T2)) == {"wrong_service"}


def test_a_signing_after_a_revocation_makes_it_hold_again() -> None:
    assert standing(signed(at=T1), revoked(T2), signed(at=T3)) == {"valid"}


def test_a_revocation_at_the_instant_of_the_signing_is_the_later() -> None:
    assert standing(signed(at=T1, event_id="z"), revoked(T1, event_id="a")) == {"revoked"}


def test_a_second_revocation_does_not_undo_the_first() -> None:
    assert standing(signed(at=T1), revoked(T2), revoked("2026-01-12T00:00:00Z")) == {"revoked"}


def test_of_several_revocations_the_earliest_after_the_latest_signing_counts() -> None:
    """Not the one before it, and whatever day the others name."""
    days: dict[str, Any] = {"revoked_at": "2026-01-01T00:00:00Z"}
    assert standing(revoked(T1, **days), signed(at=T2), revoked(T3, revoked_at="2026-01-20T00:00:00Z")) == {"valid"}
    late = revoked("2026-01-12T00:00:00Z", **days)
    assert standing(signed(at=T1), revoked(T2, revoked_at="2026-01-20T00:00:00Z"), late) == {"valid"}


def test_a_revoked_agreement_that_was_never_signed_is_no_agreement() -> None:
    assert standing(revoked(T1)) == {"missing"}


# ---- what leaves no trace


def test_a_claim_without_a_listed_code_leaves_no_trace() -> None:
    scene = Scene(claim(line("99213")), visit("27447"), claim(line("0565T"), payer_id="60054"))
    assert scene.folding.timelines == {}


def test_ids_are_a_members_own() -> None:
    scene = Scene(claim(member_id="M-1"), claim(member_id="M-2"), voided(member_id="M-2"))
    assert {(each.member_id, each.status) for each in scene.determinations} == {
        ("M-1", "current"),
        ("M-2", "withdrawn"),
    }


def test_a_claim_and_an_appointment_may_share_an_id() -> None:
    scene = Scene(claim(claim_id="X"), visit(appointment_id="X"), voided(claim_id="X"))
    assert {(each.stage, each.status) for each in scene.determinations} == {
        ("submitted", "withdrawn"),
        ("scheduled", "current"),
    }


@pytest.mark.parametrize("now", [{"lines": [line("99213")]}, {"payer_id": "60054"}])
def test_a_replacement_that_no_policy_names_withdraws_what_was_decided(now: Event) -> None:
    scene = Scene(claim(at=T1), claim(at=T2, kind="replaced", **now))
    assert scene.determination.status == "withdrawn"
    assert {each.status for each in scene.alerts} == {"resolved"}
