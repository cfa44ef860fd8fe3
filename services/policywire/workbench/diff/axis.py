"""Axes along which lines differ for the rules of one code: what a rule can tell apart, and nothing else.

An axis gives each line a *key*; lines with the same keys on all axes are decided alike by both editions, for a rule
sees nothing of a line but its keys. Knows facts, tests and readings; does not know how lines are made
(:mod:`policywire.workbench.diff.variants`) or compared.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from policywire.decision.context import MIXED, clinical_context
from policywire.decision.item import Item
from policywire.decision.narrative import narrative_class
from policywire.rulebook.conditions import UNKNOWN, All, AnyOf, Condition, Not, Test
from policywire.rulebook.rulebook import ClinicalContexts, NarrativeTerms
from policywire.workbench.plain_words import NARRATIVES, condition_in_words

Keys = frozenset[Hashable]


class Axis(NamedTuple):
    """One way in which lines differ.

    ``words`` says of some of the keys, given all that there are, which lines they are; None: nothing needs saying.
    ``seen`` gives what some of the tests can see of a key: keys of which they see the same are one to them.
    """

    name: str
    key: Callable[[Item], Hashable]
    words: Callable[[Keys, Keys], str | None]
    seen: Callable[[Hashable, frozenset[Test]], Hashable]


class Sides(NamedTuple):
    """What the two editions read a fact with, each thing once."""

    before: tuple[Any, ...]
    after: tuple[Any, ...]

    @property
    def all(self) -> tuple[Any, ...]:
        """Of both, those of the edition before first."""
        return tuple(dict.fromkeys((*self.before, *self.after)))


FACT_OF_ITEM: Final[dict[str, Callable[[Item], Any]]] = {
    "modifiers": lambda item: item.modifiers or None,
    "units": lambda item: item.units,
    "charge_amount": lambda item: None if item.charge is None else int(item.charge.replace(".", "")),
    "diagnosis": lambda item: item.diagnoses or None,
    "rendering_taxonomy": lambda item: item.taxonomy,
    "stage": lambda item: item.stage,
}
"""Facts that stand in the line as they are; the others are read with documents of an edition."""


def tested(fact: str, tests: Sequence[Test]) -> Axis:
    """The axis of a fact that stands in the line: which of the rules' tests hold, and whether it is there at all."""
    value = FACT_OF_ITEM[fact]
    absent = Test(fact, "present", operand=False)
    literals = (absent, *(each for each in tests if each.operator not in {"present", "known"}))

    def key(item: Item) -> Hashable:
        facts = {fact: value(item)}
        return tuple(each.holds(facts) for each in literals)

    def words(chosen: Keys, every: Keys) -> str | None:
        return None if chosen == every else condition_in_words(_condition(literals, chosen, every))

    def seen(of: Hashable, by: frozenset[Test]) -> Hashable:
        asked = [place for place, each in enumerate(literals) if each in by]
        is_asked = asked or any(each in by for each in tests)
        return tuple(_at(of, place) for place in (0, *asked)) if is_asked else None

    return Axis(fact, key, words, seen)


def _condition(literals: Sequence[Test], chosen: Keys, every: Keys) -> Condition:
    """A short condition that holds for the chosen keys and for none of the others."""
    together = _conjunction(literals, chosen, every)
    if together is not None:
        return together
    others = _conjunction(literals, every - chosen, every)
    if others is not None:
        return Not(others)
    parts = [_conjunction(literals, frozenset((key,)), every) for key in sorted(chosen, key=repr)]
    return AnyOf(tuple(part for part in parts if part is not None))


def _conjunction(literals: Sequence[Test], chosen: Keys, every: Keys) -> Condition | None:
    """The fewest literals that all hold for exactly the chosen keys, or None when no such set does."""
    kept = [
        (place, truth)
        for place in range(len(literals))
        for truth in (True, False)
        if all(_at(key, place) is truth for key in chosen)
    ]
    if _holding(kept, every) != chosen:
        return None
    # What says something of others than the fact's presence is the better thing to say, so presence is tried first.
    for each in sorted(kept, key=lambda literal: (literal[0] != 0, literal[1])):
        fewer = [other for other in kept if other != each]
        if fewer and _holding(fewer, every) == chosen:
            kept = fewer
    parts = tuple(literals[place] if truth else Not(literals[place]) for place, truth in kept)
    return parts[0] if len(parts) == 1 else All(parts)


