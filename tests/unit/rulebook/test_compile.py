from datetime import date
from pathlib import Path

import pytest

from policywire.model.codes import diagnosis
from policywire.rulebook.compile import Compiler, rulebook, watch_rules
from policywire.rulebook.conditions import All, AnyOf, Not
from policywire.rulebook.conditions import Test as Leaf
from policywire.rulebook.document import Citation, PolicyDocument, RuleText, Scope, VersionText
from policywire.rulebook.load import load_rulebook
from policywire.rulebook.rulebook import ClinicalContexts, CompiledPolicy, PayerProfile, Version
from policywire.rulebook.when import Beginning, MoneyRange, NumberRange, When, read

ROOT = Path(__file__).parents[3]
RULEBOOK = load_rulebook(ROOT / "rules")


def mm_0552() -> CompiledPolicy:
    (policy,) = RULEBOOK.index["62308"]["0565T"]
    return policy


def contexts() -> ClinicalContexts:
    found = mm_0552().contexts
    assert found is not None
    return found


def classes_of(code: str) -> set[str]:
    return {each.name for each in contexts().classes if each.diagnoses.holds(diagnosis(code))}


@pytest.mark.parametrize(
    ("day", "version"),
    [
        (date(2020, 3, 14), None),
        (date(2020, 3, 15), date(2020, 3, 15)),
        (date(2025, 12, 15), date(2020, 3, 15)),
        (date(2025, 12, 16), date(2025, 12, 16)),
        (date(2199, 12, 31), date(2025, 12, 16)),
    ],
)
def test_the_date_of_service_chooses_the_version(day: date, version: date | None) -> None:
    found = mm_0552().version_on(day)
    assert (found.effective_from if found else None) == version


def test_a_version_ends_the_day_before_the_next_begins() -> None:
    first, second = mm_0552().versions
    assert first.effective_through == date(2025, 12, 15)
    assert second.effective_through is None


def test_rules_keep_the_order_of_the_document() -> None:
    version = mm_0552().versions[1]
    assert [rule.id for rule in version.rules["38230"]] == [
        "marrow-harvest-oncology",
        "marrow-harvest-orthopaedic",
        "marrow-harvest-mixed",
        "marrow-harvest-context-unknown",
    ]
    assert [rule.id for rule in version.rules["20999"]] == [
        "unlisted-names-product",
        "unlisted-only-hints",
        "unlisted-no-narrative",
        "unlisted-names-none",
    ]


ONCOLOGY = (
    "C00 C96.9 C4A.9 C7A.00 C7B.1 D00 D09.9 D37.0 D45 D47.Z1 D49.9 D55.0 D57.1 D61.9 D64.0 D64.4 D70.1 D71 D72.0 \
D76.1 D80.0 D84.9 D89.9 E71.520 E71.529 E75.21 E75.29 E76.01 E76.22 E77.0 E77.1 E85.81 Q78.2 T86.00 T86.09 T86.5 \
Z48.290 Z51.11 Z51.12 Z52.001 Z52.011 Z52.091 Z52.3 Z94.81 Z94.84"
)
ORTHOPAEDIC = (
    "M00.9 M17.11 M1A.9XX0 M25.561 M75.111 M84.48XA M99.9 S00.00XA S03.0 S07.1XXA S13.4 S15.0 S23.3 S28.1 S33.5 \
S38.1 S83.241A S99.929A T14.90XA"
)
BOTH = "M84.50XA M84.58XD M30.0 M32.10 M35.00 M36.8"
NEITHER = "I10 D10 D36.9 D3A.00 D3A.8 D50.9 D54 D62 D63.0 D64.81 D64.89 D64.9 D65 D69.6 D72.829 D72.9 D78 D86.0 D86.9 \
E71.51 E71.53 E75.3 E76.1 E76.3 E77.8 E85.4 E85.89 Q78.0 T86.10 T86.4 Z48.298 Z51.0 Z51.5 Z52.000 Z52.010 Z52.4 Z94.0 \
Z94.82 S04.0 S05.9 S06.0X0A S14.0 S24.0 S25.0 S26.0 S27.0 S34.0 S35.0 S36.0 S37.0 T13 T15 C97 N18.6".replace(
    "D72.10 ", ""
)


@pytest.mark.parametrize("code", ONCOLOGY.split())
def test_what_marrow_is_transplanted_for_is_oncology(code: str) -> None:
    assert classes_of(code) == {"oncology"}


@pytest.mark.parametrize("code", ORTHOPAEDIC.split())
def test_muscles_bones_joints_and_injuries_are_orthopaedic(code: str) -> None:
    assert classes_of(code) == {"orthopaedic"}


@pytest.mark.parametrize("code", BOTH.split())
def test_some_diagnoses_count_for_both(code: str) -> None:
    assert classes_of(code) == {"oncology", "orthopaedic"}


@pytest.mark.parametrize("code", NEITHER.split())
def test_exceptions_and_neighbours_are_neither(code: str) -> None:
    assert classes_of(code) == set()


