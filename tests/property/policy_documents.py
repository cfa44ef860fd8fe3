"""Policy documents drawn by chance: every fact, operator and depth of all, any and not; facts that may be unknown."""

import datetime as dt
from typing import Any

import msgspec
from hypothesis import strategies as st

from policywire.model.records import DENIED
from policywire.rulebook import compile as compiling
from policywire.rulebook.document import PolicyDocument
from policywire.rulebook.load import File, document_of
from policywire.rulebook.reference import ContextsDocument, PayerDocument, TermsDocument
from policywire.rulebook.rulebook import Rulebook

PAYER = {
    "document": "payer.v1",
    "payer": "oak",
    "name": "Oak (synthetic)",
    "payer_ids": ["OAK01", "0042"],
    "lines_of_business": {
        "commercial": ["commercial", "PPO", "12"],
        "medicare": ["medicare advantage"],
        "none": ["no"],
    },
    "default_line_of_business": "commercial",
}
CONTEXTS = {
    "document": "contexts.v1",
    "id": "contexts",
    "signed_off": None,
    "by_taxonomy_flag": "context_by_taxonomy",
    "classes": [
        {"name": "blood", "diagnoses": {"include": ["C00-C96", "D70-E05", "M84.5"], "exclude": ["D62", "D75-D77"]}},
        {
            "name": "bones",
            "diagnoses": {"include": ["M00-M99", "T14"], "exclude": ["M30.1"]},
            "taxonomies": ["207X", "2081P0010X"],
        },
        {"name": "skin", "diagnoses": {"include": ["L20"]}, "taxonomies": ["207N", "207XS"]},
    ],
}
TERMS = {
    "document": "terms.v1",
    "id": "terms",
    "signed_off": None,
    "product": ["blue widget", "widget blue widget", "gel"],
    "hint": ["widget", "blue"],
    "negations": ["no", "without"],
    "negation_reach": 2,
    "negating_prefixes": ["non"],
}
CODES = ["0565T", "A1234", "20999", "00100"]
FLAGS = [
    "narrative_missing",
    "narrative_ambiguous",
    "context_unknown",
    "context_mixed",
    "prior_version_codes_unverified",
]
OUTCOMES = ["not_medically_necessary", "experimental_investigational", "review", "covered", "criteria_required"]
MAY_BE_UNKNOWN = ["clinical_context", "modifiers", "units", "charge_amount", "diagnosis", "rendering_taxonomy"]


def some_of(values: list[Any], most: int = 2) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=most, unique=True)


def one_or_some(values: list[Any]) -> st.SearchStrategy[Any]:
    return st.sampled_from(values) | some_of(values, 3)


