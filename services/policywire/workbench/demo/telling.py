"""A member's story in plain words, from what the topics hold: what was said to policywire, and what it said.

Knows events and records, and how a billing office speaks. Decides nothing and knows no terminal.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from msgspec import Struct

from policywire.model.events import (
    AgreementRevoked,
    AgreementSigned,
    AnyEvent,
    AppointmentContent,
    AppointmentEnding,
    ClaimContent,
    ClaimVoided,
)
from policywire.model.records import DENIED, Alert, Appointment, ClaimLine, Determination, Record
from policywire.workbench.demo.summary import dollars_at_risk, is_at_risk

AUDIENCES: Final = {
    "scheduling": "Front desk",
    "billing": "Billing",
    "ordering_provider": "Physician",
    "compliance": "Compliance",
    "source_data": "Source data",
}
_REVISION_SHOWN: Final = len("sha256:") + 8
PRACTICE, POLICYWIRE = "Practice", "policywire"


class Saying(NamedTuple):
    """One entry of a story.

    Attributes:
        day: on which it was said.
        who: the practice, policywire, or for an alert the one who is to act.
        text: what.
        tone: how loud: an alert's severity, ``settled``, or empty.
    """

    day: date
    who: str
    text: str
    tone: str = ""


class Ending(Struct, frozen=True):
    """How things stand with a member in the end, in dollars."""

    at_risk: Decimal
    member_owes: Decimal


class Teller:
    """Tells one story after the other. What is to be done about a kind of alert is told in full the first time only."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def tell(self, events: Sequence[AnyEvent], said: Sequence[tuple[date, Record]]) -> Iterator[Saying]:
        """A story, day by day.

        Args:
            events: of one member, in the order of their time.
            said: every record about the member with the day on which it was made, of each id in order.
        """
        determinations, alerts = _Determinations(), _Alerts(self._told)
        for day in sorted({event.occurred_at.date() for event in events} | {day for day, _ in said}):
            spoken = [Saying(day, PRACTICE, in_words(event)) for event in events if event.occurred_at.date() == day]
            today = [record for on, record in said if on == day]
            answers = list(determinations.tell(day, [each for each in today if isinstance(each, Determination)]))
            if not spoken and not answers:
                yield Saying(day, PRACTICE, "(nobody does anything; time passes)")
            yield from (*spoken, *answers)
            yield from alerts.tell(day, [each for each in today if isinstance(each, Alert)])


def ending(events: Iterable[AnyEvent], said: Sequence[tuple[date, Record]]) -> Ending:
    """How it ended: from the latest record of each id, and from what was charged."""
    latest = {_id(record): record for _, record in said}
    determinations = [each for each in latest.values() if isinstance(each, Determination)]
    alerts = [each for each in latest.values() if isinstance(each, Alert)]
    charged = {
        (event.claim_id, line.line_number): Decimal(line.charge_amount)
        for event in events
        if isinstance(event, ClaimContent)
        for line in event.lines
    }
    owed = [
        charged[each.subject.claim_id, each.subject.line_number]
        for each in determinations
        if isinstance(each.subject, ClaimLine)
        and each.status == "current"
        and each.financial_responsibility.liable == "patient"
    ]
    return Ending(dollars_at_risk(determinations, alerts), sum(owed, Decimal(0)))


def in_words(event: AnyEvent) -> str:
    """What the practice did."""
    match event:
        case AppointmentContent():
            narrative = f' ("{event.narrative}")' if event.narrative else ""
            estimate = (
                f", estimated at {dollars(event.estimated_charge_amount)}" if event.estimated_charge_amount else ""
            )
            return f"books {', '.join(event.procedure_codes)}{narrative} for {_short(event.service_date)}{estimate}."
        case AppointmentEnding():
            how = type(event).__name__.removeprefix("Appointment").lower()
            return _ENDINGS[how]
        case AgreementSigned():
            codes, day = ", ".join(event.procedure_codes), _short(event.service_date_from)
            return f"has the member sign: will pay for {codes} on {day}."
        case AgreementRevoked():
            return "takes note that the member takes the agreement back."
        case ClaimContent():
            codes = ", ".join(line.procedure_code for line in event.lines)
            charge = sum((Decimal(line.charge_amount) for line in event.lines), Decimal(0))
            return f"sends the claim for {codes}: {dollars(charge)}."
        case ClaimVoided():
            return "voids the claim."


_ENDINGS: Final = {
    "cancelled": "cancels the appointment.",
    "completed": "performs the service.",
    "noshow": "waits in vain.",
}


