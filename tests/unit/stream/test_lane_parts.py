"""The parts of a lane that need no broker."""

import os
from typing import Any

import pytest
from aiokafka.partitioner import murmur2
from aiokafka.record.memory_records import MemoryRecords

from policywire.stream import deadletters
from policywire.stream.batch import Change
from policywire.stream.ending import ClusterFault
from policywire.stream.flood import FloodGuard
from policywire.stream.metrics import Metrics
from policywire.stream.outgoing import Outgoing, RecordTooLarge, Writer
from policywire.stream.partitioning import partition_of, places_of_ids
from policywire.stream.reader import unpack
from policywire.stream.state import LaneState
from policywire.stream.tally import Tally


@pytest.mark.parametrize("length", range(70))
def test_keys_go_where_every_other_client_looks_for_them(length: int) -> None:
    key = os.urandom(length)
    assert partition_of(key, 12) == (murmur2(key) & 0x7FFFFFFF) % 12


@pytest.mark.parametrize("count", [0, 1, 2, 1_023, 1_024, 1_025, 3_000])
def test_many_ids_at_once_go_where_each_would(count: int) -> None:
    ids = [os.urandom(16).hex().encode() for _ in range(count)]
    assert [place % 12 for place in places_of_ids(ids)] == [partition_of(each, 12) for each in ids]


def test_words_of_nothing_but_ones_do_not_run_into_the_next_id() -> None:
    ids = [b"\xff" * 32, b"\0" * 32, b"\xff" * 32]
    assert [place % 12 for place in places_of_ids(ids)] == [partition_of(each, 12) for each in ids]


def batch_of(count: int, *, base: int = 0) -> bytes:
    outgoing = Outgoing("none", 1_000, 100_000)
    for number in range(count):
        outgoing.add("t", 0, b"k", b"%d" % number)
    ((built,),) = outgoing.rounds(Writer(7, 0), {})
    return base.to_bytes(8, "big") + built.octets[8:]


def values(unpacked: Any) -> list[bytes]:
    return [record.value for chunk in unpacked.chunks for record in chunk.records if record.offset >= chunk.first]


def test_reading_begins_at_the_position_even_inside_a_batch() -> None:
    unpacked = unpack("t", 0, batch_of(5, base=100), [], 103)
    assert values(unpacked) == [b"3", b"4"]
    assert unpacked.next_offset == 105


def test_batches_before_the_position_are_dropped() -> None:
    unpacked = unpack("t", 0, batch_of(2, base=10) + batch_of(2, base=12), [], 12)
    assert values(unpacked) == [b"0", b"1"]
    assert unpacked.next_offset == 14


def test_a_cut_batch_at_the_end_waits_for_the_next_fetch() -> None:
    unpacked = unpack("t", 0, batch_of(2, base=10) + batch_of(2, base=12)[:-3], [], 10)
    assert unpacked.next_offset == 12


def test_aborted_batches_move_the_position_and_give_nothing() -> None:
    unpacked = unpack("t", 0, batch_of(2, base=10), [(7, 10)], 10)
    assert values(unpacked) == []
    assert unpacked.next_offset == 12


def test_a_damaged_batch_is_refused() -> None:
    damaged = bytearray(batch_of(2))
    damaged[-1] ^= 1
    with pytest.raises(ClusterFault, match="damaged"):
        unpack("t", 0, bytes(damaged), [], 0)


def test_a_batch_larger_than_a_fetch_is_refused_instead_of_asked_for_again_for_ever() -> None:
    with pytest.raises(ClusterFault, match="partition_bytes"):
        unpack("t", 0, batch_of(2)[:-3], [], 0)


def test_records_beyond_a_batch_go_into_the_next_round_with_the_next_sequence_number() -> None:
    outgoing = Outgoing("none", 1_000, 1_000)
    for _ in range(5):
        outgoing.add("t", 0, b"k", b"x" * 400)
    outgoing.add("t", 1, b"k", b"y")
    sequences = {("t", 0): 2**31 - 3}
    rounds = list(outgoing.rounds(Writer(7, 3), sequences))
    assert [[batch.count for batch in batches] for batches in rounds] == [[2, 1], [2], [1]]
    assert sequences == {("t", 0): 2, ("t", 1): 1}
    starts = [MemoryRecords(batches[0].octets).next_batch().base_sequence for batches in rounds]
    assert starts == [2**31 - 3, 2**31 - 1, 1]


