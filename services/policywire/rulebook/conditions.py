"""Conditions of a rule, three-valued: true, false, or unknown when a fact they need is unknown.

Knows the closed set of facts and operators; does not know where a fact's value comes from
(:mod:`policywire.decision.facts`). Kleene's logic: false beats unknown in ``All``, true beats unknown in ``AnyOf``,
``Not`` of unknown is unknown. The leaf that settled it is asked for apart (``culprit``), by explanations alone.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from sys import intern
from typing import Any, Final

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


Facts = Mapping[str, Any]
"""Where a condition reads: the value of each fact, None when it is absent, or UNKNOWN."""

Culprit = tuple["Test", bool]
"""The leaf that settled a condition, and whether it stands under a ``Not``, so that it is asked not to hold."""


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
            force_setattr(self, "asks", intern(f"; the rule asks it to {_VERBS[self.operator]} {shown(self.operand)}"))

    def holds(self, facts: Facts) -> bool | None:
        """Whether it holds; None: unknown, because the fact is."""
        value = facts[self.fact]
        if value is UNKNOWN and self.operator != "known":
            return None
        return OPERATORS[self.operator](value, self.operand)

    def culprit(self, facts: Facts) -> Culprit:
        """Itself."""
        del facts
        return self, False


class All(Struct, frozen=True, gc=False):
    """Every part holds."""

    parts: "tuple[Condition, ...]"

    def holds(self, facts: Facts) -> bool | None:
        """False when a part is, else unknown when one is."""
        found: bool | None = True
        for part in self.parts:
            truth = part.holds(facts)
            if truth is False:
                return False
            if truth is None:
                found = None
        return found

    def culprit(self, facts: Facts) -> Culprit:
        """The first part that fails, else the first that is unknown."""
        return _settling(self.parts, facts, by=False).culprit(facts)


class AnyOf(Struct, frozen=True, gc=False):
    """At least one part holds."""

    parts: "tuple[Condition, ...]"

    def holds(self, facts: Facts) -> bool | None:
        """True when a part is, else unknown when one is."""
        found: bool | None = False
        for part in self.parts:
            truth = part.holds(facts)
            if truth:
                return True
            if truth is None:
                found = None
        return found

    def culprit(self, facts: Facts) -> Culprit:
        """The first part that holds, else the first that is unknown, else the first."""
        return _settling(self.parts, facts, by=True).culprit(facts)


class Not(Struct, frozen=True, gc=False):
    """The part does not hold."""

    part: "Condition"

    def holds(self, facts: Facts) -> bool | None:
        """The opposite; unknown stays unknown."""
        truth = self.part.holds(facts)
        return None if truth is None else not truth

    def culprit(self, facts: Facts) -> Culprit:
        """The part's, asked the other way round."""
        leaf, negated = self.part.culprit(facts)
        return leaf, not negated


def _settling(parts: "tuple[Condition, ...]", facts: Facts, *, by: bool) -> "Condition":
    """The first part of this truth, else the first that is unknown, else the first."""
    unknown: Condition | None = None
    for part in parts:
        truth = part.holds(facts)
        if truth is by:
            return part
        if truth is None and unknown is None:
            unknown = part
    return unknown or parts[0]


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
