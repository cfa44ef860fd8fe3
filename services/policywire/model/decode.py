"""A record's bytes to an event, or the reason why not: the hot path, passed by every claim.

Knows the limits, the schemas' meaning and the rules that look at more than one field, as cheap checks on what msgspec
decoded. **What is accepted here is exactly what** :func:`policywire.model.faults.judge` **accepts.** The quick way may
only ever be the stricter one: what it does not accept is judged again, exactly and slowly, and if no fault is found the
event is taken after all (``1.0`` for a whole number, a duplicate key whose first value was wrong). So the quick way has
one thing to prove, that it never accepts what the law refuses; ``tests/property`` looks for a counterexample.

Order of judgement, the first that applies is the dead letter's code: ``too_large``; ``not_json`` for what is empty,
has a byte order mark or is not UTF-8; ``too_deep``; ``not_json`` for the grammar; ``schema_violation`` for what is not
an object or has no string event_type; ``unknown_event_type``, also for a type of the other topic; ``schema_violation``;
``key_mismatch``.
"""

import re
from collections.abc import Callable
from enum import Enum
from typing import Any, Final, Generic, TypeVar, cast

import msgspec

from policywire.model import faults
from policywire.model.events import (
    AgreementRevoked,
    AgreementSigned,
    AnyEvent,
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentCompleted,
    AppointmentContent,
    AppointmentNoShow,
    AppointmentRescheduled,
    ClaimContent,
    ClaimDrafted,
    ClaimEvent,
    ClaimReplaced,
    ClaimSubmitted,
    ClaimVoided,
    SchedulingEvent,
    ServiceLine,
    event_types,
)
from policywire.model.json_text import EVENT_BYTES_MAX, NESTING_MAX, is_utf8, nests_deeper
from policywire.model.rejection import ErrorCode, Rejected

__all__ = ["ABSENT", "CLAIM_DECODER", "EVENT_DECODER", "SCHEDULING_DECODER", "Decoder", "ErrorCode", "Rejected"]


