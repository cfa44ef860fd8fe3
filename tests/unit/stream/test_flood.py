"""What the flood guard remembers over a restart, and what it does not hold against a lane."""

import msgspec
import pytest

from policywire.stream.changelog import Offsets, encode_offsets
from policywire.stream.flood import SLOTS, FloodGuard, Remembered


def restarted(former: FloodGuard, at: float, *, share_max: float = 0.5, later: float = 1_000_000.0) -> FloodGuard:
    """A guard of another process, whose clock has another beginning, that takes the window over from the changelog."""
    value = encode_offsets({}, flood=former.remembered(at))
    guard = FloodGuard(share_max, 60, 100)
    guard.resume(later, msgspec.json.decode(value, type=Offsets).flood)
    return guard


def test_a_restarted_guard_trips_on_the_very_batch_that_stopped_the_lane() -> None:
    guard = FloodGuard(0.5, 60, 100)
    assert not guard.trips(0, 90, 40)
    committed = restarted(guard, 0)
    assert guard.trips(30, 20, 20)
    assert committed.counts == (90, 40)
    assert committed.trips(1_000_001, 20, 20)


def test_a_guard_that_remembered_nothing_would_let_some_through() -> None:
    assert not FloodGuard(0.5, 60, 100).trips(1_000_001, 20, 20)


def test_the_time_for_which_a_lane_was_closed_does_not_count_and_the_time_before_does() -> None:
    guard = FloodGuard(0.5, 60, 100)
    assert not guard.trips(0, 100, 50)
    again = restarted(guard, 50)
    assert again.trips(1_000_009, 1, 1)
    assert not again.trips(1_000_011, 1, 1)
    assert again.counts == (2, 2)


def test_what_somebody_let_pass_is_not_held_against_the_lane_later() -> None:
    guard = FloodGuard(1, 60, 100)
    assert not guard.trips(0, 1_000, 1_000)
    assert guard.counts == (1_000, 1_000)
    assert not restarted(guard, 1).trips(1_000_001, 1, 1)


def test_what_is_remembered_stays_small_however_many_batches_there_are() -> None:
    guard = FloodGuard(0.9, 60, 100)
    for number in range(10_000):
        assert not guard.trips(number / 50, 10, 1)
    assert len(guard.remembered(200)) <= SLOTS + 1
    events, dead = guard.counts
    assert 10 * 50 * 60 * 0.9 <= events <= 10 * 50 * 60 + 10
    assert dead * 10 == events


def test_batches_without_events_leave_nothing_behind() -> None:
    guard = FloodGuard(0.5, 60, 100)
    assert not guard.trips(0, 0, 0)
    assert guard.remembered(1) == ()


@pytest.mark.parametrize(("remembered", "counts"), [((), (0, 0)), (((10, 5, 1), (0, 3, 2)), (8, 3))])
def test_an_offsets_record_of_the_former_release_has_no_window(remembered: Remembered, counts: tuple[int, int]) -> None:
    former = b'{"offsets":{},"version":1,"swept":"","said":"","now":null}'
    assert msgspec.json.decode(former, type=Offsets).flood == ()
    guard = FloodGuard(0.5, 60, 100)
    guard.resume(100, remembered)
    assert guard.counts == counts
