"""The closed catalogue of everything that ``policywire rules check`` and ``rules test`` can find.

Knows every code by id and by slug; does not know how one is found. A finding whose code is not here is a bug of ours.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from policywire.errors import BadInput
from policywire.rulebook.when import suggestion
from policywire.workbench.lint.catalogue.cases import CASES
from policywire.workbench.lint.catalogue.code import Code
from policywire.workbench.lint.catalogue.documents import DOCUMENTS
from policywire.workbench.lint.catalogue.policies import POLICIES
from policywire.workbench.lint.catalogue.shape import SHAPE
from policywire.workbench.lint.catalogue.writing import WRITING

CATALOGUE: Final[tuple[Code, ...]] = (*WRITING, *SHAPE, *POLICIES, *DOCUMENTS, *CASES)
"""Every code, by id."""

BY_SLUG: Final[Mapping[str, Code]] = MappingProxyType({each.slug: each for each in CATALOGUE})
"""By the word that findings carry."""


def named(name: str) -> Code:
    """The code of that id or slug, in any case.

    Raises:
        BadInput: there is none.
    """
    (found, *more) = chosen(name)
    if more:
        raise BadInput(f"{name} is the beginning of several codes: {', '.join(each.id for each in (found, *more))}.")
    return found


def chosen(name: str) -> tuple[Code, ...]:
    """The codes that a word chooses: a slug, an id, or the beginning of an id, as ``PW3`` for all of policies.

    Raises:
        BadInput: it chooses none.
    """
    word = name.strip()
    if word.lower() in BY_SLUG:
        return (BY_SLUG[word.lower()],)
    found = tuple(each for each in CATALOGUE if word.upper().startswith("PW") and each.id.startswith(word.upper()))
    if not found:
        mend = suggestion(word.lower(), tuple(BY_SLUG)) if len(word) > len("PW") else ""
        hint = mend if mend.startswith("Did") else "policywire rules check --list shows every code."
        raise BadInput(f"There is no code {name}. {hint}")
    return found
