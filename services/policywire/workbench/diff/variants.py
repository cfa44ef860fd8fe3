"""What lines are made of for a comparison: for each group of their fields every value that rules can tell from others.

Knows the axes and which values stand for all; does not know policies' versions or days of service
(:mod:`policywire.workbench.diff.days`), nor how answers are compared.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise, product
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from policywire.decision.item import Item
from policywire.decision.narrative import narrative_class
from policywire.rulebook.conditions import Test
from policywire.rulebook.rulebook import NarrativeTerms, PayerProfile
from policywire.workbench.diff import codes
from policywire.workbench.diff.axis import Axis, Keys, Sides, contextual, narrated, tested

UNITS_MAX: Final = 9_999_999
CENTS_MAX: Final = 99_999_999_999_999
CHARGE: Final = "100.00"
"""Of a line whose charge no rule asks for."""
UNREAD_LINE_OF_BUSINESS: Final = "a line of business that no profile reads"
UNREAD_NARRATIVE: Final = "something else"

Fields = Mapping[str, Any]


class Aspect(NamedTuple):
    """Fields of a line that vary together, and the axes on which that shows; each variant has keys of its own.

    ``left_out`` is not 0 where there would have been too many variants.
    """

    axes: tuple[Axis, ...]
    variants: tuple[Fields, ...]
    left_out: int = 0


class Asked(NamedTuple):
    """What the rules of one code ask for, in both editions."""

    tests: Mapping[str, tuple[Test, ...]]
    """By fact."""
    contexts: Sides
    terms: Sides


def aspects(asked: Asked, sample: Item) -> tuple[Aspect, ...]:
    """Every aspect but line of business and days, for what the rules ask; an aspect they do not ask for is left out.

    Args:
        asked: what is asked for.
        sample: the line that the variants' fields are put into to see its keys.
    """
    made = (_purpose(asked), _narrative(asked), _modifiers(asked), _billing(asked))
    return tuple(_thinned(each, sample) for each in made if each is not None)


def _thinned(aspect: Aspect, sample: Item) -> Aspect:
    """One variant for each combination of keys."""
    kept: dict[Hashable, Fields] = {}
    for fields in aspect.variants:
        item = replace(sample, **fields)
        kept.setdefault(tuple(axis.key(item) for axis in aspect.axes), fields)
    return aspect._replace(variants=tuple(kept.values()))


def _purpose(asked: Asked) -> Aspect | None:
    """Diagnoses and the provider's taxonomy, which together tell the clinical context."""
    axes = []
    if asked.contexts.all:
        axes.append(contextual(asked.contexts))
    axes += [tested(fact, asked.tests[fact]) for fact in ("diagnosis", "rendering_taxonomy") if fact in asked.tests]
    if not axes:
        return None
    diagnoses = codes.diagnosis_sets(asked.contexts.all, asked.tests.get("diagnosis", ()))
    taxonomies = codes.taxonomies(asked.contexts.all, asked.tests.get("rendering_taxonomy", ()))
    variants = ({"diagnoses": each, "taxonomy": taxonomy} for each, taxonomy in product(diagnoses.sets, taxonomies))
    return Aspect(tuple(axes), tuple(variants), diagnoses.left_out)


def _narrative(asked: Asked) -> Aspect | None:
    if not asked.terms.all:
        return None
    return Aspect((narrated(asked.terms),), tuple({"narrative": text} for text in _narratives(asked.terms.all)))


@lru_cache(maxsize=64)  # of every code of a policy the same is asked
def _narratives(terms: tuple[NarrativeTerms, ...]) -> tuple[str | None, ...]:
    """Narratives that are read in every way in which these terms, side by side, can read one."""
    phrases = sorted({phrase for each in terms for phrase in (*each.product, *each.hint)})
    single = [UNREAD_NARRATIVE, *(" ".join(phrase) for phrase in phrases)]
    if len(terms) > 1:
        single += _negated(terms, phrases)
    kept: dict[Hashable, str] = {}
    for text in single:
        kept.setdefault(_read(terms, text), text)
    # Of two sentences the stronger is what counts, for each of the terms on its own.
    for one, other in product(tuple(kept.values()), repeat=2):
        text = f"{one}. {other}"
        kept.setdefault(_read(terms, text), text)
    return (None, *kept.values())


