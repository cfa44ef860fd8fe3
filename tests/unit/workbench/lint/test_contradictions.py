"""When two policies of a payer contradict each other, and when they only seem to."""

from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from policywire.errors import Fault
from policywire.rulebook.load import File, files_in, read
from policywire.workbench.lint.findings import lint

SYNTHETIC = tuple(
    file for file in files_in(Path(__file__).parents[3] / "rules/synthetic") if "syn-100" not in file.name
)
OTHER_TERMS = b"document: terms.v1\nid: other-terms\nsigned_off: null\nproduct: [red widget]\n"


def policy(name: str, rules: list[dict[str, Any]], **given: Any) -> File:
    version = {
        "effective_from": "2024-01-01",
        "known_from": "2024-01-01",
        "basis": "Made up.",
        "position": "covered",
        "prior_authorization": "unknown",
        "rules": [
            {"id": f"r{n}", "codes": ["Y0001"], "indication": "-", "rationale": "-"} | rule
            for n, rule in enumerate(rules)
        ],
    }
    text = {
        "document": "policy.v1",
        "payer": "evergreen",
        "policy": name,
        "title": "Made up",
        "scope": {"lines_of_business": given.pop("lines_of_business", ["commercial", "medicare_advantage"])},
        "change_type": "New",
        "impact": "Low",
        "known_from": "2024-01-01",
        "contexts": "synthetic-context",
        "terms": given.pop("terms", "synthetic-terms"),
        "citations": [{"id": "a", "title": "-", "source": "-", "kind": "primary", "retrieved": None}],
        "versions": [version | given],
    }
    return File(f"{name}.json", msgspec.json.encode(text))


def found(*policies: File) -> list[Fault]:
    reading = read((*SYNTHETIC, File("other-terms.yaml", OTHER_TERMS), *policies))
    return [each for each in lint(reading, date(2026, 1, 10)) if each.file.endswith(".json")]


COVERED = {"outcome": "covered"}
CRITERIA = {"outcome": "criteria_required"}


def test_two_answers_for_one_code_and_day_are_told_at_both_policies() -> None:
    told = found(policy("A", [COVERED]), policy("B", [CRITERIA]))
    assert [(each.file, each.code) for each in told] == [
        ("A.json", "contradictory-outcomes"),
        ("B.json", "contradictory-outcomes"),
    ]
    assert "from 2024-01-01 on Y0001 is covered by r0, and criteria_required by r0 of B (B.json:1)" in told[0].message
    assert "is criteria_required by r0, and covered by r0 of A (A.json:1)" in told[1].message


@pytest.mark.parametrize(
    "other",
    [
        policy("B", [COVERED]),
        policy("B", [{"outcome": "review"}]),
        policy("B", [{"outcome": "other_policy", "handoff": "somebody"}]),
        policy("B", [{"codes": ["Y0002"]} | CRITERIA]),
        policy("B", [CRITERIA], effective_from="2025-01-01"),
        policy("B", [CRITERIA], lines_of_business=["medicare_advantage"]),
        policy("B", [{"when": {"units": {"at_least": 3}}} | CRITERIA, COVERED]),
        policy("B", [{"when": {"line_of_business": "medicare_advantage"}} | CRITERIA, COVERED]),
    ],
    ids=["same", "review", "handoff", "code", "days", "business", "units", "condition"],
)
def test_what_cannot_meet_does_not_contradict(other: File) -> None:
    one = policy(
        "A",
        [{"when": {"units": {"at_most": 2}, "line_of_business": "commercial"}} | COVERED, {"outcome": "review"}],
        effective_through="2024-12-31",
        lines_of_business=["commercial"],
    )
    assert found(one, other) == []


def test_the_codes_that_the_same_two_rules_answer_are_told_together() -> None:
    both = {"codes": ["Y0001", "Y0002"]}
    told = found(policy("A", [both | COVERED]), policy("B", [both | CRITERIA]))
    assert len(told) == 2
    assert "on Y0001, Y0002 is covered" in told[0].message


def test_a_narrative_that_both_read_alike_is_one_narrative() -> None:
    one = policy("A", [{"when": {"narrative": "product"}} | COVERED, {"outcome": "review"}])
    other = policy("B", [{"when": {"narrative": ["missing", "hint", "other"]}} | CRITERIA, {"outcome": "review"}])
    assert found(one, other) == []


def test_a_narrative_may_be_one_thing_by_the_terms_of_one_and_another_by_those_of_the_other() -> None:
    one = policy("A", [{"when": {"narrative": "product"}} | COVERED, {"outcome": "review"}])
    when = {"all": [{"narrative": ["missing", "other"]}, {"any": [{"narrative": "other"}, {"not": {"units": 1}}]}]}
    other = policy("B", [{"when": when} | CRITERIA, {"outcome": "review"}], terms="other-terms")
    told = found(one, other)
    assert {each.code for each in told} == {"contradictory-outcomes"}
    assert "narrative is product" in told[0].message
    assert "their narrative is" in told[0].message


def test_where_there_is_too_much_to_look_at_that_is_said() -> None:
    def many(low: int) -> list[dict[str, Any]]:
        facts = ({"units": n, "charge_amount": f"{n}.00"} for n in range(low, low + 130))
        return [{"when": {"any": [{fact: value} for fact, value in each.items()]}} for each in facts]

    one = policy("A", [*(each | COVERED for each in many(100)), COVERED])
    other = policy("B", [*(each | CRITERIA for each in many(300)), CRITERIA])
    told = found(one, other)
    assert [(each.file, each.code) for each in told] == [("A.json", "reach-not-checked")]
    assert "whether B answers Y0001 otherwise is not checked" in told[0].message
