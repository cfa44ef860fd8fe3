"""What follows from the records of publications: what was in force at any time, and before it changed."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from policywire.errors import BadInput
from policywire.rulebook.history import Entry, History, Publication, as_text

START = datetime(2026, 11, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def entry(number: int, changes: Mapping[str, bytes | None], *, effective_day: int | None = None) -> Entry:
    """A publication on the day of its number."""
    at = START + number * DAY
    publication = Publication(
        kind="publication",
        author="ann",
        reason="A test.",
        number=number,
        at=at,
        effective_at=at if effective_day is None else START + effective_day * DAY,
        revision_before=None,
        revision=f"sha256:{number:064x}",
        written=(),
        removed=(),
        policywire="0.1.0",
    )
    return Entry(publication, changes)


HISTORY = History(
    [
        entry(1, {"a": b"1", "b": b"1"}),
        entry(2, {"a@2026-11-06T00:00:00Z": b"2"}, effective_day=5),
        entry(3, {"b": None}),
        entry(8, {"a": b"2", "a@2026-11-06T00:00:00Z": None, "c": b"1"}),
    ]
)


def test_a_publication_stands_for_what_is_in_force_at_its_instant() -> None:
    assert HISTORY.documents(1) == {"a": b"1", "b": b"1"}
    assert HISTORY.documents(2) == {"a": b"2", "b": b"1"}
    assert HISTORY.documents(3) == {"a": b"1"}
    assert HISTORY.documents(8) == {"a": b"2", "c": b"1"}


def test_a_number_that_was_never_given_is_refused() -> None:
    with pytest.raises(BadInput, match="no publication 4"):
        HISTORY.documents(4)


def test_numbers_go_on_from_the_last_although_the_oldest_are_gone() -> None:
    assert (HISTORY.next_number, History([]).next_number) == (9, 1)


def test_what_should_be_held_is_what_all_publications_wrote_and_removed() -> None:
    assert HISTORY.held == {"a": b"2", "c": b"1"}
    assert History(HISTORY.entries[:3]).held == {"a": b"1", "a@2026-11-06T00:00:00Z": b"2"}
    assert History([]).held == {}


def test_what_waited_was_in_force_from_its_instant_on_without_a_publication() -> None:
    moments = [((each.at - START).days, each.number, dict(each.documents)) for each in HISTORY.moments(START + 9 * DAY)]
    assert moments == [
        (1, 1, {"a": b"1", "b": b"1"}),
        (2, 2, {"a": b"1", "b": b"1"}),
        (3, 3, {"a": b"1"}),
        (5, 3, {"a": b"2"}),
        (8, 8, {"a": b"2", "c": b"1"}),
    ]


def test_what_is_still_to_come_was_never_in_force() -> None:
    until_then = History(HISTORY.entries[:3])
    assert [each.number for each in until_then.moments(START + 4 * DAY)] == [1, 2, 3]
    assert [each.number for each in until_then.moments(START + 5 * DAY)] == [1, 2, 3, 3]


def test_before_the_latest_change_other_documents_were_in_force() -> None:
    before = HISTORY.before(START + 9 * DAY)
    assert before is not None
    assert before.documents == {"a": b"2"}
    assert History(HISTORY.entries[:2]).before(START + 4 * DAY) is None
    come = History(HISTORY.entries[:2]).before(START + 5 * DAY)
    assert come is not None
    assert come.documents == {"a": b"1", "b": b"1"}


def test_what_could_not_be_used_was_never_in_force() -> None:
    bad = entry(9, {"a": b"?"})
    found = Entry(msgspec.structs.replace(bad.publication, kind="found", revision=None), bad.changes)
    mended = History([*HISTORY.entries, found, entry(10, {"a": b"2"})])
    for spoiled, documents in ((History(mended.entries[:5]), {"a": b"2", "c": b"1"}), (mended, {"a": b"2"})):
        before = spoiled.before(START + 11 * DAY)
        assert before is not None
        assert before.documents == documents


def test_a_record_is_read_as_it_was_written() -> None:
    record = HISTORY.publications[1]
    assert msgspec.json.decode(msgspec.json.encode(record), type=Publication) == record


def test_a_key_that_is_no_text_can_be_written_down() -> None:
    key = b"a\xff".decode(errors="surrogateescape")
    assert as_text(key).encode() == rb"a\xff"
    assert as_text("MM 0552 é") == "MM 0552 é"
