"""Conditions, outcomes and facts of policies in the words of a biller or an analyst, who do not read YAML.

Knows the closed sets of facts, operators and outcomes; knows no policy, no event and no layout.
"""

from datetime import date
from typing import Final

from policywire.model.records import Flag, Outcome
from policywire.rulebook.conditions import All, AnyOf, Condition, Not, Test

OUTCOMES: Final = {
    Outcome.NOT_MEDICALLY_NECESSARY: "not medically necessary",
    Outcome.EXPERIMENTAL_INVESTIGATIONAL: "experimental or investigational",
    Outcome.OTHER_POLICY: "belongs to another policy",
    Outcome.REVIEW: "needs review",
    Outcome.NO_POLICY_IN_FORCE: "no policy in force",
    Outcome.COVERED: "covered",
    Outcome.CRITERIA_REQUIRED: "covered when criteria are met",
}
"""Each outcome as people say it."""

PRIOR_AUTHORIZATION: Final = {
    "no_pathway": "no way to ask for it",
    "required": "required",
    "not_required": "not required",
    "unknown": "not known",
}
"""Each stance on prior authorization as people say it."""

FLAGS: Final = {
    Flag.NARRATIVE_MISSING: "there is no narrative",
    Flag.NARRATIVE_NOT_STEM_CELL: "the narrative names no product of the policy",
    Flag.NARRATIVE_AMBIGUOUS: "the narrative only hints at a product of the policy",
    Flag.SPAN_CROSSES_VERSIONS: "the days of service fall under different versions",
    Flag.LINE_OF_BUSINESS_OUT_OF_SCOPE: "the line of business is not one that the policy covers",
    Flag.CONTEXT_UNKNOWN: "the clinical context is not known",
    Flag.CONTEXT_MIXED: "the diagnoses show several clinical contexts",
    Flag.CONTEXT_BY_TAXONOMY: "only the provider's specialty suggests the clinical context",
    Flag.PRIOR_VERSION_CODES_UNVERIFIED: "the version's own list of codes is not known",
}
"""Each flag as people say it."""

FACTS: Final = {
    "clinical_context": "the clinical context",
    "narrative": "the narrative",
    "line_of_business": "the line of business",
    "modifiers": "the modifiers",
    "units": "the units",
    "charge_amount": "the charge",
    "diagnosis": "a diagnosis",
    "rendering_taxonomy": "the rendering provider's taxonomy",
    "stage": "the claim's stage",
}
"""Each fact that a condition may name as people say it."""

NARRATIVES: Final = {
    "missing": "is missing",
    "product": "names a product of the policy",
    "hint": "only hints at a product of the policy",
    "other": "names no product of the policy",
}
"""What a narrative may be found to be."""

_CATEGORY: Final = 3
"""So many characters of a diagnosis stand before its dot."""

_JOINED: Final = {
    "is": "is {}",
    "in": "is {}",
    "any_of": "include {}",
    "at_least": "are at least {}",
    "at_most": "are at most {}",
    "prefix": "begins with {}",
}
_DENIED: Final = {
    "is": "is not {}",
    "in": "is not {}",
    "any_of": "do not include {}",
    "at_least": "are less than {}",
    "at_most": "are more than {}",
    "prefix": "does not begin with {}",
}


def outcome_in_words(outcome: str) -> str:
    """An outcome, or a position of a version, as people say it."""
    return OUTCOMES.get(Outcome(outcome), outcome)


def diagnosis_in_words(code: str) -> str:
    """A diagnosis in normal form as people write it: ``M17.11``."""
    return f"{code[:_CATEGORY]}.{code[_CATEGORY:]}" if len(code) > _CATEGORY else code


def condition_in_words(condition: Condition | None) -> str:
    """A rule's condition as one clause without its "when"; ``always`` where there is none."""
    return "always" if condition is None else _clause(condition, negated=False)


def window_in_words(first: date, last: date | None) -> str:
    """A window of days of service, both ends included; None: open."""
    return f"from {first}" if last is None else f"{first} to {last}"


def day_in_words(day: date) -> str:
    """``2025-12-16`` as ``16 December 2025``."""
    return f"{day.day} {day:%B %Y}"


def _clause(condition: Condition, *, negated: bool) -> str:
    match condition:
        case Test():
            return _test(condition, negated=negated)
        case Not(part):
            return _clause(part, negated=not negated)
        case All(parts):
            return _joined(parts, "or" if negated else "and", negated=negated)
        case AnyOf(parts):
            return _joined(parts, "and" if negated else "or", negated=negated)


def _joined(parts: tuple[Condition, ...], word: str, *, negated: bool) -> str:
    clauses = [_part(part, negated=negated) for part in parts]
    return f" {word} ".join(clauses)


def _part(part: Condition, *, negated: bool) -> str:
    clause = _clause(part, negated=negated)
    return f"({clause})" if _is_compound(part) else clause


def _is_compound(condition: Condition) -> bool:
    match condition:
        case All(parts) | AnyOf(parts):
            return len(parts) > 1
        case Not(part):
            return _is_compound(part)
        case Test():
            return False


def _test(test: Test, *, negated: bool) -> str:
    fact = FACTS.get(test.fact, test.fact)
    holds = not negated
    if test.operator in ("known", "present"):
        state = "known" if test.operator == "known" else "given"
        return f"{fact} is {state if bool(test.operand) is holds else f'not {state}'}"
    if test.fact == "narrative":
        return _narrative(test, holds=holds)
    form = (_JOINED if holds else _DENIED)[test.operator]
    if test.fact == "charge_amount":
        form = form.replace("are ", "is ", 1)
    if test.fact == "units":
        form = form.replace("is ", "are ", 1)
    if test.fact == "diagnosis" and test.operator == "any_of":
        # One of a set: "a diagnosis is", and its opposite that none is.
        fact, form = ("a diagnosis", "is {}") if holds else ("no diagnosis", "is {}")
    if test.fact == "diagnosis" and test.operator == "prefix" and not holds:
        fact, form = "no diagnosis", "begins with {}"
    return f"{fact} {form.format(_operand(test))}"


def _narrative(test: Test, *, holds: bool) -> str:
    values = [test.operand] if isinstance(test.operand, str) else sorted(test.operand)
    told = " or ".join(NARRATIVES.get(value, value) for value in values)
    return f"the narrative {told}" if holds else f"it does not hold that the narrative {told}"


def _operand(test: Test) -> str:
    if test.fact == "charge_amount" and isinstance(test.operand, int):
        return f"${test.operand // 100:,}.{test.operand % 100:02}"
    if isinstance(test.operand, str):
        return test.operand
    if isinstance(test.operand, int | float):
        return f"{test.operand:g}"
    operands = sorted(test.operand)
    return " or ".join(map(diagnosis_in_words, operands) if test.fact == "diagnosis" else operands)
