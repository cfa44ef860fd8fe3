"""What a rule's ``when`` means in three values, said in two-valued expressions: when it holds, fails, is unknown.

Knows the written conditions (``rulebook.when.When``, the document's own form) and Kleene's logic; does not know how a
fact is read from a line (:mod:`policywire.workbench.gate.reading`). Reads the document and nothing compiled from it.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import msgspec

from policywire.rulebook.when import When
from policywire.workbench.gate.logic import ALWAYS, NEVER, Expression, every, opposite, some

ORDER: Final = (
    *("clinical_context", "narrative", "line_of_business", "modifiers", "units", "charge_amount", "diagnosis"),
    *("rendering_taxonomy", "stage"),
)
"""In which order the facts of one mapping are asked, as the schema lists them; then all, any, not."""

OPERATORS: Final = ("at_least", "at_most", "prefix", "present", "known")
"""In which order the operators of one mapping are asked."""

CONTEXT: Final = "clinical_context"


class Asked(NamedTuple):
    """One fact against one operand, as the document writes it: ``is`` where it gives a value or a list of them."""

    fact: str
    operator: str
    operand: Any


class Meaning(NamedTuple):
    """A condition in two-valued expressions of which exactly one is true of any line."""

    holds: Expression
    fails: Expression
    unknown: tuple[tuple[Expression, str], ...]
    """Where it is unknown, with the fact for which it is: the first unknown one that leaves it open."""
    asks_context: Expression
    """Where judging it, from left to right and no further than needed, asks for the clinical context."""


Leaf = Callable[[Asked], Expression]
"""Where a test of a fact holds, an absent fact satisfying only ``present: false``."""

UNCONDITIONAL: Final = Meaning(ALWAYS, NEVER, (), NEVER)
"""Of a rule without ``when``."""


def plain(when: When) -> dict[str, Any]:
    """A condition in the plain values of the document."""
    value = msgspec.to_builtins(when)
    assert isinstance(value, dict)  # noqa: S101  a struct gives a mapping
    return value


def tests_in(when: dict[str, Any]) -> Iterator[Asked]:
    """Every test of a fact in a condition, in order."""
    for fact in ORDER:
        if fact in when:
            yield from _asked(fact, when[fact])
    for part in (*when.get("all", ()), *when.get("any", ()), *((when["not"],) if "not" in when else ())):
        yield from tests_in(part)


def meaning(when: dict[str, Any], leaf: Leaf, absent: dict[str, Expression]) -> Meaning:
    """What a condition means.

    Args:
        when: in plain values, as :func:`plain` gives it.
        leaf: where one test holds.
        absent: the facts that the version declares may be unknown, and where they are.
    """
    parts = [_of_test(asked, leaf, absent) for fact in ORDER if fact in when for asked in _asked(fact, when[fact])]
    if "all" in when:
        parts.append(_all([meaning(part, leaf, absent) for part in when["all"]]))
    if "any" in when:
        parts.append(_any([meaning(part, leaf, absent) for part in when["any"]]))
    if "not" in when:
        parts.append(_not(meaning(when["not"], leaf, absent)))
    return _all(parts)


def _asked(fact: str, operand: Any) -> Iterator[Asked]:
    if isinstance(operand, dict):
        yield from (Asked(fact, operator, operand[operator]) for operator in OPERATORS if operator in operand)
    else:
        yield Asked(fact, "is", operand)


def _of_test(asked: Asked, leaf: Leaf, absent: dict[str, Expression]) -> Meaning:
    asks = ALWAYS if asked.fact == CONTEXT else NEVER
    unknown = absent.get(asked.fact, NEVER)
    if asked.operator == "known":
        holds = opposite(unknown) if asked.operand else unknown
        return Meaning(holds, opposite(holds), (), asks)
    holds, known = leaf(asked), opposite(unknown)
    doubts = () if unknown == NEVER else ((unknown, asked.fact),)
    return Meaning(every(known, holds), every(known, opposite(holds)), doubts, asks)


def _not(part: Meaning) -> Meaning:
    return Meaning(part.fails, part.holds, part.unknown, part.asks_context)


def _all(parts: list[Meaning]) -> Meaning:
    """False when a part is; else unknown for the first part that is."""
    if len(parts) == 1:
        return parts[0]
    unknown: list[tuple[Expression, str]] = []
    asks: list[Expression] = []
    for position, part in enumerate(parts):
        before, after = parts[:position], parts[position + 1 :]
        asks.append(every(*(opposite(each.fails) for each in before), part.asks_context))
        surroundings = (*(each.holds for each in before), *(opposite(each.fails) for each in after))
        unknown += ((every(*surroundings, where), fact) for where, fact in part.unknown)
    return Meaning(
        every(*(part.holds for part in parts)), some(*(part.fails for part in parts)), tuple(unknown), some(*asks)
    )


def _any(parts: list[Meaning]) -> Meaning:
    """True when a part is; else unknown for the first part that is: what ``all`` says, turned round."""
    return _not(_all([_not(part) for part in parts]))
