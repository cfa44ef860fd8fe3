"""Cuts listed codes with dates of their own into periods in which one list holds: the versions of a policy.

Knows windows of days; knows no rule. A code holds from its first to its last date of service, both included; wherever a
code comes or goes, another period begins.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from policywire.errors import BadInput
from policywire.workbench.authoring.code_list import ListedCode

PERIODS_MAX: Final = 100
"""A payer revises a policy some times a year; more periods are dates of something else."""

_DAY: Final = timedelta(days=1)


class Period(Struct, frozen=True):
    """The codes that hold from a day on, in the order of the list; ``effective_through`` None: open."""

    effective_from: date
    effective_through: date | None
    listed: tuple[ListedCode, ...]


def periods_of(listed: Sequence[ListedCode], where: str) -> tuple[Period, ...]:
    """The periods of a list, oldest first, each different from the one before it.

    Args:
        listed: at least one code.
        where: the list, as errors name it.

    Raises:
        BadInput: in some days between two periods no code holds, or there are more periods than any policy has.
    """
    starts = {each.effective_from for each in listed}
    starts |= {each.effective_through + _DAY for each in listed if each.effective_through is not None}
    ordered = sorted(starts)
    if len(ordered) > PERIODS_MAX + 1:
        message = f"{where} has {len(ordered)} different dates, each of which would begin a version"
        raise BadInput(f"{message}. Check that its columns of dates are dates of service from and through.")
    found: list[Period] = []
    for first, after in [*pairwise(ordered), (ordered[-1], None)]:
        holding = tuple(each for each in listed if _holds(each, first))
        through = after - _DAY if after is not None else None
        if not holding and after is None:
            break
        if not holding:
            message = f"by {where} no code is in force from {first} to {through}, and a policy has no such gap"
            raise BadInput(f"{message}. Mend the dates, or import what lies before and after into two policies.")
        if found and _same(found[-1].listed, holding):
            found[-1] = replace(found[-1], effective_through=through)
        else:
            found.append(Period(first, through, holding))
    # Only the last period may end: of every other one the next says so.
    return (*(replace(each, effective_through=None) for each in found[:-1]), found[-1])


def _holds(code: ListedCode, day: date) -> bool:
    return code.effective_from <= day and (code.effective_through is None or day <= code.effective_through)


def _same(one: Iterable[ListedCode], other: Iterable[ListedCode]) -> bool:
    return _without_dates(one) == _without_dates(other)


def _without_dates(listed: Iterable[ListedCode]) -> list[ListedCode]:
    return [replace(each, row=0, effective_from=date.min, effective_through=None) for each in listed]
