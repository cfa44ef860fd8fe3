"""The rows of synthetic tables of charges, orders and agreements, and what a mix of them is asked to be.

Knows the columns and nothing of how they are filled or written.
"""

from datetime import date
from typing import Final, NamedTuple

from msgspec import Struct

FIRST_DAY, LAST_DAY = date(2024, 3, 1), date(2026, 2, 28)
"""24 months, with 2025-12-16 in them."""
UNMAPPED: Final = "CIGNA"
"""A payer id as a careless sender writes it: no profile has it."""


class ChargeMix(Struct, frozen=True, kw_only=True):
    """What to generate.

    Attributes:
        hits: share of lines with a listed code, nearly all of them under Cigna's payer id; 0.6 at most.
        bad: share of lines that are no good, each kind of fault in turn.
        untidy: share of listed codes written in lower case or with blanks around.
        start: first day of service.
        end: last day of service.
    """

    hits: float = 0.03
    bad: float = 0.0
    untidy: float = 0.02
    start: date = FIRST_DAY
    end: date = LAST_DAY


class Charge(NamedTuple):
    """One line; the fields are the canonical columns."""

    claim_id: str
    line_number: int
    payer_id: str | None
    line_of_business: str | None
    member_id: str
    billing_provider_npi: str
    rendering_provider_npi: str
    rendering_taxonomy: str
    ordering_provider_npi: str
    specialty: str
    practice_line: str
    diagnoses: tuple[str, ...]
    diagnosis_pointers: tuple[int, ...]
    procedure_code: str
    modifiers: tuple[str, ...]
    units: str
    charge_amount: str | None
    service_date: str
    service_date_end: str | None
    narrative: str | None
    kind: str


class SignedAgreement(NamedTuple):
    """One agreement, as a row."""

    agreement_id: str
    payer_id: str
    member_id: str
    procedure_codes: tuple[str, ...]
    service_date_from: str
    service_date_through: str
    signed_at: str
    confirmed_before_service: bool
    revoked_at: str | None
