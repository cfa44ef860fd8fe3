"""A shelf on disk that was away for too long is not believed, however often its recovery was broken off."""

from pathlib import Path

import pytest

from policywire.faust_runner import shelves
from policywire.faust_runner.shelves import KEPT_S, RocksShelf


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1_000_000.0]
    monkeypatch.setattr(shelves, "time", lambda: now[0])
    return now


def reopened(folder: Path, clock: list[float], after_s: float) -> RocksShelf:
    clock[0] += after_s
    return RocksShelf(folder)


def test_what_was_kept_is_there_again(tmp_path: Path, clock: list[float]) -> None:
    shelf = RocksShelf(tmp_path / "shelf")
    shelf.apply([(b"M-1", b"timeline", 7)], 10)
    shelf.close()
    again = reopened(tmp_path / "shelf", clock, KEPT_S - 1)
    assert (again.offset, list(again.entries())) == (10, [(b"M-1", b"timeline", 7)])
    again.close()


def test_a_recovery_that_was_broken_off_makes_no_old_shelf_young(tmp_path: Path, clock: list[float]) -> None:
    shelf = RocksShelf(tmp_path / "shelf")
    shelf.apply([(b"M-1", b"timeline", None)], 10)
    shelf.close()
    recovering = reopened(tmp_path / "shelf", clock, KEPT_S * 0.9)
    recovering.apply([(b"M-2", b"timeline", None)], 11, recovering=True)
    recovering.close()
    again = reopened(tmp_path / "shelf", clock, KEPT_S * 0.9)
    assert (again.offset, list(again.entries())) == (None, [])
    again.close()


def test_a_first_recovery_that_was_broken_off_goes_on_where_it_was(tmp_path: Path, clock: list[float]) -> None:
    shelf = RocksShelf(tmp_path / "shelf")
    shelf.apply([(b"M-1", b"timeline", None)], 10, recovering=True)
    shelf.close()
    again = reopened(tmp_path / "shelf", clock, 1)
    assert again.offset == 10
    again.close()
