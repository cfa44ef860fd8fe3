"""Reads a narrative for terms: does it name a product, only hint at one, or neither?

Knows folding, sentences and negation; the terms are data (``rules/contexts/``). Never keeps or repeats the text.
"""

import re
from typing import Final, Literal

from policywire.rulebook.rulebook import NarrativeTerms

NarrativeClass = Literal["missing", "product", "hint", "other"]

_SENTENCE_END: Final = re.compile(r"[.;:\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_NOT_A_WORD: Final = re.compile(r"[^a-z0-9]+")


def narrative_class(terms: NarrativeTerms, narrative: str | None) -> NarrativeClass:
    """What a narrative says: ``missing`` when there is none or a blank one; a product that counts beats a hint."""
    if narrative is None or not narrative.strip():
        return "missing"
    sentences = [_NOT_A_WORD.sub(" ", part).split() for part in _SENTENCE_END.split(narrative.casefold())]
    if any(_names_one(sentence, terms.product, terms) for sentence in sentences):
        return "product"
    if any(_names_one(sentence, terms.hint, terms) for sentence in sentences):
        return "hint"
    return "other"


def _names_one(words: list[str], phrases: tuple[tuple[str, ...], ...], terms: NarrativeTerms) -> bool:
    found = [
        (at, at + len(phrase))
        for at in range(len(words))
        for phrase in phrases
        if words[at] == phrase[0] and tuple(words[at : at + len(phrase)]) == phrase
    ]
    # A phrase inside a longer one is no phrase of its own: what negates "bone marrow concentrate" negates its end too.
    return any(
        not _negated(words, at, terms)
        for at, end in found
        if not any(start <= at and end <= stop and (start, stop) != (at, end) for start, stop in found)
    )


def _negated(words: list[str], at: int, terms: NarrativeTerms) -> bool:
    before = words[max(0, at - terms.negation_reach) : at]
    return not terms.negations.isdisjoint(before) or (bool(before) and before[-1] in terms.negating_prefixes)
