"""Claim events that nobody can use, of every kind that the contract names. Knows how a good claim event is spoiled."""

import json
from typing import Any, Final

from policywire.model.rejection import ErrorCode
from policywire.workbench.generate.bad import (
    AT_NO_TIME,
    FROM_THE_FUTURE,
    NO_MEMBER,
    NOT_AN_EVENT,
    WRONG_KEY,
    BadKind,
    Spoil,
    changed,
    dump,
)


def _line(**fields: Any) -> Spoil:
    """Fields of the claim's first line replaced; a field that becomes None is left out."""

    def spoil(text: str) -> bytes:
        event = json.loads(text)
        line = event["lines"][0] | fields
        event["lines"][0] = {name: value for name, value in line.items() if value is not None}
        return dump(event)

    return spoil


def _twice_the_line(text: str) -> bytes:
    event = json.loads(text)
    return dump({**event, "lines": [event["lines"][0]] * 2})


_SCHEMA, _UNKNOWN = ErrorCode.SCHEMA_VIOLATION, ErrorCode.UNKNOWN_EVENT_TYPE

BAD_CLAIM_KINDS: Final = (
    *NOT_AN_EVENT,
    BadKind("a type of nobody", _UNKNOWN, changed(event_type="claim.paid")),
    BadKind("a type of the other topic", _UNKNOWN, changed(event_type="appointment.booked"), needs_record=True),
    NO_MEMBER,
    BadKind("an empty claim id", _SCHEMA, changed(claim_id="")),
    BadKind("no lines", _SCHEMA, changed(lines=None)),
    BadKind("an empty list of lines", _SCHEMA, changed(lines=[])),
    *AT_NO_TIME,
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
    WRONG_KEY,
    FROM_THE_FUTURE,
)
