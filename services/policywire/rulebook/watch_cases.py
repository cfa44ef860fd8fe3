"""The cases beside the watch rules (``watch/cases.yaml``), typed: what happens to a member, and which alerts follow.

Knows the shape of a case; does not know what event a line of it stands for (:mod:`policywire.rulebook.case_events`) or
how a case is run (:mod:`policywire.workbench.watchtest`).
"""

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from policywire.model.records import Audience, Severity
from policywire.rulebook.document import Closed, Document, Id, Text
from policywire.rulebook.watch import MemberAlertKind
from policywire.rulebook.when import MoneyText

Instant = Annotated[datetime, Meta(tz=True)]
Ordinal = Annotated[int, Meta(ge=1, le=999_999)]

EventType = Literal[
    "claim.drafted",
    "claim.submitted",
    "claim.replaced",
    "claim.voided",
    "appointment.booked",
    "appointment.rescheduled",
    "appointment.cancelled",
    "appointment.completed",
    "appointment.no_show",
    "agreement.signed",
    "agreement.revoked",
]


class BilledText(Closed, frozen=True, kw_only=True):
    """A service line of a claim."""

    procedure_code: Annotated[Text, Meta(description="CPT or HCPCS code, quoted.")]
    service_date: Annotated[date, Meta(description="Date of service, YYYY-MM-DD; of a span its first day.")]
    service_date_end: Annotated[date | UnsetType, Meta(description="Last day of a span.")] = UNSET
    line_number: Annotated[Ordinal | UnsetType, Meta(description="None: its place among the lines.")] = UNSET
    charge_amount: Annotated[MoneyText, Meta(description="Charge, quoted money.")] = "1000.00"
    diagnosis_pointers: Annotated[
        tuple[Ordinal, ...] | UnsetType,
        Meta(description="1-based positions in the claim's diagnoses; none: all of them."),
    ] = UNSET
    narrative: Annotated[str | UnsetType, Meta(description="The line's narrative as sent.")] = UNSET


class EventText(Closed, frozen=True, kw_only=True):
    """Something that happens, given minimally: fields of the event contracts, with synthetic values for the rest."""

    event: Annotated[EventType, Meta(description="What happens.")]
    at: Annotated[
        Instant | UnsetType,
        Meta(
            description="When, with an offset. None: a booking 30 days before its service and a draft or a claim on "
            "the day of its first line, at noon UTC; an agreement when it was signed; the rest a minute after the "
            "event above."
        ),
    ] = UNSET
    event_id: Annotated[Text | UnsetType, Meta(description="None: event-1 for the first of the case, and so on.")] = (
        UNSET
    )
    member_id: Annotated[Text, Meta(description="Whom it happens to.")] = "M-1"
    claim_id: Annotated[Text | UnsetType, Meta(description="None: C1.")] = UNSET
    appointment_id: Annotated[Text | UnsetType, Meta(description="None: A1.")] = UNSET
    agreement_id: Annotated[Text | UnsetType, Meta(description="None: G1.")] = UNSET
    payer_id: Annotated[Text | UnsetType, Meta(description="As sent, quoted; none: the payer's first id.")] = UNSET
    line_of_business: Annotated[str | UnsetType, Meta(description="As the sender wrote it.")] = UNSET
    diagnoses: Annotated[tuple[Text, ...] | UnsetType, Meta(description="ICD-10-CM.")] = UNSET
    rendering_taxonomy: Annotated[Text | UnsetType, Meta(description="NUCC code of the rendering provider.")] = UNSET
    ordering_provider_npi: Annotated[Text | UnsetType, Meta(description="Who ordered it.")] = UNSET
    lines: Annotated[
        Annotated[tuple[BilledText, ...], Meta(min_length=1)] | UnsetType,
        Meta(description="The service lines of a claim."),
    ] = UNSET
    service_date: Annotated[date | UnsetType, Meta(description="Day of an appointment.")] = UNSET
    procedure_codes: Annotated[
        tuple[Text, ...] | UnsetType,
        Meta(description="Codes of an appointment, or that an agreement lists; each quoted."),
    ] = UNSET
    estimated_charge_amount: Annotated[
        MoneyText | UnsetType | None,
        Meta(description="Of an appointment, quoted money; none: 5000.00; null: nobody gave an estimate."),
    ] = UNSET
    narrative: Annotated[str | UnsetType, Meta(description="An appointment's narrative.")] = UNSET
    service_date_from: Annotated[date | UnsetType, Meta(description="First day that an agreement covers.")] = UNSET
    service_date_through: Annotated[date | UnsetType, Meta(description="Last day that an agreement covers.")] = UNSET
    signed_at: Annotated[Instant | UnsetType, Meta(description="When an agreement was signed, local offset.")] = UNSET
    confirmed_before_service: Annotated[
        bool | UnsetType,
        Meta(description="That an agreement of the day of service was signed before it."),
    ] = UNSET
    revoked_at: Annotated[Instant | UnsetType, Meta(description="When an agreement was taken back.")] = UNSET


