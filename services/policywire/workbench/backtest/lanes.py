"""Two lanes of the same pure step side by side: the rules in force, and the draft. The path of an event is here.

Knows the replay of events and what each lane said; does not know where events come from, nor a clock: time is the time
of the events, as in ``policywire replay``. All events build what is remembered; what is said once time has reached the
beginning of the window is what the result speaks of.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from policywire.model.decode import EVENT_DECODER, Decoder, Rejected
from policywire.model.events import AnyEvent
from policywire.model.records import Record
from policywire.model.rejection import ErrorCode
from policywire.rulebook.rulebook import Rulebook
from policywire.step import passed_by
from policywire.workbench.backtest.memory import PackedTimelines
from policywire.workbench.backtest.standing import Standing
from policywire.workbench.replay import Replay

AHEAD_MAX: Final = timedelta(hours=24)
"""An event of a time farther ahead of its own record is a dead letter in a worker."""

AFTER_WINDOW: Final = "after_window"
"""Counted beside the codes of dead letters: good, but later than what was asked for."""


class Lane:
    """One edition at work."""

    def __init__(self, rulebook: Rulebook) -> None:
        self.timelines = PackedTimelines()
        self.standing = Standing()
        self.records = 0
        """Made within the window."""
        self._rulebook = rulebook
        self._replay = Replay(rulebook, self.timelines)

    def take(self, event: AnyEvent, since: datetime | None) -> None:
        """Decide an event, after what had become due by its time."""
        if event.member_id not in self.timelines and passed_by(event, self._rulebook) is not None:
            # Nine of ten events: nothing is remembered and nothing said, only time moves.
            self.advance(event.occurred_at, since)
        else:
            self._note(self._replay.take(event), since)

    def advance(self, to: datetime | None, since: datetime | None) -> None:
        """Move time if it is later, and say what is due."""
        self._note(self._replay.advance(to), since)

    def _note(self, records: Iterable[Record], since: datetime | None) -> None:
        for record in records:
            clock = self._replay.clock
            in_window = since is None or (clock is not None and clock >= since)
            self.records += in_window
            self.standing.note(record, in_window=in_window)


class Backtest:
    """Runs events through both lanes.

    Args:
        current: the rules in force.
        draft: the rules to try.
        since: from when on what is said counts; None: from the beginning.
        until: events that happened later are left out, and time goes on to here at the end; None: to the last event.

    Attributes:
        events: how many were decided.
        left_out: how many were not, by the code of the dead letter or :data:`AFTER_WINDOW`.
    """

    def __init__(
        self, current: Rulebook, draft: Rulebook, since: datetime | None = None, until: datetime | None = None
    ) -> None:
        self.current = Lane(current)
        self.draft = Lane(draft)
        self.since = since
        self.until = until
        self.events = 0
        self.left_out: Counter[str] = Counter()

    def feed(self, value: bytes, decoder: Decoder[AnyEvent] = EVENT_DECODER) -> None:
        """One event from a file; decoded once and decided twice."""
        try:
            event = decoder.decode(value)
        except Rejected as rejected:
            self.left_out[rejected.code.value] += 1
            return
        self._take(event)

    def feed_record(self, decoder: Decoder[AnyEvent], key: bytes | None, value: bytes | None, moment: datetime) -> None:
        """One record of a topic.

        Args:
            decoder: of the topic.
            key: of the record.
            value: of the record.
            moment: when it was written.
        """
        try:
            event = decoder.decode(value, key)
        except Rejected as rejected:
            self.left_out[rejected.code.value] += 1
            return
        if event.occurred_at > moment + AHEAD_MAX:
            self.left_out[ErrorCode.CLOCK_AHEAD.value] += 1
            return
        self._take(event)

    def finish(self) -> None:
        """All events were fed: let time come to its end."""
        for lane in (self.current, self.draft):
            lane.advance(None, self.since)
            lane.advance(self.until, self.since)

    def _take(self, event: AnyEvent) -> None:
        if self.until is not None and event.occurred_at > self.until:
            self.left_out[AFTER_WINDOW] += 1
            return
        self.events += 1
        self.current.take(event, self.since)
        self.draft.take(event, self.since)