def _holding(literals: Iterable[tuple[int, bool]], every: Keys) -> Keys:
    return frozenset(key for key in every if all(_at(key, place) is truth for place, truth in literals))


def _at(key: Hashable, place: int) -> object:
    assert isinstance(key, tuple)  # noqa: S101  keys of a tested axis are
    return key[place]


def contextual(contexts: Sides) -> Axis:
    """The axis of the clinical context, as the contexts of each edition read the line."""

    def key(item: Item) -> Hashable:
        return tuple(clinical_context(each, item.diagnoses, item.taxonomy) for each in contexts.all)

    def words(chosen: Keys, every: Keys) -> str | None:
        if chosen == every:
            return None
        told = _by_how([_readings(contexts, each) for each in chosen], [_readings(contexts, each) for each in every])
        return f"the clinical context is {_either(told)}"

    return Axis("clinical_context", key, words, _whole("clinical_context"))


_BY_SPECIALTY: Final = " by specialty alone"


def _by_how(chosen: Sequence[str], every: Sequence[str]) -> Iterator[str]:
    """Contexts in words: how they were told from the line only where that makes a difference."""
    for word in sorted({each.replace(_BY_SPECIALTY, "") for each in chosen}):
        ways = {each for each in every if each.replace(_BY_SPECIALTY, "") == word}
        if ways <= set(chosen):
            yield word
        else:
            yield from sorted(f"{each} by diagnosis" if each == word else each for each in ways & set(chosen))


def _readings(contexts: Sides, key: Hashable) -> str:
    assert isinstance(key, tuple)  # noqa: S101  the axis makes it so
    by_document: dict[ClinicalContexts, Any] = dict(zip(contexts.all, key, strict=True))
    return _now(
        _either(_context_word(by_document[each]) for each in contexts.before),
        _either(_context_word(by_document[each]) for each in contexts.after),
    )


def _context_word(context: Any) -> str:
    if context.value is UNKNOWN:
        return "unknown"
    word = "mixed" if context.value == MIXED else str(context.value)
    return f"{word}{_BY_SPECIALTY}" if context.by_taxonomy else word


def narrated(terms: Sides) -> Axis:
    """The axis of the narrative, as the terms of each edition read it."""

    def key(item: Item) -> Hashable:
        return tuple(narrative_class(each, item.narrative) for each in terms.all)

    def words(chosen: Keys, every: Keys) -> str | None:
        if chosen == every:
            return None
        return f"the narrative {_either(_narratives(terms, each) for each in sorted(chosen, key=repr))}"

    return Axis("narrative", key, words, _whole("narrative"))


def _whole(fact: str) -> Callable[[Hashable, frozenset[Test]], Hashable]:
    """Who asks for the fact at all sees all of the key."""
    return lambda of, by: of if any(test.fact == fact for test in by) else None


def _narratives(terms: Sides, key: Hashable) -> str:
    assert isinstance(key, tuple)  # noqa: S101  the axis makes it so
    by_document: dict[NarrativeTerms, Any] = dict(zip(terms.all, key, strict=True))
    return _now(
        _either(NARRATIVES[by_document[each]] for each in terms.before),
        _either(NARRATIVES[by_document[each]] for each in terms.after),
    )


def _now(before: str, after: str) -> str:
    if before and after and before != after:
        return f"{before} before and {after} after"
    return before or after


def _either(words: Iterable[str]) -> str:
    return " or ".join(dict.fromkeys(words))


def tests_in(condition: Condition | None) -> Iterator[Test]:
    """Every test of a condition."""
    match condition:
        case None:
            return
        case Test():
            yield condition
        case Not(part):
            yield from tests_in(part)
        case All(parts) | AnyOf(parts):
            for part in parts:
                yield from tests_in(part)
