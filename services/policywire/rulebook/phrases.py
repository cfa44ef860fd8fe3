"""How phrases and narratives are folded before they are compared: only the letters a-z and digits count."""

import re

_BETWEEN_WORDS = re.compile(r"[^a-z0-9]+")


def words(text: str) -> tuple[str, ...]:
    """The words of a text in folded form: case gone, everything but a-z and 0-9 a gap (``Wharton's`` is two words)."""
    return tuple(_BETWEEN_WORDS.sub(" ", text.casefold()).split())