def test_a_record_that_its_topic_would_refuse_is_refused_here() -> None:
    with pytest.raises(RecordTooLarge, match="t takes"):
        Outgoing("none", 1_000, 1_000).add("t", 0, b"k", b"x" * 1_001)


def change(timelines: dict[str, bytes | None], dues: dict[str, float | None]) -> Change:
    made = Change(dues)
    made.timelines.update(timelines)
    return made


def test_a_member_comes_up_once_at_its_latest_instant() -> None:
    state = LaneState({}, {"a": 10.0})
    state.fold(change({"a": b"1"}, {"a": 20.0}))
    assert state.take_due(15, 10) == []
    assert state.take_due(20, 10) == ["a"]
    assert state.take_due(99, 10) == []


def test_a_member_that_has_no_instant_any_more_does_not_come_up() -> None:
    state = LaneState({}, {"a": 10.0})
    state.fold(change({}, {"a": None}))
    assert state.take_due(99, 10) == []


def test_what_is_due_comes_in_the_order_of_its_instants_and_no_more_than_asked() -> None:
    dues = {str(number): float(number) for number in range(100)}
    state = LaneState({}, dict(sorted(dues.items())))  # by text: 0, 1, 10, 11
    assert state.take_due(50, 3) == ["0", "1", "2"]
    assert state.take_due(50, 99) == [str(number) for number in range(3, 51)]
    assert not state.has_due(50)


def test_folding_forgets_what_became_nothing() -> None:
    state = LaneState({"a": b"1", "b": b"2"}, {})
    state.fold(change({"a": None, "c": b"3"}, {}))
    assert dict(state.timelines) == {"b": b"2", "c": b"3"}


def test_a_few_dead_letters_are_no_flood() -> None:
    guard = FloodGuard(0.5, 60, 100)
    assert not guard.trips(0, 99, 99)
    assert not guard.trips(1, 101, 1)


def test_a_flood_trips_and_is_over_when_it_left_the_window() -> None:
    guard = FloodGuard(0.5, 60, 100)
    assert guard.trips(0, 100, 51)
    assert not guard.trips(61, 100, 0)


def test_a_batch_without_dead_letters_does_not_trip_though_the_share_of_former_ones_rises() -> None:
    guard = FloodGuard(0.5, 60, 100)
    assert not guard.trips(0, 200, 0)
    assert not guard.trips(50, 100, 100)
    assert not guard.trips(61, 20, 0)
    assert guard.trips(62, 1, 1)


def test_a_share_of_one_never_trips() -> None:
    assert not FloodGuard(1, 60, 1).trips(0, 1_000, 1_000)


def test_the_place_of_a_bug_names_our_line_and_not_its_words() -> None:
    try:
        partition_of(b"12345678", 0)
    except ZeroDivisionError as error:
        said = deadletters.place_of(error)
    assert said.startswith("ZeroDivisionError at policywire.stream.partitioning:")
    assert "modulo" not in said


def test_a_batch_is_counted_by_topic_and_outcome() -> None:
    metrics, tally = Metrics(), Tally()
    tally.received["claim-events"] = 10
    tally.rejected["claim-events", "not_json"] = 3
    tally.ages.append((1_000, 10))
    metrics.count(tally, committed_at=1.2)
    said = metrics.exposition().decode()
    assert 'policywire_events_total{outcome="accepted",topic="claim-events"} 7.0' in said
    assert 'policywire_events_total{outcome="not_json",topic="claim-events"} 3.0' in said
    assert 'policywire_dead_letters_total{code="not_json"} 3.0' in said
    assert 'policywire_end_to_end_seconds_bucket{le="0.25"} 10.0' in said
    assert 'policywire_end_to_end_seconds_bucket{le="0.1"} 0.0' in said
