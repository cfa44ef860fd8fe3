"""Replays a file of events through the pure step, with no broker: one clock for the whole file, state in memory.

Knows the order of a file and the file's clock; does not know files, arguments or output formats (``cli/replay.py``).
"""

from collections.abc import Iterator, MutableMapping
from datetime import datetime
from heapq import heappop, heappush
from typing import NamedTuple

from policywire.cases.timeline import Timeline
from policywire.model.decode import EVENT_DECODER, Rejected
from policywire.model.events import AnyEvent
from policywire.model.records import Record
from policywire.rulebook.rulebook import Rulebook
from policywire.step import Step, follow, step, tick


class BadLine(NamedTuple):
    """A line that is no event: its number, counted from 1, and why."""

    line: int
    rejected: Rejected


class Replay:
    """The state of one replay. The clock is the greatest ``occurred_at`` of the accepted events so far.

    Args:
        rulebook: by which events are decided.
        timelines: where members are remembered; a dictionary when nothing else is given.
    """

    def __init__(self, rulebook: Rulebook, timelines: MutableMapping[str, Timeline] | None = None) -> None:
        self._rulebook = rulebook
        self._timelines: MutableMapping[str, Timeline] = {} if timelines is None else timelines
        self._due: dict[str, datetime] = {}
        self._next_due: list[tuple[datetime, str]] = []
        self._clock: datetime | None = None

    def feed(self, line: int, value: bytes) -> Iterator[Record | BadLine]:
        """What one line gives, after what had become due by its time."""
        try:
            event = EVENT_DECODER.decode(value)
        except Rejected as rejected:
            yield BadLine(line, rejected)
            return
        yield from self.take(event)

    def take(self, event: AnyEvent) -> Iterator[Record]:
        """What one event gives, after what had become due by its time."""
        yield from self.advance(event.occurred_at)
        now = self._clock or event.occurred_at
        member_id = event.member_id
        yield from self._keep(member_id, step(event, self._timelines.get(member_id), self._rulebook, now))

    @property
    def clock(self) -> datetime | None:
        """How far time has come; None before the first event."""
        return self._clock

    def advance(self, to: datetime | None = None) -> Iterator[Record]:
        """Move the clock if ``to`` is later, and run what is due for every member."""
        if to is not None and (self._clock is None or to > self._clock):
            self._clock = to
        while self._clock is not None and self._next_due and self._next_due[0][0] <= self._clock:
            due, member_id = heappop(self._next_due)
            if self._due.get(member_id) == due:
                yield from self._keep(member_id, tick(self._timelines[member_id], self._rulebook, self._clock))

    def publish(self, rulebook: Rulebook, at: datetime) -> Iterator[Record]:
        """From an instant on decide by another rulebook; appointments still to come are looked at again at once."""
        yield from self.advance(at)
        self._rulebook = rulebook
        now = self._clock or at
        for member_id, timeline in tuple(self._timelines.items()):
            yield from self._keep(member_id, follow(timeline, rulebook, now))

    def _keep(self, member_id: str, given: Step) -> tuple[Record, ...]:
        if given.timeline is None:
            self._timelines.pop(member_id, None)
            self._due.pop(member_id, None)
        else:
            self._timelines[member_id] = given.timeline
            self._schedule(member_id, given.due)
        return given.records

    def _schedule(self, member_id: str, due: datetime | None) -> None:
        if due is None:
            self._due.pop(member_id, None)
        elif self._due.get(member_id) != due:
            self._due[member_id] = due
            heappush(self._next_due, (due, member_id))
