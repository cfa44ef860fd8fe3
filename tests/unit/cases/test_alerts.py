"""Every kind of alert: when it opens, how loud it is, what it shows, and when it resolves."""

from typing import Any

import pytest
from tests.unit.scenes import Event, Scene, claim, ended, line, revoked, signed, visit, voided

from policywire.model.records import Alert

EARLY = "2026-01-05T15:00:00Z"
LATER = "2026-01-08T15:00:00Z"
AFTER = "2026-02-11T15:00:00Z"

# ---- expected_denial_scheduled, agreement_missing


def test_a_booked_code_that_will_be_denied_opens_a_warning_with_the_codes() -> None:
    found = Scene(visit("0717T", "0718T", "99213")).alert("expected_denial_scheduled")
    assert (found.status, found.severity, found.audience) == ("open", "warning", "scheduling")
    assert found.procedure_codes == ("0717T", "0718T")
    assert (str(found.date_of_service), found.exposure_amount) == ("2026-02-10", "5000.00")
    assert found.evidence == (f"booked-{EARLY}",)


def test_without_a_valid_agreement_a_second_alert_asks_for_one() -> None:
    found = Scene(visit("0717T", "0718T"), signed("0717T")).alert("agreement_missing")
    assert (found.status, found.procedure_codes) == ("open", ("0718T",))


def test_with_a_valid_agreement_the_denial_stays_expected_and_costs_the_provider_nothing() -> None:
    scene = Scene(visit("0717T"), signed("0717T"))
    assert scene.alert("agreement_missing").status == "resolved"
    assert scene.alert("expected_denial_scheduled").status == "open"
    assert scene.alert("expected_denial_scheduled").exposure_amount == "0.00"


def test_the_estimate_is_shown_when_any_listed_code_is_the_providers() -> None:
    scene = Scene(visit("0717T", "0718T"), signed("0717T"))
    assert scene.alert("expected_denial_scheduled").exposure_amount == "5000.00"
    assert scene.alert("agreement_missing").exposure_amount == "5000.00"


def test_without_an_estimate_the_exposure_is_not_known() -> None:
    scene = Scene(visit(estimated_charge_amount=None))
    assert scene.alert("expected_denial_scheduled").exposure_amount is None


@pytest.mark.parametrize(
    "fields",
    [
        {"procedure_codes": ["38230"], "diagnoses": ["C91.00"]},
        {"procedure_codes": ["38230"]},
        {"procedure_codes": ["20999"], "narrative": "excision"},
        {"line_of_business": "medicare"},
        {"service_date": "2020-03-14"},
        {"procedure_codes": ["99213"]},
    ],
)
def test_what_is_not_denied_is_not_announced(fields: Event) -> None:
    scene = Scene(visit(**fields))
    assert scene.open("expected_denial_scheduled") == scene.open("agreement_missing") == ()


def test_a_revocation_asks_for_an_agreement_again() -> None:
    scene = Scene(visit(), signed(), revoked("2026-01-15T00:00:00Z"))
    assert scene.alert("agreement_missing").status == "open"


@pytest.mark.parametrize(
    ("now", "severity"),
    [
        ("2026-01-26T23:59:59Z", "info"),  # 15 days before
        ("2026-01-27T00:00:00Z", "warning"),  # 14
        ("2026-02-06T23:59:59Z", "warning"),  # 4
        ("2026-02-07T00:00:00Z", "critical"),  # 3
        ("2026-02-10T00:00:00Z", "critical"),
        ("2026-02-12T00:00:00Z", "critical"),  # past
        ("2026-01-27T09:00:00+10:00", "info"),  # still the 26th in UTC
    ],
)
def test_a_missing_agreement_grows_louder_by_utc_days(now: str, severity: str) -> None:
    scene = Scene(visit(), now=now)
    assert scene.alert("agreement_missing").severity == severity
    assert scene.alert("expected_denial_scheduled").severity == "warning"


def test_each_step_up_is_said_once_and_under_the_same_id() -> None:
    scene = Scene(visit(), now="2026-06-01")
    said = [x for x in scene.folding.records if isinstance(x, Alert) and x.kind == "agreement_missing"]
    assert [each.severity for each in said] == ["info", "warning", "critical"]
    assert len({each.alert_id for each in said}) == 1


def test_an_event_between_the_steps_does_not_hide_one() -> None:
    scene = Scene(visit())
    scene.then(claim(line("0717T"), at="2026-02-08T12:00:00Z"))
    assert scene.alert("agreement_missing").severity == "critical"


@pytest.mark.parametrize("how", ["cancelled", "no_show", "completed"])
def test_the_end_of_an_appointment_resolves_both(how: str) -> None:
    scene = Scene(visit(), ended(how))
    assert scene.alert("expected_denial_scheduled").status == "resolved"
    assert scene.alert("agreement_missing").status == "resolved"


