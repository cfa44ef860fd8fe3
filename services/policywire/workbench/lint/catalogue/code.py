"""One code of the catalogue: how a kind of finding is called, what it means and how it is mended.

Knows the form of an entry; does not know which there are.
"""

from typing import Literal, NamedTuple


class Code(NamedTuple):
    """A kind of finding. The id never changes and is never used again; the slug is what people read."""

    id: str
    """``PW`` and three digits, the first of which says what it is about."""
    slug: str
    severity: Literal["fault", "warning"]
    means: str
    mend: str
    example: str
    """A piece of a document that has it."""
