"""Which known word somebody may have meant. Knows words alone.

A wrong suggestion is worse than none: somebody will take it. So a word that denies is never read as one that does not
("not covered" is not "covered"), and a word must be nearly the same, not merely share most of its letters ("age" is not
"stage").
"""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final

CUTOFF: Final = 0.7
_DENYING: Final = frozenset({"no", "non", "not", "never", "without"})


def nearest(word: object, known: Sequence[str]) -> str | None:
    """The known word that is nearly the same, or begins with all of it; None when no word is near enough."""
    meant = _folded(str(word))
    by_form = {_folded(each): each for each in known if _denies(_folded(each)) is _denies(meant)}
    alike = [form for form in by_form if abs(len(form) - len(meant)) <= max(1, len(meant) // 3)]
    close = get_close_matches(meant, alike, n=1, cutoff=CUTOFF)
    if close:
        return by_form[close[0]]
    begun = [each for form, each in by_form.items() if len(meant) > 3 and form.startswith(f"{meant}_")]  # noqa: PLR2004  a shorter one begins too much
    return begun[0] if len(begun) == 1 else None


def _folded(word: str) -> str:
    return "_".join(word.casefold().replace("-", " ").replace("_", " ").split())


def _denies(folded: str) -> bool:
    return not _DENYING.isdisjoint(folded.split("_"))