def _negated(terms: Iterable[NarrativeTerms], phrases: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """Each phrase after each word that negates, as near and as far as negation reaches in any of the terms."""
    before = {word for each in terms for word in (*each.negations, *each.negating_prefixes)}
    reach = max(each.negation_reach for each in terms)
    for phrase in phrases:
        for word in sorted(before):
            for between in range(reach + 1):
                yield " ".join((word, *("x" for _ in range(between)), *phrase))


def _read(terms: Iterable[NarrativeTerms], text: str) -> Hashable:
    return tuple(narrative_class(each, text) for each in terms)


def _modifiers(asked: Asked) -> Aspect | None:
    if "modifiers" not in asked.tests:
        return None
    tests = asked.tests["modifiers"]
    found = codes.modifier_sets(tests)
    variants = ({"modifiers": each} for each in found.sets)
    return Aspect((tested("modifiers", tests),), tuple(variants), found.left_out)


def _billing(asked: Asked) -> Aspect | None:
    """Stage, charge and units: an appointment's procedure is scheduled and has neither charge nor units."""
    axes = tuple(tested(fact, asked.tests[fact]) for fact in ("stage", "charge_amount", "units") if fact in asked.tests)
    if not axes:
        return None
    stages = ("submitted", "drafted") if "stage" in asked.tests else ("submitted",)
    charges = _charges(asked.tests.get("charge_amount", ()))
    units = _units(asked.tests.get("units", ()))
    claims = (
        {"stage": stage, "charge": charge, "units": number} for stage, charge, number in product(stages, charges, units)
    )
    appointment = {"stage": "scheduled", "charge": None, "units": None, "line_number": None}
    return Aspect(axes, (*claims, *([appointment] if {"stage", "charge_amount"} & asked.tests.keys() else ())))


def _charges(tests: Sequence[Test]) -> list[str]:
    bounds = {int(test.operand) for test in tests if test.operator in {"is", "at_least", "at_most"}}
    near = {cents + step for cents in bounds for step in (-1, 0, 1)} or {10_000}
    return [f"{cents // 100}.{cents % 100:02}" for cents in sorted(near) if 0 <= cents <= CENTS_MAX]


def _units(tests: Sequence[Test]) -> list[float | None]:
    bounds = sorted({float(test.operand) for test in tests if test.operator in {"is", "at_least", "at_most"}})
    if not bounds:
        return [None]
    between = ((low + high) / 2 for low, high in pairwise(bounds))
    near = {bounds[0] / 2, *bounds, *between, bounds[-1] + 1}
    return [None, *(number for number in sorted(near) if 0 <= number <= UNITS_MAX)]


class Reading(NamedTuple):
    """How one edition reads lines of business, and the scopes of its policies that are compared."""

    profile: PayerProfile
    scopes: tuple[frozenset[str], ...]


def lines_of_business(readings: Sequence[Reading], tests: Sequence[Test]) -> Aspect:
    """The aspect of the line of business, as each edition reads it.

    Args:
        readings: of the editions that have the payer.
        tests: all on ``line_of_business``.
    """

    def key_of(written: str | None) -> Hashable:
        words = [(each.profile.line_of_business(written), each.scopes) for each in readings]
        truths = [test.holds({"line_of_business": word}) for word, _ in words for test in tests]
        return tuple(word in scope for word, scopes in words for scope in scopes), tuple(truths)

    spellings = [None, *sorted({each for reading in readings for each in reading.profile.lines_of_business})]
    variants: dict[Hashable, Fields] = {}
    named: dict[Hashable, list[str]] = {}
    for written in (*spellings, UNREAD_LINE_OF_BUSINESS):
        key = key_of(written)
        variants.setdefault(key, {"line_of_business": written})
        named.setdefault(key, []).extend(filter(None, (each.profile.line_of_business(written) for each in readings)))

    def words(chosen: Keys, every: Keys) -> str | None:
        del every
        in_scope = {key for key in named if any(key[0])}  # type: ignore[index]  # key_of made it
        if chosen == in_scope or chosen == named.keys():
            return None
        told = dict.fromkeys(word for key, words in named.items() if key in chosen for word in words or ["unread"])
        return f"the line of business is {' or '.join(told)}"

    # The scope is looked at before any rule, so all of it always matters.
    axis = Axis("line_of_business", lambda item: key_of(item.line_of_business), words, lambda key, _: key)
    return Aspect((axis,), tuple(variants.values()))
