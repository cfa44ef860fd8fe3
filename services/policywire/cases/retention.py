"""How long things are remembered, and when time alone will change something next.

Knows the retention rule (24 calendar months after the later of date of service and event time) and the dates on which
severities and notices turn; days are UTC days.
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from msgspec.structs import replace

from policywire.cases import watch
from policywire.cases.calendar import add_months
from policywire.cases.notice import Notice
from policywire.cases.timeline import AgreementMemory, AppointmentMemory, ClaimMemory, Sighting, Timeline
from policywire.rulebook.rulebook import WatchRules


def without_expired(timeline: Timeline, months: int, today: date) -> Timeline:
    """The timeline less what need no longer be remembered; the very same object when nothing has expired.

    An agreement is kept as long as a claim or appointment that it may cover: forgetting it must leave their
    determinations standing.
    """
    claims = {key: each for key, each in timeline.claims.items() if today < add_months(_claim_day(each), months)}
    appointments = {
        key: each for key, each in timeline.appointments.items() if today < add_months(_appointment_day(each), months)
    }
    days = set(_service_days(claims.values(), appointments.values()))
    agreements = {
        key: each
        for key, each in timeline.agreements.items()
        if today < add_months(_agreement_day(each), months) or _may_cover(each, days)
    }
    sightings = tuple(each for each in timeline.sightings if today < add_months(_sighting_day(each), months))
    kept = replace(timeline, claims=claims, appointments=appointments, agreements=agreements, sightings=sightings)
    return timeline if kept == timeline else kept


def next_due(timeline: Timeline, notices: tuple[Notice, ...], rules: WatchRules, today: date) -> date | None:
    """The UTC day from which time alone can change something; ``today`` or before when something has expired."""
    turning = (day for notice in notices for day in _turning_days(notice, rules) if day > today)
    return min((*_expiry_days(timeline, rules.retention_months), *turning), default=None)


def _turning_days(notice: Notice, rules: WatchRules) -> Iterator[date]:
    for at_most, _ in rules.texts[notice.kind].severity_by_days:
        yield notice.date_of_service - timedelta(days=at_most)
    if notice.kind == watch.SERVICE_WITHOUT_AGREEMENT:
        yield add_months(notice.date_of_service, rules.service_without_agreement_months)


def _expiry_days(timeline: Timeline, months: int) -> Iterator[date]:
    for claim in timeline.claims.values():
        yield add_months(_claim_day(claim), months)
    for appointment in timeline.appointments.values():
        yield add_months(_appointment_day(appointment), months)
    days = set(_service_days(timeline.claims.values(), timeline.appointments.values()))
    for agreement in timeline.agreements.values():
        if not _may_cover(agreement, days):
            yield add_months(_agreement_day(agreement), months)
    for sighting in timeline.sightings:
        yield add_months(_sighting_day(sighting), months)


def _claim_day(memory: ClaimMemory) -> date:
    days = [] if memory.ending is None else [memory.ending.stamp.day]
    if memory.content is not None:
        days += [memory.content.stamp.day, *(line.last_day for line in memory.content.lines)]
    return max(days)


def _appointment_day(memory: AppointmentMemory) -> date:
    days = [] if memory.ending is None else [memory.ending.stamp.day]
    if memory.content is not None:
        days += [memory.content.stamp.day, memory.content.service_date]
    return max(days)


def _agreement_day(memory: AgreementMemory) -> date:
    days = [each.stamp.day for each in memory.revocations]
    if memory.content is not None:
        days += [memory.content.stamp.day, memory.content.service_date_through]
    return max(days)


def _sighting_day(sighting: Sighting) -> date:
    return max(sighting.day, sighting.seen_on)


def _service_days(claims: Iterable[ClaimMemory], appointments: Iterable[AppointmentMemory]) -> Iterator[date]:
    for claim in claims:
        if claim.content is not None:
            yield from (line.first_day for line in claim.content.lines)
    for appointment in appointments:
        if appointment.content is not None:
            yield appointment.content.service_date


def _may_cover(memory: AgreementMemory, days: set[date]) -> bool:
    signing = memory.content
    return signing is not None and any(signing.service_date_from <= day <= signing.service_date_through for day in days)
