"""What moved in the documents that facts are read with, as they are written: codes of a context, phrases of terms.

Knows compiled contexts and terms; whether an answer moves with them is the comparison's to say.
"""

from collections.abc import Iterable, Iterator

from policywire.rulebook.rulebook import ClinicalContexts, CodeClass, ContextClass, NarrativeTerms
from policywire.workbench.diff.report import ReadingDiff


def contexts_diff(before: ClinicalContexts | None, after: ClinicalContexts | None) -> Iterator[ReadingDiff]:
    """What moved between two states of the contexts that a policy is read with."""
    name = _name(before, after)
    classes_before, classes_after = _classes(before), _classes(after)
    for each in dict.fromkeys((*classes_before, *classes_after)):
        was, now = classes_before.get(each), classes_after.get(each)
        parts = {
            "diagnoses": (_included(was), _included(now)),
            "exceptions": (_excepted(was), _excepted(now)),
            "taxonomies": (() if was is None else was.taxonomies, () if now is None else now.taxonomies),
        }
        for part, (old, new) in parts.items():
            if set(old) != set(new):
                yield ReadingDiff("contexts", name, f"{each} {part}", *_moved(old, new))


def terms_diff(before: NarrativeTerms | None, after: NarrativeTerms | None) -> Iterator[ReadingDiff]:
    """What moved between two states of the terms that a policy is read with."""
    name = _name(before, after)
    for part in ("product", "hint", "negations", "negating_prefixes", "negation_reach"):
        old, new = _phrases(before, part), _phrases(after, part)
        if old != new:
            yield ReadingDiff("terms", name, part, *_moved(old, new))


def _name(*documents: ClinicalContexts | NarrativeTerms | None) -> str:
    return " / ".join(dict.fromkeys(each.id for each in documents if each is not None))


def _classes(contexts: ClinicalContexts | None) -> dict[str, ContextClass]:
    return {} if contexts is None else {each.name: each for each in contexts.classes}


def _included(of: ContextClass | None) -> tuple[str, ...]:
    return () if of is None else (*(f"{low}-{high}" for low, high in of.diagnoses.ranges), *of.diagnoses.prefixes)


def _excepted(of: ContextClass | None) -> tuple[str, ...]:
    codes: CodeClass | None = None if of is None else of.diagnoses
    return () if codes is None else codes.except_prefixes


def _phrases(terms: NarrativeTerms | None, part: str) -> frozenset[str]:
    if terms is None:
        return frozenset()
    value = getattr(terms, part)
    if isinstance(value, int):
        return frozenset((f"{value} words",))
    return frozenset(each if isinstance(each, str) else " ".join(each) for each in value)


def _moved(old: Iterable[str], new: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(sorted(set(new) - set(old))), tuple(sorted(set(old) - set(new)))