class Absent(Enum):
    """The key of an event that comes from no Kafka record."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT

YEAR_MIN, YEAR_MAX = 1900, 2199
"""Dates and instants lie in these years, as written."""
_OWN_NESTING = 4
"""What the deepest part of an event itself opens: event, lines, line, modifiers."""
_BACKSLASH, _QUOTE, _T, _Z, _COLON = b'\\"TZ:'

# A regular expression of our own: as msgspec's pattern it would cost three times as much (measured: 0.3 us an amount).
_is_money = re.compile(r"(?:0|[1-9][0-9]{0,11})\.[0-9][0-9]").fullmatch

E = TypeVar("E", bound=AnyEvent)


class Decoder(Generic[E]):
    """Decodes the events of one topic."""

    __slots__ = ("_event_types", "_type", "_typed")

    def __init__(self, event_type: Any) -> None:
        self._type = event_type
        self._typed: Callable[[bytes], E] = msgspec.json.Decoder(event_type).decode
        self._event_types = event_types(event_type)

    def decode(self, value: bytes | None, key: bytes | Absent | None = ABSENT) -> E:
        """The event that a record holds.

        Args:
            value: the record's value as it came; ``None`` is a tombstone.
            key: the record's key, which must be the event's own member_id in UTF-8; ``ABSENT`` for no record.

        Raises:
            Rejected: it is none; code and detail say why without a value of it.
        """
        if value is not None and len(value) <= EVENT_BYTES_MAX:
            try:
                event = self._typed(value)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                return self._judged(value, key)
            if (
                _SOUND[event.__class__](event, value)
                and (value.isascii() or is_utf8(value))
                # Brackets, strings' included: cheaper than bytes.count, which looks at every byte in turn.
                and (
                    (brackets := len(value) - len(value.replace(b"{", b"").replace(b"[", b""))) <= NESTING_MAX
                    or not _nests_too_deep(event, value, brackets)
                )
                and (key is ABSENT or key == event.member_id.encode())
            ):
                return event
        return self._judged(value, key)

    def _judged(self, value: bytes | None, key: bytes | Absent | None) -> E:
        """The exact way: the event, or all that is wrong with it."""
        event, found = faults.judge(value, self._event_types)
        if found:
            raise Rejected(found[0].code, found[0].detail)
        try:
            decoded = cast("E", msgspec.convert(event, self._type))
        except msgspec.ValidationError:
            # The schema takes what the types cannot hold: our bug, and one event's, not the whole topic's.
            raise Rejected(ErrorCode.PROCESSING_ERROR, "types") from None
        if key is not ABSENT and key != decoded.member_id.encode():
            fault = faults.key_fault()
            raise Rejected(fault.code, fault.detail)
        return decoded


def _claim_is_sound(event: ClaimContent, value: bytes) -> bool:
    """Whether the quick way may accept a drafted, submitted or replaced claim."""
    lines = event.lines
    count = len(event.diagnoses) if event.diagnoses else 0
    last = 0
    in_order = True
    for line in lines:
        in_order = in_order and line.line_number > last
        last = line.line_number
        start = line.service_date
        if not YEAR_MIN <= start.year <= YEAR_MAX or _is_money(line.charge_amount) is None:
            return False
        end = line.service_date_end
        if end is not None and (end < start or end.year > YEAR_MAX):
            return False
        if line.diagnosis_pointers:
            for pointer in line.diagnosis_pointers:
                if pointer > count:
                    return False
    if not in_order and len({line.line_number for line in lines}) < len(lines):
        return False
    return YEAR_MIN <= event.occurred_at.year <= YEAR_MAX and _occurred_at_is_rfc3339(value)


def _bare_event_is_sound(event: Any, value: bytes) -> bool:
    """Whether the quick way may accept an event that has nothing but ids and its time."""
    return YEAR_MIN <= event.occurred_at.year <= YEAR_MAX and _occurred_at_is_rfc3339(value)


def _appointment_is_sound(event: AppointmentContent, value: bytes) -> bool:
    """Whether the quick way may accept a booked or rescheduled appointment."""
    amount = event.estimated_charge_amount
    return (
        YEAR_MIN <= event.service_date.year <= YEAR_MAX
        and (amount is None or _is_money(amount) is not None)
        and _bare_event_is_sound(event, value)
    )


def _agreement_is_sound(event: AgreementSigned, value: bytes) -> bool:
    """Whether the quick way may accept a signed agreement."""
    amount = event.estimated_cost_amount
    return (
        event.service_date_from.year >= YEAR_MIN
        and event.service_date_from <= event.service_date_through
        and event.service_date_through.year <= YEAR_MAX
        and YEAR_MIN <= event.signed_at.year <= YEAR_MAX
        and _is_rfc3339(_read_signed_at(value).signed_at)
        and (amount is None or _is_money(amount) is not None)
        and _bare_event_is_sound(event, value)
    )


def _revocation_is_sound(event: AgreementRevoked, value: bytes) -> bool:
    """Whether the quick way may accept a revoked agreement."""
    at = event.revoked_at
    if at is not None and not (YEAR_MIN <= at.year <= YEAR_MAX and _is_rfc3339(_read_revoked_at(value).revoked_at)):
        return False
    return _bare_event_is_sound(event, value)


_SOUND: dict[type, Callable[[Any, bytes], bool]] = {
    ClaimDrafted: _claim_is_sound,
    ClaimSubmitted: _claim_is_sound,
    ClaimReplaced: _claim_is_sound,
    ClaimVoided: _bare_event_is_sound,
    AppointmentBooked: _appointment_is_sound,
    AppointmentRescheduled: _appointment_is_sound,
    AppointmentCancelled: _bare_event_is_sound,
    AppointmentCompleted: _bare_event_is_sound,
    AppointmentNoShow: _bare_event_is_sound,
    AgreementSigned: _agreement_is_sound,
    AgreementRevoked: _revocation_is_sound,
}


class _OccurredAt(msgspec.Struct, gc=False):
    occurred_at: str


class _SignedAt(msgspec.Struct, gc=False):
    signed_at: str


class _RevokedAt(msgspec.Struct, gc=False):
    revoked_at: str | None  # of a key given twice the first may be null


_read_occurred_at = msgspec.json.Decoder(_OccurredAt).decode
_read_signed_at = msgspec.json.Decoder(_SignedAt).decode
_read_revoked_at = msgspec.json.Decoder(_RevokedAt).decode


def _occurred_at_is_rfc3339(value: bytes) -> bool:
    """Whether occurred_at is written as RFC 3339 has it; ``value`` is one that msgspec read as an event.

    msgspec also reads a blank for the T and an offset without its colon. In a record without a backslash that holds
    the text ``occurred_at`` once, that once is the key, and its value can be looked at where it stands. Any other
    record has the text decoded for it.
    """
    at = value.find(b"occurred_at")
    if value.rfind(b"occurred_at") == at and _BACKSLASH not in value:
        # After `occurred_at":"` or else `occurred_at": "`: a T elsewhere than at 10 cannot be.
        start = at + 14 if value[at + 24] == _T else at + 15
        if value[start + 10] == _T and (value[start + 19] == _Z or _ends_well(value, start)):
            return True
    return _is_rfc3339(_read_occurred_at(value).occurred_at)


def _ends_well(value: bytes, start: int) -> bool:
    """Whether the instant that starts there, with a fraction or an offset, ends in Z or has a colon in its offset."""
    end = value.find(_QUOTE, start + 20)
    return value[end - 1] == _Z or value[end - 3] == _COLON


def _is_rfc3339(text: str | None) -> bool:
    """Whether an instant that msgspec read is written with a T and either Z or an offset with its colon."""
    return text is not None and text[10] in "Tt" and (text[-1] in "Zz" or text[-3] == ":")


def _nests_too_deep(event: AnyEvent, value: bytes, brackets: int) -> bool:
    """Whether an event that msgspec read nests too deep; ``brackets`` is how many open in it.

    The brackets of its own lines nest in one another only so far. The others, a sender's own fields, could all be
    nested; only where there are enough of them the record is scanned.
    """
    lines: tuple[ServiceLine, ...] = event.lines if isinstance(event, ClaimContent) else ()
    for line in lines:
        brackets -= 1 + (line.modifiers is not None) + (line.diagnosis_pointers is not None)
    return brackets + _OWN_NESTING > NESTING_MAX and nests_deeper(value, NESTING_MAX)


CLAIM_DECODER: Final[Decoder[ClaimEvent]] = Decoder(ClaimEvent)
"""For the topic claim-events."""
SCHEDULING_DECODER: Final[Decoder[SchedulingEvent]] = Decoder(SchedulingEvent)
"""For the topic scheduling-events."""
EVENT_DECODER: Final[Decoder[AnyEvent]] = Decoder(AnyEvent)
"""For files, which hold events of both topics."""
