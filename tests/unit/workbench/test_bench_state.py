"""The benchmarks of what a lane remembers measure what they say."""

import pytest

from policywire.cases import codec
from policywire.errors import OurBug
from policywire.resources import shipped
from policywire.rulebook.load import load_rulebook
from policywire.workbench.bench import timers
from policywire.workbench.bench.members import histories, members
from policywire.workbench.bench.memory import LANES, fill


def test_members_are_remembered_each_for_themselves_with_one_to_three_subjects() -> None:
    shared = histories(load_rulebook(shipped("rules")))
    assert {len(each.claims) + len(each.appointments) for each in shared} == {1, 2, 3}
    assert {bool(each.agreements) for each in shared} == {True, False}
    made = list(members(len(shared) + 1, shared))
    assert len({each.member_id for each in made}) == len(made)
    assert all(codec.decode(each.timeline).member_id == each.member_id for each in made[:: len(made) // 50])


def test_the_memory_of_every_lane_is_filled_and_weighed() -> None:
    states, octets = fill(5_000)
    held = [timeline for state in states for timeline in state.timelines.values()]
    assert [len(state.timelines) for state in states] == [5_000 // LANES] * LANES
    assert sum(map(len, held)) == octets


def test_a_day_of_timers_looks_at_everybody_whose_severity_turns() -> None:
    spread, at_once = timers.measure_timers(1, 120)
    assert spread.note.startswith("4 due")  # two members a day, at 14 days before the service and at 3
    assert at_once.note.startswith("120 due")
    assert 0 < spread.values[0] < at_once.values[0] < 1


def test_a_day_on_which_nobody_is_due_measures_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timers, "DAYS", 1)
    with pytest.raises(OurBug, match="nobody was due"):
        list(timers.measure_timers(1, 10))
