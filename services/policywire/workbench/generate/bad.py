"""Events that nobody can use, of every kind that the contract names. Knows how a good claim event is spoiled.

``processing_error`` is not among them: it is our bug, not a sender's event.
"""

import json
from collections.abc import Callable
from itertools import cycle
from typing import Any, Final, NamedTuple

from policywire.model.json_text import EVENT_BYTES_MAX, NESTING_MAX
from policywire.model.rejection import ErrorCode

Spoil = Callable[[str], bytes | None]


class BadKind(NamedTuple):
    """One way in which an event is no good.

    Attributes:
        name: what is wrong.
        code: the dead letter's code.
        spoil: the text of a good claim event to the value to publish; of a mere wrong key it leaves the value alone.
        needs_record: whether it takes a Kafka record to be seen: a key, a clock, or a value that no line of a file is.
    """

    name: str
    code: ErrorCode
    spoil: Spoil
    needs_record: bool = False


WRONG_KEY: Final = "a key that is not the member's id"


class Spoiler:
    """Spoils events in each way in turn.

    Args:
        keyed: whether there are Kafka records; without, kinds that need one are left out.
    """

    def __init__(self, *, keyed: bool) -> None:
        self._kinds = cycle([kind for kind in BAD_KINDS if keyed or not kind.needs_record])

    def spoil(self, key: bytes, text: str) -> tuple[bytes, bytes | None, str]:
        """Key, value and name of the fault, made from a good event."""
        kind = next(self._kinds)
        return (b"somebody-else" if kind.name == WRONG_KEY else key), kind.spoil(text), kind.name


def _claim(**changes: Any) -> Spoil:
    """Fields of the claim replaced; a field that becomes None is left out."""

    def spoil(text: str) -> bytes:
        event = {**json.loads(text), **changes}
        return _dump({name: value for name, value in event.items() if value is not None})

    return spoil


def _line(**changes: Any) -> Spoil:
    """Fields of the claim's first line replaced; a field that becomes None is left out."""

    def spoil(text: str) -> bytes:
        event = json.loads(text)
        line = {**event["lines"][0], **changes}
        event["lines"][0] = {name: value for name, value in line.items() if value is not None}
        return _dump(event)

    return spoil


def _dump(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _added(field: str) -> Spoil:
    """A field added as text, for what Python cannot write."""
    return lambda text: f"{text[:-1]},{field}}}".encode()


def _twice_the_line(text: str) -> bytes:
    event = json.loads(text)
    return _dump({**event, "lines": [event["lines"][0]] * 2})


_DEEP = 10_000
_JSON, _SCHEMA = ErrorCode.NOT_JSON, ErrorCode.SCHEMA_VIOLATION

BAD_KINDS: Final = (
    BadKind("no value at all", _JSON, lambda _: None, needs_record=True),
    BadKind("an empty value", _JSON, lambda _: b"", needs_record=True),
    BadKind("a blank value", _JSON, lambda _: b"  ", needs_record=True),
    BadKind("cut off", _JSON, lambda text: text[: len(text) // 2].encode()),
    BadKind("not UTF-8", _JSON, lambda text: text.replace("CLM-", "CLM-\xff").encode("latin-1")),
    BadKind("a byte order mark", _JSON, lambda text: b"\xef\xbb\xbf" + text.encode()),
    BadKind("not a number", _JSON, _added('"score":NaN')),
    BadKind("a comma too many", _JSON, lambda text: text[:-1].encode() + b",}"),
    BadKind("two objects", _JSON, lambda text: (text + text).encode()),
    BadKind("another format", _JSON, lambda _: b"ISA*00*          *00*          *ZZ*SYNTHETIC~"),
    BadKind("larger than an event may be", ErrorCode.TOO_LARGE, _added(f'"attachment":"{"A" * EVENT_BYTES_MAX}"')),
    BadKind("nested a little too deep", ErrorCode.TOO_DEEP, _added(f'"x":{"[" * NESTING_MAX}{"]" * NESTING_MAX}')),
    BadKind("nested absurdly deep", ErrorCode.TOO_DEEP, _added(f'"x":{"[" * _DEEP}{"]" * _DEEP}')),
    BadKind("a list", _SCHEMA, lambda text: f"[{text}]".encode()),
    BadKind("a number", _SCHEMA, lambda _: b"12345"),
    BadKind("no event type", _SCHEMA, _claim(event_type=None)),
    BadKind("an event type that is no text", _SCHEMA, _claim(event_type=7)),
    BadKind("a type of nobody", ErrorCode.UNKNOWN_EVENT_TYPE, _claim(event_type="claim.paid")),
    BadKind(
        "a type of the other topic",
        ErrorCode.UNKNOWN_EVENT_TYPE,
        _claim(event_type="appointment.booked"),
        needs_record=True,
    ),
    BadKind("no member", _SCHEMA, _claim(member_id=None)),
    BadKind("an empty claim id", _SCHEMA, _claim(claim_id="")),
    BadKind("no lines", _SCHEMA, _claim(lines=None)),
    BadKind("an empty list of lines", _SCHEMA, _claim(lines=[])),
    BadKind("a time without an offset", _SCHEMA, _claim(occurred_at="2026-01-05T14:03:00")),
    BadKind("a time with a blank", _SCHEMA, _claim(occurred_at="2026-01-05 14:03:00Z")),
    BadKind("two lines of one number", _SCHEMA, _twice_the_line),
    BadKind("line number 0", _SCHEMA, _line(line_number=0)),
    BadKind("no procedure code", _SCHEMA, _line(procedure_code=None)),
    BadKind("a procedure code that is a number", _SCHEMA, _line(procedure_code=99213)),
    BadKind("money as a number", _SCHEMA, _line(charge_amount=4200.0)),
    BadKind("negative money", _SCHEMA, _line(charge_amount="-1.00")),
    BadKind("money with three places", _SCHEMA, _line(charge_amount="4200.000")),
    BadKind("a day that is none", _SCHEMA, _line(service_date="2026-02-30")),
    BadKind("year 0000", _SCHEMA, _line(service_date="0000-01-01")),
    BadKind("year 9999", _SCHEMA, _line(service_date="9999-12-31")),
    BadKind("an end before its start", _SCHEMA, _line(service_date_end="2001-01-01")),
    BadKind("a pointer to no diagnosis", _SCHEMA, _line(diagnosis_pointers=[40])),
    BadKind("units as text", _SCHEMA, _line(units="1")),
    BadKind("a line number of 1,000 digits", _SCHEMA, _line(line_number=10**1_000)),
    BadKind(WRONG_KEY, ErrorCode.KEY_MISMATCH, lambda text: text.encode(), needs_record=True),
    BadKind("from the future", ErrorCode.CLOCK_AHEAD, _claim(occurred_at="2199-01-05T14:03:00Z"), needs_record=True),
)
