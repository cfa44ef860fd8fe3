"""Whatever happens to a lane, and however its counting is interrupted, its totals are those of a naive count.

Twice naive: over the decoded timelines, and, as long as nothing is forgotten, over the last record of every id.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec
import pytest
from tests.property.histories import Event, Histories
from tests.property.test_batches import OUTLETS, TOPICS, Outgoing, everyday, exhaust, in_chunks
from tests.property.test_order_of_arrival import A_YEAR_ON, END, FORGOTTEN, assert_holds, seeds
from tests.unit.scenes import alerting_from

from policywire.cases import codec
from policywire.rulebook.rulebook import Rulebook
from policywire.stream import totals
from policywire.stream.batch import Batch
from policywire.stream.reader import Chunk
from policywire.stream.state import LaneState
from policywire.stream.totals import LaneTotals, days_until

Totals = tuple[dict[Any, Decimal], Counter[Any]]
"""Dollars by payer and policy; open alerts by kind, severity and days."""

NOWS = (END, END, A_YEAR_ON, FORGOTTEN)

pytestmark = pytest.mark.timeout(3600)


@pytest.fixture(autouse=True)
def _one_member_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(totals, "BREATH", 1)


class Lane:
    """A lane without Kafka, that is restored, counted in part, and given other rules and days as chance has it."""

    def __init__(self, rulebooks: list[Rulebook], chance: random.Random) -> None:
        self.rulebooks = rulebooks
        self.rulebook = rulebooks[0]
        self.chance = chance
        self.now = END
        self.state = LaneState({}, {})
        self.said = defaultdict[bytes, list[bytes]](list)
        self.restore()

    def restore(self) -> None:
        self.totals = LaneTotals(self.state.timelines)
        self.counting = self.totals.count(self.state.timelines)

    def count_some(self) -> None:
        for _ in range(self.chance.randint(0, 2)):
            next(self.counting, None)

    def count_all(self) -> None:
        exhaust(self.counting)

    def work(self, chunks: list[Chunk]) -> None:
        """One batch: events, then what is due, then whom other rules touch; counting goes on while it is committed."""
        batch = Batch(
            0,
            self.state.timelines,
            self.rulebook,
            self.now,
            decoders=TOPICS,
            outlets=OUTLETS,
            outgoing=Outgoing(self.said),  # type: ignore[arg-type]  # only add and the limit are asked for
            log_bug=pytest.fail,
        )
        for chunk in chunks:
            exhaust(batch.take(chunk))
        for member in self.state.take_due(self.now.timestamp(), 9):
            batch.tick(member)
        for member in list(self.state.timelines):
            batch.follow(member)
        exhaust(batch.finish())
        self.count_some()
        self.state.fold(batch.change)
        self.totals.fold(batch.change.figures)

    def live(self, chunks: Iterator[Chunk]) -> None:
        """All chunks, and between them a day that passes, other rules, a restart."""
        waiting = list(chunks)
        while waiting:
            count = self.chance.randint(1, 3)
            self.work(waiting[:count])
            del waiting[:count]
            happens = self.chance.random()
            if happens < 0.2:
                self.now = max(self.now, self.chance.choice(NOWS))
            elif happens < 0.5:
                self.rulebook = self.chance.choice(self.rulebooks)
            elif happens < 0.8:
                self.restore()
            self.count_some()
        self.work([])


def of_timelines(timelines: dict[str, bytes], now: datetime) -> Totals:
    dollars, alerts = defaultdict[Any, Decimal](Decimal), Counter[Any]()
    for encoded in timelines.values():
        timeline = codec.decode(encoded)
        for verdict in timeline.verdicts:
            if verdict.line_number is not None:
                dollars[verdict.payer, verdict.policy_id] += Decimal(verdict.exposure_amount or 0)
        for notice in timeline.notices:
            alerts[notice.kind, notice.severity, days_until(notice.date_of_service, now.date())] += 1
            if notice.claim_id is None and notice.kind in {"expected_denial_scheduled", "service_without_agreement"}:
                dollars[notice.payer, notice.policy_id] += Decimal(notice.exposure_amount or 0)
    return {key: amount for key, amount in dollars.items() if amount}, alerts


def of_records(said: dict[bytes, list[bytes]], now: datetime) -> Totals:
    dollars, alerts = defaultdict[Any, Decimal](Decimal), Counter[Any]()
    for records in said.values():
        record = msgspec.json.decode(records[-1])
        policy, of_line = record["policy"], record["subject"]["kind"] == "claim_line"
        amount = Decimal(record["exposure_amount"] or 0)
        if "determination_id" in record:
            counts = of_line and record["status"] == "current"
        else:
            if record["status"] != "open":
                continue
            day = datetime.fromisoformat(record["date_of_service"]).date()
            alerts[record["kind"], record["severity"], days_until(day, now.date())] += 1
            counts = not of_line and record["kind"] in {"expected_denial_scheduled", "service_without_agreement"}
        if counts:
            dollars[policy["payer"], policy["id"]] += amount
    return {key: amount for key, amount in dollars.items() if amount}, alerts


def wrong_totals(rulebooks: list[Rulebook], seed: int, events: list[Event]) -> list[str]:
    chance = random.Random(seed)  # noqa: S311 (test data)
    lane = Lane(rulebooks, chance)
    lane.live(in_chunks(events, chance))
    lane.count_all()
    standing = lane.totals.standing(lane.now.date())
    if standing is None:
        return ["not complete"]
    found = ({key: Decimal(cents) / 100 for key, cents in standing.exposures.items()}, Counter(standing.open_alerts))
    wanted = [of_timelines(dict(lane.state.timelines), lane.now)]
    if lane.now < FORGOTTEN:
        wanted.append(of_records(lane.said, lane.now))
    return [f"found {found}, naively {each}" for each in wanted if each != found]


def test_totals_by_difference_are_those_of_a_naive_count(rulebook: Rulebook) -> None:
    rulebooks = [rulebook, alerting_from("2026-01-10", rulebook), alerting_from("2026-02-01", rulebook)]
    for seed in seeds():
        histories = Histories(seed)
        events = list(everyday(histories.random, histories.shuffled(histories.history())))
        assert_holds(partial(wrong_totals, rulebooks, seed), events, seed)
