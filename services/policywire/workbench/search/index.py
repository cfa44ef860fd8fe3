"""The index of all policies, and how it answers: in milliseconds over 10,000 policies with every version.

Knows the order of the questions; how sets, lists and hits are made is in the modules beside it. An index is a value
made once from documents; it can be kept in a file (:mod:`policywire.workbench.search.shelf`). What is not shown is not
decoded: entries stay as the bytes they are kept in.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Final

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from policywire.workbench.search.bitset import Packed, ordinals_in, unpack
from policywire.workbench.search.entry import Entry
from policywire.workbench.search.hit import Found, Hit, hit_of
from policywire.workbench.search.postings import OUTCOMES, CodePostings, WordPostings
from policywire.workbench.search.query import STATUSES, Query, Status
from policywire.workbench.search.standing import Standing
from policywire.workbench.search.stems import plain

_decoder: Final = msgspec.msgpack.Decoder(Entry)


class Payer(Struct, frozen=True, array_like=True):
    """A payer by all that people call it: key, name and the ids that senders use."""

    key: str
    name: str
    ids: tuple[str, ...]
    versions: Packed

    @property
    def spellings(self) -> frozenset[str]:
        """Its key, name and ids, folded."""
        return frozenset(map(folded, (self.key, self.name, *self.ids)))


class SearchIndex(Struct, frozen=True):
    """Every version of every policy, in the order of payer, policy and first day."""

    entries: tuple[Raw, ...]
    standing: Standing
    codes: CodePostings
    words: WordPostings
    outcomes: dict[int, Packed]
    payers: tuple[Payer, ...]
    policies: dict[str, tuple[int, ...]]
    """Ordinals of versions by folded policy id."""
    unreadable: tuple[str, ...] = ()
    """What is wrong with documents that are not in it."""

    @property
    def size(self) -> int:
        """Number of versions."""
        return len(self.entries)

    def search(self, query: Query, today: date) -> Found:
        """The page of hits that a query asks for, without looking for what is near when there is none."""
        known = self.standing.known(query.known_on)
        standing = self.standing.on(query.day(today), known)
        worths = self._worths(self._asked(query) & known, query)
        found = 0
        for bits in worths.values():
            found |= bits
        wanted = query.statuses_wanted
        if wanted:
            found &= self._union(standing[each] for each in wanted)
        if not query.all_versions:
            found = self.standing.one_each(found, standing)
        places = self._page(worths, found, standing, query)
        hits = tuple(self._hit(*place, known, query) for place in places)
        return Found(
            total=found.bit_count(), offset=query.offset, day=query.day(today), known_on=query.known_on, hits=hits
        )

    def entry(self, ordinal: int) -> Entry:
        """The version at a place of the index."""
        return _decoder.decode(self.entries[ordinal])

    def payers_called(self, name: str) -> Iterator[Payer]:
        """The payers that people call so."""
        spelling = folded(name)
        return (payer for payer in self.payers if spelling in payer.spellings)

    def _asked(self, query: Query) -> int:
        """The versions that the query's codes, outcomes, payer and policy allow."""
        found = self.standing.families.everything
        outcomes = frozenset(OUTCOMES.index(each) for each in query.outcomes)
        if query.codes:
            found &= self._union(self.codes.find(each, outcomes) for each in query.codes)
        elif query.outcomes:
            found &= self._union(self._unpacked(self.outcomes.get(each, ())) for each in outcomes)
        if query.payer is not None:
            found &= self._union(self._unpacked(each.versions) for each in self.payers_called(query.payer))
        if query.policy is not None:
            found &= self._unpacked(self.policies.get(folded(query.policy), ()))
        return found

    def _worths(self, allowed: int, query: Query) -> dict[int, int]:
        """The allowed versions that have every word, by what all their words are worth together."""
        worths = {0: allowed}
        for word in query.words:
            together: dict[int, int] = {}
            for worth, bits in self.words.find(word).items():
                for before, had in worths.items():
                    if both := had & bits:
                        together[before + worth] = together.get(before + worth, 0) | both
            worths = together
        return worths

    def _page(
        self, worths: dict[int, int], found: int, standing: dict[Status, int], query: Query
    ) -> Iterator[tuple[int, Status, int]]:
        """Place, status and worth of the hits of the page: what fits best first, then by status, payer and policy."""
        skip, left = query.offset, query.limit
        for worth in sorted(worths, reverse=True):
            for status in STATUSES:
                bits = worths[worth] & found & standing[status]
                count = bits.bit_count()
                if skip >= count:
                    skip -= count
                    continue
                page = ordinals_in(bits, skip, left)
                skip, left = 0, left - len(page)
                yield from ((ordinal, status, worth) for ordinal in page)
                if not left:
                    return

    def _hit(self, ordinal: int, status: Status, worth: int, known: int, query: Query) -> Hit:
        families = self.standing.families
        own = families.whole(1 << ordinal) & known
        first = (own & -own).bit_length() - 1
        ordinals = [first + each for each in ordinals_in(own >> first, 0, families.longest)]
        return hit_of(ordinals.index(ordinal), [self.entry(each) for each in ordinals], query, status, worth)

    def _unpacked(self, packed: Packed) -> int:
        return unpack(packed, self.size)

    @staticmethod
    def _union(sets: Iterable[int]) -> int:
        found = 0
        for bits in sets:
            found |= bits
        return found


def folded(name: str) -> str:
    """A name of a payer or policy as it is compared: letters and digits alone (``mm0552`` is ``MM 0552``)."""
    return "".join(each for each in plain(name).casefold() if each.isalnum())


def without_dates(query: Query) -> Query:
    """The query without what narrows it in time."""
    return replace(query, on=None, known_on=None, statuses=())


def encoded(entries: Sequence[Entry]) -> tuple[Raw, ...]:
    """Entries as an index holds them."""
    encoder = msgspec.msgpack.Encoder()
    return tuple(Raw(encoder.encode(entry)) for entry in entries)
