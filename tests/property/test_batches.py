"""However a lane cuts its events into chunks and batches, it says and remembers what the step alone would."""

import json
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from typing import Any

import pytest
from tests.property.histories import Event, Histories
from tests.property.test_order_of_arrival import END, assert_holds, seeds
from tests.unit.scenes import alerting_from

from policywire.cases import codec
from policywire.cases.timeline import Timeline
from policywire.model.decode import CLAIM_DECODER, EVENT_DECODER, SCHEDULING_DECODER
from policywire.model.records import Alert, encode
from policywire.rulebook.rulebook import Rulebook
from policywire.step import step
from policywire.stream.batch import Batch, Outlets
from policywire.stream.reader import Chunk
from policywire.stream.state import LaneState

TOPICS = {"claim-events": CLAIM_DECODER.decode, "scheduling-events": SCHEDULING_DECODER.decode}
OUTLETS = Outlets("", dict.fromkeys(("determinations", "alerts", "audit-log", "dead-letters", "member-timelines"), 1))
EVERYDAY = 0.3
"""The share of events of codes that no policy lists, which a lane passes by without a step."""

pytestmark = pytest.mark.timeout(3600)


@dataclass
class Input:
    """A record of an input topic."""

    offset: int
    key: bytes
    value: bytes
    timestamp: int = 0


class Outgoing:
    """Keeps what a batch writes to the audit log, by key, in order."""

    octets_max = 1_000_000

    def __init__(self, said: dict[bytes, list[bytes]]) -> None:
        self._said = said

    def add(self, topic: str, _partition: int, key: bytes, value: bytes, *_: Any) -> None:
        assert topic != OUTLETS.dead_letters, "a record that was not wanted again, or a good event, was refused"
        if topic == OUTLETS.audit_log:
            self._said[key].append(value)


def lane_of(
    events: list[Event], rulebooks: list[Rulebook], chance: random.Random
) -> tuple[dict[str, Timeline], dict[bytes, list[bytes]]]:
    """What a lane remembers and has said after all events, in chunks of one topic each, some chunks a batch."""
    state, said = LaneState({}, {}), defaultdict[bytes, list[bytes]](list)
    for rulebook, part in zip(rulebooks, halves(events), strict=True):
        chunks = list(in_chunks(part, chance))
        while chunks:
            batch = Batch(
                0,
                state.timelines,
                rulebook,
                END,
                decoders=TOPICS,
                outlets=OUTLETS,
                outgoing=Outgoing(said),  # type: ignore[arg-type]  # only add and the limit are asked for
                log_bug=pytest.fail,
            )
            for _ in range(min(len(chunks), chance.randint(1, 3))):
                exhaust(batch.take(chunks.pop(0)))
            exhaust(batch.finish())
            state.fold(batch.change)
    return {member: codec.decode(each) for member, each in state.timelines.items()}, said


def step_of(events: list[Event], rulebooks: list[Rulebook]) -> tuple[dict[str, Timeline], dict[bytes, list[bytes]]]:
    """The same of the step alone, one event after the other."""
    timelines: dict[str, Timeline] = {}
    said = defaultdict[bytes, list[bytes]](list)
    for rulebook, part in zip(rulebooks, halves(events), strict=True):
        for event in part:
            decoded = EVENT_DECODER.decode(json.dumps(event).encode())
            given = step(decoded, timelines.pop(decoded.member_id, None), rulebook, END)
            for record in given.records:
                said[(record.alert_id if isinstance(record, Alert) else record.determination_id).encode()].append(
                    encode(record)
                )
            if given.timeline is not None:
                timelines[decoded.member_id] = given.timeline
    return timelines, said


def halves(events: list[Event]) -> tuple[list[Event], list[Event]]:
    return events[: len(events) // 2], events[len(events) // 2 :]


def in_chunks(events: list[Event], chance: random.Random) -> Iterator[Chunk]:
    """The events as fetched: a chunk is of one topic, and begins with records that are not wanted again."""
    waiting = list(events)
    while waiting:
        topic = topic_of(waiting[0])
        of_topic = takewhile(lambda event: topic_of(event) == topic, waiting[: chance.randint(1, 6)])  # noqa: B023  at once
        taken = list(of_topic)
        del waiting[: len(taken)]
        records = [
            Input(n, event["member_id"].encode(), json.dumps(event).encode()) for n, event in enumerate(taken, 1)
        ]
        yield Chunk(topic, 0, 1, len(records) + 1, 0, 0, [Input(0, b"x", b"not wanted"), *records])


def topic_of(event: Event) -> str:
    return "claim-events" if event["event_type"].startswith("claim") else "scheduling-events"


def exhaust(work: Iterator[None]) -> None:
    for _ in work:
        pass


def everyday(chance: random.Random, events: list[Event]) -> Iterator[Event]:
    """The events with others among them that no policy lists, some of them of ids that are remembered."""
    for event in events:
        if chance.random() < EVERYDAY:
            like = chance.choice(events)
            claim = like.get("claim_id", f"other-{chance.randint(1, 2)}")
            line = {"line_number": 1, "procedure_code": "99213", "charge_amount": "90.00", "service_date": "2026-01-10"}
            yield {
                "event_id": f"x-{chance.randint(1, 10**9)}",
                "event_type": chance.choice(("claim.submitted", "claim.replaced")),
                "occurred_at": chance.choice(events)["occurred_at"],
                "member_id": chance.choice((like["member_id"], "M-3")),
                "claim_id": claim,
                "payer_id": like.get("payer_id", "62308"),
                "lines": [line],
            }
        yield event


def unlike(rulebooks: list[Rulebook], seed: int, events: list[Event]) -> list[str]:
    timelines, said = lane_of(events, rulebooks, random.Random(seed))  # noqa: S311 (test data)
    expected, records = step_of(events, rulebooks)
    wrong = [
        f"remembered otherwise: {member}"
        for member in timelines.keys() | expected.keys()
        if timelines.get(member) != expected.get(member)
    ]
    return wrong + [
        f"said otherwise: {said.get(key)}, expected {records.get(key)}"
        for key in said.keys() | records.keys()
        if said.get(key) != records.get(key)
    ]


def test_a_lane_says_and_remembers_what_the_step_alone_would(rulebook: Rulebook) -> None:
    for seed in seeds():
        histories = Histories(seed)
        events = list(everyday(histories.random, histories.shuffled(histories.history())))
        assert_holds(partial(unlike, [rulebook, rulebook], seed), events, seed)


def test_so_it_does_when_the_rules_change_in_between(rulebook: Rulebook) -> None:
    rulebooks = [rulebook, alerting_from("2026-01-10", rulebook)]
    for seed in seeds():
        histories = Histories(seed)
        events = list(everyday(histories.random, histories.shuffled(histories.history())))
        assert_holds(partial(unlike, rulebooks, seed), events, seed)
