"""Bytes read as JSON, strictly and with bounds: what is refused here is refused for any event.

Knows RFC 8259 and the limits of the contract. Knows no event.
"""

import codecs
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec

from policywire.model.rejection import ErrorCode, Rejected

EVENT_BYTES_MAX = 262_144
"""256 KiB. Source: streaming limits of the contract; a claim of 1,000 lines has about 200 KB."""
NESTING_MAX = 32
"""Objects and arrays open at once. An event itself needs 4; the rest is room for a sender's own fields."""

_BRACKETS = bytes.maketrans(b"{}", b"[]")
_NOT_BRACKETS = bytes(sorted(set(range(256)) - set(b"[]{}")))
_FAR = 10**18
"""Stands for any number of at least its size: beyond every bound of the schemas, and still cheap to compare."""

# The grammar of the hot path's own parser, so that both paths agree on what JSON is.
_check_grammar = msgspec.json.Decoder(msgspec.Raw).decode


def read(value: bytes | None) -> Any:
    """The value that the bytes of a record stand for; of duplicate keys the last counts.

    A whole number is an int however it is written (``1``, ``1.0``, ``1e0``), as in JSON Schema. A number too large for
    a double, or of more than 18 digits, is clamped to 10 to the 18th power with its sign.

    The order of judgement: size, UTF-8 and byte order mark, nesting, grammar. Nesting comes before the grammar because
    it protects every parser from the record; so what is too deep need not be JSON beyond that.

    Raises:
        Rejected: ``too_large``, ``not_json`` or ``too_deep``; its detail is the rule: ``empty``, ``size``,
            ``byte_order_mark``, ``utf8``, ``nesting``, ``grammar``.
    """
    text = _text(value)
    return json.loads(text, parse_int=_whole, parse_float=_number)


def duplicate_keys(value: bytes) -> list[str]:
    """The JSON pointer of every key that its object has more than once; ``value`` is something that ``read`` takes."""
    pairs = json.loads(_text(value), object_pairs_hook=_Pairs, parse_int=_whole, parse_float=_number)
    return list(_duplicates(pairs, ""))


def is_utf8(value: bytes) -> bool:
    """Whether the bytes are well-formed UTF-8 (which has no surrogates)."""
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def nests_deeper(value: bytes, limit: int) -> bool:
    """Whether more than ``limit`` objects and arrays are open at once somewhere, brackets in strings not counted.

    Each pass takes away the innermost pairs, so that honest records end after a few passes of C speed whatever their
    width. Where something remains after ``limit`` passes the record is too deep or not JSON: every bracket is counted.
    """
    if ord("\\") in value:
        value = value.replace(rb"\\", b"").replace(rb"\"", b"")
    brackets = b"".join(value.split(b'"')[::2]).translate(_BRACKETS, _NOT_BRACKETS)
    remaining = brackets
    for _ in range(limit):
        remaining = remaining.replace(b"[]", b"")
        if not remaining:
            return False
    depth = 0
    for bracket in brackets:
        depth += 1 if bracket == ord("[") else -1
        if depth > limit:
            return True
    return False


def pointer_token(key: str) -> str:
    """A key as a part of a JSON pointer (RFC 6901)."""
    return "/" + key.replace("~", "~0").replace("/", "~1")


class _Pairs(list[tuple[str, Any]]):
    """An object as its keys and values in order, the repeated ones too."""


def _text(value: bytes | None) -> str:
    if not value:
        raise Rejected(ErrorCode.NOT_JSON, "empty")
    if len(value) > EVENT_BYTES_MAX:
        raise Rejected(ErrorCode.TOO_LARGE, "size")
    if value.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise Rejected(ErrorCode.NOT_JSON, "byte_order_mark")
    if not is_utf8(value):
        raise Rejected(ErrorCode.NOT_JSON, "utf8")
    if nests_deeper(value, NESTING_MAX):
        raise Rejected(ErrorCode.TOO_DEEP, "nesting")
    try:
        _check_grammar(value)
    except (msgspec.MsgspecError, RecursionError):
        # From None: the parser's words may quote the event.
        raise Rejected(ErrorCode.NOT_JSON, "grammar") from None
    return value.decode()


def _whole(digits: str) -> int:
    if len(digits) <= 18:  # noqa: PLR2004  as many digits as 10**18 has zeros
        return int(digits)
    return -_FAR if digits.startswith("-") else _FAR


def _number(digits: str) -> float | int:
    number = float(digits)
    if abs(number) >= _FAR:
        return -_FAR if number < 0 else _FAR
    return int(number) if number.is_integer() else number


def _duplicates(value: Any, pointer: str) -> Iterator[str]:
    if isinstance(value, _Pairs):
        for key, count in Counter(key for key, _ in value).items():
            if count > 1:
                yield pointer + pointer_token(key)
        for key, member in value:
            yield from _duplicates(member, pointer + pointer_token(key))
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from _duplicates(item, f"{pointer}/{position}")
