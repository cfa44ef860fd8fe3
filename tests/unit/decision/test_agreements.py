"""Financial responsibility agreements: which one counts for a denied line, and what is wrong with one that does not."""

from typing import Any

import pytest
from tests.unit.scenes import Event, Scene, claim, line, revoked, signed

from policywire.model.records import FinancialResponsibility

DAY = "2026-01-10"


def responsibility(*agreements: Event, code: str = "0565T", day: str = DAY, **fields: Any) -> FinancialResponsibility:
    billed = claim(line(code, day, **fields), at="2026-02-15T12:00:00Z")
    return Scene(*agreements, billed).determination.financial_responsibility


def problem(**fields: Any) -> str | None:
    """What is wrong with the one agreement, signed with these fields."""
    return responsibility(signed(**fields)).problem


def test_without_any_agreement_of_the_member_it_is_missing() -> None:
    assert responsibility() == FinancialResponsibility("missing", None, None, "provider")
    assert responsibility(signed(member_id="M-2")) == FinancialResponsibility("missing", None, None, "provider")


def test_an_agreement_for_payer_code_and_day_signed_before_is_valid() -> None:
    assert responsibility(signed()) == FinancialResponsibility("valid", "G1", None, "patient")


def test_nobody_is_liable_for_a_line_that_is_not_denied() -> None:
    found = responsibility(signed("38230"), code="38230")
    assert found == FinancialResponsibility("not_applicable", None, None, None)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"payer_id": "60054"}, "wrong_payer"),
        ({"procedure_codes": ["0566T", "0717T"]}, "wrong_service"),
        ({"procedure_codes": []}, "wrong_service"),
        ({"service_date_from": "2026-01-11"}, "wrong_date"),
        ({"service_date_through": "2026-01-09"}, "wrong_date"),
        ({"signed_at": "2026-01-11T00:00:00Z"}, "signed_after_service"),
        ({"signed_at": "2026-01-11T00:00:00Z", "confirmed_before_service": True}, "signed_after_service"),
        ({"signed_at": "2026-01-10T00:00:00Z"}, "signed_on_service_day"),
        ({"signed_at": "2026-01-10T00:00:00Z", "confirmed_before_service": False}, "signed_on_service_day"),
        ({"signed_at": "2026-01-10T00:00:00Z", "confirmed_before_service": True}, None),
        ({"signed_at": "2026-01-09T23:59:59Z"}, None),
        ({"service_date_from": DAY, "service_date_through": DAY}, None),
        ({"procedure_codes": [" 0565t "]}, None),
    ],
)
def test_each_check_names_its_problem(fields: dict[str, Any], expected: str | None) -> None:
    assert problem(**fields) == expected


def test_an_invalid_agreement_is_named_and_leaves_the_provider_liable() -> None:
    found = responsibility(signed("0566T"))
    assert found == FinancialResponsibility("invalid", "G1", "wrong_service", "provider")


def test_the_day_of_signing_is_the_local_date_as_written() -> None:
    assert problem(signed_at="2026-01-09T23:30:00-05:00") is None  # 04:30 of the service day in UTC
    assert problem(signed_at="2026-01-10T00:30:00+05:00") == "signed_on_service_day"  # the day before in UTC
    assert problem(signed_at="2026-01-11T00:30:00+14:00") == "signed_after_service"


def test_the_first_check_that_fails_is_the_problem() -> None:
    wrong: dict[str, Any] = {"payer_id": "60054", "procedure_codes": [], "service_date_from": "2026-02-01"}
    wrong |= {"signed_at": "2026-01-11T00:00:00Z"}
    right = {"payer_id": "62308", "procedure_codes": ["0565T"], "service_date_from": "2026-01-01"}
    found = [problem(**wrong)]
    for name, value in right.items():
        wrong[name] = value
        found.append(problem(**wrong))
    assert found == ["wrong_payer", "wrong_service", "wrong_date", "signed_after_service"]


def test_an_agreement_counts_by_the_first_day_of_a_span() -> None:
    window = {"service_date_from": DAY, "service_date_through": DAY}
    assert responsibility(signed(**window), service_date_end="2026-01-20").status == "valid"
    assert responsibility(signed(**window), day="2026-01-09", service_date_end=DAY).problem == "wrong_date"


@pytest.mark.parametrize(
    ("at", "revoked_at", "expected"),
    [
        ("2026-01-09T23:59:00Z", None, "revoked"),
        ("2026-01-10T00:00:00Z", None, None),
        ("2026-01-09T23:59:00-05:00", None, "revoked"),
        ("2026-01-10T00:30:00+05:00", None, None),
        ("2026-02-01T00:00:00Z", "2026-01-09T12:00:00Z", "revoked"),
        ("2026-01-09T00:00:00Z", "2026-01-10T12:00:00Z", None),
    ],
)
def test_revoked_on_a_day_before_the_service_it_no_longer_counts(
    at: str, revoked_at: str | None, expected: str | None
) -> None:
    assert responsibility(signed(), revoked(at, revoked_at=revoked_at)).problem == expected


def test_a_valid_agreement_wins_over_any_other() -> None:
    valid = signed(agreement_id="A", signed_at="2025-01-01T00:00:00Z")
    nearly = signed(agreement_id="Z", signed_at="2026-01-10T08:00:00Z")
    assert responsibility(valid, nearly).agreement_id == "A"
    assert responsibility(nearly, valid).agreement_id == "A"


def test_among_invalid_ones_the_one_that_gets_furthest_wins() -> None:
    wrong_payer = signed(agreement_id="Z", payer_id="60054", signed_at="2026-01-08T00:00:00Z")
    wrong_date = signed(agreement_id="A", service_date_from="2026-02-01", signed_at="2025-01-01T00:00:00Z")
    wrong_service = signed("0717T", agreement_id="M", signed_at="2026-01-07T00:00:00Z")
    found = responsibility(wrong_payer, wrong_date, wrong_service)
    assert (found.agreement_id, found.problem) == ("A", "wrong_date")


def test_among_equals_the_last_signed_wins_by_instant_and_then_the_greatest_id() -> None:
    earlier = signed(agreement_id="Z", signed_at="2025-12-20T12:00:00+09:00")
    later = signed(agreement_id="A", signed_at="2025-12-20T04:00:00Z")
    assert responsibility(earlier, later).agreement_id == "A"
    same = signed(agreement_id="B", signed_at="2025-12-19T23:00:00-05:00")
    assert responsibility(later, same).agreement_id == "B"
    assert responsibility(same, later).agreement_id == "B"


def test_an_agreement_that_arrives_after_the_claim_decides_it_again() -> None:
    scene = Scene(claim(line(day=DAY)))
    (record, alert) = scene.then(signed())
    assert scene.determination.financial_responsibility.status == "valid"
    assert (record, alert.status) == (scene.determination, "resolved")
