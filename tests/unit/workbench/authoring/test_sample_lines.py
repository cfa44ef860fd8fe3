"""A line is found for each rule, whatever its condition reads."""

from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from policywire.model.records import Flag, Outcome
from policywire.rulebook.document import Citation, PolicyDocument, RuleText
from policywire.rulebook.load import Reading, files_in, read_rules
from policywire.rulebook.when import When
from policywire.workbench.authoring.new_policy import surroundings
from policywire.workbench.authoring.rules_folder import Folder, with_texts
from policywire.workbench.authoring.sample_lines import Surroundings, line_for
from policywire.workbench.authoring.terms import Terms, policy_of, version_of
from policywire.workbench.authoring.yaml_text import document_text

RULES = Path(__file__).parents[4] / "rules"
DAY = date(2026, 1, 1)


def rule(when: Any, outcome: Outcome = Outcome.NOT_MEDICALLY_NECESSARY, name: str = "asked") -> RuleText:
    return RuleText(
        id=name,
        codes=("99990", "99991"),
        indication="made up",
        when=msgspec.convert(when, When) if when else None,
        outcome=outcome,
        flags=(Flag.CONTEXT_UNKNOWN,) if outcome is Outcome.REVIEW else (),
        rationale="made up",
    )


def policy(*rules: RuleText) -> PolicyDocument:
    terms = Terms(
        payer="cigna",
        payer_name="Cigna",
        policy="T 1",
        title="made up",
        lines_of_business=("commercial",),
        citation=Citation(id="source", title="made up", source="made up", kind="primary", retrieved=None),
        contexts="clinical-context",
        terms="stem-cell-terms",
    )
    version = version_of(terms, DAY, None, rules, DAY)
    return policy_of(terms, (replace(version, unknown={"clinical_context": Flag.CONTEXT_UNKNOWN}),))


def around(document: PolicyDocument) -> Surroundings:
    files = tuple(files_in(RULES))
    folder = Folder(RULES, files, None, DAY)
    text = document_text(document, {}, modeline="x", about="made up")
    reading: Reading = read_rules(with_texts(folder, {RULES / "cigna/t-1/policy.yaml": text}))
    assert reading.faults == ()
    return surroundings(reading, document)


@pytest.mark.parametrize(
    "when",
    [
        None,
        {"clinical_context": "oncology"},
        {"clinical_context": "mixed"},
        {"clinical_context": {"known": False}},
        {"narrative": "product"},
        {"narrative": ["hint"]},
        {"narrative": "other"},
        {"narrative": "missing"},
        {"units": {"at_least": 2, "at_most": 3}},
        {"units": {"at_most": 0}},
        {"charge_amount": {"at_least": "5000.00"}},
        {"charge_amount": {"at_most": "0.10"}},
        {"modifiers": ["RT", "LT"]},
        {"all": [{"modifiers": "RT"}, {"modifiers": "LT"}]},
        {"diagnosis": {"prefix": ["M17", "M75.1"]}},
        {"diagnosis": "C91.00"},
        {"not": {"diagnosis": {"prefix": ["M"]}}},
        {"rendering_taxonomy": {"present": False}},
        {"rendering_taxonomy": {"prefix": ["207X"]}},
        {"stage": "drafted"},
        {"line_of_business": "commercial"},
        {"clinical_context": "orthopaedic", "modifiers": "RT", "units": {"at_least": 2}},
        {"any": [{"stage": "drafted"}, {"narrative": "product"}]},
    ],
)
def test_a_line_comes_to_the_rule(when: Any) -> None:
    asked = rule(when)
    rest = rule(None, Outcome.REVIEW, "rest")
    near = around(policy(asked, rest) if when else policy(asked))
    line = line_for(asked, DAY, near)
    assert line is not None
    assert near.decided_by(line) == "asked"


def test_another_code_is_tried_where_an_earlier_rule_takes_the_first() -> None:
    first = replace(rule({"stage": "drafted"}, name="first"), codes=("99990",))
    second = rule({"all": [{"stage": "drafted"}]}, name="second")
    near = around(policy(first, second))
    line = line_for(second, DAY, near)
    assert line is not None
    assert line.procedure_code == "99991"


def test_a_rule_that_no_line_comes_to_has_none() -> None:
    asked = rule({"all": [{"stage": "drafted"}, {"stage": "submitted"}]})
    assert line_for(asked, DAY, around(policy(asked, rule(None, Outcome.REVIEW, "rest")))) is None
