"""Small policies of a few rules over one or two fields of a line, and every line that the fields' values make."""

from collections.abc import Iterator
from datetime import date
from itertools import product
from typing import Any

import msgspec
from hypothesis import strategies as st

from policywire.decision.item import Item
from policywire.rulebook import compile as compiling
from policywire.rulebook.document import PolicyDocument
from policywire.rulebook.reference import ContextsDocument, PayerDocument, TermsDocument
from policywire.rulebook.rulebook import Rulebook

RulesRead = tuple[list[str], list[tuple[dict[str, Any] | None, str]]]
"""Fields of a line, and rules that read nothing else: a condition and an outcome each."""

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
OUTCOMES = ("covered", "review", "criteria_required")

BOUNDS = st.sampled_from(["at_least", "at_most"])
WORDS = st.sets(st.sampled_from(["missing", "product", "hint", "other"]), min_size=1)
LEAVES: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "units": st.one_of(
        st.builds(lambda bound, n: {"units": {bound: n}}, BOUNDS, st.integers(1, 4)),
        st.just({"units": {"present": False}}),
    ),
    "charge": st.one_of(
        st.builds(lambda bound, n: {"charge_amount": {bound: f"{n}.00"}}, BOUNDS, st.integers(0, 2)),
        st.just({"charge_amount": {"present": False}}),
    ),
    "modifiers": st.builds(
        lambda codes: {"modifiers": sorted(codes)}, st.sets(st.sampled_from(["50", "LT", "RT"]), min_size=1)
    ),
    "diagnoses": st.one_of(
        st.builds(lambda code: {"diagnosis": {"prefix": [code]}}, st.sampled_from(["M1", "M17", "C5"])),
        st.builds(lambda code: {"diagnosis": code}, st.sampled_from(["M1711", "C50"])),
        st.builds(lambda name: {"clinical_context": name}, st.sampled_from(["oncology", "orthopaedic", "mixed"])),
        st.builds(lambda known: {"clinical_context": {"known": known}}, st.booleans()),
    ),
    "narrative": st.builds(lambda words: {"narrative": sorted(words)}, WORDS),
    "taxonomy": st.builds(lambda there: {"rendering_taxonomy": {"present": there}}, st.booleans()),
    "stage": st.builds(lambda stage: {"stage": stage}, st.sampled_from(["drafted", "submitted", "scheduled"])),
}
"""Tests of what each field of an item shows."""

VALUES: dict[str, tuple[Any, ...]] = {
    "units": (None, 0.0, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 4.5),
    "charge": (None, "0.00", "0.01", "0.50", "1.00", "1.01", "2.00", "3.00"),
    "modifiers": ((), ("50",), ("LT",), ("RT",), ("50", "LT"), ("50", "RT"), ("LT", "RT"), ("76",), ("50", "LT", "RT")),
    "diagnoses": ((), ("M1711",), ("M1712",), ("M10",), ("C50",), ("C501",), ("C50", "M1711"), ("I10",), ("C9", "M2")),
    "narrative": (None, "green widget", "a widget", "something"),
    "taxonomy": (None, "207X00000X"),
    "stage": ("drafted", "submitted", "scheduled"),
}
"""Of each field what is tried: every combination of the values of the fields that the rules read."""


def whens(fields: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    return st.recursive(
        st.one_of(*(LEAVES[field] for field in fields)),
        lambda inner: st.one_of(
            st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=2, max_size=2)),
            st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=2, max_size=2)),
            st.builds(lambda part: {"not": part}, inner),
        ),
        max_leaves=3,
    )


@st.composite
def readers(draw: st.DrawFn, *, without: frozenset[str] = frozenset()) -> RulesRead:
    """One or two fields, and rules that read nothing else."""
    fields = draw(st.lists(st.sampled_from(sorted(LEAVES.keys() - without)), min_size=1, max_size=2, unique=True))
    when = st.one_of(whens(fields), whens(fields), whens(fields), st.none())
    return fields, draw(st.lists(st.tuples(when, st.sampled_from(OUTCOMES)), min_size=1, max_size=4))


def items(fields: list[str]) -> Iterator[Item]:
    plain: dict[str, Any] = {"units": None, "charge": "9.99", "modifiers": (), "diagnoses": (), "narrative": None}
    for values in product(*(VALUES[field] for field in fields)):
        yield Item(
            owner_id="c",
            line_number=1,
            event_id="e",
            decided_for="2025-01-01T00:00:00Z",
            payer_id="1",
            line_of_business=None,
            procedure_code="Y0001",
            first_day=date(2025, 1, 1),
            last_day=date(2025, 1, 1),
            **(plain | {"taxonomy": None, "stage": "submitted"} | dict(zip(fields, values, strict=True))),
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
