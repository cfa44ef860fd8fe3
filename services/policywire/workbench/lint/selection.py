"""Which findings somebody wants to see: those of some codes, or all but those.

Knows codes by their names; does not know findings of which it hides none from the verdict.
"""

from collections.abc import Iterable

from msgspec import Struct

from policywire.errors import BadInput, Fault
from policywire.workbench.lint.catalogue import BY_SLUG, chosen


class Selection(Struct, frozen=True):
    """The slugs that are shown."""

    slugs: frozenset[str]

    def of(self, faults: Iterable[Fault]) -> tuple[Fault, ...]:
        """Those that are shown, in their order."""
        return tuple(each for each in faults if each.code in self.slugs)


def selection(select: Iterable[str], ignore: Iterable[str]) -> Selection:
    """The codes that are meant.

    Args:
        select: slugs, ids or beginnings of ids, also several in one text with commas between them; none: every code.
        ignore: the same, of what is taken out again.

    Raises:
        BadInput: a name is no code's, or there are only blanks and commas.
    """
    wanted = _slugs("--select", select) or frozenset(BY_SLUG)
    return Selection(wanted - _slugs("--ignore", ignore))


def _slugs(option: str, names: Iterable[str]) -> frozenset[str]:
    given = tuple(names)
    single = [name for several in given for name in several.split(",") if name.strip()]
    if given and not single:
        raise BadInput(f"{option} names no code. Give a slug, PW318, or PW3 for all of a kind.")
    return frozenset(code.slug for name in single for code in chosen(name))
