"""What follows from an outcome: the expected remittance, who pays, what to do next."""

from typing import Any

import pytest
from tests.unit.scenes import Event, Scene, claim, decide, line, signed, synthetic, visit

from policywire.decision.consequences import next_action
from policywire.model.records import Determination, ExpectedDenial, FinancialResponsibility, Flag, Outcome
from policywire.rulebook.checks import WITHOUT_ACTION

NOW = "not medically necessary per Cigna MM 0552"
BEFORE = "experimental or investigational per Cigna MM 0552"


def test_a_denial_for_want_of_necessity_is_the_providers_loss_without_an_agreement() -> None:
    found = decide("0565T", "2026-01-02")
    assert found.reason == NOW
    assert found.expected_denial == ExpectedDenial("MM 0552", NOW, "do_not_appeal", "CO", "50", ("N563",))
    assert found.exposure_amount == "1000.00"


def test_with_a_valid_agreement_the_patient_owes_it() -> None:
    found = Scene(signed(), claim()).determination
    assert found.expected_denial == ExpectedDenial("MM 0552", NOW, "do_not_appeal", "PR", "50", ("N492",))
    assert found.exposure_amount == "0.00"


def test_the_earlier_version_denies_as_experimental_and_is_confirmed_first() -> None:
    found = decide("0565T", "2025-12-15")
    assert found.reason == BEFORE
    assert found.expected_denial == ExpectedDenial("MM 0552", BEFORE, "confirm_first", "CO", "55", ("N563",))


@pytest.mark.parametrize(
    ("code", "fields", "of_claim"),
    [
        ("20999", {"narrative": None}, {}),
        ("38230", {}, {"rendering_provider": {"taxonomy": "207X00000X"}}),
    ],
)
def test_nobody_gives_up_a_claim_on_a_guess(code: str, fields: Event, of_claim: Event) -> None:
    denial = decide(code, of_claim=of_claim, **fields).expected_denial
    assert denial is not None
    assert denial.appeal == "confirm_first"


@pytest.mark.parametrize(
    ("code", "day", "of_claim"),
    [
        ("38230", "2026-01-02", {"diagnoses": ["C91.00"]}),
        ("38230", "2026-01-02", {}),
        ("0565T", "2020-03-14", {}),
        ("0565T", "2026-01-02", {"line_of_business": "medicare"}),
    ],
)
def test_what_is_not_denied_expects_no_denial_and_exposes_nothing(code: str, day: str, of_claim: Event) -> None:
    found = decide(code, day, of_claim=of_claim)
    assert found.expected_denial is None
    assert found.exposure_amount == "0.00"
    assert found.financial_responsibility.status == "not_applicable"


def test_an_appointments_procedure_has_neither_remittance_nor_exposure() -> None:
    found = Scene(visit("0565T")).determination
    assert found.outcome.value == "not_medically_necessary"
    assert found.expected_denial is None
    assert found.exposure_amount is None
    assert found.financial_responsibility.liable == "provider"


def action(*events: Event) -> str:
    return Scene(*events).determination.next_action.code


def test_another_line_of_business_is_looked_at_first() -> None:
    scope: Any = {"line_of_business": "medicare"}
    assert (
        action(claim(line("20999", "2025-12-15", service_date_end="2025-12-16"), **scope)) == "review_line_of_business"
    )


def test_a_span_across_versions_is_split_by_day() -> None:
    assert action(claim(line("20999", "2025-12-15", service_date_end="2025-12-16"))) == "split_by_day"


def test_what_belongs_to_another_policy_is_routed_there_even_by_specialty_alone() -> None:
    assert action(claim(line("38230"), diagnoses=["C91.00"])) == "route_to_policy"
    assert action(claim(line("38230"), rendering_provider={"taxonomy": "207RH0000X"})) == "route_to_policy"


@pytest.mark.parametrize(
    "of_claim",
    [{"diagnoses": ["C91.00", "M17.11"]}, {}, {"rendering_provider": {"taxonomy": "207X00000X"}}],
)
def test_a_context_that_is_mixed_unknown_or_guessed_is_confirmed(of_claim: Event) -> None:
    assert action(claim(line("38230"), **of_claim)) == "confirm_context"
    assert action(signed("38230"), claim(line("38230"), **of_claim)) == "confirm_context"


