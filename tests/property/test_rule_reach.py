"""What the linter says never happens does not happen to any line, as the worker itself judges."""

from datetime import date
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from policywire.decision.determine import determine
from policywire.decision.item import Item
from policywire.model.records import Outcome
from policywire.rulebook import compile as compiling
from policywire.rulebook.document import PolicyDocument
from policywire.rulebook.reference import ContextsDocument, PayerDocument, TermsDocument
from policywire.rulebook.rulebook import Rulebook
from policywire.workbench.lint.reach import reach_findings
from policywire.workbench.lint.subject import Reader, Subject

PAYER = {
    "document": "payer.v1",
    "payer": "p",
    "name": "P",
    "payer_ids": ["1"],
    "lines_of_business": {"commercial": ["commercial"]},
    "default_line_of_business": "commercial",
}
CONTEXTS = {
    "document": "contexts.v1",
    "id": "c",
    "signed_off": None,
    "by_taxonomy_flag": "context_by_taxonomy",
    "classes": [
        {"name": "oncology", "diagnoses": {"include": ["C00-C96"]}},
        {"name": "orthopaedic", "diagnoses": {"include": ["M00-M99"]}},
    ],
}
TERMS = {"document": "terms.v1", "id": "t", "signed_off": None, "product": ["green widget"], "hint": ["widget"]}
READER = Reader(contexts=("oncology", "orthopaedic"), hints=True, lines_of_business=("commercial",))
OUTCOMES = ("covered", "review", "criteria_required")

LEAVES = st.one_of(
    st.builds(lambda low, span: {"units": {"at_least": low, "at_most": low + span}}, *[st.integers(0, 4)] * 2),
    st.builds(
        lambda bound, n: {"charge_amount": {bound: f"{n}.00"}},
        st.sampled_from(["at_least", "at_most"]),
        st.integers(0, 3),
    ),
    st.builds(lambda codes: {"modifiers": sorted(codes)}, st.sets(st.sampled_from(["50", "LT", "RT"]), min_size=1)),
    st.builds(
        lambda codes: {"diagnosis": {"prefix": sorted(codes)}},
        st.sets(st.sampled_from(["M1", "M17", "C5"]), min_size=1),
    ),
    st.builds(lambda code: {"diagnosis": code}, st.sampled_from(["M1711", "C50"])),
    st.builds(
        lambda words: {"narrative": sorted(words)},
        st.sets(st.sampled_from(["missing", "product", "hint", "other"]), min_size=1),
    ),
    st.builds(lambda name: {"clinical_context": name}, st.sampled_from(["oncology", "orthopaedic", "mixed"])),
    st.builds(lambda known: {"clinical_context": {"known": known}}, st.booleans()),
    st.builds(lambda there: {"rendering_taxonomy": {"present": there}}, st.booleans()),
    st.builds(lambda stage: {"stage": stage}, st.sampled_from(["drafted", "submitted", "scheduled"])),
)
WHENS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=2)),
        st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=2)),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=3,
)
RULES = st.lists(st.tuples(st.one_of(st.none(), WHENS), st.sampled_from(OUTCOMES)), min_size=1, max_size=5)
ITEMS = st.builds(
    Item,
    owner_id=st.just("c"),
    line_number=st.just(1),
    event_id=st.just("e"),
    decided_for=st.just("2025-01-01T00:00:00Z"),
    payer_id=st.just("1"),
    line_of_business=st.none(),
    procedure_code=st.just("Y0001"),
    first_day=st.just(date(2025, 1, 1)),
    last_day=st.just(date(2025, 1, 1)),
    diagnoses=st.lists(st.sampled_from(["M1711", "M10", "C50", "C501", "I10"]), max_size=2).map(tuple),
    taxonomy=st.sampled_from([None, "207X00000X"]),
    narrative=st.sampled_from([None, "green widget", "a widget", "something"]),
    modifiers=st.lists(st.sampled_from(["50", "LT", "RT", "76"]), max_size=2).map(tuple),
    units=st.sampled_from([None, 0.0, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 9.0]),
    charge=st.sampled_from([None, "0.00", "1.00", "1.50", "2.00", "3.00", "3.01"]),
    stage=st.sampled_from(["drafted", "submitted", "scheduled"]),
)


def policy(rules: list[tuple[dict[str, Any] | None, str]]) -> PolicyDocument:
    texts = [
        {"id": f"r{n}", "codes": ["Y0001"], "indication": "-", "outcome": outcome, "rationale": "-"}
        | ({} if when is None else {"when": when})
        for n, (when, outcome) in enumerate(rules)
    ]
    version = {
        "effective_from": "2024-01-01",
        "known_from": "2024-01-01",
        "basis": "-",
        "position": "covered",
        "prior_authorization": "unknown",
        "unknown": {"clinical_context": "context_unknown"},
        "rules": texts,
    }
    text = {
        "document": "policy.v1",
        "payer": "p",
        "policy": "Y 1",
        "title": "-",
        "scope": {"lines_of_business": ["commercial"]},
        "change_type": "New",
        "impact": "Low",
        "known_from": "2024-01-01",
        "contexts": "c",
        "terms": "t",
        "citations": [{"id": "a", "title": "-", "source": "-", "kind": "primary", "retrieved": None}],
        "versions": [version],
    }
    return msgspec.convert(text, PolicyDocument)


def compiled(document: PolicyDocument) -> Rulebook:
    return compiling.rulebook(
        revision="-",
        payers=[compiling.payer_profile(msgspec.convert(PAYER, PayerDocument))],
        drafts=[compiling.Compiler().draft(document)],
        contexts={"c": compiling.clinical_contexts(msgspec.convert(CONTEXTS, ContextsDocument))},
        terms={"t": compiling.narrative_terms(msgspec.convert(TERMS, TermsDocument))},
        watch=compiling.watch_rules(()),
    )


@given(RULES, st.lists(ITEMS, min_size=1, max_size=20))
def test_a_rule_that_never_decides_decides_no_line_and_a_sure_code_is_always_decided(
    rules: list[tuple[dict[str, Any] | None, str]], items: list[Item]
) -> None:
    document = policy(rules)
    rulebook = compiled(document)
    draft = compiling.Compiler().draft(document)
    findings = list(reach_findings(Subject("y.yaml", draft.policy, "c", "t", READER, document)))
    idle = {f"r{each.path[3]}" for each in findings if each.code in ("shadowed", "never-holds")}
    falls = any(each.code in ("falls-through", "reach-not-checked") for each in findings)
    for item in items:
        (verdict,) = determine(item, (), rulebook)
        assert verdict.rule not in idle
        if not falls and verdict.rule is None:
            assert verdict.outcome is Outcome.REVIEW
            assert verdict.flags, "nobody decided, and nothing says why"
