"""The items that a timeline puts before the policies: the lines of standing claims, the procedures of appointments.

Knows which contents count; does not know what any policy says of them.
"""

from collections.abc import Iterator

from policywire.cases.fold import stands
from policywire.cases.timeline import AppointmentMemory, Booking, Claim, Timeline
from policywire.decision.agreement import Agreement
from policywire.decision.item import Item
from policywire.rulebook.rulebook import Rulebook


def standing_claims(timeline: Timeline) -> Iterator[tuple[str, Claim]]:
    """Claims that are not voided, drafts included, by id."""
    for claim_id, memory in sorted(timeline.claims.items()):
        if memory.content is not None and stands(memory):
            yield claim_id, memory.content


def kept_appointments(timeline: Timeline) -> Iterator[tuple[str, Booking, AppointmentMemory]]:
    """Appointments that were neither cancelled nor missed; completed ones count."""
    for appointment_id, memory in sorted(timeline.appointments.items()):
        if memory.content is not None and (stands(memory) or is_completed(memory)):
            yield appointment_id, memory.content, memory


def is_completed(memory: AppointmentMemory) -> bool:
    """Whether the appointment ended with the service performed."""
    return not stands(memory) and memory.ending is not None and memory.ending.kind == "completed"


def claim_items(claim_id: str, claim: Claim) -> Iterator[Item]:
    """One item for each line of a claim."""
    for line in claim.lines:
        yield Item(
            owner_id=claim_id,
            line_number=line.line_number,
            event_id=claim.stamp.event_id,
            decided_for=claim.stamp.written,
            payer_id=claim.payer_id,
            line_of_business=claim.line_of_business,
            procedure_code=line.procedure_code,
            first_day=line.first_day,
            last_day=line.last_day,
            diagnoses=line.diagnoses,
            taxonomy=claim.taxonomy,
            narrative=line.narrative,
            modifiers=line.modifiers,
            units=line.units,
            charge=line.charge,
            stage="drafted" if claim.stated == "drafted" else "submitted",
        )


def appointment_items(appointment_id: str, booking: Booking) -> Iterator[Item]:
    """One item for each procedure of an appointment."""
    for code in booking.procedure_codes:
        yield Item(
            owner_id=appointment_id,
            line_number=None,
            event_id=booking.stamp.event_id,
            decided_for=booking.stamp.written,
            payer_id=booking.payer_id,
            line_of_business=booking.line_of_business,
            procedure_code=code,
            first_day=booking.service_date,
            last_day=booking.service_date,
            diagnoses=booking.diagnoses,
            taxonomy=booking.taxonomy,
            narrative=booking.narrative,
            charge=None,
            stage="scheduled",
        )


def agreements(timeline: Timeline, rulebook: Rulebook) -> tuple[Agreement, ...]:
    """The member's signed agreements with the earliest revocation that counts."""
    return tuple(
        Agreement(
            agreement_id=agreement_id,
            payer=_payer_key(rulebook, signing.payer_id),
            procedure_codes=signing.procedure_codes,
            service_date_from=signing.service_date_from,
            service_date_through=signing.service_date_through,
            signed_at=signing.signed_at,
            signed_on=signing.signed_on,
            confirmed_before_service=signing.confirmed_before_service,
            revoked_on=memory.revocations[0].day if memory.revocations else None,
        )
        for agreement_id, memory in timeline.agreements.items()
        if (signing := memory.content) is not None
    )


def _payer_key(rulebook: Rulebook, payer_id: str) -> str | None:
    profile = rulebook.payers.get(payer_id)
    return None if profile is None else profile.key
