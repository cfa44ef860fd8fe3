"""Procedure codes as a search names them: one, a range, or a beginning.

Knows the shapes of codes and of what may stand for several; does not know which policies list them. A range holds
codes of one kind only: ``00100-01999`` are anaesthesia, so ``0101T``, which sorts between them, is not among them.
"""

import re
from typing import Final

from msgspec import Struct

from policywire.errors import BadInput
from policywire.model.codes import PROCEDURE_CODE, procedure_code

_BEGINNING: Final = re.compile(r"(?:[0-9]{1,4}[0-9A-Z]?|[A-Z][0-9]{0,4})\*")
_SHAPES: Final = "Write a code (0565T), a range (20930-20934) or a beginning (056*)."


class CodeSet(Struct, frozen=True, order=True):
    """The codes from ``low`` to ``high`` of one kind, or (``beginning``) all that begin with ``low``."""

    low: str
    high: str
    beginning: bool = False

    def __str__(self) -> str:
        """As it is written."""
        if self.beginning:
            return f"{self.low}*"
        return self.low if self.low == self.high else f"{self.low}-{self.high}"

    def holds(self, code: str) -> bool:
        """Whether a code in normal form is one of them."""
        if self.beginning:
            return code.startswith(self.low)
        return kind_of(code) == kind_of(self.low) and self.low <= code <= self.high


def kind_of(code: str) -> str:
    """One character by which codes of a kind are told: its last letter, ``@`` for HCPCS Level II, ``#`` for digits."""
    if code[-1:].isalpha():
        return code[-1]
    return "@" if code[:1].isalpha() else "#"


def code_set(text: str) -> CodeSet | None:
    """What a text says of codes, or None when it has not the shape of one, a range or a beginning.

    Raises:
        BadInput: a range of codes of two kinds, or from a later to an earlier one.
    """
    written = procedure_code(text)
    if PROCEDURE_CODE.fullmatch(written):
        return CodeSet(written, written)
    if _BEGINNING.fullmatch(written):
        return CodeSet(written[:-1], written[:-1], beginning=True)
    low, dash, high = (part.strip() for part in written.partition("-"))
    if not (dash and PROCEDURE_CODE.fullmatch(low) and PROCEDURE_CODE.fullmatch(high)):
        return None
    if kind_of(low) != kind_of(high):
        raise BadInput(f"{low}-{high} is no range: the two codes are of different kinds. Ask for each kind by itself.")
    if low > high:
        raise BadInput(f"{low}-{high} is no range: it begins after its end. Write {high}-{low}.")
    return CodeSet(low, high)


def needed_code_set(text: str) -> CodeSet:
    """The same where nothing but codes can be meant.

    Raises:
        BadInput: it names no codes.
    """
    found = code_set(text)
    if found is None:
        raise BadInput(f"{text!r} names no procedure codes. {_SHAPES}")
    return found
