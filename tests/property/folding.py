"""Feeds events to the pure step the way the worker does, and keeps everything that comes out."""

import datetime as dt
import json
from typing import Any

import msgspec

from policywire.cases import codec
from policywire.cases.timeline import Timeline
from policywire.model.decode import EVENT_DECODER
from policywire.model.records import Alert, Determination, Record
from policywire.rulebook.rulebook import Rulebook
from policywire.step import Step, step, tick

Event = dict[str, Any]
Key = tuple[str, ...]


class Folding:
    """The state of members fed so far. ``through_bytes``: every timeline is written and read again after each step."""

    def __init__(self, rulebook: Rulebook, *, through_bytes: bool = False) -> None:
        self.rulebook = rulebook
        self.through_bytes = through_bytes
        self.timelines: dict[str, Timeline] = {}
        self.due: dict[str, dt.datetime] = {}
        self.now = dt.datetime.min.replace(tzinfo=dt.UTC)
        self.records: list[Record] = []

    def feed(self, event: Event) -> tuple[Record, ...]:
        """What one event gives, after what had become due by its time."""
        decoded = EVENT_DECODER.decode(json.dumps(event).encode())
        self.advance(decoded.occurred_at)
        given = step(decoded, self.timelines.get(decoded.member_id), self.rulebook, self.now)
        return self._keep(decoded.member_id, given)

    def feed_all(self, events: list[Event]) -> "Folding":
        """Feed events in order."""
        for event in events:
            self.feed(event)
        return self

    def advance(self, to: dt.datetime) -> None:
        """Move the clock, once to every instant that is due on the way."""
        while self.due and (first := min(self.due.values())) <= to:
            self.now = max(self.now, first)
            for member_id in [member_id for member_id, due in self.due.items() if due <= self.now]:
                self._keep(member_id, tick(self.timelines[member_id], self.rulebook, self.now))
        self.now = max(self.now, to)

    def look_again(self) -> None:
        """Look at every member, as after a change of the rulebook and something from each."""
        for member_id, timeline in tuple(self.timelines.items()):
            self._keep(member_id, tick(timeline, self.rulebook, self.now))

    def current(self) -> dict[Key, Event]:
        """Current determinations by subject, as the oracle puts them."""
        latest = {each.determination_id: each for each in self.records if isinstance(each, Determination)}
        return dict(map(_determination, (each for each in latest.values() if each.status == "current")))

    def open(self) -> dict[Key, Event]:
        """Open alerts by kind and subject, as the oracle puts them."""
        latest = {each.alert_id: each for each in self.records if isinstance(each, Alert)}
        return dict(map(_alert, (each for each in latest.values() if each.status == "open")))

    def _keep(self, member_id: str, given: Step) -> tuple[Record, ...]:
        timeline = given.timeline
        self.timelines.pop(member_id, None)
        self.due.pop(member_id, None)
        if timeline is not None:
            self.timelines[member_id] = codec.decode(codec.encode(timeline)) if self.through_bytes else timeline
            if given.due is not None:
                self.due[member_id] = given.due
        self.records += given.records
        return given.records


def _determination(record: Determination) -> tuple[Key, Event]:
    plain = _plain(record, "determination_id", "schema", "explanation", "rulebook_revision")
    plain["next_action"] = plain["next_action"]["code"]
    plain["flags"] = sorted(plain["flags"])
    plain["decided_for"] = dt.datetime.fromisoformat(plain["decided_for"]).astimezone(dt.UTC)
    return (record.member_id, *map(str, plain["subject"].values())), plain


def _alert(record: Alert) -> tuple[Key, Event]:
    plain = _plain(record, "alert_id", "schema", "message", "action", "rulebook_revision")
    plain["procedure_codes"] = sorted(plain["procedure_codes"])
    plain["evidence"] = sorted(plain["evidence"])
    return (record.kind, str(record.member_id), *map(str, plain["subject"].values())), plain


def _plain(record: Record, *without: str) -> Event:
    plain: Event = json.loads(msgspec.json.encode(record))
    return {name: value for name, value in plain.items() if name not in without}
