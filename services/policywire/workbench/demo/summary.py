"""What came of it, in the figures that people ask for first. Knows records; not how they are shown."""

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

from msgspec import Struct

from policywire.model.records import Alert, Appointment, ClaimLine, Determination

_AT_RISK_KINDS: Final = frozenset({"expected_denial_scheduled", "service_without_agreement"})
"""Of appointments. The other alerts repeat a figure and are never summed."""


class Summary(Struct, frozen=True):
    """The state after all events.

    Attributes:
        outcomes: current determinations by outcome.
        withdrawn: determinations that were taken back.
        at_risk: see :func:`dollars_at_risk`.
        alerts: open alerts by kind.
        dead_letters: by error code.
        example: a denied line with the longest explanation and no flags.
    """

    outcomes: Counter[str]
    withdrawn: int
    at_risk: Decimal
    alerts: Counter[str]
    dead_letters: Counter[str]
    example: Determination | None


def summarise(
    determinations: Mapping[str, Determination], alerts: Mapping[str, Alert], dead_letters: Iterable[str]
) -> Summary:
    """The summary of the latest record of each id.

    Args:
        determinations: by their id.
        alerts: by their id.
        dead_letters: the code of each.
    """
    current = [each for each in determinations.values() if each.status == "current"]
    return Summary(
        outcomes=Counter(each.outcome.value for each in current),
        withdrawn=len(determinations) - len(current),
        at_risk=dollars_at_risk(determinations.values(), alerts.values()),
        alerts=Counter(each.kind for each in alerts.values() if each.status == "open"),
        dead_letters=Counter(dead_letters),
        example=max(current, key=_tells, default=None),
    )


def dollars_at_risk(determinations: Iterable[Determination], alerts: Iterable[Alert]) -> Decimal:
    """The exposure of current claim lines, and of services that are booked or done and not billed yet."""
    billed = [
        each.exposure_amount
        for each in determinations
        if each.status == "current" and isinstance(each.subject, ClaimLine)
    ]
    unbilled = [each.exposure_amount for each in alerts if is_at_risk(each)]
    return sum((Decimal(amount or 0) for amount in (*billed, *unbilled)), Decimal(0))


def is_at_risk(alert: Alert) -> bool:
    """Whether it is open and has an exposure that stands nowhere else."""
    return alert.status == "open" and alert.kind in _AT_RISK_KINDS and isinstance(alert.subject, Appointment)


def _tells(determination: Determination) -> tuple[bool, bool, int, str]:
    """How much a reader learns from it; the id decides between equals, so that the choice is always the same."""
    return (
        determination.expected_denial is not None,
        not determination.flags,
        len(determination.explanation),
        determination.determination_id,
    )
