"""What came of it, in the figures that people ask for first. Knows records; not how they are shown."""

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal

from msgspec import Struct

from policywire.model.records import Alert, Determination


class Summary(Struct, frozen=True):
    """The state after all events.

    Attributes:
        outcomes: current determinations by outcome.
        withdrawn: determinations that were taken back.
        at_risk: the exposure of current determinations of claim lines, in dollars.
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
        at_risk=sum((Decimal(each.exposure_amount or 0) for each in current if each.stage != "scheduled"), Decimal(0)),
        alerts=Counter(each.kind for each in alerts.values() if each.status == "open"),
        dead_letters=Counter(dead_letters),
        example=max(current, key=_tells, default=None),
    )


def _tells(determination: Determination) -> tuple[bool, bool, int, str]:
    """How much a reader learns from it; the id decides between equals, so that the choice is always the same."""
    return (
        determination.expected_denial is not None,
        not determination.flags,
        len(determination.explanation),
        determination.determination_id,
    )
