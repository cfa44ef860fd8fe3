"""How a lane catches up with changed rules, without a broker: slices, restarts, and one rulebook a batch."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest
from msgspec.structs import replace
from tests.unit.scenes import shipped

from policywire.cases.announcements import announce, encode
from policywire.stream import rulechange
from policywire.stream.changelog import Restored
from policywire.stream.rulechange import ANNOUNCER, RuleChange

MEMBERS = [f"M-{number}" for number in range(5)]
OTHER = replace(shipped(), revision="sha256:" + "0" * 64)
REVISION = shipped().revision
MEMORY = {key: encode(memory) for key, memory in announce({}, shipped()).memory.items() if memory is not None}


def restored(swept: str, **more: Any) -> Restored:
    return Restored({}, {}, None, 0, swept=swept, **more)


def lane(number: int, swept: str = "") -> RuleChange:
    return RuleChange(number, restored(swept))


class Batch:
    """Notes who is followed and what is announced."""

    def __init__(self, rulebook: Any) -> None:
        self.rulebook = rulebook
        self.followed: list[str] = []
        self.announced: list[Any] = []

    def follow(self, member: str) -> None:
        self.followed.append(member)

    def announce(self, alerts: Iterable[Any], memory: Mapping[Any, Any]) -> Iterator[None]:
        assert memory
        self.announced += alerts
        yield


@pytest.fixture(autouse=True)
def _two_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rulechange, "MEMBERS_MAX", 2)


def batch_of(change: RuleChange, rulebook: Any) -> Batch:
    """One committed batch."""
    batch = Batch(rulebook)
    taking: Any = batch
    change.begin(taking, MEMBERS)
    for _ in change.add_to(taking):
        pass
    change.fold()
    return batch


def wants(change: RuleChange, rulebook: Any, members: list[str] | None = None) -> bool:
    return asyncio.run(change.wants_a_batch(rulebook, MEMBERS if members is None else members))


def test_everybody_is_looked_at_once_in_slices_and_until_then_nothing_is_said_to_be_done() -> None:
    change = lane(1)
    followed: list[str] = []
    done: list[str] = []
    while wants(change, shipped()):
        followed += batch_of(change, shipped()).followed
        done.append(change.swept)
    assert sorted(followed) == MEMBERS
    assert done == ["", "", REVISION]


def test_a_lane_that_opens_with_the_rules_it_knows_has_nothing_to_do() -> None:
    assert not wants(lane(1, REVISION), shipped())
    assert wants(lane(1, REVISION), OTHER)


def test_a_lane_without_members_writes_nothing_because_of_rules() -> None:
    change = lane(1)
    assert not wants(change, shipped(), [])
    assert change.swept == REVISION


def test_rules_that_change_again_in_the_midst_begin_anew() -> None:
    change = lane(1, REVISION)
    first = batch_of(change, OTHER).followed
    back = batch_of(change, shipped()).followed
    assert change.swept == ""
    back += batch_of(change, shipped()).followed + batch_of(change, shipped()).followed
    assert len(first) == 2
    assert sorted(back) == MEMBERS
    assert change.swept == REVISION


def test_policies_are_spoken_of_by_one_lane_only_and_once() -> None:
    assert not wants(lane(ANNOUNCER + 1, REVISION), shipped())
    change = lane(ANNOUNCER, REVISION)
    assert wants(change, shipped())
    assert [alert.kind for alert in batch_of(change, shipped()).announced] == [
        "policy_source_quarantine",
        "policy_source_conflict",
    ]
    assert not wants(change, shipped())
    assert batch_of(change, shipped()).announced == []


def test_what_was_said_before_a_restart_is_not_said_again() -> None:
    assert not wants(RuleChange(ANNOUNCER, restored(REVISION, policies=MEMORY)), shipped())


def test_a_lane_that_knows_that_all_was_said_does_not_compare_again(monkeypatch: pytest.MonkeyPatch) -> None:
    change = lane(ANNOUNCER, REVISION)
    said = []
    while wants(change, shipped()):
        batch_of(change, shipped())
        said.append(change.said)
    assert said == [REVISION]
    monkeypatch.setattr(rulechange, "compare", None)
    assert not wants(RuleChange(ANNOUNCER, restored(REVISION, said=REVISION)), shipped())


def test_what_waits_for_another_batch_is_not_said_yet() -> None:
    change = lane(ANNOUNCER, REVISION)
    assert wants(change, shipped())
    batch = batch_of(change, OTHER)
    assert batch.announced == []
    assert change.said == ""


def test_a_batch_says_nothing_of_a_rulebook_that_it_is_not_decided_by() -> None:
    change = lane(ANNOUNCER, REVISION)
    assert wants(change, shipped())
    assert batch_of(change, OTHER).announced == []
    assert wants(change, OTHER)
    assert {alert.rulebook_revision for alert in batch_of(change, OTHER).announced} == {OTHER.revision}
