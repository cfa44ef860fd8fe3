"""What comes near when a search finds nothing: what is there but for a date, a payer or a letter.

Knows how a query is widened and what is put into a sentence; does not know how an index answers.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from difflib import get_close_matches
from itertools import islice
from typing import Final

from msgspec.structs import replace

from policywire.workbench.listed_near import NOT_COVERED, alike, is_like_a_code
from policywire.workbench.plain_words import outcome_in_words, window_in_words
from policywire.workbench.search.hit import Found, Hit
from policywire.workbench.search.index import SearchIndex, folded, without_dates
from policywire.workbench.search.query import Query

SENTENCES_MAX: Final = 5
_SHOWN: Final = 3
_CLOSE: Final = 0.7
"""How alike a name must be to be offered: one wrong letter in four still is."""


def with_nearest(index: SearchIndex, query: Query, today: date) -> Found:
    """What a query finds; where that is nothing, with what comes near."""
    found = index.search(query, today)
    if found.total:
        return found
    return replace(found, nearest=tuple(islice(dict.fromkeys(_sentences(index, query, today)), SENTENCES_MAX)))


def _sentences(index: SearchIndex, query: Query, today: date) -> Iterator[str]:
    told = (*_names(index, query), *_codes(index, query), *_words(index, query))
    if told:
        yield from told
        return
    for widened, but in _widened(query):
        hits = index.search(replace(widened, all_versions=True, offset=0, limit=_SHOWN), today).hits
        if hits:
            yield from (f"{_who(hit)}: {but} {_standing(hit)}." for hit in hits)
            return


def _names(index: SearchIndex, query: Query) -> Iterator[str]:
    if query.payer is not None and not any(True for _ in index.payers_called(query.payer)):
        payers = {spelling: payer.key for payer in index.payers for spelling in payer.spellings}
        yield f"There is no payer {query.payer}.{_alike(query.payer, payers)}"
    if query.policy is not None and folded(query.policy) not in index.policies:
        policies = {policy: index.entry(ordinals[0]).policy for policy, ordinals in index.policies.items()}
        yield f"There is no policy {query.policy}.{_alike(query.policy, policies)}"


def _alike(name: str, known: Mapping[str, str]) -> str:
    """A question for what may have been meant; ``known`` has names by their spellings."""
    close = get_close_matches(folded(name), known, n=_SHOWN, cutoff=_CLOSE)
    offered = dict.fromkeys(known[each] for each in close)
    return f" Did you mean {' or '.join(offered)}?" if offered else ""


def _codes(index: SearchIndex, query: Query) -> Iterator[str]:
    for wanted in query.codes:
        if any(True for _ in index.codes.codes(wanted)):
            continue
        payer = next(index.payers_called(wanted.low), None)
        if payer is not None and not wanted.beginning:
            yield f"{wanted} is an id of the payer {payer.key}: ask with --payer {wanted}."
        near = index.codes.near(wanted.low, _SHOWN)
        told = f" Listed near it: {', '.join(near)}." if near else ""
        yield f"No policy lists {'a code of ' if str(wanted) != wanted.low else ''}{wanted}.{told} {NOT_COVERED}"


def _words(index: SearchIndex, query: Query) -> Iterator[str]:
    for word in query.words:
        if index.words.find(word):
            continue
        if is_like_a_code(word):
            yield f"No policy lists {word.upper()}.{alike(word, (key[1:] for key in index.codes.keys))} {NOT_COVERED}"
        else:
            close = get_close_matches(word, index.words.stems, n=_SHOWN, cutoff=_CLOSE)
            told = f" Did you mean {' or '.join(close)}?" if close else ""
            yield f"No policy has a word that begins with {word}.{told}"


def _widened(query: Query) -> Iterator[tuple[Query, str]]:
    """The query less one of its parts, or several, and what is to be said of what is then found."""
    if query.is_dated:
        yield without_dates(query), "not then, but"
    if query.outcomes:
        yield replace(query, outcomes=()), "not with that outcome, but"
    if query.payer is not None:
        yield replace(query, payer=None), "not of that payer, but"
    if query.policy is not None:
        yield replace(query, policy=None), "not in that policy, but"
    if query.words and query.codes:
        yield replace(query, words=()), "without these words, but"
        yield replace(without_dates(query), codes=(), outcomes=()), "without these codes, but"
    if query.codes:
        yield Query(codes=query.codes), "not all that was asked, but"


def _who(hit: Hit) -> str:
    return f"{hit.payer_name} {hit.policy} ({hit.title})"


def _standing(hit: Hit) -> str:
    window = window_in_words(hit.effective_from, hit.effective_through)
    outcomes = ", ".join(dict.fromkeys(outcome_in_words(rule.outcome) for rule in hit.rules))
    return f"{window}: {outcomes}; {hit.status.replace('_', ' ')}, known from {hit.known_from}"
