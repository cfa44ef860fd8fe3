"""Clinical context of a line: what its diagnoses, or else the rendering provider's taxonomy, say it is for.

Knows how classes are found in diagnoses and taxonomies; the code lists are data (``rules/contexts/``).
"""

from typing import Final, NamedTuple

from policywire.rulebook.conditions import UNKNOWN
from policywire.rulebook.rulebook import ClinicalContexts

MIXED: Final = "mixed"


class Context(NamedTuple):
    """The name of the class, MIXED, or UNKNOWN; and whether only the taxonomy says so."""

    value: object
    by_taxonomy: bool


def clinical_context(contexts: ClinicalContexts, diagnoses: tuple[str, ...], taxonomy: str | None) -> Context:
    """The context of a line with these diagnoses (normal form), read by these contexts."""
    shown = [each.name for each in contexts.classes if any(map(each.diagnoses.holds, diagnoses))]
    if shown:
        return Context(shown[0] if len(shown) == 1 else MIXED, by_taxonomy=False)
    suggested = [each.name for each in contexts.classes if taxonomy and taxonomy.startswith(each.taxonomies)]
    if suggested:
        return Context(suggested[0] if len(suggested) == 1 else MIXED, by_taxonomy=True)
    return Context(UNKNOWN, by_taxonomy=False)