def mapping(**operators: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Some of the operators that a fact takes, at least one."""
    return st.fixed_dictionaries({}, optional=operators).filter(bool)


def facts(unknown: list[str]) -> dict[str, st.SearchStrategy[Any]]:
    """What may be written of each fact; ``known`` of those that the version declares."""

    def presence(fact: str) -> dict[str, st.SearchStrategy[Any]]:
        return {"present": st.booleans()} | ({"known": st.booleans()} if fact in unknown else {})

    numbers = st.sampled_from([0, 1, 2.5, 3, 10])
    money = st.sampled_from(["0.00", "249.99", "250.00", "5000.00"])
    diagnoses, specialties = ["M17.11", "m751", "C50", "D75.1", "L20.9"], ["207X00000X", "207N", "208D00000X"]
    contexts = ["blood", "bones", "skin", "mixed"]
    beginnings = mapping(prefix=some_of(["M17", "C", "L20.9"]), **presence("diagnosis"))
    return {
        "clinical_context": one_or_some(contexts) | mapping(**presence("clinical_context")),
        "narrative": one_or_some(["missing", "product", "hint", "other"]),
        "line_of_business": one_or_some(["commercial", "medicare"]),
        "modifiers": one_or_some(["RT", "lt", "50"]) | mapping(**presence("modifiers")),
        "units": numbers | mapping(at_least=numbers, at_most=numbers, **presence("units")),
        "charge_amount": money | mapping(at_least=money, at_most=money, **presence("charge_amount")),
        "diagnosis": one_or_some(diagnoses) | beginnings,
        "rendering_taxonomy": one_or_some(specialties)
        | mapping(prefix=some_of(["207X", "20", "207n"]), **presence("rendering_taxonomy")),
        "stage": one_or_some(["drafted", "submitted", "scheduled"]),
    }


def conditions(unknown: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Conditions of some depth over facts of which these may be unknown."""
    leaves = st.one_of(*(st.builds(lambda v, f=fact: {f: v}, values) for fact, values in facts(unknown).items()))
    pairs = st.tuples(leaves, leaves).map(lambda both: both[0] | both[1])

    def deeper(part: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
        several = st.lists(part, min_size=1, max_size=3)
        return several.map(lambda p: {"all": p}) | several.map(lambda p: {"any": p}) | part.map(lambda p: {"not": p})

    return st.recursive(leaves | pairs, deeper, max_leaves=5)


@st.composite
def denials(draw: st.DrawFn, words: str, carc: str) -> dict[str, Any]:
    return {
        "bucket": f"OAK {words}",
        "reason": f"denied {words}",
        "appeal": draw(st.sampled_from(["do_not_appeal", "may_appeal"])),
        "confirm_first_when": draw(some_of([*FLAGS, "context_by_taxonomy"])),
        "carc": carc,
        "rarc": {"provider_liable": ["N563"]},
    }


@st.composite
def rules(draw: st.DrawFn, number: int, unknown: list[str]) -> dict[str, Any]:
    outcome = draw(st.sampled_from([*OUTCOMES, "other_policy"]))
    when = draw(st.none() if number > 3 else conditions(unknown))
    reads_otherwise = outcome in DENIED and draw(st.booleans())
    return {
        "id": f"rule-{number}",
        "codes": draw(some_of(CODES, 3)),
        "indication": "made up",
        "outcome": outcome,
        "rationale": "Made up.",
        "flags": draw(some_of(FLAGS) | st.just([])),
        **({"handoff": "somebody else"} if outcome == "other_policy" else {}),
        **({} if when is None else {"when": when}),
        **({"denial": draw(denials(f"by rule {number}", "55"))} if reads_otherwise else {}),
    }


@st.composite
def versions(draw: st.DrawFn, start: dt.date, through: dt.date | None) -> dict[str, Any]:
    unknown = draw(st.lists(st.sampled_from(MAY_BE_UNKNOWN), max_size=3, unique=True))
    return {
        "effective_from": start.isoformat(),
        "effective_through": None if through is None else through.isoformat(),
        "known_from": start.isoformat(),
        "basis": "Made up.",
        "position": "covered",
        "prior_authorization": draw(st.sampled_from(["required", "not_required", "no_pathway", "unknown"])),
        "denial": draw(denials(f"since {start}", "50")),
        "flags": draw(st.just([]) | some_of(FLAGS)),
        "unknown": {fact: draw(st.sampled_from(FLAGS)) for fact in unknown},
        "rules": [draw(rules(number, unknown)) for number in range(draw(st.integers(1, 5)))],
    }


@st.composite
def policies(draw: st.DrawFn) -> PolicyDocument:
    """A policy of the payer OAK with one to three versions and nested conditions."""
    starts = sorted(draw(st.sets(st.dates(dt.date(2020, 1, 1), dt.date(2026, 1, 1)), min_size=1, max_size=3)))
    end = draw(st.none() | st.just(dt.date(2027, 3, 1)))
    ends = [*([None] * (len(starts) - 1)), end]
    value = {
        "document": "policy.v1",
        "payer": "oak",
        "policy": "OAK 1",
        "title": "Made up",
        "scope": {"lines_of_business": draw(some_of(["commercial", "medicare"]))},
        "change_type": "New",
        "impact": "Low",
        "known_from": "2026-01-01",
        "contexts": "contexts",
        "terms": "terms",
        "citations": [{"id": "x", "title": "x", "source": "x", "kind": "primary", "retrieved": None}],
        "versions": [draw(versions(start, through)) for start, through in zip(starts, ends, strict=True)],
    }
    return msgspec.convert(value, PolicyDocument)


def files_of(*policies_: PolicyDocument) -> list[File]:
    """The policies with payer, contexts and terms, as files."""
    written = [*map(msgspec.json.encode, (PAYER, CONTEXTS, TERMS, *policies_))]
    return [File(f"{number}.json", content) for number, content in enumerate(written)]


def compiled(*policies_: PolicyDocument) -> Rulebook:
    """Our compiled form, without the checks that refuse what no analyst should write."""
    payer, contexts, terms = map(document_of, files_of()[:3])
    assert isinstance(payer, PayerDocument)
    assert isinstance(contexts, ContextsDocument)
    assert isinstance(terms, TermsDocument)
    compiler = compiling.Compiler()
    return compiling.rulebook(
        revision="sha256:0",
        payers=[compiling.payer_profile(payer)],
        drafts=[compiler.draft(each) for each in policies_],
        contexts={"contexts": compiling.clinical_contexts(contexts)},
        terms={"terms": compiling.narrative_terms(terms)},
        watch=compiling.watch_rules([]),
    )
