"""How things stand with a member now: what every policy says of every item, and which notices are open.

A pure function of timeline, rulebook and day, so the order of events cannot matter. Knows which contents are put before
the policies, and which need not be again; what makes a notice is in :mod:`policywire.cases.watch`.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

from policywire.cases import items
from policywire.cases.notice import Notice
from policywire.cases.timeline import Timeline
from policywire.cases.watch import DecidedAppointment, DecidedClaim, Watch
from policywire.decision.agreement import Agreement
from policywire.decision.determine import determine
from policywire.decision.item import Item
from policywire.decision.verdict import Verdict
from policywire.rulebook.rulebook import Rulebook

Known = Mapping[tuple[bool, str], tuple[Verdict, ...]]
"""Verdicts that hold as they are, by whether they are of an appointment and its or the claim's id."""


class Outlook(NamedTuple):
    """What stands: the verdicts, and the notices that are open."""

    verdicts: tuple[Verdict, ...]
    notices: tuple[Notice, ...]


def outlook(timeline: Timeline, rulebook: Rulebook, today: date, known: Known) -> Outlook:
    """How things stand on a UTC day; what is ``known`` is not decided again."""
    held = items.agreements(timeline, rulebook) if timeline.agreements else ()
    claims: list[DecidedClaim] = []
    appointments: list[DecidedAppointment] = []
    verdicts: list[Verdict] = []
    for claim_id, claim in items.standing_claims(timeline):
        decided = known.get((False, claim_id))
        if decided is None:
            decided = _decide(items.claim_items(claim_id, claim), held, rulebook)
        claims.append(DecidedClaim(claim_id, claim, decided))
        verdicts += decided
    for appointment_id, booking, memory in items.kept_appointments(timeline):
        decided = known.get((True, appointment_id))
        if decided is None:
            decided = _decide(items.appointment_items(appointment_id, booking), held, rulebook)
        appointments.append(DecidedAppointment(appointment_id, booking, memory, decided))
        verdicts += decided
    return Outlook(tuple(verdicts), Watch(rulebook, timeline, today).notices(claims, appointments))


def still_known(timeline: Timeline, before: Timeline) -> Known:
    """The verdicts of ``before`` on claims and appointments of which ``timeline`` remembers the very same.

    A verdict is a function of content, agreements and rulebook. So they hold when ``before`` was last looked at with
    the rulebook that is now asked; that the caller knows.
    """
    if timeline.agreements != before.agreements:
        return {}
    known: dict[tuple[bool, str], tuple[Verdict, ...]] = {}
    for claim_id, claim in timeline.claims.items():
        if before.claims.get(claim_id) is claim:
            known[False, claim_id] = ()
    for appointment_id, appointment in timeline.appointments.items():
        if before.appointments.get(appointment_id) is appointment:
            known[True, appointment_id] = ()
    for verdict in before.verdicts:
        owner = (verdict.line_number is None, verdict.owner_id)
        if owner in known:
            known[owner] = (*known[owner], verdict)
    return known


def _decide(each_of: Iterable[Item], held: tuple[Agreement, ...], rulebook: Rulebook) -> tuple[Verdict, ...]:
    return tuple([verdict for item in each_of for verdict in determine(item, held, rulebook)])
