"""How things stand with a member now: what every policy says of every item, and which notices are open.

A pure function of timeline, rulebook and day, so the order of events cannot matter. Knows which contents are put before
the policies; what makes a notice is in :mod:`policywire.cases.watch`.
"""

from collections.abc import Iterable
from datetime import date
from itertools import chain
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


class Outlook(NamedTuple):
    """What stands: the verdicts, and the notices that are open."""

    verdicts: tuple[Verdict, ...]
    notices: tuple[Notice, ...]


def outlook(timeline: Timeline, rulebook: Rulebook, today: date) -> Outlook:
    """How things stand on a UTC day."""
    held = items.agreements(timeline, rulebook)
    claims = [
        DecidedClaim(claim_id, claim, _decided(items.claim_items(claim_id, claim), held, rulebook))
        for claim_id, claim in items.standing_claims(timeline)
    ]
    appointments = [
        DecidedAppointment(
            appointment_id, booking, memory, _decided(items.appointment_items(appointment_id, booking), held, rulebook)
        )
        for appointment_id, booking, memory in items.kept_appointments(timeline)
    ]
    verdicts = tuple(chain(*(each.verdicts for each in claims), *(each.verdicts for each in appointments)))
    return Outlook(verdicts, Watch(rulebook, timeline, today).notices(claims, appointments))


def _decided(each_of: Iterable[Item], held: tuple[Agreement, ...], rulebook: Rulebook) -> tuple[Verdict, ...]:
    return tuple(verdict for item in each_of for verdict in determine(item, held, rulebook))
