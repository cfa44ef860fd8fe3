"""Whether two names mean one person. Knows how people write their names; not who anybody is.

Names are what people say of themselves: nothing here proves one. It keeps the same person from counting twice by a
slip, as a capital letter, a blank that was pasted along, or an address with a name before it.
"""

import re
import unicodedata
from typing import Final

_ADDRESS: Final = re.compile(r".*<([^<>@]+@[^<>@]+)>.*")


def same_person(one: str, other: str) -> bool:
    """Whether two names mean one person: case, blanks, marks that nobody sees and ways of encoding make no difference.

    ``Ann Lee <ann@practice.example>`` is ``ann@practice.example``.
    """
    return folded(one) == folded(other)


def folded(name: str) -> str:
    """A name as it is compared; empty when nothing of it can be seen."""
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    # Categories C and Z: control and format marks, lone surrogates, and every kind of blank.
    seen = "".join(letter for letter in plain if unicodedata.category(letter)[0] not in "CZ")
    address = _ADDRESS.fullmatch(seen)
    return address[1] if address else seen
