"""The flood guard through a whole worker process on the real broker: it stops, stays stopped, and is let go on."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.operations.workers import Worker
from tests.stream.harness import claim, publish, records_of, settings_for, until_done

from policywire.broker import LocalBroker
from policywire.stream.partitioning import partition_of
from policywire.stream.settings import Settings

LANES = 4
EVENTS_MIN = 200
STEP = 20
GOOD = 120
"""With so many good ones in the window, the share is over a half with the 121st bad one: in the seventh step."""
STOPS_AFTER = 120


def member_of(lane: int) -> str:
    """A member whose events go to a lane."""
    return next(name for number in range(1_000) if partition_of((name := f"M-{number}").encode(), LANES) == lane)


FLOODED, OTHER = member_of(1), member_of(2)
SHARE = {"events_min": EVENTS_MIN, "share_max": 0.5}


@pytest.fixture
def settings(broker: LocalBroker, topics: str) -> Settings:
    return settings_for(broker.bootstrap_servers, topics)


@pytest.fixture
def start(broker: LocalBroker, topics: str, tmp_path: Path) -> Callable[..., Worker]:
    def started(**dead_letters: Any) -> Worker:
        return Worker(tmp_path, broker.bootstrap_servers, topics, dead_letters=SHARE | dead_letters)

    return started


def send(settings: Settings, events: list[Any]) -> None:
    asyncio.run(publish(settings, events))


def wait_until_done(settings: Settings) -> None:
    asyncio.run(until_done(settings))


def count(settings: Settings, topic: str) -> int:
    return len(asyncio.run(records_of(settings, topic)))


def bad(number: int) -> list[tuple[bytes, bytes]]:
    return [(FLOODED.encode(), b"broken")] * number


def flood(worker: Worker, settings: Settings) -> None:
    """A flood in drops, each smaller than what the guard needs to conclude anything, until the worker ends."""
    send(settings, [claim(number, FLOODED) for number in range(GOOD)])
    send(settings, [claim(1_000 + number, OTHER) for number in range(10)])
    wait_until_done(settings)
    for _ in range(STOPS_AFTER // STEP):
        send(settings, bad(STEP))
        wait_until_done(settings)
    send(settings, bad(STEP))
    assert worker.process.wait(30) == 2


def last_words(worker: Worker) -> str:
    return worker.log.read_text().splitlines()[-1]


def test_a_flood_stops_the_lane_at_one_place_however_often_it_is_started_until_it_is_let_pass(
    start: Callable[..., Worker], settings: Settings
) -> None:
    with start() as worker:
        flood(worker, settings)
        assert count(settings, "dead-letters") == STOPS_AFTER
        said = last_words(worker)
        assert "lane 1: 140 of the last 260 would be dead letters (the latest: not_json 20)" in said
        assert "POLICYWIRE_DEAD_LETTERS__SHARE_MAX=1" in said
        for more in range(3):
            send(settings, bad(1))
            worker.start()
            assert worker.process.wait(30) == 2
            assert count(settings, "dead-letters") == STOPS_AFTER, f"start {more} let some through"
        # What other lanes did stands, and they go on between the starts.
        assert count(settings, "determinations") == GOOD + 10
    with start(share_max=1) as worker:
        wait_until_done(settings)
        assert count(settings, "dead-letters") == STOPS_AFTER + STEP + 3
        assert worker.stop() == 0
    with start() as worker:
        send(settings, bad(5))
        wait_until_done(settings)
        assert count(settings, "dead-letters") == STOPS_AFTER + STEP + 8
        assert worker.stop() == 0


def test_below_the_share_nothing_stops(start: Callable[..., Worker], settings: Settings) -> None:
    with start() as worker:
        send(settings, [claim(number, FLOODED) for number in range(300)])
        wait_until_done(settings)
        for _ in range(7):
            send(settings, bad(STEP))
            wait_until_done(settings)
        assert worker.process.poll() is None
        assert count(settings, "dead-letters") == 7 * STEP
        assert worker.stop() == 0