def test_a_reschedule_to_a_day_before_the_policy_resolves_both() -> None:
    again = visit(day="2020-03-14", at=LATER, event_type="appointment.rescheduled")
    scene = Scene(visit(), again)
    assert {each.status for each in scene.alerts} == {"resolved"}


# ---- billed


@pytest.mark.parametrize("kind", ["drafted", "submitted", "replaced"])
def test_a_standing_claim_for_code_and_day_bills_the_appointment(kind: str) -> None:
    scene = Scene(visit("0717T", "0718T"), claim(line("0717T", "2026-02-10"), at=AFTER, kind=kind))
    assert scene.alert("expected_denial_scheduled").procedure_codes == ("0718T",)
    assert scene.alert("agreement_missing").procedure_codes == ("0718T",)
    scene.then(
        claim(line("0717T", "2026-02-10"), line("0718T", "2026-02-10", 2), at=AFTER, event_id="z", kind="replaced")
    )
    assert scene.alert("expected_denial_scheduled").status == "resolved"
    assert {each.status for each in scene.determinations} == {"current"}


@pytest.mark.parametrize(
    "billed",
    [
        claim(line("0718T", "2026-02-10"), at=AFTER),
        claim(line("0717T", "2026-02-09"), at=AFTER),
        claim(line("0717T", "2026-02-09", service_date_end="2026-02-10"), at=AFTER),
        claim(line("0717T", "2026-02-10"), at=AFTER, member_id="M-2"),
        claim(line("0717T", "2026-02-10"), at=AFTER, payer_id="60054"),
    ],
)
def test_another_code_day_member_or_payer_does_not(billed: Event) -> None:
    assert Scene(visit("0717T"), billed).alert("expected_denial_scheduled").status == "open"


def test_the_first_day_of_a_span_bills() -> None:
    billed = claim(line("0717T", "2026-02-10", service_date_end="2026-02-12"), at=AFTER)
    assert Scene(visit("0717T"), billed).alert("expected_denial_scheduled").status == "resolved"


def test_a_void_makes_it_unbilled_again() -> None:
    scene = Scene(visit("0717T"), claim(line("0717T", "2026-02-10"), at=AFTER), voided("2026-02-12T00:00:00Z"))
    assert scene.alert("expected_denial_scheduled").status == "open"


# ---- service_without_agreement


def test_a_denied_line_without_a_valid_agreement_is_critical() -> None:
    found = Scene(claim(ordering_provider_npi="1245319599")).alert("service_without_agreement")
    assert (found.status, found.severity, found.audience) == ("open", "critical", "billing")
    assert (found.exposure_amount, found.ordering_provider_npi) == ("1000.00", "1245319599")


@pytest.mark.parametrize("kind", ["drafted", "submitted", "replaced"])
def test_a_valid_agreement_or_a_void_resolves_it(kind: str) -> None:
    assert Scene(claim(kind=kind), signed()).alert("service_without_agreement").status == "resolved"
    assert Scene(claim(kind=kind), voided()).alert("service_without_agreement").status == "resolved"
    assert Scene(claim(kind=kind), signed("0717T")).alert("service_without_agreement").status == "open"


def test_a_completed_service_that_nobody_has_billed_is_a_charge_to_hold() -> None:
    scene = Scene(visit("0717T", "0718T"), signed("0717T"), ended("completed"))
    found = scene.alert("service_without_agreement")
    assert (found.status, found.severity, found.procedure_codes) == ("open", "critical", ("0718T",))
    assert found.exposure_amount == "5000.00"
    scene.then(claim(line("0718T", "2026-02-10"), at=AFTER))
    (of_appointment, of_line) = (each for each in scene.alerts if each.kind == "service_without_agreement")
    assert (of_appointment.status, of_line.status) == ("resolved", "open")


def test_a_completed_service_with_an_agreement_or_one_that_is_not_denied_is_none() -> None:
    assert Scene(visit(), signed(), ended("completed")).open("service_without_agreement") == ()
    assert Scene(visit("38230"), ended("completed")).open("service_without_agreement") == ()
    assert Scene(visit()).open("service_without_agreement") == ()


@pytest.mark.parametrize(
    ("day", "last", "over"),
    [
        ("2026-01-02", "2027-01-01T23:59:59Z", "2027-01-02T00:00:00Z"),
        ("2024-02-29", "2025-02-27T23:59:59Z", "2025-02-28T00:00:00Z"),
    ],
)
def test_it_is_open_only_until_twelve_months_after_the_service(day: str, last: str, over: str) -> None:
    at = f"{day}T10:00:00Z"
    events = (claim(line(day=day), at=at), visit(day=day, at=at), ended("completed", at))
    for event in (events[:1], events[1:]):
        scene = Scene(*event, now=last)
        assert scene.alert("service_without_agreement").status == "open"
        assert scene.at(over).alert("service_without_agreement").status == "resolved"
        assert scene.determination.status == "current"


