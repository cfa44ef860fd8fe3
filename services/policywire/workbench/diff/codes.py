"""Diagnoses, taxonomies and modifiers that stand for all others: one for each way in which rules and readings see them.

Knows how codes are compared (exactly, by their beginning, by ranges); knows no rule and no line. Everything here rests
on one thought: how a code compares with the codes that documents mention is settled where it first leaves the mention
that it follows longest, so the mentions and their nearest neighbours show every way there is.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from functools import lru_cache
from string import ascii_uppercase, digits
from typing import Final, NamedTuple

from policywire.rulebook.conditions import Test
from policywire.rulebook.rulebook import ClinicalContexts

ALNUM: Final = digits + ascii_uppercase
CATEGORY_LENGTH: Final = 3

UNIONS_MAX: Final = 512
"""So many unions of what codes show are tried. The shipped contexts show four, before and after a change some ten."""

Shown = tuple[bool, ...]


class CodeSets(NamedTuple):
    """Sets of codes, the empty one first; ``left_out`` are unions that were not followed up, mostly none."""

    sets: tuple[tuple[str, ...], ...]
    left_out: int


@lru_cache(maxsize=256)  # of every code of a policy the same is asked
def diagnosis_sets(contexts: tuple[ClinicalContexts, ...], tests: tuple[Test, ...]) -> CodeSets:
    """Sets of diagnoses, none included: one for each union of what single diagnoses can show.

    Args:
        contexts: all that read them.
        tests: all on ``diagnosis``.
    """
    classes = [each.diagnoses for document in contexts for each in document.classes]
    asked = [_matcher(test) for test in tests if test.operator in {"any_of", "prefix"}]
    mentions = {code for each in classes for code in (*each.prefixes, *each.except_prefixes)}
    mentions |= {end for each in classes for span in each.ranges for end in span}
    mentions |= _mentioned(tests)

    def shown(code: str) -> Shown:
        return (*(each.holds(code) for each in classes), *(matches(code) for matches in asked))

    return _unions(_distinct(_neighbours(mentions), shown), shown)


@lru_cache(maxsize=256)
def modifier_sets(tests: tuple[Test, ...]) -> CodeSets:
    """The same of modifiers."""
    asked = [_matcher(test) for test in tests if test.operator in {"any_of", "prefix"}]
    mentions = _mentioned(tests)
    other = next(a + b for a in reversed(ALNUM) for b in reversed(ALNUM) if a + b not in mentions)

    def shown(code: str) -> Shown:
        return tuple(matches(code) for matches in asked)

    return _unions(_distinct((*sorted(mentions), other), shown), shown)


def taxonomies(contexts: Iterable[ClinicalContexts], tests: Sequence[Test]) -> tuple[str | None, ...]:
    """Taxonomy codes, and none: of each mention itself and one that begins with it."""
    mentions = _mentioned(tests) | {
        code for document in contexts for each in document.classes for code in each.taxonomies
    }
    longer = (
        mention + next((each for each in ALNUM if not _leads(mention + each, mentions)), "0") for mention in mentions
    )
    other = next((each * 10 for each in digits if not _leads(each, mentions)), "000000000X")
    return (None, other, *sorted({*mentions, *longer}))


def _leads(beginning: str, mentions: Iterable[str]) -> bool:
    return any(each.startswith(beginning) for each in mentions)


def _mentioned(tests: Iterable[Test]) -> set[str]:
    """The codes that tests name."""
    named: set[str] = set()
    for test in tests:
        if isinstance(test.operand, str):
            named.add(test.operand)
        elif isinstance(test.operand, frozenset | tuple):
            named.update(test.operand)
    return named


def _matcher(test: Test) -> Callable[[str], bool]:
    if test.operator == "prefix":
        return lambda code: code.startswith(test.operand)
    return lambda code: code in test.operand


def _neighbours(mentions: set[str]) -> Iterator[str]:
    """The mentions, their beginnings and what leaves them at each place, all of a diagnosis code's shape."""
    yield "Z00"  # when nothing is mentioned
    for mention in sorted(mentions):
        yield mention
        for place in range(len(mention) + 1):
            if place >= CATEGORY_LENGTH:
                yield mention[:place]
            letters = (ascii_uppercase, digits)[place] if place < len("A0") else ALNUM
            for letter in letters:
                yield (mention[:place] + letter).ljust(CATEGORY_LENGTH, "0")


def _distinct(codes: Iterable[str], shown: Callable[[str], Hashable]) -> list[str]:
    """One code for each thing that codes show, the shortest first met."""
    kept: dict[Hashable, str] = {}
    for code in sorted(set(codes), key=lambda each: (len(each), each)):
        kept.setdefault(shown(code), code)
    return list(kept.values())


def _unions(codes: Sequence[str], shown: Callable[[str], Shown]) -> CodeSets:
    """Sets of codes that show every union of what single ones do, the smallest of each, and the empty set."""
    by_shown: dict[Shown, tuple[str, ...]] = {shown(code): (code,) for code in codes}
    waiting = list(by_shown)
    singles = tuple(by_shown.items())
    while waiting and len(by_shown) < UNIONS_MAX:
        base = waiting.pop(0)
        for single, codes_of_single in singles:
            union = tuple(a or b for a, b in zip(base, single, strict=True))
            if union not in by_shown:
                by_shown[union] = (*by_shown[base], *codes_of_single)
                waiting.append(union)
    return CodeSets(((), *by_shown.values()), len(waiting))
