"""Exactly once, under faults, on a real Kafka: the product passes, and every planted bug is caught."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import Struct, field
from tests.chaos.bugs import BUGS
from tests.chaos.faults import Fault
from tests.chaos.findings import Invariant
from tests.chaos.harness import Plan, plan_of_the_test, run

from policywire.broker import LocalBroker

CLAIMS = 100_000
BUG_CLAIMS = 3_000


@pytest.fixture(scope="module")
def broker() -> Iterator[LocalBroker]:
    """For the runs that leave their broker alone."""
    with LocalBroker() as running:
        yield running


def test_nothing_is_lost_duplicated_or_wrong_while_workers_and_the_broker_are_killed(tmp_path: Path) -> None:
    with LocalBroker() as broker:
        outcome = asyncio.run(run(plan_of_the_test(CLAIMS), broker, tmp_path))
    print(outcome)  # noqa: T201  the report of the run, shown when it fails
    assert outcome.audit.counts == {}
    assert outcome.audit.inputs == {"claim-events": CLAIMS, "scheduling-events": CLAIMS // 10}
    assert min(outcome.audit.outputs.values()) > 0
    assert outcome.landed["kill"] >= 10
    assert outcome.landed["kill_broker"] == 2
    assert min(landing.to_come for landing in outcome.landings) > 0, "a fault landed when the traffic was over"
    assert sum(bool(landing.in_transaction) for landing in outcome.landings) >= 4
    assert outcome.drained
    assert outcome.stops == [0, 0]


class Planted(Struct, frozen=True):
    """The faults under which a bug shows, and the invariant that it then breaks."""

    faults: tuple[Fault, ...]
    breaks: Invariant
    topics: dict[str, dict[str, str]] = field(default_factory=dict)


PLANTED: dict[str, Planted] = {
    # Several of a kind, because a fault may hit a batch that says nothing, or a lane's opening.
    "offsets_first": Planted((Fault("kill_at", "after_send", 8),) * 3, "lost"),
    "outputs_first": Planted((Fault("kill_at", "after_commit", 8),) * 2, "duplicated"),
    "state_not_rolled_back": Planted((Fault("fail_at", "before_commit", 8),) * 6, "lost"),
    "random_transactional_id": Planted((Fault("stop_at", "batch_decided"),), "duplicated"),
    # A record of the audit log is over a kilobyte: batches of several are refused, single ones are taken.
    "answers_ignored": Planted((), "lost", {"audit-log": {"max.message.bytes": "2500"}}),
    "restore_skipped": Planted((Fault("kill"),), "state"),
}


def test_every_bug_has_its_run() -> None:
    assert PLANTED.keys() == BUGS.keys()


@pytest.mark.parametrize("bug", PLANTED)
def test_a_planted_bug_is_caught(bug: str, broker: LocalBroker, tmp_path: Path) -> None:
    planted = PLANTED[bug]
    plan = Plan(claims=BUG_CLAIMS, rate=1_000.0, faults=planted.faults, bug=bug, topics=planted.topics)
    outcome = asyncio.run(run(plan, broker, tmp_path))
    print(outcome)  # noqa: T201  the report of the run, shown when it fails
    assert len(outcome.landings) == len(planted.faults)
    assert outcome.audit.counts[planted.breaks] > 0
