"""The final state from the input alone: all events of a member taken under the last clock, whenever they came.

Knows the pure step, and what in domain.md depends on the way: claim lines of a quiet member stand as the rulebook of
its last look has them; what is said because the rules have changed needs what was said before; and what was forgotten
is not there to be compared, so members of whom something expired are left to the replay.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from msgspec import Struct
from tests.chaos.intake import Share
from tests.chaos.logs import Stream
from tests.chaos.observed import Uttered, heading
from tests.chaos.sayings import without_revision

from policywire.cases.timeline import Timeline
from policywire.cases.watch import POLICY_AFFECTS_SCHEDULE
from policywire.model.records import encode
from policywire.rulebook.rulebook import Rulebook
from policywire.step import step


class Standing(Struct, frozen=True):
    """The latest record of an id: whether it is current or open, and what it says less the name of its rulebook."""

    stands: bool
    content: bytes


def contradictions(
    shares: list[Share],
    remembered: Timeline | None,
    observed: Mapping[Stream, list[Uttered]],
    rulebook: Rulebook,
    now: datetime,
) -> Iterator[str]:
    """In what the end differs from what the member's events, the rulebook and the clock alone give.

    Args:
        remembered: the member's last timeline in the changelog.
        observed: all that was said of the member.
        rulebook: with which the member was last looked at.
    """
    timeline, expected = _taken(shares, rulebook, now)
    for name in ("claims", "appointments", "agreements", "sightings", "verdicts", "notices"):
        if _comparable(timeline, name) != _comparable(remembered, name):
            yield f"the {name} of a timeline"
    latest = _latest(observed)
    for key in expected.keys() | latest.keys():
        if _standing(expected.get(key)) != _standing(latest.get(key)):
            yield "what stands said under an id"


def _taken(
    shares: list[Share], rulebook: Rulebook, now: datetime
) -> tuple[Timeline | None, dict[str | None, Standing]]:
    """The end after all events, and the latest record of each id."""
    timeline: Timeline | None = None
    latest: dict[str | None, Standing] = {}
    for share in shares:
        for turn in share.turns:
            result = step(turn.event, timeline, rulebook, now)
            timeline = result.timeline
            for record in result.records:
                value = encode(record)
                latest[heading(value).key] = _standing_of(value)
    return timeline, latest


def _comparable(timeline: Timeline | None, name: str) -> object:
    """A part of a timeline, less what is said because of rules that have changed on the way."""
    part = getattr(timeline, name, ())
    if name == "notices":
        return tuple(each for each in part if each.kind != POLICY_AFFECTS_SCHEDULE)
    return part or ()


def _standing(latest: Standing | None) -> bytes | None:
    """What stands; None when nothing does: what was withdrawn or resolved depends on the way."""
    return latest.content if latest is not None and latest.stands else None


def _latest(observed: Mapping[Stream, list[Uttered]]) -> dict[str | None, Standing]:
    """By id; the records of one id lie in one partition, so the last of a stream is the latest."""
    latest: dict[str | None, Standing] = {}
    for (topic, _), values in observed.items():
        if topic != "audit-log":
            latest |= {heading(each.value).key: _standing_of(each.value) for each in values}
    return latest


def _standing_of(value: bytes) -> Standing:
    head = heading(value)
    stands = head.status in {"current", "open"} and head.kind != POLICY_AFFECTS_SCHEDULE
    return Standing(stands, without_revision(value))
