"""Conditions of a rule, three-valued: true, false, or unknown when a fact they need is unknown.

Knows the closed set of facts and operators; does not know where a fact's value comes from
(:mod:`policywire.decision.facts`). Kleene's logic: false beats unknown in ``All``, true beats unknown in ``AnyOf``,
``Not`` of unknown is unknown. Beside the truth comes the leaf that settled it, so that an explanation can name the
first condition that failed.
"""

import re
from collections.abc import Callable, Iterable
from enum import Enum
from sys import intern
from typing import Any, Final, NamedTuple, Protocol

from msgspec import Struct
from msgspec.structs import force_setattr


class _Unknown(Enum):
    UNKNOWN = "unknown"


UNKNOWN: Final = _Unknown.UNKNOWN
"""The value of a fact that the event leaves open and that the policy declares so."""


_CODE_SHAPED: Final = re.compile(r"[A-Za-z0-9_.-]{1,24}")

_VERBS: Final = {
    "is": "be",
    "in": "be one of",
    "any_of": "include one of",
    "at_least": "be at least",
    "at_most": "be at most",
    "prefix": "begin with",
    "present": "be present:",
    "known": "be known:",
}


def shown(value: Any) -> str:
    """A value or operand in words; text only when it has the shape of a code, for a sender may have written it."""
    if value is None:
        return "absent"
    if isinstance(value, str):
        return value if _CODE_SHAPED.fullmatch(value) else "not shown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Iterable):
        return ", ".join(sorted(map(shown, value)))
    return f"{value:g}" if isinstance(value, int | float) else "unknown"


class Facts(Protocol):
    """Where a condition reads: the value of a fact, None when it is absent, or UNKNOWN."""

    def read(self, fact: str) -> Any:
        """The fact's value."""


class Judgement(NamedTuple):
    """The truth of a condition (None: unknown) and the leaf that settled it (None when nothing needs explaining).

    ``negated``: the leaf stands under a ``Not``, so it is asked not to hold.
    """

    truth: bool | None
    leaf: "Test | None"
    negated: bool = False


class Test(Struct, frozen=True, gc=False):
    """One fact against one operand.

    Operands by operator: ``is`` a scalar; ``in`` and ``any_of`` (the fact is a set) a frozenset; ``at_least`` and
    ``at_most`` a number; ``prefix`` a tuple of code prefixes; ``known`` and ``present`` a bool. ``asks`` is the test in
    words, put together once and not at each explanation.
    """

    fact: str
    operator: str
    operand: Any
    asks: str = ""

    def __post_init__(self) -> None:
        if not self.asks:
            force_setattr(self, "asks", intern(f"{_VERBS[self.operator]} {shown(self.operand)}"))

    def judge(self, facts: Facts) -> Judgement:
        """Whether it holds; unknown when the fact is."""
        value = facts.read(self.fact)
        if self.operator == "known":
            return Judgement((value is not UNKNOWN) is self.operand, self)
        if value is UNKNOWN:
            return Judgement(None, self)
        return Judgement(OPERATORS[self.operator](value, self.operand), self)


class All(Struct, frozen=True, gc=False):
    """Every part holds."""

    parts: "tuple[Condition, ...]"

    def judge(self, facts: Facts) -> Judgement:
        """False with the first part that fails, else unknown with the first that is, else true."""
        unknown: Judgement | None = None
        for part in self.parts:
            judgement = part.judge(facts)
            if judgement.truth is False:
                return judgement
            if judgement.truth is None and unknown is None:
                unknown = judgement
        return unknown or Judgement(truth=True, leaf=None)


class AnyOf(Struct, frozen=True, gc=False):
    """At least one part holds."""

    parts: "tuple[Condition, ...]"

    def judge(self, facts: Facts) -> Judgement:
        """True with the first part that holds, else unknown with the first that is, else false with the first part."""
        unknown: Judgement | None = None
        first: Judgement | None = None
        for part in self.parts:
            judgement = part.judge(facts)
            if judgement.truth:
                return judgement
            if judgement.truth is None and unknown is None:
                unknown = judgement
            first = first or judgement
        return unknown or first or Judgement(truth=False, leaf=None)


class Not(Struct, frozen=True, gc=False):
    """The part does not hold."""

    part: "Condition"

    def judge(self, facts: Facts) -> Judgement:
        """The opposite; unknown stays unknown."""
        judgement = self.part.judge(facts)
        truth = None if judgement.truth is None else not judgement.truth
        return Judgement(truth, judgement.leaf, not judgement.negated)


Condition = Test | All | AnyOf | Not

FACTS: Final[dict[str, str]] = {
    "clinical_context": "oncology, orthopaedic or mixed, by the policy's context document; may be unknown",
    "narrative": "class of the line's narrative by the policy's terms document: missing, product, hint or other",
    "line_of_business": "the line of business in the payer profile's words",
    "modifiers": "set of modifiers, upper case",
    "units": "number of units",
    "charge_amount": "charge in whole cents",
    "diagnosis": "set of the diagnoses the line points at (or all of the claim's), no dots, upper case",
    "rendering_taxonomy": "NUCC taxonomy code of the rendering provider, upper case",
    "stage": "drafted, submitted or scheduled",
}
"""Every fact a condition may name, and what it is."""


def _within(value: Any, prefixes: tuple[str, ...]) -> bool:
    if value is None:
        return False
    if isinstance(value, str):
        return value.startswith(prefixes)
    return any(each.startswith(prefixes) for each in value)


OPERATORS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "is": lambda value, operand: bool(value == operand),
    "in": lambda value, operand: value in operand,
    "any_of": lambda value, operand: value is not None and not operand.isdisjoint(value),
    "at_least": lambda value, operand: value is not None and value >= operand,
    "at_most": lambda value, operand: value is not None and value <= operand,
    "prefix": _within,
    "present": lambda value, operand: (value is not None) is operand,
    "known": lambda value, operand: (value is not UNKNOWN) is operand,
}
"""Every operator; an absent fact (None) satisfies only ``present: false`` and a negation."""
