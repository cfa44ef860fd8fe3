"""Members of whom something is remembered, as the step leaves them: some thousand histories, shared by many members.

Knows generated events and the step; does not know what is measured with them. Synthetic.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time
from itertools import cycle, islice
from typing import Final, NamedTuple

from msgspec.structs import replace

from policywire.cases.codec import encode
from policywire.cases.timeline import Timeline
from policywire.model.decode import EVENT_DECODER
from policywire.rulebook.rulebook import Rulebook
from policywire.step import step
from policywire.workbench.generate import ClaimMix, SchedulingMix, generate_claims, generate_scheduling

SEED: Final = 1
NOW: Final = datetime(2026, 2, 1, tzinfo=UTC)
"""Within the time of the generated events, so that appointments lie on both sides of it."""
_EVENTS: Final = 6_000
_PERSONS: Final = 20_000
"""A fifth of them are of the payer whose policy lists codes."""


class Remembered(NamedTuple):
    """A member as a lane remembers them; ``due`` in Unix seconds."""

    member_id: str
    timeline: bytes
    due: float | None


def histories(rulebook: Rulebook) -> list[Timeline]:
    """Timelines of members with one to three claims and appointments of one listed code each, and some agreements."""
    claims = generate_claims(
        _EVENTS, SEED, ClaimMix(hits=1.0, corrections=0.0, evenly=True, members=_PERSONS, lines_max=1)
    )
    visits = generate_scheduling(
        _EVENTS, SEED, SchedulingMix(hits=1.0, reschedules=0.0, evenly=True, members=_PERSONS, codes_max=1)
    )
    timelines: dict[str, Timeline | None] = defaultdict(lambda: None)
    for published in (*claims, *visits):
        event = EVENT_DECODER.decode(published.value)
        given = step(event, timelines[event.member_id], rulebook, NOW)
        timelines[event.member_id] = given.timeline
    return [timeline for timeline in timelines.values() if timeline is not None]


def members(count: int, of: Sequence[Timeline]) -> Iterator[Remembered]:
    """So many members, who share these histories."""
    for number, timeline in enumerate(islice(cycle(of), count)):
        member_id = f"M-SYN-{number:08d}"
        due = None if timeline.due is None else datetime.combine(timeline.due, time(), UTC).timestamp()
        yield Remembered(member_id, encode(replace(timeline, member_id=member_id)), due)