class ExpectedAlert(Closed, frozen=True, kw_only=True):
    """An alert that must be there; a field that is not given is not looked at."""

    kind: Annotated[MemberAlertKind, Meta(description="Its kind.")]
    claim_id: Annotated[Text | UnsetType | None, Meta(description="Its claim; null: it is about none.")] = UNSET
    line_number: Annotated[Ordinal | UnsetType, Meta(description="Its claim line.")] = UNSET
    appointment_id: Annotated[Text | UnsetType | None, Meta(description="Its appointment; null: about none.")] = UNSET
    procedure_code: Annotated[
        Text | UnsetType | None,
        Meta(description="The one procedure of the appointment; null: the appointment as a whole, or a claim line."),
    ] = UNSET
    severity: Annotated[Severity | UnsetType, Meta(description="How loud.")] = UNSET
    audience: Annotated[Audience | UnsetType, Meta(description="Who acts on it.")] = UNSET
    codes: Annotated[tuple[Text, ...] | UnsetType, Meta(description="All codes it lists, quoted, in any order.")] = (
        UNSET
    )
    version: Annotated[date | UnsetType | None, Meta(description="First day of the policy's version.")] = UNSET
    date_of_service: Annotated[date | UnsetType, Meta(description="Its date of service.")] = UNSET
    exposure_amount: Annotated[
        MoneyText | UnsetType | None,
        Meta(description="Quoted money; null: not known."),
    ] = UNSET
    ordering_provider_npi: Annotated[Text | UnsetType | None, Meta(description="Whom to brief.")] = UNSET
    evidence: Annotated[tuple[Text, ...] | UnsetType, Meta(description="Ids of all its events, in any order.")] = UNSET
    says: Annotated[Text | UnsetType, Meta(description="Words that stand in its message or its action.")] = UNSET


class Outlook(Closed, frozen=True, kw_only=True):
    """Which alerts stand at the end of a case. A kind that is named is named in full: no other of it may be open."""

    open: Annotated[tuple[ExpectedAlert, ...], Meta(description="Alerts that are open.")] = ()
    resolved: Annotated[tuple[ExpectedAlert, ...], Meta(description="Alerts that were open and no longer hold.")] = ()
    absent: Annotated[tuple[MemberAlertKind, ...], Meta(description="Kinds of which none was ever opened.")] = ()


class Publication(Closed, frozen=True, kw_only=True):
    """A version of the policy that comes in the middle of a case."""

    version: Annotated[date, Meta(description="Its first day; before, the policy is as it was without it.")]
    at: Annotated[Instant, Meta(description="When it is published, with an offset.")]


class WatchCase(Closed, frozen=True, kw_only=True):
    """One case."""

    name: Annotated[Text, Meta(description="A sentence that says what must hold.")]
    events: Annotated[tuple[EventText, ...], Meta(min_length=1, description="What happens, in order of arrival.")]
    published: Annotated[Publication | None, Meta(description="None: the rules are the same all along.")] = None
    alerts_from: Annotated[
        date | None,
        Meta(
            description="The case is run with this as alerts_from; none: without any. What the watch rules say is not "
            "used, so that it can be set where it is needed and the cases stay as they are."
        ),
    ] = None
    as_of: Annotated[
        Instant | None,
        Meta(description="The instant at which it is looked at, with an offset; none: that of the latest event."),
    ] = None
    expect: Annotated[Outlook, Meta(description="Which alerts must have come of it.")]


class WatchCasesDocument(Document, frozen=True, kw_only=True, tag="watch-cases.v1"):
    """Cases of the watch rules (``watch/cases.yaml``), for the alerts of one policy. Synthetic members only."""

    payer: Annotated[Id, Meta(description="Key of the payer's profile.")]
    policy: Annotated[Id, Meta(description="The policy's id; alerts of other policies are not looked at.")]
    cases: Annotated[tuple[WatchCase, ...], Meta(min_length=1, description="The cases.")]
