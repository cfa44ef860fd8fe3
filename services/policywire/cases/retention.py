"""How long things are remembered, and when time alone will change something next.

Knows the retention rule (24 calendar months after the later of date of service and event time) and the dates on which
severities and notices turn; days are UTC days.
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from msgspec.structs import replace

from policywire.cases import watch
from policywire.cases.notice import Notice
from policywire.cases.outlook import Outlook
from policywire.cases.timeline import AgreementMemory, AppointmentMemory, ClaimMemory, Sighting, Timeline
from policywire.model.calendar import add_months
from policywire.rulebook.rulebook import WatchRules


def without_expired(timeline: Timeline, months: int, today: date) -> Timeline:
    """The timeline less what need no longer be remembered; the very same object when nothing has expired.

    Forgetting opens no alert and leaves determinations standing. So a claim is kept as long as an appointment on whose
    day it bills, and an agreement as long as a claim or appointment that it may cover or whose determination names it.
    """
    appointments = {
        key: each for key, each in timeline.appointments.items() if today < add_months(_appointment_day(each), months)
    }
    booked = _booked_days(appointments.values())
    claims = {
        key: each
        for key, each in timeline.claims.items()
        if today < add_months(_claim_day(each), months) or _bills_on(each, booked)
    }
    days = booked.union(*map(_billed_days, claims.values()))
    named = {
        each.agreement_id
        for each in timeline.verdicts
        if each.owner_id in (appointments if each.line_number is None else claims)
    }
    agreements = {
        key: each
        for key, each in timeline.agreements.items()
        if today < add_months(_agreement_day(each), months) or key in named or _may_cover(each, days)
    }
    sightings = tuple(each for each in timeline.sightings if today < add_months(_sighting_day(each), months))
    kept = replace(timeline, claims=claims, appointments=appointments, agreements=agreements, sightings=sightings)
    return timeline if kept == timeline else kept


def next_due(timeline: Timeline, seen: Outlook, rules: WatchRules, today: date) -> date | None:
    """The UTC day from which time alone can change something; ``today`` or before when something has expired."""
    days = [day for notice in seen.notices for day in _turning_days(notice, rules) if day > today]
    last = min(_last_days(timeline, seen), default=None)
    if last is not None:
        days.append(add_months(last, rules.retention_months))  # months later, the first is the first
    return min(days, default=None)


def _turning_days(notice: Notice, rules: WatchRules) -> list[date]:
    service = notice.date_of_service
    days = [service - timedelta(days=days) for days, _ in rules.texts[notice.kind].severity_by_days]
    if notice.kind == watch.SERVICE_WITHOUT_AGREEMENT:
        days.append(add_months(service, rules.service_without_agreement_months))
    return days


def _last_days(timeline: Timeline, seen: Outlook) -> Iterator[date]:
    """The day that counts for each thing that nothing else keeps; what is kept expires with its keeper."""
    booked = _booked_days(timeline.appointments.values())
    yield from map(_appointment_day, timeline.appointments.values())
    for claim in timeline.claims.values():
        if not _bills_on(claim, booked):
            yield _claim_day(claim)
    if timeline.agreements:
        named = {each.agreement_id for each in seen.verdicts}
        days = booked.union(*map(_billed_days, timeline.claims.values()))
        for agreement_id, agreement in timeline.agreements.items():
            if agreement_id not in named and not _may_cover(agreement, days):
                yield _agreement_day(agreement)
    yield from map(_sighting_day, timeline.sightings)


def _claim_day(memory: ClaimMemory) -> date:
    day = _event_day(memory)
    if memory.content is not None:
        for line in memory.content.lines:
            day = max(day, line.last_day)
    return day


def _appointment_day(memory: AppointmentMemory) -> date:
    day, content = _event_day(memory), memory.content
    return day if content is None or content.service_date <= day else content.service_date


def _event_day(memory: ClaimMemory | AppointmentMemory) -> date:
    """The UTC date of the latest event about it that counts."""
    content, ending = memory.content, memory.ending
    if ending is not None and (content is None or ending.stamp.at >= content.stamp.at):
        return ending.stamp.day
    return date.min if content is None else content.stamp.day


def _agreement_day(memory: AgreementMemory) -> date:
    days = [each.stamp.day for each in memory.revocations]
    if memory.content is not None:
        days += [memory.content.stamp.day, memory.content.service_date_through]
    return max(days)


def _sighting_day(sighting: Sighting) -> date:
    return max(sighting.day, sighting.seen_on)


def _booked_days(appointments: Iterable[AppointmentMemory]) -> set[date]:
    return {each.content.service_date for each in appointments if each.content is not None}


def _billed_days(claim: ClaimMemory) -> set[date]:
    return set() if claim.content is None else {line.first_day for line in claim.content.lines}


def _bills_on(claim: ClaimMemory, days: set[date]) -> bool:
    return bool(days) and not days.isdisjoint(_billed_days(claim))


def _may_cover(memory: AgreementMemory, days: set[date]) -> bool:
    signing = memory.content
    return signing is not None and any(signing.service_date_from <= day <= signing.service_date_through for day in days)
