"""The demo's check: what it expects is what the core says, and whatever differs on the cluster is noticed."""

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta

import pytest

from policywire.model.records import Alert
from policywire.resources import shipped
from policywire.rulebook.load import load_rulebook
from policywire.rulebook.rulebook import Rulebook
from policywire.workbench.demo.expected import Expected, Outcomes, differences, latest_differ
from policywire.workbench.demo.seen import decoded
from policywire.workbench.demo.stories import CLAIMS, SCHEDULING, closing, said_on
from policywire.workbench.demo.successor import write_successor
from policywire.workbench.generate import ClaimMix, SchedulingMix, generate_claims, generate_scheduling

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    return load_rulebook(shipped("rules"))


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Rulebook:
    folder = tmp_path_factory.mktemp("changed") / "rules"
    write_successor(shipped("rules"), folder, published=date(2026, 2, 9), effective_from=date(2026, 3, 16))
    return load_rulebook(folder)


@pytest.fixture
def wanted(rulebook: Rulebook) -> Outcomes:
    expected = Expected(rulebook, NOW)
    expected.take(CLAIMS, generate_claims(300, 1, ClaimMix(hits=0.3, bad=0.1)))
    return expected.outcomes


def copied(outcomes: Outcomes) -> Outcomes:
    said = defaultdict(list, {key: list(records) for key, records in outcomes.said.items()})
    return Outcomes(said, Counter(outcomes.dead_letters))


def kinds(expected: Expected) -> set[tuple[str, str]]:
    latest = [decoded(records[-1]) for records in expected.outcomes.said.values()]
    return {(each.kind, each.severity) for each in latest if isinstance(each, Alert) and each.status == "open"}


def said_of_members(expected: Expected) -> dict[str, list[bytes]]:
    """All but what is said of policies."""
    said = expected.outcomes.said
    return {key: records for key, records in said.items() if decoded(records[0]).member_id is not None}


def test_what_is_wanted_does_not_differ_from_itself(wanted: Outcomes) -> None:
    assert wanted.records > 100
    assert list(differences(wanted, copied(wanted))) == []


def test_a_lost_record_is_noticed(wanted: Outcomes) -> None:
    seen = copied(wanted)
    del seen.said[next(iter(seen.said))]

    assert list(differences(wanted, seen)) == ["1 determinations or alerts are missing"]


def test_a_record_of_a_strange_subject_is_noticed(wanted: Outcomes) -> None:
    seen = copied(wanted)
    seen.said["strange"] = [b"{}"]

    assert list(differences(wanted, seen)) == ["1 determinations or alerts should not be there"]


@pytest.mark.parametrize("change", ["another answer", "said twice", "out of order"])
def test_what_is_said_otherwise_is_noticed(wanted: Outcomes, change: str) -> None:
    seen = copied(wanted)
    key = max(seen.said, key=lambda each: len(seen.said[each]))
    records = seen.said[key]
    assert len(records) > 1
    seen.said[key] = {
        "another answer": [*records[:-1], b"{}"],
        "said twice": [*records, records[-1]],
        "out of order": records[::-1],
    }[change]

    (found,) = differences(wanted, seen)

    assert found.startswith("of 1 determinations or alerts something else was said")


def test_a_missing_dead_letter_is_noticed(wanted: Outcomes) -> None:
    seen = copied(wanted)
    seen.dead_letters["schema_violation"] -= 1

    (found,) = differences(wanted, seen)

    assert found.endswith(f"say schema_violation instead of {wanted.dead_letters['schema_violation']}")


def test_every_bad_event_of_both_topics_is_an_expected_dead_letter(rulebook: Rulebook) -> None:
    expected = Expected(rulebook, NOW)

    expected.take(CLAIMS, generate_claims(100, 1, ClaimMix(bad=1)))
    expected.take(SCHEDULING, generate_scheduling(100, 1, SchedulingMix(bad=1)))

    assert expected.outcomes.dead_letters.total() == 200
    assert expected.outcomes.dead_letters["clock_ahead"] >= 4


def test_a_latest_record_that_is_not_the_last_said_is_noticed(wanted: Outcomes) -> None:
    latest = {key: records[-1] for key, records in wanted.said.items()}
    assert list(latest_differ(wanted.said, latest)) == []

    latest[next(iter(latest))] = b"{}"

    assert list(latest_differ(wanted.said, latest)) == [
        "the latest record of some subjects is not the last in the audit log"
    ]
    assert len(list(latest_differ(wanted.said, {}))) == 2


def test_time_that_passes_makes_what_is_missing_more_severe(rulebook: Rulebook) -> None:
    expected = Expected(rulebook, closing(date(2026, 2, 2)))
    expected.take(SCHEDULING, said_on(date(2026, 2, 2), SCHEDULING))
    assert ("agreement_missing", "critical") not in kinds(expected)

    expected.move_clock(closing(date(2026, 2, 25)))

    assert ("agreement_missing", "critical") in kinds(expected)


def test_changed_rules_are_announced_and_what_they_alter_is_decided_anew(rulebook: Rulebook, changed: Rulebook) -> None:
    expected = Expected(rulebook, closing(date(2026, 2, 2)))
    expected.take(SCHEDULING, said_on(date(2026, 2, 2), SCHEDULING))
    assert ("policy_source_conflict", "warning") in kinds(expected)

    expected.change_rules(changed)

    assert {("policy_changed", "warning"), ("policy_affects_schedule", "warning")} <= kinds(expected)


def test_a_claim_amid_a_change_is_expected_by_the_revision_that_its_records_name(
    rulebook: Rulebook, changed: Rulebook
) -> None:
    mix = ClaimMix(hits=1, corrections=0, members=2_000, evenly=True, end=NOW.date() - timedelta(1))
    claims = list(generate_claims(40, 1, mix))
    old, new = Expected(rulebook, NOW), Expected(changed, NOW)
    old.take(CLAIMS, claims[:20])
    new.take(CLAIMS, claims[20:])
    of_members = said_of_members(old) | said_of_members(new)
    named = dict.fromkeys(old.outcomes.said, rulebook.revision) | dict.fromkeys(new.outcomes.said, changed.revision)
    expected = Expected(changed, NOW)

    expected.take_amid_change(claims, rulebook, named)

    assert len(of_members) > 80
    assert said_of_members(expected) == of_members
