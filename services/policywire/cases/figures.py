"""What is said of a member, as figures: dollars at risk by policy, and the open alerts by their day of service.

Knows which amounts may be summed without counting a dollar twice; knows nothing of other members.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, Final, NamedTuple

from policywire.cases.timeline import Timeline
from policywire.cases.watch import EXPECTED_DENIAL_SCHEDULED, SERVICE_WITHOUT_AGREEMENT
from policywire.model.records import Severity
from policywire.rulebook.rulebook import PolicyKey

UNBILLED: Final = frozenset({EXPECTED_DENIAL_SCHEDULED, SERVICE_WITHOUT_AGREEMENT})
"""The alerts about an appointment whose exposure counts; every other alert repeats a figure."""

Exposure = tuple[PolicyKey, int]
"""Cents at risk under a policy."""
OpenAlert = tuple[str, Severity, date]
"""Kind, severity and date of service."""


class Figures(NamedTuple):
    """One entry for each claim line and appointment with dollars at risk, and for each open alert."""

    exposures: Sequence[Exposure]
    alerts: Sequence[OpenAlert]


NOTHING: Final = Figures((), ())
NONE_AT_RISK: Final = "0.00"


def figures_of(timeline: Timeline | None) -> Figures:
    """The figures of a timeline; of none, nothing."""
    return NOTHING if timeline is None else figures(timeline.verdicts, timeline.notices)


def figures(verdicts: Iterable[Any], notices: Iterable[Any]) -> Figures:
    """The figures of what is said. Source of the sum: domain.md, "Dollars at risk".

    Args:
        verdicts: all that stand, or what :func:`policywire.cases.codec.said` reads of them.
        notices: the same of all that are open.
    """
    exposures: list[Exposure] = []
    alerts: list[OpenAlert] = []
    for verdict in verdicts:
        amount = verdict.exposure_amount
        if amount is not None and amount != NONE_AT_RISK and verdict.line_number is not None:
            exposures.append(((verdict.payer, verdict.policy_id), _cents(amount)))
    for notice in notices:
        kind = notice.kind
        alerts.append((kind, notice.severity, notice.date_of_service))
        if kind in UNBILLED and notice.appointment_id is not None:
            amount = notice.exposure_amount
            if amount is not None and amount != NONE_AT_RISK:
                exposures.append(((notice.payer, notice.policy_id), _cents(amount)))
    return Figures(exposures, alerts)


@lru_cache(maxsize=4096)  # what is charged for a service is charged again and again
def _cents(amount: str) -> int:
    """Of the contract's decimal string, which has two places."""
    return int(amount.replace(".", ""))
