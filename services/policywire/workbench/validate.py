"""Checks events as their sender would send them: every fault, where it is and how to mend it. For senders' own CI.

Knows lines and the two topics' types; what a fault is, :mod:`policywire.model.faults` knows. Gives no value away.
"""

import json
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import takewhile
from typing import Any, NamedTuple

from policywire.model.events import CLAIM_EVENT_TYPES, EVENT_TYPES
from policywire.model.faults import judge
from policywire.model.json_text import duplicate_keys
from policywire.resources import shipped

EVENT_TYPES_OF_TOPIC = {
    "claim-events": CLAIM_EVENT_TYPES,
    "scheduling-events": EVENT_TYPES - CLAIM_EVENT_TYPES,
}
_SCHEMAS = ("claim", "scheduling")
_POSITION_DIGITS = 3
"""Of an array's position; a longer number could be somebody's id."""
_DUPLICATE_MEND = "Write each key of an object once; of several only the last would count."


class LineFault(NamedTuple):
    """One fault of the event on one line."""

    line: int
    """Counted from 1."""
    pointer: str
    """Where in the event (RFC 6901); empty for the whole of it."""
    rule: str
    """The schema's keyword or the rule's name."""
    mend: str
    """What to write instead, in plain words."""
    error_code: str | None
    """What the event's dead letter would carry; ``None`` for a repeated key, which makes no dead letter."""

    def __str__(self) -> str:
        """``line: pointer: rule: mend``."""
        return f"{self.line}: {self.pointer or 'the whole record'}: {self.rule}: {self.mend}"


class ValidatedLine(NamedTuple):
    """The event on one line and what is wrong with it: nothing, if it is good."""

    line: int
    faults: tuple[LineFault, ...]


def validate(lines: Iterable[bytes], topic: str | None = None) -> Iterator[ValidatedLine]:
    """Judge one JSON object a line; blank lines hold no event and are passed over.

    Args:
        lines: with or without their ends.
        topic: where they are meant for, if they are all meant for one: a key of ``EVENT_TYPES_OF_TOPIC``.
    """
    event_types = EVENT_TYPES_OF_TOPIC[topic] if topic is not None else EVENT_TYPES
    for number, line in enumerate(lines, 1):
        # Without its end: the record that is sent has none, and the limit on its size is exact.
        if (value := line.rstrip(b"\r\n")).strip():
            yield ValidatedLine(number, tuple(_faults(number, value, event_types)))


def _faults(line: int, value: bytes, event_types: frozenset[str]) -> Iterator[LineFault]:
    event, faults = judge(value, event_types)
    for fault in faults:
        yield LineFault(line, fault.pointer, fault.rule, fault.mend, fault.code)
    if event is not None:
        for pointer in duplicate_keys(value):
            yield LineFault(line, _without_own_names(pointer), "duplicate_key", _DUPLICATE_MEND, None)


def _without_own_names(pointer: str) -> str:
    """As far as it is made of names of the schemas and positions: a sender's own key may be anything, an id too."""
    tokens = pointer.split("/")[1:]
    return "".join(f"/{token}" for token in takewhile(_is_known, tokens))


def _is_known(token: str) -> bool:
    return token in _field_names() or (token.isdecimal() and len(token) <= _POSITION_DIGITS)


@cache
def _field_names() -> frozenset[str]:
    documents = (json.loads((shipped("schemas") / f"{name}-event.v1.schema.json").read_bytes()) for name in _SCHEMAS)
    return frozenset(name for document in documents for name in _properties(document))


def _properties(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
    for inner in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from _properties(inner)
