"""The manners in which members agree to pay: as they should, and in every way in which it does not hold.

Knows the fields of an agreement that depend on the manner. Knows no policy: what holds is not decided here.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from policywire.workbench.generate.bookings import Visit
from policywire.workbench.generate.pieces import payer
from policywire.workbench.generate.practice import ELSEWHERE


class Manner(NamedTuple):
    """How an agreement is made.

    Attributes:
        codes_instead: the codes that it lists, as a JSON array; None: those of the appointment.
        days_after: how many days after the day of service it is signed; None: on a day before it.
        is_confirmed: whether the member confirms that it was before the service.
        window_days: how many days its window lies after the day of service.
        is_elsewhere: whether it names another payer.
        is_revoked: whether it is taken back, the day before the service.
    """

    codes_instead: str | None = None
    days_after: int | None = None
    is_confirmed: bool = False
    window_days: int = 0
    is_elsewhere: bool = False
    is_revoked: bool = False

    def payer(self, visit: Visit) -> str:
        """The payer's field."""
        return f'"payer_id":"{ELSEWHERE[0]}"' if self.is_elsewhere else payer(visit.member)

    def codes(self, visit: Visit) -> str:
        """The codes' field, and what they are estimated to cost."""
        codes = self.codes_instead or visit.plan.codes
        return f'"procedure_codes":{codes},"estimated_cost_amount":"{visit.plan.estimate}"'

    @property
    def more(self) -> str:
        """What else is written."""
        return ',"confirmed_before_service":true' if self.is_confirmed else ""


AS_IT_SHOULD_BE: Final = Manner()
ODD: Final = (
    Manner(is_elsewhere=True),
    Manner(codes_instead='["29881"]'),
    Manner(codes_instead="[]"),
    Manner(window_days=1),
    Manner(days_after=2),
    Manner(days_after=0),
    Manner(days_after=0, is_confirmed=True),
    Manner(is_revoked=True),
)


class Paper(NamedTuple):
    """An agreement that is still to be signed, or is signed and still to be taken back."""

    visit: Visit
    manner: Manner
    is_signed: bool = False


def window(days: Sequence[str], day: int, manner: Manner) -> str:
    """The first and the last day that it is for."""
    stated = days[day + manner.window_days]
    return f'"service_date_from":"{stated}","service_date_through":"{stated}"'
