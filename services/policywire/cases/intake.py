"""Events in the form in which a timeline keeps them: codes in normal form, defaults filled in, nothing unneeded.

Knows what each field of an event becomes; does not know which events stand.
"""

from datetime import datetime
from typing import Final, Literal

from policywire.cases.timeline import (
    BilledLine,
    Booking,
    Claim,
    Ending,
    Revocation,
    Signing,
    Stamp,
    instant,
    written,
)
from policywire.model import codes, events


def stamp(event: events.Event) -> Stamp:
    """Which event it was and when."""
    return Stamp(instant(event.occurred_at), event.event_id, written(event.occurred_at))


def claim(event: events.ClaimContent) -> Claim:
    """The content of a claim."""
    diagnoses = tuple(map(codes.diagnosis, event.diagnoses or ()))
    return Claim(
        stamp(event),
        _CLAIM_STATED[type(event)],
        event.payer_id,
        event.line_of_business,
        _taxonomy(event.rendering_provider),
        event.ordering_provider_npi,
        tuple([_line(each, diagnoses) for each in event.lines]),
    )


def booking(event: events.AppointmentContent) -> Booking:
    """The content of an appointment; a code that is given twice counts once."""
    return Booking(
        stamp(event),
        "rescheduled" if isinstance(event, events.AppointmentRescheduled) else "booked",
        event.payer_id,
        event.line_of_business,
        _taxonomy(event.rendering_provider),
        event.ordering_provider_npi,
        event.service_date,
        tuple(dict.fromkeys(map(codes.procedure_code, event.procedure_codes))),
        tuple(map(codes.diagnosis, event.diagnoses or ())),
        event.estimated_charge_amount,
        event.narrative,
    )


def signing(event: events.AgreementSigned) -> Signing:
    """The content of an agreement; the day of signing is the local date as written."""
    return Signing(
        stamp(event),
        event.payer_id,
        tuple(dict.fromkeys(map(codes.procedure_code, event.procedure_codes))),
        event.service_date_from,
        event.service_date_through,
        instant(event.signed_at),
        event.signed_at.date(),
        bool(event.confirmed_before_service),
    )


def ending(event: events.ClaimVoided | events.AppointmentEnding) -> Ending:
    """The end of a claim or an appointment."""
    return Ending(stamp(event), _ENDED[type(event)])


def revocation(event: events.AgreementRevoked) -> Revocation:
    """The end of an agreement; its day is the date as written, unconverted."""
    moment: datetime = event.revoked_at or event.occurred_at
    return Revocation(stamp(event), moment.date())


_CLAIM_STATED: Final[dict[type, Literal["drafted", "submitted", "replaced"]]] = {
    events.ClaimDrafted: "drafted",
    events.ClaimSubmitted: "submitted",
    events.ClaimReplaced: "replaced",
}
_ENDED: Final[dict[type, Literal["voided", "cancelled", "completed", "no_show"]]] = {
    events.ClaimVoided: "voided",
    events.AppointmentCancelled: "cancelled",
    events.AppointmentCompleted: "completed",
    events.AppointmentNoShow: "no_show",
}


def _taxonomy(provider: events.Provider | None) -> str | None:
    if provider is None or provider.taxonomy is None:
        return None
    return codes.taxonomy(provider.taxonomy) or None


def _line(line: events.ServiceLine, diagnoses: tuple[str, ...]) -> BilledLine:
    pointers = line.diagnosis_pointers
    return BilledLine(
        line.line_number,
        codes.procedure_code(line.procedure_code),
        line.charge_amount,
        line.service_date,
        line.service_date_end or line.service_date,
        tuple(diagnoses[pointer - 1] for pointer in pointers) if pointers else diagnoses,
        line.narrative,
        tuple(map(codes.procedure_code, line.modifiers or ())),
        line.units,
    )
