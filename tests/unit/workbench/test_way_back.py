"""Which documents are meant by who wants to go back."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.scenes import RULES

from policywire.errors import BadInput
from policywire.rulebook.history import Entry, History, Publication
from policywire.rulebook.load import files_in, read_rules
from policywire.rulebook.publication import publication, published_files
from policywire.rulebook.schedule import INSTANT
from policywire.workbench.publishing.way_back import moment_of

START = datetime(2026, 11, 1, tzinfo=UTC)
NOW = START + timedelta(days=20)
SHIPPED = publication(RULES, files_in(RULES))
POLICY, ALERTS = "cigna/MM 0552", "watch:watch/alerts.yaml"
OTHER_POLICY = SHIPPED[POLICY].replace(b"not_medically_necessary", b"covered", 1)
OTHER_ALERTS = SHIPPED[ALERTS].replace(b"The ", b"This ", 1)


def revision(documents: Mapping[str, bytes]) -> str:
    rulebook = read_rules(published_files(documents)).rulebook
    assert rulebook is not None
    return rulebook.revision


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def entry(
    number: int, changes: Mapping[str, bytes | None], made: Mapping[str, bytes], effective_day: int | None = None
) -> Entry:
    """A publication on the day of its number, and the documents that it makes in force."""
    told = Publication(
        kind="publication",
        author="ann",
        reason="A test.",
        number=number,
        at=day(number),
        effective_at=day(number if effective_day is None else effective_day),
        revision_before=None,
        revision=revision(made),
        written=(),
        removed=(),
        policywire="0.1.0",
    )
    return Entry(told, changes)


LATER = {**SHIPPED, POLICY: OTHER_POLICY}
QUIETER = {**SHIPPED, ALERTS: OTHER_ALERTS}
TOGETHER = {**LATER, ALERTS: OTHER_ALERTS}
HISTORY = History(
    [
        entry(1, SHIPPED, SHIPPED),
        entry(2, {f"{POLICY}@{day(5).strftime(INSTANT)}": OTHER_POLICY}, LATER, effective_day=5),
        entry(3, {ALERTS: OTHER_ALERTS}, QUIETER),
    ]
)
"""On day 5 the second comes into force, and what it gives together with the third is in no record."""


def test_previous_is_what_was_in_force_before_the_latest_change_however_that_came() -> None:
    assert moment_of(HISTORY, "previous", day(4)).documents == SHIPPED
    assert moment_of(HISTORY, "previous", day(6)).documents == QUIETER


def test_a_publication_is_named_by_its_number() -> None:
    moment = moment_of(HISTORY, "1", NOW)
    assert (moment.documents, moment.number, moment.at) == (SHIPPED, 1, day(1))


def test_what_came_into_force_only_after_the_next_publication_is_named_by_its_number_too() -> None:
    later = History([*HISTORY.entries[:2], entry(3, {POLICY: SHIPPED[POLICY]}, SHIPPED)])
    moment = moment_of(later, "2", NOW)
    assert (moment.documents, moment.number, moment.at) == (LATER, 3, day(5))


@pytest.mark.parametrize("length", [len("sha256:") + 8, 200])
def test_a_rulebook_is_named_by_the_first_digits_of_its_revision(length: int) -> None:
    assert moment_of(HISTORY, revision(QUIETER)[:length], NOW).documents == QUIETER


def test_a_rulebook_that_two_publications_made_together_is_found_too() -> None:
    moment = moment_of(HISTORY, revision(TOGETHER), NOW)
    assert (moment.documents, moment.at, moment.number) == (TOGETHER, day(5), 3)


def test_what_was_never_in_force_by_itself_is_refused_with_why() -> None:
    with pytest.raises(BadInput, match="publication 2 published was never in force by itself"):
        moment_of(HISTORY, "2", NOW)
    with pytest.raises(BadInput, match="no rulebook sha256:"):
        moment_of(HISTORY, revision(LATER), NOW)


def test_what_is_still_to_come_was_not_in_force() -> None:
    with pytest.raises(BadInput, match="no rulebook"):
        moment_of(HISTORY, revision(TOGETHER), day(4))


@pytest.mark.parametrize("target", ["", "0", "-1", "yesterday", "sha256:", "sha256:123", "SHA256:12345678", "1.5"])
def test_what_names_nothing_is_refused_with_what_would(target: str) -> None:
    with pytest.raises(BadInput, match=r"neither `previous`, nor the number.*rules publications"):
        moment_of(HISTORY, target, NOW)


def test_before_the_first_publication_there_is_nothing() -> None:
    for history in (History([]), History(HISTORY.entries[:1])):
        with pytest.raises(BadInput, match="nothing else was in force"):
            moment_of(history, "previous", NOW)


def test_a_number_beyond_the_last_is_refused() -> None:
    with pytest.raises(BadInput, match="no publication 4"):
        moment_of(HISTORY, "4", NOW)
