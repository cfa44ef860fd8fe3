"""What is decided: one procedure code billed on a claim line or booked in an appointment, in normal form.

Knows the fields a decision may read; does not know whether they came from a claim or an appointment.
"""

from datetime import date

from msgspec import Struct

from policywire.model.records import Stage


class Item(Struct, frozen=True, kw_only=True, gc=False):
    """One claim line or booked procedure. Codes are in normal form, ``diagnoses`` those that concern it."""

    owner_id: str
    """The claim's or the appointment's id."""
    line_number: int | None
    """None for an appointment's procedure."""
    event_id: str
    decided_for: str
    payer_id: str
    line_of_business: str | None
    procedure_code: str
    first_day: date
    """The date of service; of a span its first day."""
    last_day: date
    diagnoses: tuple[str, ...]
    taxonomy: str | None
    narrative: str | None
    modifiers: tuple[str, ...] = ()
    units: float | None = None
    charge: str | None
    """A claim line's charge; None for an appointment's procedure."""
    stage: Stage
