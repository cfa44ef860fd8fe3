"""A claim line or booked procedure as its sender writes it: what both engines are asked about.

Knows the fields that a decision may read, before anything is put in normal form; does not know who asks.
"""

from datetime import date
from typing import Any

import msgspec
from msgspec import Struct

from policywire.model.records import Stage
from policywire.rulebook.cases import CaseLine


class SentLine(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line or procedure with what of its claim or appointment matters. ``scheduled`` are appointments."""

    payer_id: str
    procedure_code: str
    service_date: date
    service_date_end: date | None = None
    line_of_business: str | None = None
    diagnoses: tuple[str, ...] = ()
    diagnosis_pointers: tuple[int, ...] = ()
    """1-based; none: all diagnoses."""
    rendering_taxonomy: str | None = None
    narrative: str | None = None
    modifiers: tuple[str, ...] = ()
    units: float | None = None
    charge_amount: str | None = None
    """None for an appointment's procedure."""
    stage: Stage = "submitted"

    def pointed(self) -> tuple[str, ...]:
        """The diagnoses as written that the line points at, or all."""
        if not self.diagnosis_pointers:
            return self.diagnoses
        return tuple(self.diagnoses[pointer - 1] for pointer in self.diagnosis_pointers)

    def told(self) -> dict[str, Any]:
        """What was sent, as plain values."""
        value = msgspec.to_builtins(self)
        assert isinstance(value, dict)  # noqa: S101  a struct gives a mapping
        return value


def line_of_case(case: CaseLine, payer_id: str) -> SentLine:
    """The line of a case; the payer's id where the case gives none."""
    return SentLine(
        payer_id=case.payer_id or payer_id,
        procedure_code=case.procedure_code,
        service_date=case.service_date,
        service_date_end=case.service_date_end,
        line_of_business=case.line_of_business,
        diagnoses=case.diagnoses,
        diagnosis_pointers=case.diagnosis_pointers,
        rendering_taxonomy=case.rendering_taxonomy,
        narrative=case.narrative,
        modifiers=case.modifiers,
        units=case.units,
        charge_amount=case.charge_amount,
        stage=case.stage,
    )
