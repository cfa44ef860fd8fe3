"""Scheduling events that nobody can use, of every kind that the contract names.

Knows how a good booking is spoiled, and how an agreement for it would be written badly.
"""

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


def _agreement(**fields: Any) -> Spoil:
    """An agreement for the booking with fields replaced; a field that becomes None is left out."""

    def spoil(text: str) -> bytes:
        booking = json.loads(text)
        agreement = {
            **{name: booking[name] for name in ("event_id", "occurred_at", "payer_id", "member_id", "procedure_codes")},
            "event_type": "agreement.signed",
            "agreement_id": booking["appointment_id"].replace("APT", "AGR"),
            "service_date_from": booking["service_date"],
            "service_date_through": booking["service_date"],
            "signed_at": booking["occurred_at"],
        }
        return dump(agreement | fields)

    return spoil


_SCHEMA, _UNKNOWN = ErrorCode.SCHEMA_VIOLATION, ErrorCode.UNKNOWN_EVENT_TYPE
_REVOKED: Final = {"event_type": "agreement.revoked"}

BAD_SCHEDULING_KINDS: Final = (
    *NOT_AN_EVENT,
    BadKind("a type of nobody", _UNKNOWN, changed(event_type="appointment.requested")),
    BadKind("a type of the other topic", _UNKNOWN, changed(event_type="claim.submitted"), needs_record=True),
    NO_MEMBER,
    BadKind("an empty appointment id", _SCHEMA, changed(appointment_id="")),
    BadKind("no codes", _SCHEMA, changed(procedure_codes=None)),
    BadKind("an empty list of codes", _SCHEMA, changed(procedure_codes=[])),
    BadKind("an empty code", _SCHEMA, changed(procedure_codes=["0565T", ""])),
    BadKind("a code that is a number", _SCHEMA, changed(procedure_codes=[20999])),
    BadKind("a code that is not in a list", _SCHEMA, changed(procedure_codes="0565T")),
    BadKind("no payer", _SCHEMA, changed(payer_id=None)),
    *AT_NO_TIME,
    BadKind("no day of service", _SCHEMA, changed(service_date=None)),
    BadKind("a day that is none", _SCHEMA, changed(service_date="2026-02-30")),
    BadKind("year 9999", _SCHEMA, changed(service_date="9999-12-31")),
    BadKind("money as a number", _SCHEMA, changed(estimated_charge_amount=6500.0)),
    BadKind("money with a comma", _SCHEMA, changed(estimated_charge_amount="6,500.00")),
    BadKind("ended without saying what", _SCHEMA, changed(event_type="appointment.completed", appointment_id=None)),
    BadKind("an agreement that ends before it starts", _SCHEMA, _agreement(service_date_through="2001-01-01")),
    BadKind("an agreement without its days", _SCHEMA, _agreement(service_date_from=None)),
    BadKind("an agreement without codes", _SCHEMA, _agreement(procedure_codes=None)),
    BadKind("signed at no time", _SCHEMA, _agreement(signed_at=None)),
    BadKind("signed on a day only", _SCHEMA, _agreement(signed_at="2026-01-20")),
    BadKind("confirmed as text", _SCHEMA, _agreement(confirmed_before_service="yes")),
    BadKind("revoked without saying what", _SCHEMA, _agreement(**_REVOKED, agreement_id=None)),
    BadKind("revoked on a day only", _SCHEMA, _agreement(**_REVOKED, revoked_at="2026-01-20")),
    WRONG_KEY,
    FROM_THE_FUTURE,
)
