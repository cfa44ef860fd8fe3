"""Documents that wait for an instant: how they are written down, and what is in force when."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from policywire.errors import BadInput
from policywire.rulebook.schedule import Documents, Scheduled, documents_of, instant_of

DECEMBER = datetime(2026, 12, 16, tzinfo=UTC)
JANUARY = datetime(2027, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HELD = {
    "cigna/MM 0552": b"now",
    "cigna/MM 0552@2026-12-16T00:00:00Z": b"december",
    "cigna/MM 0552@2027-01-01T00:00:00Z": b"null",
    "payer:cigna": b"cigna",
}


def test_a_document_is_in_force_from_its_instant_on_in_place_of_the_one_before() -> None:
    documents = documents_of(HELD)
    assert documents.in_force(DECEMBER - SECOND) == {"cigna/MM 0552": b"now", "payer:cigna": b"cigna"}
    assert documents.in_force(DECEMBER) == {"cigna/MM 0552": b"december", "payer:cigna": b"cigna"}
    assert documents.in_force(JANUARY - SECOND) == documents.in_force(DECEMBER)


def test_what_is_to_be_removed_is_there_until_its_instant() -> None:
    assert documents_of(HELD).in_force(JANUARY) == {"payer:cigna": b"cigna"}


def test_what_is_to_be_removed_and_is_not_there_is_no_fault() -> None:
    assert documents_of({"payer:cigna@2027-01-01T00:00:00Z": b"null"}).in_force(JANUARY) == {}


def test_the_next_instant_is_the_first_that_is_still_to_come() -> None:
    documents = documents_of(HELD)
    assert documents.next_instant(DECEMBER - SECOND) == DECEMBER
    assert documents.next_instant(DECEMBER) == JANUARY
    assert documents.next_instant(JANUARY) is None


def test_what_is_told_apart_is_written_down_as_it_was() -> None:
    assert documents_of(HELD).held == HELD


def test_an_instant_is_written_in_utc_whatever_its_offset() -> None:
    at = DECEMBER.astimezone(timezone(timedelta(hours=-5)))
    assert Scheduled("payer:cigna", at, None).written_as == ("payer:cigna@2026-12-16T00:00:00Z", b"null")
    assert documents_of(Documents({}, (Scheduled("payer:cigna", at, b""),)).held).in_force(DECEMBER) == {
        "payer:cigna": b""
    }


@pytest.mark.parametrize(
    "key",
    [
        "cigna/MM 0552@2026-12-16",
        "cigna/MM 0552@2026-13-16T00:00:00Z",
        "cigna/MM 0552@2026-12-16T00:00:00+00:00",
        "cigna/MM 0552@0999-12-16T00:00:00Z",
        "@2026-12-16T00:00:00Z",
        "watch:watch/a@2026-12-16T00:00:00Z.yaml",
        "\udcff@",
    ],
)
def test_what_only_looks_like_an_instant_is_part_of_the_key(key: str) -> None:
    assert documents_of({key: b"x"}) == Documents({key: b"x"})


@pytest.mark.parametrize("text", ["2026-12-16", "2026-12-16T00:00:00Z", "2026-12-15T19:00:00-05:00"])
def test_an_instant_may_be_a_day_or_have_any_offset(text: str) -> None:
    assert instant_of(text) == DECEMBER


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("soon", "no instant"),
        ("2026-12-16T00:00:00", "offset"),
        ("2026-12-16T00:00:00.5Z", "fraction"),
        ("2026-02-30", "no instant"),
    ],
)
def test_what_is_no_instant_is_refused_with_how_to_write_one(text: str, why: str) -> None:
    with pytest.raises(BadInput, match=rf"{why}.*2026-12-16T00:00:00Z"):
        instant_of(text)
