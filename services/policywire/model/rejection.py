"""Why an event cannot be used: the closed set of codes, and the exception that carries one.

Knows no event. Neither a code nor a detail ever holds a value of the event: both end up in headers and logs.
"""

from enum import StrEnum

from policywire.errors import BadInput


class ErrorCode(StrEnum):
    """The ``error_code`` of a dead letter."""

    TOO_LARGE = "too_large"
    """More than ``EVENT_BYTES_MAX`` bytes."""
    NOT_JSON = "not_json"
    """Empty, not UTF-8, with a byte order mark, or outside the grammar of JSON (NaN and lone surrogates too)."""
    TOO_DEEP = "too_deep"
    """Nested more than ``NESTING_MAX`` deep."""
    SCHEMA_VIOLATION = "schema_violation"
    """Not what the schema or a cross-field rule asks for."""
    UNKNOWN_EVENT_TYPE = "unknown_event_type"
    """An event_type that its topic does not have."""
    KEY_MISMATCH = "key_mismatch"
    """The record's key is not the event's member_id."""
    PROCESSING_ERROR = "processing_error"
    """A good event that policywire failed to process: our bug, not the sender's."""
    CLOCK_AHEAD = "clock_ahead"
    """Of a time more than 24 hours ahead of the worker's clock; only the worker knows a clock."""


class Rejected(BadInput):
    """An event that becomes a dead letter.

    Attributes:
        code: why.
        detail: the JSON pointer and the rule, parted by a blank, as ``/lines/0/charge_amount pattern``; the rule
            alone where it is about the whole record. Never a value of the event.
    """

    def __init__(self, code: ErrorCode, detail: str) -> None:
        self.code = code
        self.detail = detail
        super().__init__(f"{code}: {detail}")
