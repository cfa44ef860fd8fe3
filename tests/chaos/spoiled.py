"""Records that cannot be used: a way to spoil an event for each class of dead letter. Knows an event's outer shape."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import orjson
from msgspec import Struct
from tests.chaos.clock import START


class Message(Struct, frozen=True):
    """A record to publish."""

    topic: str
    key: bytes | None
    value: bytes | None


Spoil = Callable[[Message, dict[str, Any]], Message]
"""(message, its event) to a message that must become a dead letter."""


def _spoil(change: Callable[[bytes], bytes | None]) -> Spoil:
    return lambda message, _: Message(message.topic, message.key, change(message.value or b""))


def _spoil_event(**change: Any) -> Spoil:
    return lambda message, event: Message(message.topic, message.key, orjson.dumps(event | change))


SPOILED: Final[tuple[Spoil, ...]] = (
    _spoil(lambda value: value[: len(value) // 2]),
    _spoil(lambda _: None),
    _spoil(lambda _: b""),
    _spoil(lambda value: b"\xef\xbb\xbf" + value),
    _spoil(lambda value: value.replace(b"CLM-", b"\xff\xfe-")),
    _spoil(lambda value: value[:-1] + b',"x":' + b"[" * 40 + b"]" * 40 + b"}"),
    _spoil_event(event_type="claim.teleported"),
    _spoil_event(event_type="appointment.booked"),
    _spoil_event(lines=[]),
    _spoil_event(
        lines=[{"line_number": 1, "procedure_code": "0565T", "charge_amount": "-1", "service_date": "2026-01-01"}]
    ),
    _spoil_event(occurred_at=(START + timedelta(days=900)).isoformat()),
    _spoil_event(member_id="M-elsewhere"),
    _spoil(lambda value: value[:-1] + b',"x":"' + b"x" * 262_144 + b'"}'),
)
"""One for each class of input that must become a dead letter; the last is far larger than the others."""
