"""Claim lines that between them show whatever a version's rules can tell apart, to find where two rulebooks differ.

Knows the facts that rules read, and words and codes that give a line each of their values; decides nothing. As in
:mod:`policywire.workbench.lint.situations` one value stands for all that every test answers alike. All lines are
synthetic.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from itertools import product
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from policywire.model.codes import diagnosis
from policywire.rulebook.cases import CaseLine
from policywire.rulebook.checks import tests_in
from policywire.rulebook.collection import Collection
from policywire.rulebook.compile import Draft, clinical_contexts
from policywire.rulebook.conditions import Test
from policywire.rulebook.reference import ContextsDocument, PayerDocument, TermsDocument
from policywire.rulebook.rulebook import Rule
from policywire.workbench.lint.situations import TooMany, Truths, numbers, sets, texts, unions

LINES_MAX: Final = 20_000
"""Beyond it is not looked: two seconds for each mistake that no case notices."""

NOTHING_TOLD: Final = "R69"
"""A diagnosis that shows no class: unspecified illness."""

Fields = dict[str, Any]


class Words(Struct, frozen=True):
    """What lines of a policy are read by; None: it names no such document."""

    payer: PayerDocument
    contexts: ContextsDocument | None
    terms: TermsDocument | None
    lines_of_business: frozenset[str]


def words_of(collection: Collection, draft: Draft) -> Words:
    """The documents that lines of a policy are read by; the collection is sound, so they are there."""
    policy = draft.policy
    return Words(
        payer=next(each for each in collection.payers.values() if each.payer == policy.payer),
        contexts=next((each for each in collection.contexts.values() if each.id == draft.contexts), None),
        terms=next((each for each in collection.terms.values() if each.id == draft.terms), None),
        lines_of_business=policy.lines_of_business,
    )


def lines(code: str, days: Iterable[date], rules: Iterable[Rule], words: Words) -> Iterator[CaseLine]:
    """Lines of a code, the plainest first.

    Raises:
        TooMany: after LINES_MAX lines, when there are more.
    """
    tests: dict[str, list[Test]] = {}
    for rule in rules:
        for test in tests_in(rule.condition):
            tests.setdefault(test.fact, []).append(test)
    axes = [_axis(field, tests, words) for field in _AXES]
    for count, (day, *values) in enumerate(product(days, *axes)):
        if count == LINES_MAX:
            raise TooMany
        given = {field: value for field, value in zip(_AXES, values, strict=True) if value is not None}
        yield replace(CaseLine(procedure_code=code, service_date=day), **given)


def _axis(field: str, tests: dict[str, list[Test]], words: Words) -> list[Any]:
    """The values of a field of a line that matter, none first where it may be absent."""
    return list(dict.fromkeys(_AXES[field](tests, words)))


def _diagnoses(tests: dict[str, list[Test]], words: Words) -> Iterator[tuple[str, ...]]:
    """Each set that tests of diagnoses and the classes of context, which are read from them too, tell apart."""
    asked = tests.get("diagnosis", [])
    contexts = words.contexts if "clinical_context" in tests else None
    yield ()
    classes = () if contexts is None else clinical_contexts(contexts).classes
    if asked or classes:
        singles: dict[Truths, str] = {}
        for text in (NOTHING_TOLD, *texts(asked), *_of_each_class(contexts)):
            told = (
                *(test.holds({test.fact: (text,)}) for test in asked),
                *(each.diagnoses.holds(text) for each in classes),
            )
            singles.setdefault(told, text)
        yield from unions(singles)


def _of_each_class(contexts: ContextsDocument | None) -> Iterator[str]:
    """The first diagnosis of each entry of each class."""
    for each in () if contexts is None else contexts.classes:
        yield from (diagnosis(entry.partition("-")[0]) for entry in each.diagnoses.include)


def _taxonomies(tests: dict[str, list[Test]], words: Words) -> Iterator[str | None]:
    yield None
    if "rendering_taxonomy" in tests:
        yield from texts(tests["rendering_taxonomy"])
    if "clinical_context" in tests and words.contexts is not None:
        yield from (each.taxonomies[0] for each in words.contexts.classes if each.taxonomies)


def _narratives(tests: dict[str, list[Test]], words: Words) -> Iterator[str | None]:
    yield None
    if "narrative" in tests and words.terms is not None:
        yield from (*words.terms.product[:1], *words.terms.hint[:1], "something else")


def _modifiers(tests: dict[str, list[Test]], words: Words) -> Iterator[tuple[str, ...]]:
    del words
    yield ()
    if "modifiers" in tests:
        yield from (each for each in sets(tests["modifiers"]) if each is not None)


def _units(tests: dict[str, list[Test]], words: Words) -> Iterator[float | None]:
    del words
    yield None
    if "units" in tests:
        yield from (float(each) for each in numbers(tests["units"], step=None) if each is not None)


def _charges(tests: dict[str, list[Test]], words: Words) -> Iterator[str | None]:
    del words
    if "charge_amount" in tests:
        found = (each for each in numbers(tests["charge_amount"], step=1) if each is not None)
        yield from (f"{each // 100}.{each % 100:02}" for each in found)
    else:
        yield None


def _stages(tests: dict[str, list[Test]], words: Words) -> Iterator[str]:
    del words
    yield from ("submitted", "drafted") if "stage" in tests else ("submitted",)


def _lines_of_business(tests: dict[str, list[Test]], words: Words) -> Iterator[str | None]:
    yield None
    if "line_of_business" in tests:
        written = words.payer.lines_of_business
        yield from (written[word][0] for word in sorted(words.lines_of_business) if written.get(word))


_AXES: Final[dict[str, Callable[[dict[str, list[Test]], Words], Iterator[Any]]]] = {
    "diagnoses": _diagnoses,
    "rendering_taxonomy": _taxonomies,
    "narrative": _narratives,
    "modifiers": _modifiers,
    "units": _units,
    "charge_amount": _charges,
    "stage": _stages,
    "line_of_business": _lines_of_business,
}
"""The fields of a line that decide, and which values of each matter."""