class _Determinations:
    """Tells determinations: each in full at first, then only what is new about it."""

    def __init__(self) -> None:
        self._before: dict[str, Determination] = {}

    def tell(self, day: date, records: Sequence[Determination]) -> Iterator[Saying]:
        """Those of one day; codes about which the same is said are named together."""
        codes: dict[tuple[date, str], list[str]] = {}
        for record in sorted(records, key=_place):
            text = self._in_words(record)
            self._before[record.determination_id] = record
            codes.setdefault((record.date_of_service, text), []).append(record.procedure_code)
        for (service, text), those in codes.items():
            yield Saying(day, POLICYWIRE, f"{', '.join(dict.fromkeys(those))} on {_short(service)}: {text}")

    def _in_words(self, record: Determination) -> str:
        before = self._before.get(record.determination_id)
        if record.status == "withdrawn":
            return "withdrawn."
        parts = []
        if before is None or before.reason != record.reason or before.status == "withdrawn":
            parts.append(f"{record.reason}{_instead_of(record, before)}.")
        if before is None or before.financial_responsibility != record.financial_responsibility:
            parts += _who_pays(record)
        if isinstance(record.subject, ClaimLine):
            parts += _billing(record)
        return " ".join(parts) or "the same, of a later event."


def _instead_of(record: Determination, before: Determination | None) -> str:
    """What was said before, and by which rules, where others decide now."""
    if before is None or before.reason == record.reason:
        return ""
    if before.rulebook_revision == record.rulebook_revision:
        return f" (was: {before.reason})"
    rules, former = record.rulebook_revision[:_REVISION_SHOWN], before.rulebook_revision[:_REVISION_SHOWN]
    return f", by rules {rules} (was: {before.reason}, by rules {former})"


def _place(record: Determination) -> tuple[date, str]:
    return record.date_of_service, record.procedure_code


def _who_pays(record: Determination) -> Iterator[str]:
    responsibility = record.financial_responsibility
    match responsibility.status:
        case "valid":
            yield "A valid agreement: the member owes the cost."
        case "missing":
            yield "No agreement to pay: the practice would bear the cost."
        case "invalid":
            problem = (responsibility.problem or "").replace("_", " ")
            yield f"The agreement does not hold ({problem}): the practice bears the cost."
        case _:
            if record.outcome not in DENIED:
                yield "No denial, so no agreement is needed."


def _billing(record: Determination) -> Iterator[str]:
    denial = record.expected_denial
    if denial is not None:
        rarc, appeal = ", ".join(denial.rarc), denial.appeal.replace("_", " ")
        yield f"Expect {denial.group_code} {denial.carc} with {rarc}; {appeal}."
    yield record.next_action.text
    yield f"At risk: {dollars(record.exposure_amount or '0.00')}."


class _Alerts:
    """Tells alerts: each in full when it opens, then only what is new about it.

    Args:
        told: the actions that were told before; grows.
    """

    def __init__(self, told: set[str]) -> None:
        self._told = told
        self._before: dict[str, Alert] = {}

    def tell(self, day: date, records: Iterable[Alert]) -> Iterator[Saying]:
        """Those of one day, the settled ones last and together."""
        settled: dict[str, list[str]] = {}
        for record in sorted(records, key=_rank):
            before = self._before.get(record.alert_id)
            self._before[record.alert_id] = record
            who, kind = AUDIENCES[record.audience], _kind(record)
            if record.status == "resolved":
                settled.setdefault(who, []).append(kind)
            else:
                text = " ".join(self._news(record, before, kind, day))
                yield Saying(day, who, f"{record.severity}: {text}", record.severity)
        for who, kinds in settled.items():
            yield Saying(day, who, f"settled: {', '.join(kinds)}.", "settled")

    def _news(self, record: Alert, before: Alert | None, kind: str, day: date) -> Iterator[str]:
        if before is None or before.status == "resolved":
            yield record.message
            if record.action not in self._told:
                self._told.add(record.action)
                yield record.action
            if is_at_risk(record):
                yield f"At risk: {dollars(record.exposure_amount or '0.00')}."
            return
        if before.severity != record.severity and record.date_of_service is not None:
            days = (record.date_of_service - day).days
            yield f"{kind}, {days} days before the service (was {before.severity})."
        if before.exposure_amount != record.exposure_amount:
            was, now = dollars(before.exposure_amount or "0.00"), dollars(record.exposure_amount or "0.00")
            yield f"{kind}, with {now} of the practice's own money at risk (was {was})."
        if before.procedure_codes != record.procedure_codes:
            yield f"{kind}, now about {', '.join(record.procedure_codes)}."


def _kind(record: Alert) -> str:
    """Its name in words; two that go by one name are told apart by what they are about."""
    about = ", not billed yet" if record.kind == _TWO_FOLD and isinstance(record.subject, Appointment) else ""
    return record.kind.replace("_", " ") + about


_TWO_FOLD: Final = "service_without_agreement"
_FIRST_KINDS: Final = ("policy_affects_schedule", "expected_denial_scheduled")
"""What is expected comes before what to do about it."""


def _rank(record: Alert) -> tuple[bool, str, date]:
    return record.kind not in _FIRST_KINDS, record.kind, record.date_of_service or date.min


def _id(record: Record) -> str:
    return record.determination_id if isinstance(record, Determination) else record.alert_id


def _short(day: date) -> str:
    return f"{day.day} {day:%b}"


def dollars(amount: str | Decimal) -> str:
    """As it is written on a bill."""
    return f"${Decimal(amount):,.2f}"
