"""Conditions, outcomes and days in words, for people who read rules without the document.

Knows the closed sets of facts, operators and outcomes; knows no policy. The words of an explanation, which hold what
was read from a line, are :mod:`policywire.decision.explain`'s.
"""

from datetime import date
from typing import Any, Final

from policywire.model.records import Flag, Outcome
from policywire.rulebook.conditions import All, AnyOf, Condition, Not, Test

OUTCOMES: Final = {
    Outcome.NOT_MEDICALLY_NECESSARY: "not medically necessary",
    Outcome.EXPERIMENTAL_INVESTIGATIONAL: "experimental or investigational",
    Outcome.OTHER_POLICY: "belongs to another policy",
    Outcome.REVIEW: "needs a person's review",
    Outcome.NO_POLICY_IN_FORCE: "no policy in force",
    Outcome.COVERED: "covered",
    Outcome.CRITERIA_REQUIRED: "covered when criteria are met",
}
"""Each outcome as people say it."""

FLAGS: Final = {
    Flag.NARRATIVE_MISSING: "there is no narrative",
    Flag.NARRATIVE_NOT_STEM_CELL: "the narrative names no product that the policy is about",
    Flag.NARRATIVE_AMBIGUOUS: "the narrative only hints at a product",
    Flag.SPAN_CROSSES_VERSIONS: "the days of service fall under different versions",
    Flag.LINE_OF_BUSINESS_OUT_OF_SCOPE: "the line of business is not one that the policy covers",
    Flag.CONTEXT_UNKNOWN: "the clinical context is not known",
    Flag.CONTEXT_MIXED: "the diagnoses show several clinical contexts",
    Flag.CONTEXT_BY_TAXONOMY: "only the provider's specialty suggests the clinical context",
    Flag.PRIOR_VERSION_CODES_UNVERIFIED: "the version's own list of codes is not known",
}
"""Each flag as people say it."""

_FACTS: Final = {
    "clinical_context": "the clinical context",
    "narrative": "the narrative",
    "line_of_business": "the line of business",
    "modifiers": "a modifier",
    "units": "the number of units",
    "charge_amount": "the charge",
    "diagnosis": "a diagnosis",
    "rendering_taxonomy": "the rendering provider's taxonomy",
    "stage": "the stage",
}

_NARRATIVES: Final = {
    "missing": "there is no narrative",
    "product": "the narrative names a product",
    "hint": "the narrative only hints at a product",
    "other": "the narrative names no product",
}


def in_words(condition: Condition | None) -> str:
    """A condition as a clause that follows "when"; "always" where there is none."""
    match condition:
        case None:
            return "always"
        case Test():
            return _test(condition)
        case All(parts):
            return " and ".join(_grouped(part) for part in parts)
        case AnyOf(parts):
            return " or ".join(_grouped(part) for part in parts)
        case Not(part):
            return f"it is not so that {in_words(part)}"


def day_in_words(day: date) -> str:
    """``2025-12-16`` as ``16 December 2025``."""
    return f"{day.day} {day:%B %Y}"


def _grouped(part: Condition) -> str:
    return f"({in_words(part)})" if isinstance(part, All | AnyOf | Not) else in_words(part)


def _test(test: Test) -> str:
    fact, operand = _FACTS[test.fact], test.operand
    if test.fact == "narrative" and test.operator in ("is", "in"):
        values = [operand] if test.operator == "is" else sorted(operand)
        return " or ".join(_NARRATIVES[each] for each in values)
    match test.operator:
        case "is" | "in" | "any_of":
            return f"{fact} is {_listed(operand)}"
        case "prefix":
            return f"{fact} begins with {_listed(operand)}"
        case "at_least" | "at_most":
            return f"{fact} is {test.operator.replace('_', ' ')} {_amount(test.fact, operand)}"
        case "present":
            return f"{fact} is {'' if operand else 'not '}given"
        case _:
            return f"{fact} is {'' if operand else 'not '}known"


def _amount(fact: str, operand: Any) -> str:
    return f"${operand / 100:,.2f}" if fact == "charge_amount" else f"{operand:g}"


def _listed(operand: Any) -> str:
    values = [operand] if isinstance(operand, str) else sorted(operand) if isinstance(operand, frozenset) else operand
    if not isinstance(values, list | tuple):
        return f"{values:g}"
    words = [str(each).replace("_", " ") for each in values]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
