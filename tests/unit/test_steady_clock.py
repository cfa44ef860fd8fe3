"""Now never goes back while a worker runs, whatever is done to its wall clock."""

from datetime import UTC, datetime, timedelta

import pytest

from policywire.stream import clock
from policywire.stream.clock import SteadyClock

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


class WallClock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


class Log:
    def __init__(self) -> None:
        self.warnings: list[int] = []

    def warning(self, _words: str, *, seconds: int) -> None:
        self.warnings.append(seconds)


def test_now_moves_with_the_wall_clock() -> None:
    wall = WallClock()
    steady = SteadyClock(wall)
    assert steady() == NOON
    wall.now += timedelta(hours=1)
    assert steady() == NOON + timedelta(hours=1)


def test_now_stands_while_the_wall_clock_is_behind_and_goes_on_when_it_has_caught_up() -> None:
    wall = WallClock()
    steady = SteadyClock(wall)
    steady()
    wall.now -= timedelta(days=3)
    assert steady() == NOON
    wall.now = NOON + timedelta(seconds=1)
    assert steady() == NOON + timedelta(seconds=1)


def test_a_clock_set_back_is_told_once_and_one_kept_in_step_never(monkeypatch: pytest.MonkeyPatch) -> None:
    log, wall = Log(), WallClock()
    monkeypatch.setattr(clock, "get_logger", lambda: log)
    steady = SteadyClock(wall)
    steady()
    wall.now -= timedelta(seconds=2)
    steady()
    assert log.warnings == []
    wall.now -= timedelta(hours=1)
    steady()
    steady()
    assert log.warnings == [3602]
