"""Finds out how a text file is encoded. Knows bytes and encodings; knows no table."""

import codecs
from pathlib import Path
from typing import Final

from msgspec import Struct

from policywire.errors import BadInput

CHUNK_BYTES: Final = 1 << 20
GUESSED_FROM_BYTES: Final = 1 << 18
"""A quarter of a megabyte shows what an encoding is; guessing from more takes seconds and says the same."""

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte order marks, the longer before the shorter that it begins with."""

_LIKELY: Final = ("cp1252", "mac_roman", "utf_16_le", "utf_16_be")
"""What spreadsheets of this market write beside UTF-8; a wider choice is only more ways to be wrong."""


class Encoding(Struct, frozen=True):
    """How a file is to be decoded."""

    name: str
    """In Python's words."""
    is_guess: bool = False
    """Nothing in the file says so; letters beyond a-z may come out wrong."""
    is_mixed: bool = False
    """Most of it is UTF-8 and some bytes are not: the rows with those cannot be read."""


def encoding_of(path: Path) -> Encoding:
    """How a file is encoded: what its mark says, else UTF-8 when it is that, else the likeliest.

    Raises:
        BadInput: it is no text in any encoding known here.
    """
    head = _head(path)
    for mark, name in _MARKS:
        if head.startswith(mark):
            return Encoding(name)
    is_utf8, has_letters = _utf8(path)
    if is_utf8 and b"\0" not in head:
        return Encoding("utf-8")
    if has_letters and b"\0" not in head:
        return Encoding("utf-8", is_mixed=True)
    return _guess(path, head)


def _head(path: Path) -> bytes:
    with path.open("rb") as opened:
        return opened.read(GUESSED_FROM_BYTES)


def _utf8(path: Path) -> tuple[bool, bool]:
    """Whether a file is UTF-8 throughout, and whether any letter beyond ASCII in it is written as UTF-8."""
    is_utf8, has_letters = True, False
    decoder = codecs.getincrementaldecoder("utf-8")(errors="surrogateescape")
    with path.open("rb") as opened:
        while chunk := opened.read(CHUNK_BYTES):
            text = decoder.decode(chunk)
            if text.isascii():
                continue
            stray = sum("\udc80" <= letter <= "\udcff" for letter in text)
            is_utf8 &= not stray
            has_letters |= any(letter > "\x7f" and not "\udc80" <= letter <= "\udcff" for letter in text)
            if has_letters and not is_utf8:
                break
        else:
            is_utf8 &= not decoder.decode(b"", final=True)
    return is_utf8, has_letters


def _guess(path: Path, head: bytes) -> Encoding:
    try:
        from charset_normalizer import from_bytes  # noqa: PLC0415  of the extra workbench, and seldom needed
    except ModuleNotFoundError as error:
        needs = "Save it as UTF-8, or: pip install 'policywire[workbench]'"
        raise BadInput(f"{path} is not UTF-8, and to find out what it is needs the extra. {needs}.") from error
    found = from_bytes(head, cp_isolation=list(_LIKELY)).best()
    if found is None:
        raise BadInput(f"{path} is no text in an encoding known here. Save it as CSV in UTF-8, or as XLSX.")
    return Encoding(found.encoding, is_guess=True)
