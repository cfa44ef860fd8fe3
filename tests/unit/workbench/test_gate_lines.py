"""The generated lines: the same for the same seed, on and beside every bound, and each rule is reached."""

import datetime as dt
from typing import Any

import msgspec
import pytest
from tests.property.policy_documents import compiled, files_of
from tests.unit.workbench.gate_scenes import MM_0552, SYN_100, SYNTHETIC, documents, tried, tried_synthetic

from policywire.rulebook.document import PolicyDocument
from policywire.workbench.gate.documents import Bundle, Documents
from policywire.workbench.gate.line import SentLine
from policywire.workbench.gate.lines import Lines
from policywire.workbench.gate.reading import Reader
from policywire.workbench.gate.ruleset import meanings_of, rulesets_of
from policywire.workbench.gate.trial import Effort, try_policy
from policywire.workbench.gate.vocabulary import Vocabulary


def drawn(bundle: Bundle, count: int, seed: int) -> list[SentLine]:
    reader = Reader(bundle.policy, bundle.payer, bundle.contexts, bundle.terms)
    vocabulary = Vocabulary(bundle.policy, bundle.payer, bundle.contexts, bundle.terms)
    return list(Lines(bundle.policy, vocabulary, reader, meanings_of(bundle.policy, reader)).draw(count, seed))


@pytest.fixture(scope="module")
def lines() -> list[SentLine]:
    return drawn(documents().bundle(MM_0552), 3000, 1)


def test_the_same_seed_gives_the_same_lines_and_another_one_others() -> None:
    bundle = documents().bundle(MM_0552)
    assert drawn(bundle, 300, 4) == drawn(bundle, 300, 4)
    assert drawn(bundle, 300, 4) != drawn(bundle, 300, 5)


def test_lines_lie_on_both_sides_of_every_boundary(lines: list[SentLine]) -> None:
    days = {line.service_date for line in lines}
    for boundary in (dt.date(2020, 3, 15), dt.date(2025, 12, 16)):
        assert {boundary, boundary - dt.timedelta(days=1)} <= days
    assert any(
        line.service_date < dt.date(2025, 12, 16) <= line.service_date_end for line in lines if line.service_date_end
    )


def test_every_way_to_write_is_drawn(lines: list[SentLine]) -> None:
    assert {line.stage for line in lines} == {"drafted", "submitted", "scheduled"}
    assert {"20999", " 20999 ", "0565t", "99213"} <= {line.procedure_code for line in lines}
    assert {None, "PPO", " ppo ", "Medicaid ?"} <= {line.line_of_business for line in lines}
    assert {None, "", "non-BMAC"} <= {line.narrative for line in lines}
    assert any(line.narrative and line.narrative.startswith("without ") for line in lines)
    assert any(line.diagnosis_pointers for line in lines)
    assert "no such payer" in {line.payer_id for line in lines}


def test_an_appointment_has_nothing_that_only_a_claim_has(lines: list[SentLine]) -> None:
    for line in lines:
        if line.stage == "scheduled":
            assert (line.charge_amount, line.units, line.modifiers, line.service_date_end) == (None, None, (), None)
        else:
            assert line.charge_amount is not None


def test_bounds_of_numbers_are_met_and_missed_by_little() -> None:
    lines = drawn(documents(SYNTHETIC).bundle(SYN_100), 3000, 1)
    assert {"4999.99", "5000.00", "5000.01", "249.99", "250.00", "250.01"} <= {line.charge_amount for line in lines}
    assert {3, 3.001, 2.999, 4, 9.5, 9.501, 10, None} <= {line.units for line in lines}


@pytest.mark.parametrize("run", [tried, tried_synthetic])
def test_a_few_hundred_lines_reach_every_rule(run: object) -> None:
    assert callable(run)
    assert run().unreached == ()


def policy_of(*rules: dict[str, Any]) -> PolicyDocument:
    """A policy with one version and these rules, not checked."""
    version: dict[str, Any] = {
        "effective_from": "2020-01-01",
        "known_from": "2020-01-01",
        "basis": "x",
        "position": "covered",
    }
    value: dict[str, Any] = {
        "document": "policy.v1",
        "payer": "oak",
        "policy": "OAK 1",
        "title": "x",
        "known_from": "2020-01-01",
    }
    value |= {"scope": {"lines_of_business": ["commercial"]}, "change_type": "New", "impact": "Low"}
    value |= {"contexts": "contexts", "terms": "terms"}
    value |= {"citations": [{"id": "x", "title": "x", "source": "x", "kind": "primary", "retrieved": None}]}
    full = [{"indication": "x", "rationale": "x", "outcome": "covered", "codes": ["0565T"]} | rule for rule in rules]
    whole = {**value, "versions": [{**version, "prior_authorization": "required", "rules": full}]}
    return msgspec.convert(whole, PolicyDocument)


def test_a_rule_that_no_line_reaches_is_named() -> None:
    never = {"all": [{"stage": "drafted"}, {"stage": "scheduled"}]}
    policy = policy_of({"id": "never", "when": never}, {"id": "always"})
    trial = try_policy(Documents(files_of(policy)), compiled(policy), ("oak", "OAK 1"), Effort(claims=100))
    assert trial.passed
    assert trial.unreached == ("2020-01-01: never",)


def test_a_policy_of_a_thousand_codes_is_parted_and_still_decided_alike() -> None:
    codes = [f"{number:05}" for number in range(20000, 21000)]
    each: list[dict[str, Any]] = [
        {"id": code, "codes": [code], "outcome": "review" if n % 3 else "covered"} for n, code in enumerate(codes)
    ]
    policy = policy_of({"id": "few", "codes": codes, "when": {"units": {"at_most": 1}}}, *each)
    documents_ = Documents(files_of(policy))
    bundle = documents_.bundle(("oak", "OAK 1"))
    reader = Reader(bundle.policy, bundle.payer, bundle.contexts, bundle.terms)
    parts = rulesets_of(bundle.policy, bundle.payer, bundle.contexts, reader)
    assert len(parts) > 8
    assert sorted(code for part in parts for code in part.codes) == codes
    trial = try_policy(documents_, compiled(policy), ("oak", "OAK 1"), Effort(claims=3000))
    assert trial.failure is None
    assert trial.differences == ()


def test_a_condition_that_the_second_engine_cannot_take_is_a_failed_gate_not_a_crash() -> None:
    parts = [{"any": [{"units": n}, {"units": n + 500, "stage": "drafted"}]} for n in range(300)]
    policy = policy_of({"id": "giant", "when": {"all": parts}}, {"id": "other"})
    trial = try_policy(Documents(files_of(policy)), compiled(policy), ("oak", "OAK 1"), Effort(claims=10))
    assert trial.failure is not None
    assert trial.failure.what == "the rules of a code are more than the second engine takes"


def test_units_finer_than_the_second_engine_takes_are_a_failed_gate() -> None:
    policy = policy_of({"id": "vast", "when": {"units": {"at_least": 1e18}}}, {"id": "other"})
    trial = try_policy(Documents(files_of(policy)), compiled(policy), ("oak", "OAK 1"), Effort(claims=10))
    assert trial.failure is not None
    assert trial.failure.what == "units are larger or finer than the second engine takes"
