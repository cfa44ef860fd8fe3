"""How an event is spoiled: what no topic can use, of whatever kind the event is.

Knows JSON and what every event carries; what is peculiar to claims and to scheduling is in ``bad_claims`` and
``bad_scheduling``. ``processing_error`` is never among the kinds: it is our bug, not a sender's event.
"""

import json
import re
from collections.abc import Callable, Sequence
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
        spoil: the text of a good event to the value to publish; of a mere wrong key it leaves the value alone.
        needs_record: whether it takes a Kafka record to be seen: a key, a clock, or a value that no line of a file is.
    """

    name: str
    code: ErrorCode
    spoil: Spoil
    needs_record: bool = False


class Spoiler:
    """Spoils events in each way in turn.

    Args:
        kinds: the ways.
        keyed: whether there are Kafka records; without, kinds that need one are left out.
    """

    def __init__(self, kinds: Sequence[BadKind], *, keyed: bool) -> None:
        self._kinds = cycle([kind for kind in kinds if keyed or not kind.needs_record])

    def spoil(self, key: bytes, text: str) -> tuple[bytes, bytes | None, str]:
        """Key, value and name of the fault, made from a good event."""
        kind = next(self._kinds)
        return (b"somebody-else" if kind is WRONG_KEY else key), kind.spoil(text), kind.name


def changed(**fields: Any) -> Spoil:
    """Fields of the event replaced; a field that becomes None is left out."""
    return lambda text: dump(json.loads(text) | fields)


def added(field: str) -> Spoil:
    """A field added as text, for what Python cannot write."""
    return lambda text: f"{text[:-1]},{field}}}".encode()


def dump(event: dict[str, Any]) -> bytes:
    """An event as its bytes; a field that is None is left out."""
    stated = {name: value for name, value in event.items() if value is not None}
    return json.dumps(stated, separators=(",", ":")).encode()


def _not_utf8(text: str) -> bytes:
    """A byte in the subject's id that begins no character."""
    return re.sub('"([A-Z]{3})-', '"\\1-\xff', text, count=1).encode("latin-1")


_DEEP = 10_000
_JSON, _SCHEMA = ErrorCode.NOT_JSON, ErrorCode.SCHEMA_VIOLATION

NOT_AN_EVENT: Final = (
    BadKind("no value at all", _JSON, lambda _: None, needs_record=True),
    BadKind("an empty value", _JSON, lambda _: b"", needs_record=True),
    BadKind("a blank value", _JSON, lambda _: b"  ", needs_record=True),
    BadKind("cut off", _JSON, lambda text: text[: len(text) // 2].encode()),
    BadKind("not UTF-8", _JSON, _not_utf8),
    BadKind("a byte order mark", _JSON, lambda text: b"\xef\xbb\xbf" + text.encode()),
    BadKind("not a number", _JSON, added('"score":NaN')),
    BadKind("a comma too many", _JSON, lambda text: text[:-1].encode() + b",}"),
    BadKind("two objects", _JSON, lambda text: (text + text).encode()),
    BadKind("another format", _JSON, lambda _: b"ISA*00*          *00*          *ZZ*SYNTHETIC~"),
    BadKind("larger than an event may be", ErrorCode.TOO_LARGE, added(f'"attachment":"{"A" * EVENT_BYTES_MAX}"')),
    BadKind("nested a little too deep", ErrorCode.TOO_DEEP, added(f'"x":{"[" * NESTING_MAX}{"]" * NESTING_MAX}')),
    BadKind("nested absurdly deep", ErrorCode.TOO_DEEP, added(f'"x":{"[" * _DEEP}{"]" * _DEEP}')),
    BadKind("a list", _SCHEMA, lambda text: f"[{text}]".encode()),
    BadKind("a number", _SCHEMA, lambda _: b"12345"),
    BadKind("no event type", _SCHEMA, changed(event_type=None)),
    BadKind("an event type that is no text", _SCHEMA, changed(event_type=7)),
)
"""What does not even say which event it is."""
NO_MEMBER: Final = BadKind("no member", _SCHEMA, changed(member_id=None))
AT_NO_TIME: Final = (
    BadKind("a time without an offset", _SCHEMA, changed(occurred_at="2026-01-05T14:03:00")),
    BadKind("a time with a blank", _SCHEMA, changed(occurred_at="2026-01-05 14:03:00Z")),
)
WRONG_KEY: Final = BadKind(
    "a key that is not the member's id", ErrorCode.KEY_MISMATCH, lambda text: text.encode(), needs_record=True
)
FROM_THE_FUTURE: Final = BadKind(
    "from the future", ErrorCode.CLOCK_AHEAD, changed(occurred_at="2199-01-05T14:03:00Z"), needs_record=True
)
