"""What the linter says of reach, where a document of its own would say too little."""

from typing import Any

import msgspec
import pytest

from policywire.rulebook.compile import Compiler
from policywire.rulebook.document import PolicyDocument
from policywire.rulebook.rulebook import Rule
from policywire.rulebook.source import Finding
from policywire.workbench.lint.reach import reach_findings
from policywire.workbench.lint.situations import TooMany, deciding, situations, told
from policywire.workbench.lint.subject import Reader, Subject

READER = Reader(contexts=("oncology", "orthopaedic"), hints=True, lines_of_business=("commercial",))


def subject(*whens: dict[str, Any] | None, unknown: dict[str, str] | None = None, reader: Reader = READER) -> Subject:
    rules = [
        {"id": f"r{n}", "codes": ["Y0001"], "indication": "-", "outcome": "covered", "rationale": "-"}
        | ({} if when is None else {"when": when})
        for n, when in enumerate(whens)
    ]
    version = {
        "effective_from": "2024-01-01",
        "known_from": "2024-01-01",
        "basis": "Made up.",
        "position": "covered",
        "prior_authorization": "unknown",
        "unknown": unknown or {},
        "rules": rules,
    }
    text = {
        "document": "policy.v1",
        "payer": "evergreen",
        "policy": "LINT 1",
        "title": "Made up",
        "scope": {"lines_of_business": ["commercial"]},
        "change_type": "New",
        "impact": "Low",
        "known_from": "2024-01-01",
        "citations": [{"id": "a", "title": "-", "source": "-", "kind": "primary", "retrieved": None}],
        "versions": [version],
    }
    document = msgspec.convert(text, PolicyDocument)
    return Subject("made.yaml", Compiler().draft(document).policy, None, None, reader, document)


def found(*whens: dict[str, Any] | None, **given: Any) -> list[tuple[str, object]]:
    return [(each.code, each.path[3]) for each in reach_findings(subject(*whens, **given))]


def rules_of(*whens: dict[str, Any] | None, **given: Any) -> tuple[Rule, ...]:
    return subject(*whens, **given).policy.versions[0].rules["Y0001"]


@pytest.mark.parametrize(
    ("whens", "codes"),
    [
        ((None,), []),
        (({"units": 1}, None), []),
        (({"units": 1},), [("falls-through", 0)]),
        (({"units": {"at_least": 1}}, {"units": {"at_least": 2}}, None), [("shadowed", 1)]),
        (({"units": {"at_least": 2}}, {"units": {"at_least": 1}}, None), []),
        (({"charge_amount": {"at_least": "1.00"}}, {"charge_amount": {"at_most": "0.99"}}), [("falls-through", 1)]),
        (
            (
                {"charge_amount": {"at_least": "1.00"}},
                {"charge_amount": {"at_most": "0.99"}},
                {"charge_amount": {"present": False}},
            ),
            [],
        ),
        (({"modifiers": ["50", "LT"]}, {"modifiers": ["LT"]}, None), [("shadowed", 1)]),
        (({"modifiers": ["LT"]}, {"modifiers": ["50", "LT"]}, None), []),
        (({"modifiers": ["LT"]}, {"all": [{"modifiers": ["RT"]}, {"modifiers": ["LT"]}]}, None), [("shadowed", 1)]),
        (({"rendering_taxonomy": {"prefix": ["207X"]}}, {"rendering_taxonomy": "207XX0005X"}, None), [("shadowed", 1)]),
        (({"rendering_taxonomy": "207XX0005X"}, {"rendering_taxonomy": {"prefix": ["207X"]}}, None), []),
        (({"stage": ["drafted", "submitted"]}, {"not": {"stage": "scheduled"}}, None), [("shadowed", 1)]),
        (({"line_of_business": "commercial"}, None), [("shadowed", 1)]),
        (({"stage": "drafted"}, {"stage": "drafted"}, None), []),
    ],
    ids=str,
)
def test_a_rule_that_never_decides_and_a_code_that_nobody_decides_are_found(whens: Any, codes: Any) -> None:
    assert found(*whens) == codes


def test_an_unknown_fact_is_no_code_that_falls_through() -> None:
    whens = ({"clinical_context": ["oncology", "mixed"]}, {"not": {"clinical_context": ["oncology", "mixed"]}})
    assert found(*whens, unknown={"clinical_context": "context_unknown"}) == []


def test_without_terms_a_narrative_is_never_anything() -> None:
    reader = Reader(contexts=None, hints=None, lines_of_business=("commercial",))
    assert found({"narrative": "product"}, None, reader=reader) == [("never-holds", 0)]


def test_terms_without_hints_know_none() -> None:
    reader = Reader(contexts=None, hints=False, lines_of_business=("commercial",))
    assert found({"narrative": "hint"}, None, reader=reader) == [("never-holds", 0)]


def many() -> list[dict[str, Any]]:
    bounds = [{"units": n, "charge_amount": f"{n}.00", "rendering_taxonomy": f"2{n:02}X"} for n in range(10, 50)]
    return [{"any": [{fact: value} for fact, value in each.items()]} for each in bounds]


def test_where_there_is_too_much_to_look_at_that_is_said() -> None:
    findings = tuple(reach_findings(subject(*many(), None)))
    assert [(each.code, each.severity) for each in findings] == [("reach-not-checked", "warning")]
    with pytest.raises(TooMany):
        situations(rules_of(*many()), READER, ())


def test_sets_that_can_be_put_together_in_too_many_ways_are_too_many() -> None:
    with pytest.raises(TooMany):
        situations(rules_of(*({"modifiers": [f"A{n}"]} for n in range(10))), READER, ())


def test_values_that_every_test_answers_alike_are_one() -> None:
    rules = rules_of({"units": {"at_least": 2}}, {"units": {"at_least": 2}, "stage": "drafted"})
    assert len(situations(rules, READER, ())) == 2 * 2


def test_an_unknown_rule_before_it_leaves_a_rule_undecided_unless_they_agree() -> None:
    unknown = {"clinical_context": "context_unknown"}
    rules = rules_of({"clinical_context": "oncology"}, None, unknown=unknown)
    unsure = situations(rules, READER, unknown)[-1]
    assert deciding(rules, unsure) == (rules[1], True)
    other = msgspec.structs.replace(rules[1], outcome="criteria_required")
    assert deciding((rules[0], other), unsure) == (None, True)


def test_a_situation_is_told_in_words() -> None:
    assert told({"units": 2.5, "charge_amount": 12_005, "modifiers": ("LT", "50")}) == (
        "units is 2.5, charge_amount is 120.05, modifiers is 50, LT"
    )
    assert told({}) == "anything is billed"


def test_a_rule_that_loading_finds_unreachable_is_not_found_twice() -> None:
    findings: list[Finding] = list(reach_findings(subject(None, {"units": 1})))
    assert findings == []
