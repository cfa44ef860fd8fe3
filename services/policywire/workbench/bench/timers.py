"""What a lane's timers cost: a day of looks at the clock over many open appointments, all that is due included.

Uses the lane's own state and batches, and stops where records would be sent. Knows how a lane looks at the clock
(:mod:`policywire.stream.lane`).
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from time import process_time
from typing import Final

import msgspec
from msgspec import Struct

from policywire.cases.timeline import Timeline
from policywire.errors import OurBug
from policywire.model.decode import SCHEDULING_DECODER
from policywire.resources import shipped
from policywire.rulebook.load import load_rulebook
from policywire.rulebook.rulebook import Rulebook
from policywire.step import step
from policywire.stream.batch import Batch, Outlets
from policywire.stream.lane import DUE_MAX
from policywire.stream.outgoing import Outgoing, Writer
from policywire.stream.state import LaneState
from policywire.stream.topics import load_topics
from policywire.workbench.bench.members import members
from policywire.workbench.bench.table import Row

TODAY: Final = date(2026, 3, 2)
DAYS: Final = 60
TICK: Final = timedelta(seconds=60)
_PERCENT: Final = 100
_RECORD_BYTES_MAX: Final = 1_000_000


class Day(Struct):
    """What one day cost: seconds of processor time, the longest look at the clock, and how many members were due."""

    seconds: float = 0.0
    longest_s: float = 0.0
    due: int = 0


def measure_timers(runs: int, count: int) -> Iterator[Row]:
    """The rows about timers; each run is a day."""
    rulebook = load_rulebook(shipped("rules"))
    spread = f"services over {DAYS} days"
    for inputs, days in ((spread, range(DAYS)), ("all services 14 days ahead", (14,))):
        booked = [_booked(TODAY + timedelta(days=day), rulebook) for day in days]
        taken = [_day(_state(booked, count), rulebook) for _ in range(runs)]
        if any(each.due == 0 for each in taken):
            raise OurBug("nobody was due: nothing was measured")
        yield Row(
            f"timers of a lane with {count:,} open appointments",
            f"a day of looks {TICK.total_seconds():.0f} s apart, {inputs}",
            [each.seconds / timedelta(days=1).total_seconds() * _PERCENT for each in taken],
            "% of a core",
            "< 1",
            f"{taken[0].due:,} due; the longest batch of them {max(each.longest_s for each in taken) * 1000:,.0f} ms",
        )


def _booked(day: date, rulebook: Rulebook) -> Timeline:
    """Of a member with a denied service of that day and no agreement, as it was left yesterday. Synthetic."""
    yesterday = datetime.combine(TODAY - timedelta(days=1), time(12), UTC)
    booking = {
        "event_id": "sch-1-00000001",
        "event_type": "appointment.booked",
        "occurred_at": yesterday,
        "appointment_id": "APT-1-00000001",
        "payer_id": "62308",
        "member_id": "M-SYN",
        "service_date": day,
        "procedure_codes": ["0717T", "0718T"],
        "estimated_charge_amount": "6500.00",
    }
    event = SCHEDULING_DECODER.decode(msgspec.json.encode(booking))
    timeline = step(event, None, rulebook, yesterday).timeline
    if timeline is None:
        raise OurBug("a booking of a listed code is not remembered")
    return timeline


def _state(booked: list[Timeline], count: int) -> LaneState:
    remembered = list(members(count, booked))
    dues = {each.member_id: each.due for each in remembered if each.due is not None}
    return LaneState({each.member_id: each.timeline for each in remembered}, dues)


def _day(state: LaneState, rulebook: Rulebook) -> Day:
    """Look at the clock for a day, from its first midnight on, on which most is due."""
    topics = load_topics()
    outlets = Outlets("", {name: topic.partitions for name, topic in topics.items()})
    day, now, began = Day(), datetime.combine(TODAY, time(), UTC), process_time()
    while now.date() == TODAY:
        while state.has_due(now.timestamp()):
            looked = process_time()
            day.due += _look(state, rulebook, now, outlets)
            day.longest_s = max(day.longest_s, process_time() - looked)
        now += TICK
    day.seconds = process_time() - began
    return day


def _look(state: LaneState, rulebook: Rulebook, now: datetime, outlets: Outlets) -> int:
    """One batch of what is due, up to the bytes that a broker would get; how many members were due."""
    outgoing = Outgoing("lz4", int(now.timestamp() * 1000), _RECORD_BYTES_MAX)
    batch = Batch(0, state.timelines, rulebook, now, decoders={}, outlets=outlets, outgoing=outgoing, log_bug=_no_bug)
    due = state.take_due(now.timestamp(), DUE_MAX)
    for member in due:
        batch.tick(member)
    for _ in batch.finish():
        pass
    for _ in outgoing.rounds(Writer(1, 0), {}):
        pass
    state.fold(batch.change)
    return len(due)


def _no_bug(place: str) -> None:
    raise OurBug(f"a timer could not be run: {place}")
