"""Financial responsibility agreements: does one of the member's hold for a code, a payer and a date of service?

Knows the checks and their order; does not know how agreements are remembered.
"""

from collections.abc import Iterable
from datetime import date
from typing import Final

from msgspec import Struct

from policywire.model.records import FinancialResponsibility

PROBLEMS: Final = (
    "wrong_payer",
    "wrong_service",
    "wrong_date",
    "signed_after_service",
    "signed_on_service_day",
    "revoked",
)
"""What can be wrong with an agreement, in the order in which it is checked."""

NOT_APPLICABLE: Final = FinancialResponsibility(status="not_applicable")
MISSING: Final = FinancialResponsibility(status="missing", liable="provider")


class Agreement(Struct, frozen=True, kw_only=True, gc=False):
    """A signed agreement. ``signed_at`` is in microseconds since 1970 UTC; days are local, as written."""

    agreement_id: str
    payer: str | None
    """The key of the payer's profile, or None when its payer id has none."""
    procedure_codes: tuple[str, ...]
    service_date_from: date
    service_date_through: date
    signed_at: int
    signed_on: date
    confirmed_before_service: bool
    revoked_on: date | None

    def problem(self, payer: str, code: str, day: date) -> int:
        """The place in PROBLEMS of the first check that fails, or ``len(PROBLEMS)`` when it is valid."""
        failed = (
            self.payer != payer,
            code not in self.procedure_codes,
            not self.service_date_from <= day <= self.service_date_through,
            self.signed_on > day,
            self.signed_on == day and not self.confirmed_before_service,
            self.revoked_on is not None and self.revoked_on < day,
            True,
        )
        return failed.index(True)


def financial_responsibility(
    agreements: Iterable[Agreement], payer: str, code: str, day: date
) -> FinancialResponsibility:
    """Who pays a denied code on a date of service: the agreement that holds, or the one that comes nearest to it.

    Among equals the one signed last counts, then the one with the greatest id.
    """
    nearest = max(
        agreements,
        key=lambda each: (each.problem(payer, code, day), each.signed_at, each.agreement_id),
        default=None,
    )
    if nearest is None:
        return MISSING
    problem = nearest.problem(payer, code, day)
    if problem == len(PROBLEMS):
        return FinancialResponsibility(status="valid", agreement_id=nearest.agreement_id, liable="patient")
    return FinancialResponsibility(
        status="invalid", agreement_id=nearest.agreement_id, problem=PROBLEMS[problem], liable="provider"
    )
