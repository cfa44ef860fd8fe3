"""At least once, under faults, on a real Kafka: the second runner loses nothing and says nothing wrong."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec import Struct, field
from msgspec.structs import replace
from tests.chaos.faults import Fault
from tests.chaos.faust_bugs import FAUST_BUGS
from tests.chaos.findings import Invariant
from tests.chaos.harness import BROKER, Plan, run
from tests.chaos.profiles import FAUST, FAUST_POINTS, faust_plan

from policywire.broker import LocalBroker

CLAIMS = 9_000
BUG_CLAIMS = 2_500
RUNS_MAX = 3
"""Where a fault strikes is chance: see the runs of the first worker's bugs."""


@pytest.fixture(scope="module")
def broker() -> Iterator[LocalBroker]:
    """For the runs that leave their broker alone."""
    with LocalBroker(properties=BROKER) as running:
        yield running


def test_nothing_is_lost_or_wrong_and_what_is_there_twice_is_equal(tmp_path: Path) -> None:
    with LocalBroker(properties=BROKER) as broker:
        outcome = asyncio.run(run(faust_plan(CLAIMS), broker, tmp_path))
    print(outcome)  # noqa: T201  the report of the run, shown when it fails
    audit = outcome.audit
    assert audit.counts == {}
    assert audit.inputs["claim-events"] > CLAIMS
    assert min(audit.outputs["determinations"], audit.outputs["alerts"], audit.outputs["dead-letters"]) > 0
    assert min(audit.ticked, audit.followed, audit.settled) > 0
    assert audit.repeated > 0, "no fault struck between what was remembered and what was said"
    assert {landing.fault.kind for landing in outcome.landings} == {fault.kind for fault in FAUST}
    assert min(landing.to_come for landing in outcome.landings) > 0, "a fault landed when the traffic was over"
    assert outcome.drained
    assert set(outcome.stops) == {0}


def test_a_profile_names_only_points_that_the_second_runner_passes() -> None:
    assert {fault.point for fault in FAUST if fault.point} <= set(FAUST_POINTS)


class Planted(Struct, frozen=True):
    """The faults under which a bug shows, and the invariants of which it then breaks one at least."""

    faults: tuple[Fault, ...]
    breaks: tuple[Invariant, ...]
    topics: dict[str, dict[str, str]] = field(default_factory=dict)


PLANTED: dict[str, Planted] = {
    "outbox_ignored": Planted((Fault("kill_at", "before_commit", 8),) * 3, ("lost",)),
    "state_without_outbox": Planted((Fault("kill_at", "before_commit", 8),) * 3, ("lost",)),
    # What was said first is decided anew by another clock: there is more than the input demands, and other.
    "outputs_said_first": Planted((Fault("kill_at", "before_begin", 8),) * 3, ("duplicated", "phantom", "wrong")),
    "offsets_before_outputs": Planted((Fault("kill_at", "batch_decided", 4),) * 3, ("lost", "rewound")),
    "shelf_ahead": Planted((Fault("kill_at", "before_begin", 8),) * 3, ("lost", "state", "behind")),
    "nobody_fenced": Planted((Fault("stop_at", "batch_decided", 8),) * 2, ("rewound",)),
    # A record of the audit log is over a kilobyte: batches of several are refused, single ones are taken.
    "answers_unheard": Planted((), ("lost",), {"audit-log": {"max.message.bytes": "2500"}}),
}


def test_every_bug_of_the_second_runner_has_its_run() -> None:
    assert PLANTED.keys() == FAUST_BUGS.keys()


@pytest.mark.parametrize("bug", PLANTED)
def test_a_bug_planted_into_the_second_runner_is_caught(bug: str, broker: LocalBroker, tmp_path: Path) -> None:
    planted = PLANTED[bug]
    plan = Plan(
        claims=BUG_CLAIMS,
        rate=500.0,
        faults=planted.faults,
        workers=2,
        step=timedelta(hours=30),
        bug=bug,
        topics=planted.topics,
        runner="faust",
    )
    assert any(
        is_caught(replace(plan, seed=seed), planted, broker, tmp_path / f"{seed}") for seed in range(1, 1 + RUNS_MAX)
    )


def is_caught(plan: Plan, planted: Planted, broker: LocalBroker, folder: Path) -> bool:
    folder.mkdir()
    outcome = asyncio.run(run(plan, broker, folder))
    print(outcome)  # noqa: T201  the report of the run, shown when it fails
    assert len(outcome.landings) == len(planted.faults)
    return any(outcome.audit.counts[each] > 0 for each in planted.breaks)