def test_a_claim_that_comes_a_year_late_opens_none() -> None:
    assert Scene(claim(at="2027-01-02T00:00:00Z")).alerts == ()


def test_it_speaks_of_a_charge_to_hold_where_a_visit_is_not_billed_and_of_a_line_where_it_is() -> None:
    visited = Scene(visit(), ended("completed")).alert("service_without_agreement")
    billed = Scene(claim()).alert("service_without_agreement")
    assert "Done without" in visited.message
    assert "Hold the charge" in visited.action
    assert "Charged without" in billed.message
    assert "Hold the charge" not in billed.action


# ---- unlisted_substitution


def test_an_unlisted_code_after_a_targeted_one_is_flagged_to_the_ordering_provider() -> None:
    scene = Scene(visit("0565T", day="2026-01-01", event_id="seen"), claim(line("20999")))
    found = scene.alert("unlisted_substitution")
    assert (found.status, found.severity, found.audience) == ("open", "warning", "ordering_provider")
    assert found.evidence == ("seen",)
    assert found.exposure_amount == "1000.00"


@pytest.mark.parametrize(
    ("day", "is_open"),
    [("2026-01-02", True), ("2025-07-06", True), ("2025-07-05", False), ("2026-01-03", False)],
)
def test_a_sighting_counts_for_180_days_up_to_and_including_the_service(day: str, is_open: bool) -> None:  # noqa: FBT001
    scene = Scene(visit("0717T", day=day), claim(line("20999", "2026-01-02")))
    assert bool(scene.open("unlisted_substitution")) is is_open


@pytest.mark.parametrize("code", ["0565T", "0566T", "0717T", "0718T"])
def test_the_same_claim_or_appointment_counts(code: str) -> None:
    assert Scene(claim(line("20999"), line(code, number=2))).open("unlisted_substitution") != ()
    assert Scene(visit("20999", code)).open("unlisted_substitution") != ()


@pytest.mark.parametrize("code", ["38230", "38232", "20999"])
def test_codes_that_are_not_targeted_are_no_sightings(code: str) -> None:
    assert Scene(visit(code, day="2026-01-01"), claim(line("20999"))).open("unlisted_substitution") == ()


def test_a_sighting_is_never_taken_back() -> None:
    seen = visit("0565T", day="2026-01-01", at=EARLY)
    moved = visit("38230", day="2025-12-30", at=LATER, event_type="appointment.rescheduled")
    for taking_back in (ended("cancelled"), ended("no_show"), moved):
        assert Scene(seen, taking_back, claim(line("20999"))).open("unlisted_substitution") != ()
    billed = claim(line("0565T"), claim_id="C9")
    assert Scene(billed, voided(claim_id="C9"), claim(line("20999"))).open("unlisted_substitution") != ()


def test_even_an_older_content_that_comes_late_leaves_its_sightings() -> None:
    scene = Scene(visit("38230", at=LATER), claim(line("20999")), visit("0565T", day="2026-01-01", at=EARLY))
    assert scene.open("unlisted_substitution") != ()


def test_a_sighting_of_any_line_of_business_counts_and_one_of_another_payer_or_member_does_not() -> None:
    def flagged(**fields: Any) -> bool:
        return bool(Scene(visit(day="2026-01-01", **fields), claim(line("20999"))).open("unlisted_substitution"))

    assert flagged(line_of_business="medicare")
    assert not flagged(payer_id="60054")
    assert not flagged(member_id="M-2")


@pytest.mark.parametrize("narrative", [None, "BMAC", "amniotic", "excision of scar"])
def test_denied_or_in_review_for_its_narrative_it_is_flagged(narrative: str | None) -> None:
    assert Scene(claim(line("20999", narrative=narrative), line("0565T", number=2))).open("unlisted_substitution") != ()


@pytest.mark.parametrize("fields", [{"line_of_business": "medicare"}, {"lines": [line("20999", "2020-03-14")]}])
def test_in_review_for_anything_else_or_under_no_policy_it_is_not(fields: Event) -> None:
    seen = visit("0565T", day="2026-01-01")
    older = visit("0565T", day="2020-03-14", appointment_id="A2", event_id="older")
    assert Scene(seen, older, claim(line("20999"), **fields)).open("unlisted_substitution") == ()


