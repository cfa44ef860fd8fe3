"""A member's timeline: what is remembered of one member, and what was last said about it.

Knows the shape of memory, compact and immutable; does not know how events are folded into it
(:mod:`policywire.cases.fold`) or how it is written to bytes (:mod:`policywire.cases.codec`).
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Final, Literal

from msgspec import Struct, field

from policywire.cases.notice import Notice
from policywire.decision.verdict import Verdict

_EPOCH: Final = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_MICROSECOND: Final = timedelta(microseconds=1)
_EPOCH_ORDINAL: Final = _EPOCH.toordinal()
_MICROSECONDS_A_DAY: Final = 24 * 60 * 60 * 1_000_000


def instant(moment: datetime) -> int:
    """Microseconds since 1970 UTC."""
    return (moment - _EPOCH) // _MICROSECOND


def written(moment: datetime) -> str:
    """The moment in RFC 3339 with the offset it was written with; ``Z`` for UTC."""
    return moment.isoformat().replace("+00:00", "Z")


class Stamp(Struct, frozen=True, array_like=True, gc=False):
    """Which event said it and when: microseconds since 1970 UTC, the event's id, the moment as written."""

    at: int
    event_id: str
    written: str

    @property
    def day(self) -> date:
        """The UTC date of the instant."""
        return date.fromordinal(_EPOCH_ORDINAL + self.at // _MICROSECONDS_A_DAY)


class BilledLine(Struct, frozen=True, array_like=True, gc=False):
    """A service line in normal form, with the diagnoses that concern it."""

    line_number: int
    procedure_code: str
    charge: str
    first_day: date
    last_day: date
    diagnoses: tuple[str, ...]
    narrative: str | None
    modifiers: tuple[str, ...]
    units: float | None


class Claim(Struct, frozen=True, array_like=True, gc=False):
    """The latest content of a claim."""

    stamp: Stamp
    stated: Literal["drafted", "submitted", "replaced"]
    payer_id: str
    line_of_business: str | None
    taxonomy: str | None
    ordering_provider_npi: str | None
    lines: tuple[BilledLine, ...]


class Booking(Struct, frozen=True, array_like=True, gc=False):
    """The latest content of an appointment; codes in normal form, each once."""

    stamp: Stamp
    stated: Literal["booked", "rescheduled"]
    payer_id: str
    line_of_business: str | None
    taxonomy: str | None
    ordering_provider_npi: str | None
    service_date: date
    procedure_codes: tuple[str, ...]
    diagnoses: tuple[str, ...]
    estimated_charge: str | None
    narrative: str | None


class Signing(Struct, frozen=True, array_like=True, gc=False):
    """The latest signing of an agreement. ``signed_at`` is in microseconds since 1970 UTC, ``signed_on`` local."""

    stamp: Stamp
    payer_id: str
    procedure_codes: tuple[str, ...]
    service_date_from: date
    service_date_through: date
    signed_at: int
    signed_on: date
    confirmed_before_service: bool


class Ending(Struct, frozen=True, array_like=True, gc=False):
    """The latest ending of a claim or an appointment."""

    stamp: Stamp
    kind: Literal["voided", "cancelled", "completed", "no_show"]


class Revocation(Struct, frozen=True, array_like=True, gc=False):
    """A revocation of an agreement; ``day`` is local, as written."""

    stamp: Stamp
    day: date


class ClaimMemory(Struct, frozen=True, array_like=True, gc=False):
    """What is remembered of one claim; an ending may come before its content."""

    content: Claim | None = None
    ending: Ending | None = None


class AppointmentMemory(Struct, frozen=True, array_like=True, gc=False):
    """What is remembered of one appointment; an ending may come before its content."""

    content: Booking | None = None
    ending: Ending | None = None


class AgreementMemory(Struct, frozen=True, array_like=True, gc=False):
    """What is remembered of one agreement: every revocation later than the latest signing, earliest first.

    More than the earliest is kept because a later signing may yet arrive between two of them.
    """

    content: Signing | None = None
    revocations: tuple[Revocation, ...] = ()


class Sighting(Struct, frozen=True, array_like=True, gc=False, order=True):
    """A targeted code was booked or billed. ``seen_on`` is the UTC date of the event. Never taken back."""

    day: date
    event_id: str
    code: str
    payer: str
    seen_on: date


class Timeline(Struct, frozen=True, array_like=True, gc=False):
    """Everything remembered of one member, by id, and what stands said: verdicts and open notices.

    ``looked`` tells with which rulebook it was last looked at (the head of its revision), ``due`` the UTC day from
    which time alone can change what stands.
    """

    member_id: str
    claims: Mapping[str, ClaimMemory]
    appointments: Mapping[str, AppointmentMemory]
    agreements: Mapping[str, AgreementMemory]
    sightings: tuple[Sighting, ...]
    verdicts: tuple[Verdict, ...]
    notices: tuple[Notice, ...]
    looked: str = ""
    due: date | None = None
    former: Mapping[str, tuple[Verdict, ...]] = field(default_factory=dict)
    """What was said of an appointment, by its id, before a change of the rulebook made it differ."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to remember."""
        return not (self.claims or self.appointments or self.agreements or self.sightings)


def blank(member_id: str) -> Timeline:
    """The timeline of a member of whom nothing is known."""
    return Timeline(member_id, {}, {}, {}, (), (), ())
