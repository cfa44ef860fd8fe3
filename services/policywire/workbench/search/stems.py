"""Words as they are compared in a search: folded, with British and American spelling and simple endings made equal.

Knows English a little; does not know which texts are searched. ``injections`` is found by ``injection`` and by
``inject``: a stem is found by every beginning of it that has at least :data:`BEGINNING_MIN` letters.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from policywire.rulebook.phrases import words

BEGINNING_MIN: Final = 3
"""Shorter words of a query must be equal: two letters begin too much."""

_STOP: Final = frozenset(
    {"a", "an", "and", "are", "as", "at", "be", "by", "for", "from", "in", "is", "it", "of", "on", "or", "the", "to"}
    | {"with", "when", "that", "this"}
)
_SHORTEST: Final = 3
"""No ending is taken from what would be shorter without it."""
_ENDINGS: Final = (("ies", "y"), ("sses", "ss"), ("ing", ""), ("ed", ""), ("s", ""))
_KEPT: Final = re.compile(r"(?:ss|us|is)$")


def query_stems(texts: Iterable[str]) -> tuple[str, ...]:
    """The stems that a search asks for, each once, without words that say nothing (unless there is nothing else)."""
    written = [word for text in texts for word in words(plain(text))]
    telling = [word for word in written if word not in _STOP] or written
    return tuple(dict.fromkeys(map(stem, telling)))


@lru_cache(maxsize=16_384)  # policies repeat their sentences: a third of the time to build an index without it
def stems_of(text: str) -> frozenset[str]:
    """The stems of a text that is searched."""
    return frozenset(map(stem, words(plain(text))))


def plain(text: str) -> str:
    """The text with accents taken off its letters."""
    if text.isascii():
        return text
    return "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """A folded word in one spelling and without a simple ending."""
    if not word.isalpha():
        return word
    word = word.replace("ae", "e").replace("oe", "e")
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and not (ending == "s" and _KEPT.search(word)):
            shorter = word.removesuffix(ending) + instead
            if len(shorter) >= _SHORTEST:
                word = shorter
            break
    return word.removesuffix("our") + "or" if word.endswith("our") else word
