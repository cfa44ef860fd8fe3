"""MM 0552, both versions: which rule decides what, and the checks that come before any rule."""

import pytest
from tests.unit.scenes import Scene, claim, decide, line, visit

from policywire.model.records import Determination, Outcome

NOW = ("2026-01-02", "not_medically_necessary", "2025-12-16")
BEFORE = ("2025-12-15", "experimental_investigational", "2020-03-15")
PRIOR = "prior_version_codes_unverified"


def rule_and_outcome(found: Determination) -> tuple[str | None, str]:
    return found.policy.rule, found.outcome.value


@pytest.mark.parametrize(("day", "denial", "version"), [NOW, BEFORE])
@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ("0565T", "adipose-implant-knee"),
        ("0566T", "adipose-implant-knee"),
        ("0717T", "adrc-rotator-cuff"),
        ("0718T", "adrc-rotator-cuff"),
    ],
)
def test_a_cell_treatment_code_is_denied_whatever_the_diagnosis(
    code: str, rule: str, day: str, denial: str, version: str
) -> None:
    for diagnoses in ([], ["C91.00"], ["M17.11"], ["nonsense"]):
        found = decide(code, day, of_claim={"diagnoses": diagnoses})
        assert rule_and_outcome(found) == (rule, denial)
        assert str(found.policy.version) == version


@pytest.mark.parametrize(("day", "denial", "version"), [NOW, BEFORE])
@pytest.mark.parametrize("code", ["38230", "38232"])
@pytest.mark.parametrize(
    ("diagnoses", "rule", "outcome", "flag"),
    [
        (["C91.00"], "marrow-harvest-oncology", "other_policy", None),
        (["M17.11"], "marrow-harvest-orthopaedic", None, None),
        (["C91.00", "M17.11"], "marrow-harvest-mixed", "review", "context_mixed"),
        (["R52"], "marrow-harvest-context-unknown", "review", "context_unknown"),
        ([], "marrow-harvest-context-unknown", "review", "context_unknown"),
    ],
)
def test_a_marrow_harvest_is_decided_by_its_context(  # noqa: PLR0913, PLR0917 (one table)
    code: str,
    diagnoses: list[str],
    rule: str,
    outcome: str | None,
    flag: str | None,
    day: str,
    denial: str,
    version: str,
) -> None:
    found = decide(code, day, of_claim={"diagnoses": diagnoses})
    assert rule_and_outcome(found) == (rule, outcome or denial)
    expected = {flag, PRIOR if day == BEFORE[0] else None} - {None}
    assert set(found.flags) == expected
    assert str(found.policy.version) == version


@pytest.mark.parametrize(("day", "denial", "version"), [NOW, BEFORE])
@pytest.mark.parametrize(
    ("narrative", "rule", "outcome", "flag"),
    [
        ("BMAC injection", "unlisted-names-product", None, None),
        ("amniotic membrane", "unlisted-only-hints", "review", "narrative_ambiguous"),
        (None, "unlisted-no-narrative", None, "narrative_missing"),
        ("", "unlisted-no-narrative", None, "narrative_missing"),
        (" \t\n", "unlisted-no-narrative", None, "narrative_missing"),
        ("excision of scar", "unlisted-names-none", "review", "narrative_not_stem_cell"),
        ("...", "unlisted-names-none", "review", "narrative_not_stem_cell"),
    ],
)
def test_the_unlisted_code_is_decided_by_its_narrative(  # noqa: PLR0913, PLR0917 (one table)
    narrative: str | None, rule: str, outcome: str | None, flag: str | None, day: str, denial: str, version: str
) -> None:
    found = decide("20999", day, narrative=narrative)
    assert rule_and_outcome(found) == (rule, outcome or denial)
    assert set(found.flags) == {flag, PRIOR if day == BEFORE[0] else None} - {None}
    assert str(found.policy.version) == version


def test_before_the_first_version_no_policy_is_in_force() -> None:
    found = decide("0565T", "2020-03-14")
    assert found.outcome == Outcome.NO_POLICY_IN_FORCE
    assert found.reason == "no policy in force"
    assert (found.policy.version, found.policy.rule) == (None, None)
    assert found.prior_authorization == "unknown"
    assert found.flags == ()


@pytest.mark.parametrize(
    ("day", "version"),
    [("2020-03-15", "2020-03-15"), ("2025-12-15", "2020-03-15"), ("2025-12-16", "2025-12-16")],
)
def test_the_version_is_that_of_the_date_of_service(day: str, version: str) -> None:
    assert str(decide("0565T", day).policy.version) == version


def test_the_date_of_service_counts_not_the_date_of_submission() -> None:
    found = decide("0565T", "2025-12-01", of_claim={"at": "2026-06-01T00:00:00Z"})
    assert found.outcome == Outcome.EXPERIMENTAL_INVESTIGATIONAL


