"""One deliberate mistake in a document: where it is, what was changed, and the document that it gives.

Knows the form of a mutant; does not know which there are or whether a case notices.
"""

from typing import Generic, TypeVar

from msgspec import Struct

from policywire.rulebook.document import Document
from policywire.rulebook.source import Path

D = TypeVar("D", bound=Document)


class Mutant(Struct, Generic[D], frozen=True):
    """A mistake. ``what`` says it in a few words, as "outcome covered becomes review"."""

    kind: str
    """A word for mistakes of its kind, as ``rule-dropped``."""
    path: Path
    what: str
    document: D
    version: int | None = None
    """Which version of a policy is concerned; None: days around its boundaries, or no policy's document."""
    codes: tuple[str, ...] = ()
    """The codes that may be answered otherwise; none: all."""
