"""The gate's second way reads contexts, narratives and conditions by itself, and means the same as our engine does."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.property.policy_documents import conditions

from policywire.decision.context import clinical_context
from policywire.decision.narrative import narrative_class
from policywire.rulebook.compile import clinical_contexts, narrative_terms
from policywire.rulebook.conditions import UNKNOWN
from policywire.rulebook.load import File, document_of
from policywire.rulebook.reference import ContextsDocument, TermsDocument
from policywire.rulebook.when import When, read
from policywire.workbench.gate.clinical import Contexts, Narratives
from policywire.workbench.gate.logic import (
    Compare,
    Every,
    Expression,
    Some,
    alternatives,
    connectives,
    every,
    opposite,
    some,
)
from policywire.workbench.gate.meaning import Asked, meaning, plain

CONTEXTS = Path(__file__).parents[2] / "rules" / "contexts"
WORDS = ["no", "not", "without", "non", "bone", "marrow", "concentrate", "concentrated", "aspirate", "stem", "cells"]
WORDS += ["cell", "therapy", "regenerative", "BMAC", "fat", "graft", "Wharton's", "jelly", "knee", "of", "MSC"]


@cache
def contexts() -> ContextsDocument:
    document = document_of(File("contexts.yaml", (CONTEXTS / "clinical-context.yaml").read_bytes()))
    assert isinstance(document, ContextsDocument)
    return document


@cache
def terms() -> TermsDocument:
    document = document_of(File("terms.yaml", (CONTEXTS / "stem-cell-terms.yaml").read_bytes()))
    assert isinstance(document, TermsDocument)
    return document


DIAGNOSES = st.from_regex(re.compile(r"[A-Z][0-9][0-9A][0-9]{0,3}", re.ASCII), fullmatch=True)
TAXONOMIES = st.sampled_from(["", "207X", "207XS0114X", "2081P2900X", "207RH0003X", "207RH0003", "208D00000X", "20"])


@settings(max_examples=600, deadline=None)
@given(st.lists(DIAGNOSES, max_size=3).map(tuple), TAXONOMIES)
def test_a_context_is_the_same(diagnoses: tuple[str, ...], taxonomy: str) -> None:
    ours = clinical_context(clinical_contexts(contexts()), diagnoses, taxonomy or None)
    expected = ("" if ours.value is UNKNOWN else ours.value, ours.by_taxonomy)
    assert Contexts(contexts()).of(diagnoses, taxonomy) == expected


@settings(max_examples=600, deadline=None)
@given(st.lists(st.sampled_from([*WORDS, ".", ";", ",", "\n", "-"]), max_size=12), st.sampled_from([" ", "-", "  "]))
def test_a_narrative_is_the_same(words: list[str], between: str) -> None:
    text = between.join(words)
    assert Narratives(terms()).of(text) == narrative_class(narrative_terms(terms()), text)


FACTS = ["clinical_context", "modifiers", "units", "diagnosis"]


def held(expression: Expression, truths: dict[str, int]) -> bool:
    match expression:
        case Compare(field, operator, value):
            return (truths[field] == value) is (operator == "eq")
        case Every(parts):
            return all(held(part, truths) for part in parts)
        case Some(parts):
            return any(held(part, truths) for part in parts)


@settings(max_examples=400, deadline=None)
@given(conditions(FACTS), st.data())
def test_a_condition_means_the_same_in_three_values(written: dict[str, Any], data: st.DataObject) -> None:
    """Each test of a fact is true or false by chance, each fact known or not; the whole must come out alike."""
    when = msgspec.convert(written, When)
    truths: dict[str, int] = {f"unknown {fact}": data.draw(st.integers(0, 1)) for fact in FACTS}

    def leaf(asked: Asked) -> Expression:
        truths.setdefault(repr(asked), data.draw(st.integers(0, 1)))
        return Compare(repr(asked), "eq", 1)

    means = meaning(plain(when), leaf, {fact: Compare(f"unknown {fact}", "eq", 1) for fact in FACTS})
    doubts = [fact for where, fact in means.unknown if held(where, truths)]
    truth = _truth(plain(when), truths)
    assert held(means.holds, truths) is (truth is True)
    assert held(means.fails, truths) is (truth is False)
    assert len(doubts) == (truth is None)


def _truth(when: dict[str, Any], truths: dict[str, int]) -> bool | None:
    """Kleene's logic by heart: the least of all, the greatest of any, with unknown between false and true."""
    found: list[bool | None] = []
    for fact, operand in when.items():
        if fact in ("all", "any"):
            parts = [_truth(part, truths) for part in operand]
            found.append(_least(parts) if fact == "all" else _not(_least([_not(part) for part in parts])))
        elif fact == "not":
            found.append(_not(_truth(operand, truths)))
        else:
            found += [_leaf(Asked(fact, *each), truths) for each in _operators(operand)]
    return _least(found)


def _operators(operand: Any) -> list[tuple[str, Any]]:
    return list(operand.items()) if isinstance(operand, dict) else [("is", operand)]


def _leaf(asked: Asked, truths: dict[str, int]) -> bool | None:
    unknown = truths.get(f"unknown {asked.fact}", 0) == 1
    if asked.operator == "known":
        return unknown is not asked.operand
    return None if unknown else truths[repr(asked)] == 1


def _least(values: list[bool | None]) -> bool | None:
    return False if False in values else None if None in values else True


def _not(value: bool | None) -> bool | None:  # noqa: FBT001  a truth is what it is about
    return None if value is None else not value


def _joined(parts: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    several = st.lists(parts, min_size=1, max_size=3)
    return several.map(lambda each: every(*each)) | several.map(lambda each: some(*each))


EXPRESSIONS = st.recursive(
    st.builds(Compare, st.sampled_from("abc"), st.sampled_from(["eq", "neq"]), st.integers(0, 1)),
    _joined,
    max_leaves=14,
)


@settings(max_examples=300, deadline=None)
@given(EXPRESSIONS, st.integers(1, 4))
def test_the_parts_of_a_large_expression_say_what_the_whole_does(whole: Expression, most: int) -> None:
    parts = list(alternatives(whole, most))
    assert all(connectives(part) <= most for part in parts)
    for number in range(8):
        truths = {name: number >> place & 1 for place, name in enumerate("abc")}
        assert any(held(part, truths) for part in parts) is held(whole, truths)
        assert held(opposite(whole), truths) is not held(whole, truths)


def test_every_condition_is_read_in_the_order_in_which_our_engine_asks() -> None:
    written = {"stage": "drafted", "units": {"at_most": 3, "at_least": 1}, "clinical_context": "oncology"}
    asked: list[str] = []

    def leaf(each: Asked) -> Expression:
        asked.append(f"{each.fact} {each.operator}")
        return Compare("x", "eq", 1)

    meaning(plain(msgspec.convert(written, When)), leaf, {})
    compiled = read(msgspec.convert(written, When))
    assert asked == ["clinical_context is", "units at_least", "units at_most", "stage is"]
    assert [f"{part.fact} {part.operator}" for part in getattr(compiled, "parts", ())] == asked
