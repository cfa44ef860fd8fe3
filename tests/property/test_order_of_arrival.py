"""Whatever the order in which a member's history arrives, what holds at the end is what the oracle says."""

import datetime as dt
import os
from collections.abc import Callable, Iterable
from functools import partial

import msgspec
import pytest
from tests.property import oracle
from tests.property.folding import Event, Folding, Key
from tests.property.histories import Histories

from policywire.model.records import Alert, Record
from policywire.rulebook.rulebook import Rulebook

STREAMS = int(os.environ.get("POLICYWIRE_STREAMS", "1500"))
"""How many histories each property looks at; nightly runs set 10,000 and more."""
SEED = int(os.environ.get("POLICYWIRE_STREAMS_SEED", "552"))
ORDERS = 3
END = dt.datetime(2026, 2, 17, 12, tzinfo=dt.UTC)
"""After every event that a history can hold, three days before the last day of service."""
NEARING = [dt.datetime(2026, 2, day, 12, tzinfo=dt.UTC) for day in (5, 6, 16, 17)]
"""15, 14, 4 and 3 days before the last day of service."""
A_YEAR_ON = dt.datetime(2027, 1, 10, tzinfo=dt.UTC)
"""The day on which alerts of services on 2026-01-10 are no longer open, and those of the day after still are."""
FORGOTTEN = dt.datetime(2028, 12, 31, tzinfo=dt.UTC)

pytestmark = pytest.mark.timeout(3600)


def differences(expected: dict[Key, Event], found: dict[Key, Event]) -> list[str]:
    """What differs, one line each; empty when nothing does."""
    lines = [f"missing: {key}" for key in expected.keys() - found.keys()]
    lines += [f"not expected: {key}: {found[key]}" for key in found.keys() - expected.keys()]
    for key in expected.keys() & found.keys():
        names = expected[key].keys() | found[key].keys()
        lines += [
            f"{key}: {name} is {found[key].get(name, 'absent')!r}, expected {expected[key].get(name, 'absent')!r}"
            for name in sorted(names)
            if expected[key].get(name, "absent") != found[key].get(name, "absent")
        ]
    return lines


def assert_holds(of: Callable[[list[Event]], list[str]], events: list[Event], seed: int) -> None:
    """Fail with the smallest part of a history that still shows what is wrong with the whole."""
    if not of(events):
        return
    smallest = events
    while smaller := next((rest for rest in without_one(smallest) if of(rest)), None):
        smallest = smaller
    pytest.fail(f"seed {seed}: " + "\n".join([*of(smallest), *map(str, smallest)]))


def without_one(events: list[Event]) -> Iterable[list[Event]]:
    return (events[:at] + events[at + 1 :] for at in range(len(events)))


def seeds() -> Iterable[int]:
    return (SEED * 1_000_000 + number for number in range(STREAMS))


def against_oracle(
    rulebook: Rulebook, now: dt.datetime, events: list[Event], *, begins: dt.datetime | None = None
) -> list[str]:
    """What differs at ``now``; with ``begins``, now is that from the start, as it is in a worker that reads history."""
    expected = oracle.expected(events, now)
    folding = Folding(rulebook)
    folding.advance(begins or folding.now)
    folding.feed_all(events)
    folding.advance(now)
    return [
        *differences(expected.determinations, folding.current()),
        *differences(expected.alerts, folding.open()),
    ]


def test_every_order_of_a_history_ends_in_what_the_oracle_says(rulebook: Rulebook) -> None:
    for seed in seeds():
        histories = Histories(seed)
        events = histories.history()
        for _ in range(ORDERS):
            assert_holds(partial(against_oracle, rulebook, END), histories.shuffled(events), seed)


def test_every_order_of_a_history_read_after_the_fact_ends_in_what_the_oracle_says(rulebook: Rulebook) -> None:
    for seed in seeds():
        histories = Histories(seed)
        events = histories.shuffled(histories.history())
        begins = (END, A_YEAR_ON)[seed % 2]
        assert_holds(partial(against_oracle, rulebook, begins, begins=begins), events, seed)


