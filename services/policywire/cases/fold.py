"""Folds one event into a timeline so that the order of arrival does not matter.

Each claim, appointment and agreement keeps its latest content and its latest ending (an agreement its revocations); an
older one changes nothing, but every content leaves its sightings. Knows what "latest" means; knows of policies only
which codes are listed and which are targeted.
"""

from collections.abc import Iterable
from datetime import date
from typing import Final

from msgspec.structs import replace

from policywire.cases import intake
from policywire.cases.timeline import (
    AgreementMemory,
    AppointmentMemory,
    Booking,
    Claim,
    ClaimMemory,
    Ending,
    Sighting,
    Stamp,
    Timeline,
)
from policywire.model import events
from policywire.model.codes import procedure_code
from policywire.rulebook.rulebook import Rulebook

_LATER_STATED: Final = {"drafted": 0, "submitted": 1, "replaced": 2, "booked": 0, "rescheduled": 1}
"""At equal instants the greater one is the later."""


_NO_CODES: Final = frozenset[str]()
_NEW_CLAIM: Final = ClaimMemory()
_NEW_APPOINTMENT: Final = AppointmentMemory()
_NEW_AGREEMENT: Final = AgreementMemory()


def fold(event: events.AnyEvent, timeline: Timeline, rulebook: Rulebook) -> Timeline:
    """The timeline with the event in it; the very same object when the event changes nothing."""
    match event:
        case events.ClaimContent():
            return _claim_stated(event, timeline, rulebook)
        case events.ClaimVoided():
            return _claim_voided(event, timeline)
        case events.AppointmentContent():
            return _appointment_stated(event, timeline, rulebook)
        case events.AppointmentEnding():
            return _appointment_ended(event, timeline)
        case events.AgreementSigned():
            return _agreement_signed(event, timeline)
        case events.AgreementRevoked():
            return _agreement_revoked(event, timeline)


def stands(memory: ClaimMemory | AppointmentMemory) -> bool:
    """Whether there is a content that no ending has ended; at equal instants the ending is the later."""
    content, ending = memory.content, memory.ending
    return content is not None and (ending is None or ending.stamp.at < content.stamp.at)


def _claim_stated(event: events.ClaimContent, timeline: Timeline, rulebook: Rulebook) -> Timeline:
    memory = timeline.claims.get(event.claim_id, _NEW_CLAIM)
    if memory.content is None and not _lists_any(rulebook, event.payer_id, [x.procedure_code for x in event.lines]):
        return timeline
    content = intake.claim(event)
    seen = [(line.first_day, line.procedure_code) for line in content.lines]
    timeline = _sighted(timeline, rulebook, content.payer_id, content.stamp, seen)
    if memory.content is not None and _claim_order(memory.content) >= _claim_order(content):
        return timeline
    return replace(timeline, claims={**timeline.claims, event.claim_id: replace(memory, content=content)})


def _claim_order(claim: Claim) -> tuple[bool, int, int, str]:
    """A draft never replaces a submitted or replaced content, whatever its time."""
    stamp = claim.stamp
    return (claim.stated != "drafted", stamp.at, _LATER_STATED[claim.stated], stamp.event_id)


def _claim_voided(event: events.ClaimVoided, timeline: Timeline) -> Timeline:
    memory = timeline.claims.get(event.claim_id, _NEW_CLAIM)
    ending = intake.ending(event)
    if not _is_later(ending, memory.ending):
        return timeline
    return replace(timeline, claims={**timeline.claims, event.claim_id: replace(memory, ending=ending)})


def _appointment_stated(event: events.AppointmentContent, timeline: Timeline, rulebook: Rulebook) -> Timeline:
    memory = timeline.appointments.get(event.appointment_id, _NEW_APPOINTMENT)
    if memory.content is None and not _lists_any(rulebook, event.payer_id, event.procedure_codes):
        return timeline
    content = intake.booking(event)
    seen = [(content.service_date, code) for code in content.procedure_codes]
    timeline = _sighted(timeline, rulebook, content.payer_id, content.stamp, seen)
    if memory.content is not None and _booking_order(memory.content) >= _booking_order(content):
        return timeline
    kept = replace(memory, content=content)
    return replace(timeline, appointments={**timeline.appointments, event.appointment_id: kept})


def _booking_order(booking: Booking) -> tuple[int, int, str]:
    return (booking.stamp.at, _LATER_STATED[booking.stated], booking.stamp.event_id)


def _appointment_ended(event: events.AppointmentEnding, timeline: Timeline) -> Timeline:
    memory = timeline.appointments.get(event.appointment_id, _NEW_APPOINTMENT)
    ending = intake.ending(event)
    if not _is_later(ending, memory.ending):
        return timeline
    kept = replace(memory, ending=ending)
    return replace(timeline, appointments={**timeline.appointments, event.appointment_id: kept})


def _is_later(ending: Ending, than: Ending | None) -> bool:
    return than is None or _order(ending.stamp) > _order(than.stamp)


def _order(stamp: Stamp) -> tuple[int, str]:
    return (stamp.at, stamp.event_id)


def _agreement_signed(event: events.AgreementSigned, timeline: Timeline) -> Timeline:
    memory = timeline.agreements.get(event.agreement_id, _NEW_AGREEMENT)
    content = intake.signing(event)
    if memory.content is not None and _order(memory.content.stamp) >= _order(content.stamp):
        return timeline
    later = tuple(each for each in memory.revocations if each.stamp.at >= content.stamp.at)
    kept = AgreementMemory(content, later)
    return replace(timeline, agreements={**timeline.agreements, event.agreement_id: kept})


def _agreement_revoked(event: events.AgreementRevoked, timeline: Timeline) -> Timeline:
    memory = timeline.agreements.get(event.agreement_id, _NEW_AGREEMENT)
    revocation = intake.revocation(event)
    known = any(_order(each.stamp) == _order(revocation.stamp) for each in memory.revocations)
    if known or (memory.content is not None and revocation.stamp.at < memory.content.stamp.at):
        return timeline
    revocations = sorted((*memory.revocations, revocation), key=lambda each: _order(each.stamp))
    kept = replace(memory, revocations=tuple(revocations))
    return replace(timeline, agreements={**timeline.agreements, event.agreement_id: kept})


def _lists_any(rulebook: Rulebook, payer_id: str, codes: Iterable[str]) -> bool:
    listed = rulebook.index.get(payer_id)
    return listed is not None and not listed.keys().isdisjoint(map(procedure_code, codes))


def _sighted(
    timeline: Timeline, rulebook: Rulebook, payer_id: str, stamp: Stamp, seen: Iterable[tuple[date, str]]
) -> Timeline:
    profile = rulebook.payers.get(payer_id)
    if profile is None:
        return timeline
    targeted = rulebook.watch.targeted.get(profile.key, _NO_CODES)
    new = {Sighting(day, stamp.event_id, code, profile.key, stamp.day) for day, code in seen if code in targeted}
    if new.issubset(timeline.sightings):
        return timeline
    return replace(timeline, sightings=tuple(sorted(new.union(timeline.sightings))))
