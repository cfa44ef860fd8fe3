"""Clinical context and narrative as the second engine is told them, read from the documents by a way of its own.

Diagnoses are matched by regular expressions made from the contexts document, narratives by the longest phrase at a
word; none of ``rulebook.compile``, ``decision.context`` and ``decision.narrative`` is used.
Knows no policy and no line.
"""

import re
from collections.abc import Iterable
from typing import Final

from policywire.rulebook.reference import ContextsDocument, DiagnosisList, TermsDocument


def code(text: str) -> str:
    """A procedure code, modifier or taxonomy as it is compared."""
    return text.strip().upper()


def bare(text: str) -> str:
    """A diagnosis as it is compared."""
    return code(text).replace(".", "")


class Contexts:
    """Reads the clinical context by a contexts document."""

    def __init__(self, document: ContextsDocument) -> None:
        self._classes = [
            (each.name, _pattern(each.diagnoses), tuple(map(code, each.taxonomies))) for each in document.classes
        ]

    def of(self, diagnoses: tuple[str, ...], taxonomy: str) -> tuple[str, bool]:
        """The context, ``mixed``, or empty for none; and whether only the taxonomy says so.

        Args:
            diagnoses: bare ones that the line points at.
            taxonomy: the rendering provider's, or empty.
        """
        shown = [name for name, pattern, _ in self._classes if any(pattern.match(each) for each in diagnoses)]
        if shown:
            return (shown[0] if len(shown) == 1 else "mixed"), False
        suggested = [name for name, _, beginnings in self._classes if any(map(taxonomy.startswith, beginnings))]
        if not suggested:
            return "", False
        return (suggested[0] if len(suggested) == 1 else "mixed"), True


def _pattern(diagnoses: DiagnosisList) -> re.Pattern[str]:
    """Matches a bare diagnosis of the list. Ranges of exceptions have their numbered categories only."""
    included = "|".join(_categories(each, letters=True) for each in diagnoses.include)
    excluded = "|".join(_categories(each, letters=False) for each in diagnoses.exclude)
    return re.compile(f"(?!{excluded})(?:{included})" if excluded else included)


def _categories(entry: str, *, letters: bool) -> str:
    low, dash, high = entry.partition("-")
    if not dash:
        return re.escape(bare(entry))
    third = "0123456789" + ("ABCDEFGHIJKLMNOPQRSTUVWXYZ" if letters else "")
    initials = [chr(each) for each in range(ord(low[0]), ord(high[0]) + 1)]
    all_of = (f"{initial}{second}{last}" for initial in initials for second in "0123456789" for last in third)
    return "|".join(each for each in all_of if low <= each <= high)


class Narratives:
    """Reads narratives by a terms document."""

    def __init__(self, document: TermsDocument) -> None:
        self._kinds = [("product", _phrases(document.product)), ("hint", _phrases(document.hint))]
        self._negations = {word for each in document.negations for word in _words(each)}
        self._prefixes = {word for each in document.negating_prefixes for word in _words(each)}
        self._reach = document.negation_reach

    def of(self, narrative: str | None) -> str:
        """``missing``, ``product``, ``hint`` or ``other``."""
        if narrative is None or not narrative.strip():
            return "missing"
        sentences = [_words(each) for each in _SENTENCES.split(narrative.casefold())]
        for kind, phrases in self._kinds:
            if any(self._counts(words, phrases) for words in sentences):
                return kind
        return "other"

    def _counts(self, words: list[str], phrases: dict[str, list[list[str]]]) -> bool:
        """Whether a phrase of the sentence counts. A phrase that lies within another is none of its own."""
        covered_to = 0
        for at, word in enumerate(words):
            longest = next((len(each) for each in phrases.get(word, ()) if words[at : at + len(each)] == each), 0)
            if not longest or at + longest <= covered_to:
                continue
            covered_to = at + longest
            before = words[max(0, at - self._reach) : at]
            if not self._negations.intersection(before) and not self._prefixes.intersection(before[-1:]):
                return True
        return False


_SENTENCES: Final = re.compile("[.;:]|" + "|".join(map(re.escape, "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")))


def _words(text: str) -> list[str]:
    return re.findall("[a-z0-9]+", text.casefold())


def _phrases(written: Iterable[str]) -> dict[str, list[list[str]]]:
    """By their first word, longest first."""
    found: dict[str, list[list[str]]] = {}
    for phrase in sorted(map(_words, written), key=len, reverse=True):
        found.setdefault(phrase[0], []).append(phrase)
    return found