def test_a_substitution_follows_the_determination_of_an_appointment_even_when_completed_or_billed() -> None:
    scene = Scene(visit("20999", "0565T"), ended("completed"))
    found = scene.alert("unlisted_substitution")
    assert found.status == "open"
    assert found.exposure_amount is None
    scene.then(claim(line("20999", "2026-02-10"), at=AFTER))
    assert {each.status for each in scene.alerts if each.kind == "unlisted_substitution"} == {"open"}
    scene.then(ended("cancelled", "2026-02-12T00:00:00Z"))
    assert len(scene.open("unlisted_substitution")) == 1


# ---- context_review


@pytest.mark.parametrize("diagnoses", [[], ["C91.00", "M17.11"]])
def test_a_harvest_in_review_for_its_context_is_to_be_settled(diagnoses: list[str]) -> None:
    found = Scene(claim(line("38230"), diagnoses=diagnoses)).alert("context_review")
    assert (found.status, found.severity, found.exposure_amount) == ("open", "warning", "0.00")
    scene = Scene(visit("38232", diagnoses=diagnoses), ended("completed"))
    assert scene.alert("context_review").status == "open"


def test_a_settled_context_resolves_it() -> None:
    scene = Scene(claim(line("38230")), claim(line("38230"), kind="replaced", at=LATER, diagnoses=["C91.00"]))
    assert scene.alert("context_review").status == "resolved"
    assert Scene(claim(line("38230")), voided()).alert("context_review").status == "resolved"
    assert Scene(visit("38230"), ended("cancelled")).alert("context_review").status == "resolved"


def test_a_harvest_in_review_for_its_line_of_business_is_none() -> None:
    assert Scene(claim(line("38230"), line_of_business="medicare")).open("context_review") == ()


# ---- companion_policy_review


@pytest.mark.parametrize("code", ["20930", "20931", "20932", "20933", "20934"])
def test_a_graft_beside_a_denied_line_of_the_same_day_points_at_its_own_policy(code: str) -> None:
    found = Scene(claim(line("0565T"), line(code, number=2))).alert("companion_policy_review")
    assert (found.status, found.severity, found.procedure_codes) == ("open", "info", (code,))
    assert found.subject.line_number == 2  # type: ignore[union-attr]
    assert "Review Cigna Healthcare policy 0118" in found.action


def test_a_companion_that_is_resolved_later_still_names_the_other_policy() -> None:
    scene = Scene(claim(line("0565T"), line("20931", number=2)), voided())
    found = scene.alert("companion_policy_review")
    assert (found.status, "policy 0118" in found.action) == ("resolved", True)


@pytest.mark.parametrize(
    "lines",
    [
        [line("0565T", "2026-01-02"), line("20931", "2026-01-03", number=2)],
        [line("38230"), line("20931", number=2)],
        [line("0565T", "2020-03-14"), line("20931", "2020-03-14", number=2)],
        [line("0565T"), line("20935", number=2)],
    ],
)
def test_a_graft_on_another_day_or_beside_nothing_denied_does_not(lines: list[Event]) -> None:
    assert Scene(claim(*lines)).open("companion_policy_review") == ()


def test_a_graft_on_another_claim_does_not_and_a_void_resolves_it() -> None:
    assert (
        Scene(claim(), claim(line("20931"), line("38230", number=2), claim_id="C2")).open("companion_policy_review")
        == ()
    )
    scene = Scene(claim(line("0565T"), line("20931", number=2)), voided())
    assert scene.alert("companion_policy_review").status == "resolved"


# ---- all of them


def test_a_resolved_alert_repeats_the_last_open_one() -> None:
    scene = Scene(visit())
    was = scene.alert("agreement_missing")
    scene.then(ended("cancelled"))
    now = scene.alert("agreement_missing")
    assert {name for name in was.__struct_fields__ if getattr(was, name) != getattr(now, name)} == {"status"}


def test_a_resolved_alert_opens_again_under_its_id() -> None:
    scene = Scene(visit(at=EARLY), ended("cancelled", LATER))
    first = scene.alert("agreement_missing").alert_id
    scene.then(visit(at="2026-01-09T00:00:00Z", event_type="appointment.rescheduled"))
    assert scene.alert("agreement_missing").alert_id == first
    assert scene.alert("agreement_missing").status == "open"


def test_an_alert_speaks_of_the_policy_in_people_s_words_and_names_its_version() -> None:
    found = Scene(visit("0565T", day="2025-12-15", at="2025-12-01T00:00:00Z")).alert("expected_denial_scheduled")
    assert (found.policy.payer, found.policy.id, str(found.policy.version)) == ("cigna", "MM 0552", "2020-03-15")
    assert "Cigna Healthcare" in found.message
    assert "{" not in found.message + found.action
