"""Makes names for folders and rules out of people's words. Knows names; knows no document."""

import re
import unicodedata
from collections.abc import Container
from typing import Final

NAME_CHARACTERS_MAX: Final = 40
"""Of a rule's id: long enough to say what it is, short enough for a column."""


_LEADS_ON: Final = ("a", "an", "and", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with")
"""A name does not end with a word that leads on to the next."""


def slug(text: str) -> str:
    """Words of a-z and 0-9 with hyphens between them: ``MM 0552`` is ``mm-0552``; empty when there is none."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().casefold()
    return "-".join(re.findall(r"[a-z0-9]+", plain))


def short_name(text: str, otherwise: str) -> str:
    """A slug of whole words that is not too long for an id."""
    name = ""
    for word in slug(text).split("-"):
        if len(name) + 1 + len(word) > NAME_CHARACTERS_MAX:
            break
        name = f"{name}-{word}" if name else word
    while name.rpartition("-")[2] in _LEADS_ON and "-" in name:
        name = name.rpartition("-")[0]
    return name or otherwise


def unused(name: str, taken: Container[str]) -> str:
    """The name, with a number behind it when it is taken."""
    number, found = 2, name
    while found in taken:
        found, number = f"{name}-{number}", number + 1
    return found