def test_a_year_on_only_what_can_still_be_acted_on_is_open(rulebook: Rulebook) -> None:
    for seed in seeds():
        assert_holds(partial(against_oracle, rulebook, A_YEAR_ON), Histories(seed).history(), seed)


def test_as_a_service_nears_its_alerts_are_as_loud_as_the_oracle_says(rulebook: Rulebook) -> None:
    for seed in seeds():
        events = [each for each in Histories(seed).history() if each["occurred_at"] < "2026-02"]
        assert_holds(partial(against_oracle, rulebook, NEARING[seed % len(NEARING)]), events, seed)


def test_every_order_of_a_history_leaves_the_same_timeline(rulebook: Rulebook) -> None:
    def differ(events: list[Event]) -> list[str]:
        first, second = Folding(rulebook).feed_all(events), Folding(rulebook).feed_all(events[::-1])
        first.advance(END)
        second.advance(END)
        return [] if first.timelines == second.timelines else ["the timelines differ"]

    for seed in seeds():
        histories = Histories(seed)
        assert_holds(differ, histories.shuffled(histories.history()), seed)


def test_an_event_given_again_says_and_changes_nothing(rulebook: Rulebook) -> None:
    for seed in seeds():
        histories = Histories(seed)
        events = histories.history()
        once = Folding(rulebook).feed_all(events)
        twice = Folding(rulebook)
        seen: list[Event] = []
        for event in histories.with_repeats(events):
            given = twice.feed(event)
            assert not (event in seen and given), seed
            seen.append(event)
        assert twice.timelines == once.timelines, seed


def test_a_timeline_written_and_read_again_after_every_event_changes_nothing(rulebook: Rulebook) -> None:
    for seed in seeds():
        events = Histories(seed).history()
        kept = Folding(rulebook).feed_all(events)
        stored = Folding(rulebook, through_bytes=True).feed_all(events)
        assert stored.records == kept.records, seed
        assert stored.timelines == kept.timelines, seed


def test_a_record_is_emitted_only_when_it_differs_and_taken_back_as_it_last_stood(rulebook: Rulebook) -> None:
    for seed in seeds():
        histories = Histories(seed)
        folding = Folding(rulebook).feed_all(histories.shuffled(histories.history()))
        folding.advance(FORGOTTEN)
        last: dict[str, Record] = {}
        for record in folding.records:
            before = last.get(identity(record))
            assert before is None or plain(before) != plain(record), seed
            if record.status in {"withdrawn", "resolved"}:
                assert before is not None, seed
                assert before.status in {"current", "open"}, seed
                assert plain(before) | {"status": record.status} == plain(record), seed
            last[identity(record)] = record


def test_time_alone_opens_no_alert_and_leaves_determinations_standing(rulebook: Rulebook) -> None:
    def aging(events: list[Event]) -> list[str]:
        folding = Folding(rulebook).feed_all(events)
        folding.advance(END)
        expected, was_open, said = folding.current(), folding.open().keys(), len(folding.records)
        folding.advance(FORGOTTEN)
        later = folding.records[said:]
        wrong = differences(expected, folding.current())
        wrong += [f"said by time alone: {each}" for each in later if not isinstance(each, Alert)]
        opened = {identity(each) for each in later} - {identity(each) for each in folding.records[:said]}
        wrong += ["an alert was opened by time alone"] if opened else []
        wrong += [f"still open: {key}" for key in folding.open()]
        wrong += ["still remembered"] if folding.timelines else []
        reopened = [each for each in later if each.status == "open" and key_of(each) not in was_open]
        return wrong + [f"opened again: {each}" for each in reopened]

    for seed in seeds():
        assert_holds(aging, Histories(seed).history(), seed)


def identity(record: Record) -> str:
    return record.alert_id if isinstance(record, Alert) else record.determination_id


def key_of(record: Record) -> Key:
    assert isinstance(record, Alert)
    return (record.kind, str(record.member_id), *map(str, msgspec.to_builtins(record.subject).values()))


def plain(record: Record) -> Event:
    fields: Event = msgspec.to_builtins(record)
    del fields["rulebook_revision"]
    return fields
