"""Events as senders publish them: one frozen type for each ``event_type``, decoded and checked by msgspec in one pass.

Knows the shape of an event (``schemas/claim-event.v1.schema.json``, ``schemas/scheduling-event.v1.schema.json``) and
nothing of what it means. The rules that look at more than one field are in :mod:`policywire.model.decode`.

Codes are as sent, blanks and lower case included; :mod:`policywire.model.codes` normalises them. Money is the decimal
string of the contract, never a float. Instants keep the offset they were written with, so that ``.date()`` is the date
as written.
"""

from datetime import date, datetime
from typing import Annotated, Any, get_args

from msgspec import Meta, Struct

Text = Annotated[str, Meta(min_length=1)]
Money = str
"""A decimal string with two places; :mod:`policywire.model.decode` checks its form, faster than a pattern would."""
Instant = Annotated[datetime, Meta(tz=True)]
Ordinal = Annotated[int, Meta(ge=1, le=999_999)]
Units = Annotated[float, Meta(ge=0, le=9_999_999)]


class Event(Struct, frozen=True, kw_only=True, gc=False, tag_field="event_type"):
    """What every event carries. ``member_id`` is also the Kafka key."""

    event_id: Text
    occurred_at: Instant
    member_id: Text


class Provider(Struct, frozen=True, kw_only=True, gc=False):
    """A provider as named on a claim or an appointment; ``taxonomy`` is a NUCC code."""

    npi: str | None = None
    taxonomy: str | None = None


class ServiceLine(Struct, frozen=True, kw_only=True, gc=False):
    """One service line. ``diagnosis_pointers`` are 1-based positions in the claim's diagnoses."""

    line_number: Ordinal
    procedure_code: Text
    charge_amount: Money
    service_date: date
    service_date_end: date | None = None
    modifiers: tuple[str, ...] | None = None
    diagnosis_pointers: tuple[Ordinal, ...] | None = None
    units: Units | None = None
    narrative: str | None = None


class ClaimContent(Event, frozen=True, kw_only=True, gc=False):
    """The whole of a claim as one event states it."""

    claim_id: Text
    payer_id: Text
    lines: Annotated[tuple[ServiceLine, ...], Meta(min_length=1)]
    line_of_business: str | None = None
    billing_provider_npi: str | None = None
    rendering_provider: Provider | None = None
    ordering_provider_npi: str | None = None
    diagnoses: tuple[str, ...] | None = None


class ClaimDrafted(ClaimContent, frozen=True, kw_only=True, gc=False, tag="claim.drafted"):
    """Charge capture, before billing: the moment at which the claim can still be held."""


class ClaimSubmitted(ClaimContent, frozen=True, kw_only=True, gc=False, tag="claim.submitted"):
    """The claim as sent to the payer."""


class ClaimReplaced(ClaimContent, frozen=True, kw_only=True, gc=False, tag="claim.replaced"):
    """The same claim again, whole."""


class ClaimVoided(Event, frozen=True, kw_only=True, gc=False, tag="claim.voided"):
    """The claim is taken back."""

    claim_id: Text


class AppointmentContent(Event, frozen=True, kw_only=True, gc=False):
    """The whole of an appointment as one event states it; open orders come as appointments with the planned date."""

    appointment_id: Text
    payer_id: Text
    service_date: date
    procedure_codes: Annotated[tuple[Text, ...], Meta(min_length=1)]
    line_of_business: str | None = None
    rendering_provider: Provider | None = None
    ordering_provider_npi: str | None = None
    diagnoses: tuple[str, ...] | None = None
    estimated_charge_amount: Money | None = None
    narrative: str | None = None


class AppointmentBooked(AppointmentContent, frozen=True, kw_only=True, gc=False, tag="appointment.booked"):
    """A service is planned."""


class AppointmentRescheduled(AppointmentContent, frozen=True, kw_only=True, gc=False, tag="appointment.rescheduled"):
    """The same appointment again, whole."""


class AppointmentEnding(Event, frozen=True, kw_only=True, gc=False):
    """An appointment is over, one way or another."""

    appointment_id: Text


class AppointmentCancelled(AppointmentEnding, frozen=True, kw_only=True, gc=False, tag="appointment.cancelled"):
    """It will not take place."""


class AppointmentCompleted(AppointmentEnding, frozen=True, kw_only=True, gc=False, tag="appointment.completed"):
    """The service was performed."""


class AppointmentNoShow(AppointmentEnding, frozen=True, kw_only=True, gc=False, tag="appointment.no_show"):
    """The member did not come."""


class AgreementSigned(Event, frozen=True, kw_only=True, gc=False, tag="agreement.signed"):
    """A financial responsibility agreement: the member will pay for the listed codes within the window of dates."""

    agreement_id: Text
    payer_id: Text
    procedure_codes: tuple[Text, ...]
    service_date_from: date
    service_date_through: date
    signed_at: Instant
    confirmed_before_service: bool | None = None
    estimated_cost_amount: Money | None = None


class AgreementRevoked(Event, frozen=True, kw_only=True, gc=False, tag="agreement.revoked"):
    """The member takes an agreement back; the day is that of ``revoked_at`` or else of ``occurred_at``, as written."""

    agreement_id: Text
    revoked_at: Instant | None = None


ClaimEvent = ClaimDrafted | ClaimSubmitted | ClaimReplaced | ClaimVoided
SchedulingEvent = (
    AppointmentBooked
    | AppointmentRescheduled
    | AppointmentCancelled
    | AppointmentCompleted
    | AppointmentNoShow
    | AgreementSigned
    | AgreementRevoked
)
AnyEvent = ClaimEvent | SchedulingEvent


def event_types(union: Any) -> frozenset[str]:
    """The ``event_type`` of every type of a union of events."""
    return frozenset(str(kind.__struct_config__.tag) for kind in get_args(union))


CLAIM_EVENT_TYPES = event_types(ClaimEvent)
EVENT_TYPES = event_types(AnyEvent)
