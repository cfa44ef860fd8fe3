"""Exactly once, under faults, on a real Kafka: the product passes, and every planted bug is caught."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec import Struct, field
from msgspec.structs import replace
from tests.chaos.board import POINTS
from tests.chaos.bugs import BUGS
from tests.chaos.faults import MEANING, Fault
from tests.chaos.findings import Invariant
from tests.chaos.harness import BROKER, Plan, run
from tests.chaos.profiles import SHORT, short_plan
from tests.chaos.recovery import summary
from tests.chaos.stage import Source

from policywire.broker import LocalBroker

CLAIMS = 50_000
BUG_CLAIMS = 3_000


@pytest.fixture(scope="module")
def broker() -> Iterator[LocalBroker]:
    """For the runs that leave their broker alone."""
    with LocalBroker(properties=BROKER) as running:
        yield running


def test_nothing_is_lost_duplicated_or_wrong_under_every_fault(tmp_path: Path) -> None:
    with LocalBroker(properties=BROKER) as broker:
        outcome = asyncio.run(run(short_plan(CLAIMS), broker, tmp_path))
    print(outcome)  # noqa: T201  the report of the run, shown when it fails
    audit = outcome.audit
    assert audit.counts == {}
    assert audit.inputs["claim-events"] > CLAIMS
    assert audit.inputs["scheduling-events"] > CLAIMS // 10
    assert min(audit.outputs.values()) > 0
    assert min(audit.ticked, audit.followed, audit.settled, audit.forgotten, audit.interleaved) > 0
    assert len(audit.revisions) >= 3
    assert outcome.landed.keys() == MEANING.keys()
    assert min(landing.to_come for landing in outcome.landings) > 0, "a fault landed when the traffic was over"
    assert sum(bool(landing.in_transaction) for landing in outcome.landings) >= 4
    assert summary(outcome.recoveries, "worker").never == 0
    assert outcome.drained
    assert outcome.stops == [0, 0, 0]


def test_the_short_profile_kills_at_every_named_point() -> None:
    assert {fault.point for fault in SHORT if fault.kind == "kill_at"} == set(POINTS)


class Planted(Struct, frozen=True):
    """The faults under which a bug shows, and the invariant that it then breaks."""

    faults: tuple[Fault, ...]
    breaks: Invariant
    topics: dict[str, dict[str, str]] = field(default_factory=dict)
    step_hours: int = 30
    last_days: int = 2
    events_per_member: int = 20


KILL, BURST = Fault("kill"), Fault("burst", messages=1)
COVERED, REWORDED = Fault("swap", edition="covered"), Fault("swap", edition="reworded")

PLANTED: dict[str, Planted] = {
    # Several of a kind, because a fault may hit a batch that says nothing, or a lane's opening.
    "offsets_first": Planted((Fault("kill_at", "after_send", 8),) * 3, "lost"),
    "outputs_first": Planted((Fault("kill_at", "after_commit", 8),) * 2, "duplicated"),
    "dead_letters_apart": Planted((Fault("kill_at", "after_commit", 3),) * 2, "duplicated"),
    "state_not_rolled_back": Planted((Fault("fail_at", "before_commit", 8),) * 6, "lost"),
    "random_transactional_id": Planted((Fault("stop_at", "batch_decided"),) * 2, "duplicated"),
    # A record of the audit log is over a kilobyte: batches of several are refused, single ones are taken.
    "answers_ignored": Planted((), "lost", {"audit-log": {"max.message.bytes": "2500"}}),
    "restore_skipped": Planted((KILL,), "state"),
    "dues_not_restored": Planted((KILL, KILL), "overdue", last_days=20, events_per_member=2),
    "policies_not_restored": Planted((COVERED, KILL, KILL), "state"),
    "group_offsets_trusted": Planted((Fault("kill_at", "after_send", 8),) * 3, "lost"),
    "timer_outside": Planted(
        (KILL, Fault("kill_at", "after_commit")), "duplicated", step_hours=144, events_per_member=2
    ),
    "sweep_taken_for_done": Planted((BURST, BURST, COVERED, KILL), "overdue", events_per_member=2),
    "revision_mislabelled": Planted((COVERED,), "mixed"),
    "rulebooks_mixed": Planted((COVERED,), "mixed"),
    "wall_clock_believed": Planted((Fault("clock_back", hours=20),), "clock"),
    "lane_kept_warm": Planted((Fault("scale", workers=1), Fault("scale", workers=2)) * 2, "duplicated"),
}


def test_every_bug_has_its_run() -> None:
    assert PLANTED.keys() == BUGS.keys()


RUNS_MAX = 3
"""Where a fault strikes is chance: the batch may say nothing, or the lane go to another worker than before. That a bug
goes unseen in one run says little (three whole test runs had two such); in three, that the harness does not bite."""


@pytest.mark.parametrize("bug", PLANTED)
def test_a_planted_bug_is_caught(bug: str, broker: LocalBroker, tmp_path: Path) -> None:
    planted = PLANTED[bug]
    plan = Plan(
        claims=BUG_CLAIMS,
        rate=1_000.0,
        faults=planted.faults,
        workers=2,
        events_per_member=planted.events_per_member,
        step=timedelta(hours=planted.step_hours),
        last_move=timedelta(days=planted.last_days),
        bug=bug,
        topics=planted.topics,
    )
    assert any(
        is_caught(replace(plan, seed=seed), planted, broker, tmp_path / f"{seed}") for seed in range(1, 1 + RUNS_MAX)
    )


def is_caught(plan: Plan, planted: Planted, broker: LocalBroker, folder: Path) -> bool:
    folder.mkdir()
    outcome = asyncio.run(run(plan, broker, folder))
    print(outcome)  # noqa: T201  the report of the run, shown when it fails
    assert len(outcome.landings) == len(planted.faults)
    return outcome.audit.counts[planted.breaks] > 0


@pytest.mark.parametrize("source", ["topic"])
def test_rules_that_are_published_change_in_mid_stream(source: Source, broker: LocalBroker, tmp_path: Path) -> None:
    faults = (COVERED, KILL, Fault("swap", edition="broken"), REWORDED)
    plan = Plan(claims=BUG_CLAIMS, rate=1_000.0, faults=faults, workers=2, rules=source)
    outcome = asyncio.run(run(plan, broker, tmp_path))
    print(outcome)  # noqa: T201  the report of the run, shown when it fails
    assert outcome.audit.counts == {}
    assert len(outcome.audit.revisions) == 3
    assert outcome.drained