def test_terms_are_folded_word_tuples() -> None:
    terms = mm_0552().terms
    assert terms is not None
    assert ("wharton", "s", "jelly") in terms.product
    assert ("cbma",) in terms.product
    assert ("stem", "cells") in terms.product
    assert ("cell", "therapy") in terms.hint
    assert terms.negations == {"no", "not", "without", "never", "nor", "neither", "denies"}
    assert terms.negation_reach == 3
    assert terms.negating_prefixes == {"non"}


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        (None, "commercial"),
        ("  ", "commercial"),
        ("Commercial", "commercial"),
        (" P P O ", "commercial"),
        ("self_funded", "commercial"),
        ("12", "commercial"),
        ("hm", "commercial"),
        ("11", None),
        ("medicare", None),
    ],
)
def test_the_profile_reads_the_line_of_business_without_case_and_blanks(
    written: str | None, read_as: str | None
) -> None:
    assert RULEBOOK.payers["62308"].line_of_business(written) == read_as


def test_watch_rules_are_as_the_domain_says() -> None:
    watch = RULEBOOK.watch
    of_the_policy = ("cigna", "MM 0552")
    assert watch.substitutions.keys() == watch.companions.keys() == watch.context_reviews.keys() == {of_the_policy}
    (substitution,) = watch.substitutions[of_the_policy]
    assert substitution.unlisted == {"20999"}
    assert substitution.targeted == {"0565T", "0566T", "0717T", "0718T"}
    assert watch.targeted == {"cigna": substitution.targeted}
    assert substitution.within_days == 180
    assert watch.companions[of_the_policy][0].codes == {"20930", "20931", "20932", "20933", "20934"}
    assert watch.context_reviews[of_the_policy][0].codes == {"38230", "38232"}
    assert watch.texts["agreement_missing"].severity_by_days == ((3, "critical"), (14, "warning"))
    assert (watch.service_without_agreement_months, watch.retention_months) == (12, 24)


def test_the_source_s_eighth_row_and_its_conflicts_are_in_the_rulebook() -> None:
    assert [row.text for row in mm_0552().quarantined] == [None]
    assert len(mm_0552().source_conflicts) == 3


def test_conditions_compile_to_the_engine_s_tests() -> None:
    when = When(
        units=NumberRange(at_least=2, at_most=3),
        charge_amount=MoneyRange(at_least="1250.00"),
        modifiers=("rt", "LT"),
        diagnosis="m17.11",
        rendering_taxonomy=Beginning(present=True),
    )
    assert read(when) == All(
        (
            Leaf("modifiers", "any_of", frozenset({"RT", "LT"})),
            Leaf("units", "at_least", 2),
            Leaf("units", "at_most", 3),
            Leaf("charge_amount", "at_least", 125_000),
            Leaf("diagnosis", "any_of", frozenset({"M1711"})),
            Leaf("rendering_taxonomy", "present", operand=True),
        )
    )
    parts = (When(stage="drafted"), When(not_=When(units=1.0)))
    assert read(When(any_of=parts)) == AnyOf((Leaf("stage", "is", "drafted"), Not(Leaf("units", "is", 1.0))))


def document(number: int, codes: tuple[str, ...]) -> PolicyDocument:
    day = date(2024, 1, 1)
    return PolicyDocument(
        payer="p",
        policy=f"P {number}",
        title="Synthetic",
        scope=Scope(lines_of_business=("commercial",)),
        change_type="New",
        impact="Low",
        known_from=day,
        citations=(Citation(id="c", title="c", source="c", kind="primary", retrieved=day),),
        versions=(
            VersionText(
                effective_from=day,
                known_from=day,
                basis="Synthetic.",
                position="covered",
                prior_authorization="unknown",
                rules=(RuleText(id="r", codes=codes, indication="i", outcome="covered", rationale="Because."),),  # type: ignore[arg-type]
            ),
        ),
    )


def test_policies_that_list_a_code_are_found_under_every_id_of_their_payer_in_the_order_of_their_ids() -> None:
    compiler = Compiler()
    drafts = [compiler.draft(document(2, ("X0001", "X0002"))), compiler.draft(document(1, ("X0001",)))]
    payers = [
        PayerProfile("p", "P", frozenset({"1", "2"}), {}, "commercial"),
        PayerProfile("q", "Q", frozenset({"3"}), {}, "commercial"),
    ]
    made = rulebook(revision="r", payers=payers, drafts=drafts, contexts={}, terms={}, watch=watch_rules(()))
    assert [policy.id for policy in made.index["1"]["X0001"]] == ["P 1", "P 2"]
    assert made.index["2"] == made.index["1"]
    assert made.index["3"] == {}
    assert made.listed_codes == {"X0001", "X0002"}


def test_equal_rules_of_many_policies_are_held_once() -> None:
    compiler = Compiler()

    def rules(number: int) -> Version:
        return compiler.draft(document(number, ("X0001",))).policy.versions[0]

    assert rules(1).rules["X0001"] is rules(2).rules["X0001"]
