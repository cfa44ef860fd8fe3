"""Which versions hold a code, a word or a day: the lists that an index is made of.

Knows sets of versions (:mod:`policywire.workbench.search.bitset`) by sorted keys; does not know documents or queries as
a whole. Every list is plain data, so that an index can be kept in a file.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Final

from msgspec import Struct

from policywire.model.records import Outcome
from policywire.workbench.search.bitset import Packed, bits_of, pack, read, union
from policywire.workbench.search.codes import CodeSet, kind_of
from policywire.workbench.search.stems import BEGINNING_MIN

BRANCHES: Final = 16
"""So many places are put together in one set, and so many of those in one of the next level."""

BLOCK: Final = 256
"""Before every so manieth day the set of all earlier ones is kept: the rest is put together in 50 microseconds."""

OUTCOMES: Final = tuple(Outcome)
_ANY: Final = (-1,)
"""In the place of an outcome: whichever it is."""
_AFTER: Final = "~"
"""Sorts behind every code."""


class CodePostings(Struct, frozen=True):
    """Versions by procedure code and outcome of the rule that lists it.

    ``keys`` are codes with their kind in front, sorted, so that a range is one stretch; ``postings`` hold for each key
    what :func:`posting` gives. Each level above holds the versions by outcome of :data:`BRANCHES` places of
    the level below, so that any stretch is put together from a few dozen sets.
    """

    size: int
    kinds: str
    keys: tuple[str, ...]
    postings: tuple[tuple[int, ...], ...]
    levels: tuple[tuple[dict[int, Packed], ...], ...]

    def find(self, wanted: CodeSet, outcomes: frozenset[int]) -> int:
        """The versions with a rule that lists one of the codes and gives one of the outcomes; none: any."""
        kept: list[Packed] = []
        singly: list[int] = []
        for first, last in self._stretches(wanted):
            for level, place in _cover(first, last, len(self.levels)):
                if level:
                    of_outcome = self.levels[level - 1][place]
                    kept += (of_outcome[each] for each in (outcomes & of_outcome.keys() if outcomes else _ANY))
                else:
                    singly += self.postings[place]
        count = len(OUTCOMES)
        fitting = (each for each in singly if each % count in outcomes) if outcomes else singly
        kept.append(tuple([each // count for each in fitting]))
        return union(kept, self.size)

    def codes(self, wanted: CodeSet) -> Iterator[str]:
        """The listed codes among those."""
        for first, last in self._stretches(wanted):
            yield from (key[1:] for key in self.keys[first:last])

    def near(self, code: str, count: int) -> list[str]:
        """Listed codes of its kind right before and after a code."""
        at = bisect_left(self.keys, kind_of(code) + code)
        return [key[1:] for key in self.keys[max(0, at - count) : at + count] if key[0] == kind_of(code)]

    def _stretches(self, wanted: CodeSet) -> Iterator[tuple[int, int]]:
        kinds = self.kinds if wanted.beginning else kind_of(wanted.low)
        for kind in kinds:
            high = kind + wanted.high + (_AFTER if wanted.beginning else "")
            first, last = bisect_left(self.keys, kind + wanted.low), bisect_right(self.keys, high)
            if first < last:
                yield first, last


def _cover(first: int, last: int, top: int) -> Iterator[tuple[int, int]]:
    """The fewest (level, place) that together are the keys from ``first`` to before ``last``."""
    level = 0
    while first < last:
        if level == top:
            yield from ((level, place) for place in range(first, last))
            return
        while first < last and first % BRANCHES:
            yield level, first
            first += 1
        while first < last and last % BRANCHES:
            last -= 1
            yield level, last
        first, last, level = first // BRANCHES, last // BRANCHES, level + 1


def posting(ordinal: int, outcome: Outcome) -> int:
    """That a version lists a code in a rule with this outcome; a number, for there are a million of them."""
    return ordinal * len(OUTCOMES) + _NUMBERS[outcome]


_NUMBERS: Final = {outcome: number for number, outcome in enumerate(OUTCOMES)}


def code_postings(listed: Mapping[str, Iterable[int]], size: int) -> CodePostings:
    """The postings of codes, each with what :func:`posting` gives for the versions that list it."""
    by_key = {kind_of(code) + code: tuple(sorted(set(of_code))) for code, of_code in listed.items()}
    keys = tuple(sorted(by_key))
    postings = tuple(by_key[key] for key in keys)
    levels: list[tuple[dict[int, Packed], ...]] = []
    width = BRANCHES
    while width <= len(keys):
        levels.append(tuple(_level(postings, width, size)))
        width *= BRANCHES
    return CodePostings(size, "".join(sorted({key[0] for key in keys})), keys, postings, tuple(levels))


def _level(postings: Sequence[tuple[int, ...]], width: int, size: int) -> Iterator[dict[int, Packed]]:
    count = len(OUTCOMES)
    for start in range(0, len(postings), width):
        of_outcome: dict[int, set[int]] = {}
        for of_code in postings[start : start + width]:
            for each in of_code:
                of_outcome.setdefault(each % count, set()).add(each // count)
        of_outcome[_ANY[0]] = set().union(*of_outcome.values())
        yield {outcome: pack(sorted(ordinals), size) for outcome, ordinals in sorted(of_outcome.items())}


class WordPostings(Struct, frozen=True):
    """Versions by stem and by what the stem weighs in them."""

    size: int
    stems: tuple[str, ...]
    postings: tuple[dict[int, Packed], ...]

    def find(self, stem: str) -> dict[int, int]:
        """The versions that have a word which begins with the stem, by worth; a version is in one set, its best.

        An equal word is worth twice its weight, one that only begins so its weight. Short stems must be equal.
        """
        first = bisect_left(self.stems, stem)
        last = bisect_right(self.stems, stem + _AFTER) if len(stem) >= BEGINNING_MIN else first + 1
        by_worth: dict[int, list[Packed]] = {}
        for place in range(first, min(last, len(self.stems))):
            equal = self.stems[place] == stem
            if not equal and len(stem) < BEGINNING_MIN:
                continue
            for weight, packed in self.postings[place].items():
                worth = weight * 2 if equal else weight
                by_worth.setdefault(worth, []).append(packed)
        return _each_once({worth: union(kept, self.size) for worth, kept in by_worth.items()})


def _each_once(by_worth: dict[int, int]) -> dict[int, int]:
    seen = 0
    found = {}
    for worth in sorted(by_worth, reverse=True):
        found[worth] = by_worth[worth] & ~seen
        seen |= by_worth[worth]
    return found


def word_postings(of_stem: Mapping[str, Mapping[int, list[int]]], size: int) -> WordPostings:
    """The postings of stems, each with the ordinals of versions by what it weighs in them."""
    stems = tuple(sorted(of_stem))
    packed = ({weight: pack(ordinals, size) for weight, ordinals in of_stem[stem].items()} for stem in stems)
    return WordPostings(size, stems, tuple(packed))


class DayPostings(Struct, frozen=True):
    """Versions by a day of theirs: sorted, with the set of all before every :data:`BLOCK`-th."""

    size: int
    days: tuple[int, ...]
    """Ordinals of the calendar, ascending."""
    ordinals: tuple[int, ...]
    upto: tuple[bytes, ...]

    def until(self, day: date) -> int:
        """The versions whose day is this one or an earlier one."""
        return self._first(bisect_right(self.days, day.toordinal()))

    def before(self, day: date) -> int:
        """The versions whose day is earlier."""
        return self._first(bisect_left(self.days, day.toordinal()))

    def _first(self, count: int) -> int:
        whole = count // BLOCK
        found = read(self.upto[whole])
        return found | bits_of(self.ordinals[whole * BLOCK : count], self.size)


def day_postings(days: Iterable[tuple[int, date]], size: int) -> DayPostings:
    """The postings of (ordinal of a version, its day)."""
    ordered = sorted((day.toordinal(), ordinal) for ordinal, day in days)
    ordinals = tuple(ordinal for _, ordinal in ordered)
    upto = [0]
    for start in range(0, len(ordinals), BLOCK):
        upto.append(upto[-1] | bits_of(ordinals[start : start + BLOCK], size))
    packed = tuple(each.to_bytes(size // 8 + 1, "little") for each in upto)
    return DayPostings(size, tuple(day for day, _ in ordered), ordinals, packed)
