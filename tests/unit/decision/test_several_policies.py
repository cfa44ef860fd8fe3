"""A code that several policies of its payer list: each in force gives its own answer."""

import pytest
from msgspec.structs import replace
from tests.unit.scenes import Scene, claim, line, shipped, visit

from policywire.rulebook.rulebook import Rulebook


@pytest.fixture(scope="module")
def two_policies() -> Rulebook:
    """The rules that ship, and a synthetic copy of the policy that is in force only from 2025-12-16."""
    listed = shipped().index["62308"]
    (policy,) = listed["0565T"]
    second = replace(policy, id="SYN 1", versions=policy.versions[1:])
    index = {"62308": dict.fromkeys(listed, (policy, second))}
    return replace(shipped(), revision="sha256:" + "1" * 64, index=index)


def test_each_policy_in_force_gives_a_determination_of_its_own(two_policies: Rulebook) -> None:
    found = Scene(claim(), rulebook=two_policies).determinations
    assert [each.policy.id for each in found] == ["MM 0552", "SYN 1"]
    assert len({each.determination_id for each in found}) == 2


def test_a_policy_that_is_not_in_force_yet_is_silent_while_another_is(two_policies: Rulebook) -> None:
    found = Scene(claim(line(day="2025-12-15")), rulebook=two_policies).determination
    assert found.policy.id == "MM 0552"


def test_before_all_of_them_each_says_that_it_is_not_in_force(two_policies: Rulebook) -> None:
    found = Scene(claim(line(day="2020-03-14")), rulebook=two_policies).determinations
    assert [(each.policy.id, each.outcome.value) for each in found] == [
        ("MM 0552", "no_policy_in_force"),
        ("SYN 1", "no_policy_in_force"),
    ]


def test_an_alert_about_a_subject_is_opened_once(two_policies: Rulebook) -> None:
    scene = Scene(visit("0717T"), rulebook=two_policies)
    assert [each.kind for each in scene.alerts] == ["expected_denial_scheduled", "agreement_missing"]
    assert scene.alert("agreement_missing").procedure_codes == ("0717T",)


def test_a_replacement_before_the_second_policy_withdraws_only_its_answer(two_policies: Rulebook) -> None:
    again = claim(line(day="2025-12-15"), kind="replaced", at="2026-01-06T00:00:00Z")
    found = Scene(claim(), again, rulebook=two_policies).determinations
    assert {(each.policy.id, each.status) for each in found} == {("MM 0552", "current"), ("SYN 1", "withdrawn")}
