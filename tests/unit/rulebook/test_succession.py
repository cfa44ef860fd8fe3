"""What a publication does to the documents held: at once, for an instant, and to what waits already."""

from datetime import UTC, datetime

from policywire.rulebook.schedule import documents_of
from policywire.rulebook.succession import Wanted, succeed

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
DECEMBER = datetime(2026, 12, 16, tzinfo=UTC)
JANUARY = datetime(2027, 1, 1, tzinfo=UTC)
D, J = "@2026-12-16T00:00:00Z", "@2027-01-01T00:00:00Z"


def test_at_once_what_differs_is_written_and_what_is_missing_removed() -> None:
    done = succeed(documents_of({"a": b"1", "b": b"1", "c": b"1"}), Wanted({"a": b"1", "b": b"2", "d": b"1"}), NOW)
    assert done.changes == {"b": b"2", "d": b"1", "c": None}
    assert (done.written, done.removed, done.unchanged) == (("b", "d"), ("c",), 1)
    assert done.effective_at == NOW
    assert done.instants == (NOW,)


def test_what_else_there_is_may_be_kept() -> None:
    done = succeed(documents_of({"a": b"1", "b": b"1"}), Wanted({"a": b"2"}, keep=True), NOW)
    assert (done.changes, done.removed) == ({"a": b"2"}, ())


def test_for_an_instant_only_what_will_differ_then_is_written_and_nothing_changes_before() -> None:
    held = documents_of({"a": b"1", "b": b"1", "c": b"1"})
    done = succeed(held, Wanted({"a": b"1", "b": b"2"}, at=DECEMBER), NOW)
    assert done.changes == {"b" + D: b"2", "c" + D: b"null"}
    assert (done.written, done.removed, done.unchanged) == (("b",), ("c",), 1)
    assert done.after.in_force(NOW) == held.in_force(NOW)
    assert done.effective_at == DECEMBER


def test_what_has_come_due_takes_its_place_with_the_next_publication() -> None:
    held = documents_of({"a": b"1", "b": b"1", "a" + D: b"2", "b" + D: b"null"})
    done = succeed(held, Wanted({"a": b"2", "c": b"1"}), DECEMBER)
    assert done.changes == {"a": b"2", "c": b"1", "b": None, "a" + D: None, "b" + D: None}
    assert (done.written, done.removed) == (("c",), ())
    assert done.settled == ("a" + D, "b" + D)


def test_that_alone_is_no_publication() -> None:
    done = succeed(documents_of({"a": b"1", "a" + D: b"2"}), Wanted({"a": b"2"}), DECEMBER)
    assert not done.matters
    assert done.changes


def test_what_waits_goes_on_waiting_and_is_looked_at_again() -> None:
    done = succeed(documents_of({"a": b"1", "a" + D: b"2"}), Wanted({"a": b"3"}), NOW)
    assert done.changes == {"a": b"3"}
    assert done.after.in_force(DECEMBER) == {"a": b"2"}
    assert done.instants == (NOW, DECEMBER)


def test_what_waits_can_be_cancelled_even_when_nothing_else_changes() -> None:
    done = succeed(documents_of({"a": b"1", "a" + D: b"2"}), Wanted({"a": b"1"}, cancel=True), NOW)
    assert done.changes == {"a" + D: None}
    assert done.cancelled == ("a" + D,)
    assert done.matters


def test_another_publication_for_the_same_instant_takes_the_place_of_the_first() -> None:
    held = documents_of({"a": b"1", "b": b"1", "a" + D: b"2", "b" + J: b"3"})
    done = succeed(held, Wanted({"a": b"1", "b": b"2"}, at=DECEMBER), NOW)
    assert done.changes == {"b" + D: b"2", "a" + D: None}
    assert done.cancelled == ("a" + D,)
    assert done.written == ("a", "b")
    assert done.after.in_force(JANUARY) == {"a": b"1", "b": b"3"}
    assert done.instants == (DECEMBER, JANUARY)


def test_with_keep_what_others_published_for_the_same_instant_stays() -> None:
    held = documents_of({"a": b"1", "b": b"1", "a" + D: b"2"})
    done = succeed(held, Wanted({"b": b"2"}, keep=True, at=DECEMBER), NOW)
    assert done.changes == {"b" + D: b"2"}
    assert done.after.in_force(DECEMBER) == {"a": b"2", "b": b"2"}