@pytest.mark.parametrize(
    ("first", "last"), [("2025-12-15", "2025-12-16"), ("2020-03-14", "2020-03-15"), ("2019-01-01", "2026-01-01")]
)
def test_a_span_from_one_version_to_another_or_from_none_goes_to_review(first: str, last: str) -> None:
    found = decide("0565T", first, service_date_end=last)
    assert (found.outcome, found.flags) == (Outcome.REVIEW, ("span_crosses_versions",))
    assert found.policy.rule is None
    assert found.prior_authorization == "unknown"
    assert found.date_of_service.isoformat() == first


@pytest.mark.parametrize(
    ("first", "last", "outcome"),
    [
        ("2020-03-15", "2025-12-15", "experimental_investigational"),
        ("2025-12-16", "2026-12-31", "not_medically_necessary"),
        ("2019-01-01", "2020-03-14", "no_policy_in_force"),
        ("2026-01-02", "2026-01-02", "not_medically_necessary"),
    ],
)
def test_a_span_within_one_version_or_before_all_is_decided(first: str, last: str, outcome: str) -> None:
    assert decide("0565T", first, service_date_end=last).outcome.value == outcome


@pytest.mark.parametrize(
    "written",
    [
        None,
        "",
        "commercial",
        " Commercial ",
        "PPO",
        "pos",
        "EPO",
        "h m o",
        "indemnity",
        "Exchange",
        "self_funded",
        "CI",
        "ci",
        "12",
        "13",
        "14",
        "15",
        "hm",
    ],
)
def test_commercial_however_it_is_written_is_in_scope(written: str | None) -> None:
    assert decide(of_claim={"line_of_business": written}).outcome == Outcome.NOT_MEDICALLY_NECESSARY


@pytest.mark.parametrize("written", ["medicare", "MA", "MB", "16", "medicaid", "11", "commercial2", "?"])
def test_any_other_line_of_business_goes_to_review(written: str) -> None:
    found = decide(of_claim={"line_of_business": written})
    assert (found.outcome, found.flags) == (Outcome.REVIEW, ("line_of_business_out_of_scope",))
    assert found.policy.rule is None
    assert found.prior_authorization == "unknown"


def test_line_of_business_comes_before_span_and_span_before_a_version_in_force() -> None:
    scope = {"line_of_business": "medicare"}
    crossing = decide("0565T", "2025-12-15", of_claim=scope, service_date_end="2025-12-16")
    assert crossing.flags == ("line_of_business_out_of_scope",)
    assert decide("0565T", "2020-03-14", of_claim=scope).flags == ("line_of_business_out_of_scope",)
    assert decide("0565T", "2020-03-14", service_date_end="2020-03-15").flags == ("span_crosses_versions",)


def test_the_checks_before_the_rules_carry_no_flag_of_the_earlier_version() -> None:
    assert decide("0565T", "2025-12-15", of_claim={"line_of_business": "medicare"}).flags == (
        "line_of_business_out_of_scope",
    )


def test_only_listed_codes_of_the_payers_own_policies_are_decided() -> None:
    lines = [line("99213", number=1), line("0565T", number=2), line("20931", number=3)]
    assert Scene(claim(*lines)).determination.subject.line_number == 2  # type: ignore[union-attr]
    assert Scene(claim(line("0565T"), payer_id="60054")).determinations == ()
    assert Scene(visit("27447")).determinations == ()


@pytest.mark.parametrize("written", ["0565T", "0565t", " 0565T\t"])
def test_a_padded_or_small_code_is_the_same_code(written: str) -> None:
    assert decide(written).procedure_code == "0565T"


def test_a_code_booked_twice_is_decided_once() -> None:
    scene = Scene(visit("0565T", " 0565t "))
    assert [type(each) for each in scene.folding.records].count(Determination) == 1


def test_prior_authorization_is_the_versions_and_unknown_where_the_line_leaves_the_policy() -> None:
    assert decide("0565T", "2026-01-02").prior_authorization == "no_pathway"
    assert decide("0565T", "2025-12-15").prior_authorization == "unknown"
    assert decide("38230", of_claim={"diagnoses": ["C91.00"]}).prior_authorization == "unknown"
    assert decide("38230").prior_authorization == "no_pathway"


def test_what_belongs_to_another_policy_is_handed_off_by_name() -> None:
    found = decide("38232", of_claim={"diagnoses": ["C91.00"]})
    assert found.handoff == "Cigna stem cell transplantation policies"
    assert found.reason == "belongs to Cigna stem cell transplantation policies"
    assert found.expected_denial is None
    assert decide("38232").handoff is None


def test_a_review_says_its_flags_in_its_reason() -> None:
    assert decide("38232").reason == "needs review: context_unknown"
    assert decide("38232", "2025-12-15").reason == f"needs review: context_unknown, {PRIOR}"
