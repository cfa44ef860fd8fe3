"""Any sequence of publications, at once and for instants, against a naive telling of who said what from when on.

The naive one remembers of each key every value and the instant from which on it holds. The real one writes down only
differences, in the form of the topic, and does away with what has come due.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from policywire.rulebook.history import Entry, History, Publication
from policywire.rulebook.schedule import documents_of
from policywire.rulebook.succession import Succession, Wanted, succeed

START = datetime(2026, 11, 25, tzinfo=UTC)
HOURS = 12
KEYS = st.sampled_from(["a", "b", "c"])
DOCUMENTS = st.dictionaries(KEYS, st.sampled_from([b"1", b"2"]), max_size=3)


def hour(number: int) -> datetime:
    return START + timedelta(hours=number)


class Sayings:
    """Of each key: from which hour on which content; None: no document."""

    def __init__(self) -> None:
        self.said: dict[str, dict[int, bytes | None]] = {}

    def at(self, now: int) -> dict[str, bytes]:
        found = {}
        for key, said in self.said.items():
            hours = [each for each in said if each <= now]
            content = said[max(hours)] if hours else None
            if content is not None:
                found[key] = content
        return found

    def publish(self, now: int, documents: Mapping[str, bytes], at: int | None, *, keep: bool, cancel: bool) -> None:
        when = now if at is None else at
        for key in {*self.said, *documents}:
            said = self.said.setdefault(key, {})
            for each in [each for each in said if cancel and each > now]:
                del said[each]
            if not keep and at is not None:
                said.pop(when, None)
            wanted = documents.get(key, self.at(when).get(key) if keep else None)
            if self.at(when).get(key) != wanted:
                said[when] = wanted


PUBLICATIONS = st.lists(
    st.tuples(
        st.integers(0, 2),  # hours since the one before
        DOCUMENTS,
        st.one_of(st.none(), st.integers(1, 4)),  # hours ahead
        st.booleans(),
        st.booleans(),
    ),
    max_size=6,
)


def entry(number: int, now: datetime, done: Succession) -> Entry:
    publication = Publication(
        kind="publication",
        author="ann",
        reason="A test.",
        number=number,
        at=now,
        effective_at=done.effective_at,
        revision_before=None,
        revision=None,
        written=done.written,
        removed=done.removed,
        policywire="0",
    )
    return Entry(publication, done.changes)


@given(PUBLICATIONS)
def test_what_is_in_force_is_what_was_said_last_for_that_hour(
    publications: list[tuple[int, dict[str, bytes], int | None, bool, bool]],
) -> None:
    now, held, sayings = 0, dict[str, bytes](), Sayings()
    entries: list[Entry] = []
    for number, (passed, documents, ahead, keep, cancel) in enumerate(publications, 1):
        now += passed
        at = None if ahead is None else now + ahead
        wanted = Wanted(documents, keep=keep, at=None if at is None else hour(at), cancel=cancel)
        before = documents_of(held)
        done = succeed(before, wanted, hour(now))
        assert done.changes.items().isdisjoint(held.items()), "something was written that was there"
        for key, content in done.changes.items():
            if content is None:
                del held[key]
            else:
                held[key] = content
        after = documents_of(held)
        sayings.publish(now, documents, at, keep=keep, cancel=cancel)
        for each in range(now, now + HOURS):
            assert after.in_force(hour(each)) == sayings.at(each)
        if not cancel:
            assert all(after.in_force(hour(each)) == before.in_force(hour(each)) for each in range(now, at or now))
        entries.append(entry(number, hour(now), done))
        history = History(entries)
        assert history.held == held
        assert history.documents(number) == after.in_force(done.effective_at)
