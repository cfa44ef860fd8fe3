"""What is said about policies themselves when the rulebook comes into force or changes."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from msgspec.structs import replace
from tests.unit.scenes import RULES, shipped

from policywire.cases.announcements import Key, PolicyMemory, announce, decode, encode
from policywire.model.records import Alert
from policywire.rulebook.load import load_rulebook
from policywire.rulebook.rulebook import Rulebook, Version
from policywire.workbench.demo.successor import write_successor

Memory = Mapping[Key, PolicyMemory]
CURRENT = '- effective_from: "2025-12-16"'


def altered(folder: Path, *edits: tuple[str, str]) -> Rulebook:
    """The shipped rules with edits of the current version of MM 0552, each where its text stands first."""
    copytree(RULES, folder, dirs_exist_ok=True)
    policy = folder / "cigna/mm-0552/policy.yaml"
    earlier, current = policy.read_text().split(CURRENT)
    for old, new in edits:
        assert old in current
        current = current.replace(old, new, 1)
    policy.write_text(earlier + CURRENT + current)
    return load_rulebook(folder)


def with_versions(*versions: Version) -> Rulebook:
    """The shipped rulebook with these versions of MM 0552."""
    (policy,) = shipped().policies()
    other = replace(policy, versions=versions)
    index = {payer_id: dict.fromkeys(codes, (other,)) for payer_id, codes in shipped().index.items()}
    return replace(shipped(), index=index, revision="sha256:newer")


def with_a_version_from(day: dt.date, **other: Any) -> Rulebook:
    """The shipped rulebook with one more version of MM 0552, like its last but for what is ``other``."""
    (policy,) = shipped().policies()
    return with_versions(*policy.versions, replace(policy.versions[-1], effective_from=day, **other))


def after(rulebook: Rulebook, memory: Memory | None = None) -> tuple[Memory, tuple[Alert, ...]]:
    """Memory after announcing a rulebook, through bytes, and what was said."""
    given = announce(memory or {}, rulebook)
    merged = {**(memory or {}), **given.memory}
    return {key: decode(encode(each)) for key, each in merged.items() if each is not None}, given.alerts


def kinds(alerts: tuple[Alert, ...]) -> list[tuple[str, str, str]]:
    return sorted(
        (each.kind, each.policy.version.isoformat() if each.policy.version else "", each.status) for each in alerts
    )


def changes_told(alerts: tuple[Alert, ...]) -> dict[dt.date | None, Alert]:
    return {each.policy.version: each for each in alerts if each.kind == "policy_changed"}


@pytest.fixture
def started() -> Memory:
    return after(shipped())[0]


def test_a_first_start_tells_of_the_sources_faults_and_of_no_change() -> None:
    alerts = after(shipped())[1]
    assert kinds(alerts) == [
        ("policy_source_conflict", "2025-12-16", "open"),
        ("policy_source_quarantine", "2025-12-16", "open"),
    ]
    assert {each.audience for each in alerts} == {"compliance", "source_data"}
    assert all("Cigna Healthcare MM 0552" in each.message for each in alerts)


def test_the_same_rulebook_again_says_nothing(started: Memory) -> None:
    assert announce(started, shipped()) == ({}, ())


def test_a_cosmetic_republish_says_nothing(started: Memory, tmp_path: Path) -> None:
    reworded = altered(tmp_path, ("rationale: Not medically necessary", "rationale: Never medically necessary"))
    assert reworded.revision != shipped().revision
    assert after(reworded, started)[1] == ()


def test_a_changed_outcome_is_told_once_with_the_code_and_what_became_of_it(started: Memory, tmp_path: Path) -> None:
    changed = altered(tmp_path, ("outcome: not_medically_necessary", "outcome: covered"))
    memory, alerts = after(changed, started)
    (alert,) = alerts
    assert (alert.kind, alert.severity, alert.member_id) == ("policy_changed", "warning", None)
    assert alert.procedure_codes == ("0565T", "0566T")
    assert "0565T not_medically_necessary becomes covered" in alert.message
    assert alert.rulebook_revision == changed.revision
    assert announce(memory, changed) == ({}, ())


def test_other_conditions_and_a_denial_that_reads_otherwise_are_changes(started: Memory, tmp_path: Path) -> None:
    narrower = altered(
        tmp_path / "a", ("when: {clinical_context: mixed}", "when: {clinical_context: [mixed, oncology]}")
    )
    assert "38230 decided by other conditions" in after(narrower, started)[1][0].message
    other_words = altered(
        tmp_path / "b", ("reason: not medically necessary per Cigna", "reason: not necessary per Cigna")
    )
    assert kinds(after(other_words, started)[1]) == [("policy_changed", "2025-12-16", "open")]


def test_a_change_stands_until_a_newer_version_changes(started: Memory, tmp_path: Path) -> None:
    changed = altered(tmp_path / "a", ("outcome: not_medically_necessary", "outcome: covered"))
    memory = after(changed, started)[0]
    back, alerts = after(shipped(), memory)
    assert kinds(alerts) == [("policy_changed", "2025-12-16", "open")]
    assert "covered becomes not_medically_necessary" in alerts[0].message
    newer = with_a_version_from(dt.date(2026, 6, 1))
    assert ("policy_changed", "2025-12-16", "resolved") in kinds(after(newer, back)[1])
    assert ("policy_changed", "2026-06-01", "open") in kinds(after(newer, back)[1])


def test_a_new_version_is_told_by_what_it_answers_otherwise_than_the_one_before(
    started: Memory, tmp_path: Path
) -> None:
    write_successor(RULES, tmp_path / "rules", published=dt.date(2026, 2, 9), effective_from=dt.date(2026, 3, 16))
    told = changes_told(after(load_rulebook(tmp_path / "rules"), started)[1])
    new = told[dt.date(2026, 3, 16)]
    assert new.procedure_codes == ("0717T", "0718T")
    assert "a new version; 0717T not_medically_necessary becomes criteria_required; 0718T" in new.message
    assert told.keys() == {dt.date(2026, 3, 16)}, "that the former one makes way changes no answer of its own"


def test_a_version_that_ends_with_none_after_it_is_told(started: Memory) -> None:
    (policy,) = shipped().policies()
    first, second = policy.versions
    ended = with_versions(first, replace(second, effective_through=dt.date(2026, 3, 15)))
    told = changes_told(after(ended, started)[1])
    assert "in force through 2026-03-15" in told[dt.date(2025, 12, 16)].message
    assert "0565T" in told[dt.date(2025, 12, 16)].procedure_codes


def test_a_new_version_that_answers_as_the_one_before_says_so(started: Memory) -> None:
    told = changes_told(after(with_a_version_from(dt.date(2026, 6, 1)), started)[1])
    assert "a new version that answers as was published for its days" in told[dt.date(2026, 6, 1)].message


def test_a_new_version_with_another_way_to_authorization_says_so(started: Memory) -> None:
    told = changes_told(after(with_a_version_from(dt.date(2026, 6, 1), prior_authorization="required"), started)[1])
    message = told[dt.date(2026, 6, 1)].message
    assert "(a new version; prior authorization no_pathway becomes required)" in message


def test_a_new_version_after_days_for_which_nothing_was_published_adds_its_codes() -> None:
    (policy,) = shipped().policies()
    ended = tuple(replace(each, effective_through=dt.date(2025, 12, 31)) for each in policy.versions[-1:])
    memory = after(with_versions(*ended))[0]
    told = changes_told(
        after(with_versions(*ended, replace(policy.versions[-1], effective_from=dt.date(2026, 6, 1))), memory)[1]
    )
    assert "0565T added" in told[dt.date(2026, 6, 1)].message


def test_versions_published_together_are_each_told_by_what_was_published_for_their_days(started: Memory) -> None:
    (policy,) = shipped().policies()
    first, second = policy.versions
    months = [dt.date(2026, month, 1) for month in (6, 7)]
    ends = [day - dt.timedelta(days=1) for day in months]
    other = replace(second, effective_from=months[0], effective_through=ends[1], prior_authorization="required")
    again = replace(second, effective_from=months[1])
    told = changes_told(
        after(with_versions(first, replace(second, effective_through=ends[0]), other, again), started)[1]
    )
    assert told.keys() == set(months)
    assert "(a new version; prior authorization no_pathway becomes required)" in told[months[0]].message
    assert "answers as was published for its days" in told[months[1]].message


def test_a_policy_that_is_taken_away_is_told_and_its_source_alerts_resolve(started: Memory, tmp_path: Path) -> None:
    copytree(RULES, tmp_path, dirs_exist_ok=True)
    memory = {**started, ("cigna", "MM 9999"): started["cigna", "MM 0552"]}
    alerts = announce(memory, shipped()).alerts
    assert kinds(alerts) == [
        ("policy_changed", "2020-03-15", "open"),
        ("policy_changed", "2025-12-16", "open"),
        ("policy_source_conflict", "2025-12-16", "resolved"),
        ("policy_source_quarantine", "2025-12-16", "resolved"),
    ]
    assert "0565T removed" in alerts[0].message
