"""A lane's now does not go back when the lane moves to a worker whose clock is behind."""

from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from policywire.stream.clock import LaneClock

NOON = datetime(2026, 1, 10, 12, tzinfo=UTC)


class Hand:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.shows = NOON

    def __call__(self) -> datetime:
        return self.shows


@pytest.fixture
def hand() -> Hand:
    return Hand()


def test_a_lane_that_nobody_has_decided_goes_by_the_workers_clock(hand: Hand) -> None:
    clock = LaneClock(3, hand, None)
    assert clock() == NOON
    hand.shows = NOON + timedelta(hours=1)
    assert clock() == NOON + timedelta(hours=1)


@pytest.mark.parametrize("ahead", [timedelta(microseconds=1), timedelta(minutes=1), timedelta(hours=24)])
def test_it_stands_until_the_workers_clock_has_caught_up_with_the_former_owners(hand: Hand, ahead: timedelta) -> None:
    clock = LaneClock(3, hand, NOON + ahead)
    assert clock() == NOON + ahead
    hand.shows = NOON + ahead / 2
    assert clock() == NOON + ahead
    hand.shows = NOON + 2 * ahead
    assert clock() == NOON + 2 * ahead


def test_what_is_more_than_a_day_ahead_was_a_wrong_clock_and_is_said(hand: Hand) -> None:
    with capture_logs() as lines:
        clock = LaneClock(3, hand, NOON + timedelta(hours=24, seconds=1))
        assert clock() == NOON
    (line,) = lines
    assert (line["log_level"], line["lane"], line["hours_ahead"]) == ("error", 3, 24)
    assert "Look at the clocks" in line["event"]