@pytest.mark.parametrize("narrative", [None, "amniotic membrane", "excision of scar"])
def test_an_unlisted_code_that_does_not_say_what_is_done_gets_a_narrative(narrative: str | None) -> None:
    assert action(claim(line("20999", narrative=narrative))) == "add_narrative"
    assert action(visit("20999", narrative=narrative)) == "add_narrative"


def test_a_denied_line_is_written_off_held_or_billed_to_the_patient() -> None:
    assert action(claim(kind="submitted")) == "write_off"
    assert action(claim(kind="replaced")) == "write_off"
    assert action(claim(kind="drafted")) == "hold_and_get_agreement"
    assert action(visit()) == "hold_and_get_agreement"
    assert action(signed(), claim(kind="submitted")) == "bill_patient"
    assert action(signed(), claim(kind="drafted")) == "bill_patient"
    assert action(signed(), visit()) == "none"


def test_an_invalid_agreement_is_as_good_as_none() -> None:
    assert action(signed("0717T"), claim()) == "write_off"
    assert action(signed("0717T"), visit()) == "hold_and_get_agreement"


def test_where_no_policy_is_in_force_there_is_nothing_to_do() -> None:
    assert action(claim(line(day="2020-03-14"))) == "none"


def test_the_flag_of_the_earlier_version_alone_changes_no_action() -> None:
    assert action(claim(line(day="2025-12-15"))) == "write_off"


@pytest.mark.parametrize(
    ("event", "stage"),
    [
        (claim(kind="drafted"), "drafted"),
        (claim(kind="submitted"), "submitted"),
        (claim(kind="replaced"), "submitted"),
        (visit(), "scheduled"),
    ],
)
def test_the_stage_is_that_of_the_latest_content(event: Event, stage: str) -> None:
    assert Scene(event).determination.stage == stage


def test_a_determination_says_whose_and_what_it_is() -> None:
    event = claim(line(number=7), at="2026-01-05T09:03:00-05:00", event_id="evt-1")
    found: Determination = Scene(event).determination
    assert (found.event_id, found.decided_for) == ("evt-1", "2026-01-05T09:03:00-05:00")
    assert (found.member_id, found.payer_id, found.procedure_code) == ("M-1", "62308", "0565T")
    assert (found.policy.payer, found.policy.id) == ("cigna", "MM 0552")
    assert found.date_of_service.isoformat() == "2026-01-02"
    assert found.status == "current"


def test_of_the_flags_only_those_that_the_checker_names_lead_to_no_next_action() -> None:
    nobody = FinancialResponsibility("not_applicable", None, None, None)
    idle = {flag for flag in Flag if next_action(Outcome.REVIEW, (flag,), "submitted", nobody) == "none"}
    assert idle == WITHOUT_ACTION


def test_what_may_be_appealed_or_must_be_confirmed_is_not_simply_written_off() -> None:
    assert decide("0565T", "2026-01-02").next_action.text.startswith("Write it off:")
    assert decide("0565T", "2025-12-15").next_action.text.startswith("Confirm the facts before")
    dear = line("X0001", charge_amount="5000.00")
    assert Scene(claim(dear, payer_id="SYN01"), rulebook=synthetic()).determination.next_action.text.startswith(
        "Appeal"
    )


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (claim(line("X0001", modifiers=["50"]), payer_id="SYN01", kind="drafted"), "before the service"),
        (claim(line("X0001", modifiers=["50"]), payer_id="SYN01"), "was given"),
    ],
)
def test_where_the_payer_wants_to_be_asked_first_the_next_action_says_so(event: Event, words: str) -> None:
    found = Scene(event, rulebook=synthetic()).determination
    assert (found.outcome, found.next_action.code) == (Outcome.CRITERIA_REQUIRED, "none")
    assert "prior authorization" in found.next_action.text
    assert words in found.next_action.text
