"""What is said of a member, as figures: dollars at risk by policy, and the open alerts by their day of service.

Knows which amounts may be summed without counting a dollar twice; knows nothing of other members.
"""

from collections.abc import Iterable
from datetime import date
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

    exposures: tuple[Exposure, ...]
    alerts: tuple[OpenAlert, ...]


NOTHING: Final = Figures((), ())


def figures_of(timeline: Timeline | None) -> Figures:
    """The figures of a timeline; of none, nothing."""
    return NOTHING if timeline is None else figures(timeline.verdicts, timeline.notices)


def figures(verdicts: Iterable[Any], notices: Iterable[Any]) -> Figures:
    """The figures of what is said. Source of the sum: domain.md, "Dollars at risk".

    Args:
        verdicts: all that stand, or what :func:`policywire.cases.codec.said` reads of them.
        notices: the same of all that are open.
    """
    exposures = [
        ((each.payer, each.policy_id), cents)
        for each in verdicts
        if each.line_number is not None and (cents := _cents(each.exposure_amount))
    ]
    alerts: list[OpenAlert] = []
    for notice in notices:
        alerts.append((notice.kind, notice.severity, notice.date_of_service))
        if notice.kind in UNBILLED and notice.appointment_id is not None and (cents := _cents(notice.exposure_amount)):
            exposures.append(((notice.payer, notice.policy_id), cents))
    return Figures(tuple(exposures), tuple(alerts))


def _cents(amount: str | None) -> int:
    """Of the contract's decimal string, which has two places; what is not known is not counted."""
    return 0 if amount is None else int(amount.replace(".", ""))
