"""Rules that change while a worker runs, or while it does not: who is decided again, and what is said of policies."""

from collections import Counter
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from tests.stream.harness import (
    alerts_of,
    appointment,
    claim,
    outcome_of,
    publish,
    records_of,
    running,
    settings_for,
    until,
    until_done,
)

from policywire.broker import LocalBroker
from policywire.resources import shipped
from policywire.rulebook.load import load_rulebook
from policywire.stream import changelog, rulechange
from policywire.stream.points import Point
from policywire.stream.settings import Settings
from policywire.stream.worker import Worker

AFFECTS = "policy_affects_schedule"
OF_SOURCES = ("policy_source_conflict", "policy_source_quarantine")
CURRENT = '- effective_from: "2025-12-16"'


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    return Path(copytree(shipped("rules"), tmp_path / "rules"))


@pytest.fixture
def settings(broker: LocalBroker, topics: str, rules: Path) -> Settings:
    folder = {"path": rules, "poll_s": 0.1}
    return settings_for(broker.bootstrap_servers, topics, rules=folder)


def edit(rules: Path, old: str, new: str) -> str:
    """Change the current version of MM 0552 where the text stands first; gives the new revision."""
    policy = rules / "cigna/mm-0552/policy.yaml"
    earlier, current = policy.read_text().split(CURRENT)
    assert old in current
    policy.write_text(earlier + CURRENT + current.replace(old, new, 1))
    return load_rulebook(rules).revision


def cover(rules: Path) -> str:
    """The knee implants, denied until now, are covered."""
    return edit(rules, "outcome: not_medically_necessary", "outcome: covered")


def reword(rules: Path) -> str:
    return edit(rules, "rationale: Not medically necessary", "rationale: Never medically necessary")


async def work(settings: Settings) -> None:
    """Until all is decided, and every lane has caught up with the rules."""
    async with running(settings) as worker:
        await until_done(settings)
        await until(lambda: caught_up(worker))


def caught_up(worker: Worker, revision: str | None = None) -> bool:
    """Whether every lane has looked at everybody, and said everything, under the rulebook in force."""
    lanes = list(worker._lanes.values())
    if len(lanes) < 4:
        return False
    wanted = worker._rules.current.revision
    return (
        revision in {None, wanted}
        and all(lane.is_open and lane._rulechange.swept == wanted for lane in lanes)
        and all(lane._rulechange._announcer is None or _said(lane._rulechange._announcer, wanted) for lane in lanes)
    )


def _said(announcer: Any, revision: str) -> bool:
    return announcer._revision == revision and announcer.saying() is None


async def test_booked_appointments_are_decided_again_when_the_rules_change(settings: Settings, rules: Path) -> None:
    await publish(settings, [appointment(n, f"M-{n}") for n in range(20)], "scheduling-events")
    await publish(settings, [claim(100, "M-100")])
    async with running(settings) as worker:
        await until_done(settings)
        revision = cover(rules)
        await until(lambda: caught_up(worker, revision))
        # The last batch is caught up with while it is decided, and counted when it is committed.
        await until(lambda: b"policywire_members_followed_total 20.0" in worker.metrics.exposition())
    assert Counter(alert["status"] for alert in await alerts_of(settings, AFFECTS)) == {"open": 20}
    assert {alert["rulebook_revision"] for alert in await alerts_of(settings, AFFECTS)} == {revision}
    outcomes = Counter(
        (record.document["subject"]["kind"], record.document["outcome"])
        for record in await records_of(settings, "determinations")
    )
    assert outcomes == {
        ("appointment_procedure", "not_medically_necessary"): 20,
        ("appointment_procedure", "covered"): 20,
        ("claim_line", "not_medically_necessary"): 1,
    }


async def test_a_first_day_of_alerts_that_is_set_while_a_worker_runs_resolves_what_is_open_before_it(
    settings: Settings, rules: Path
) -> None:
    await publish(settings, [claim(number, f"M-{number}") for number in range(10)])
    await publish(settings, [appointment(1, "M-1")], "scheduling-events")
    async with running(settings) as worker:
        await until_done(settings)
        texts = rules / "watch/alerts.yaml"
        texts.write_text(texts.read_text() + "alerts_from: 2026-01-10\n")
        revision = load_rulebook(rules).revision
        await until(lambda: caught_up(worker, revision))
    alerts = await alerts_of(settings)
    resolved = [(each["kind"], each["rulebook_revision"]) for each in alerts if each["status"] == "resolved"]
    assert resolved == [("service_without_agreement", revision)] * 10
    assert {each["kind"] for each in alerts} - {"service_without_agreement"} == {
        "agreement_missing",
        "expected_denial_scheduled",
    }


async def test_a_worker_that_starts_with_other_rules_decides_what_is_booked_again(
    settings: Settings, rules: Path
) -> None:
    await publish(settings, [appointment(1)], "scheduling-events")
    await work(settings)
    cover(rules)
    await work(settings)
    await work(settings)
    assert [alert["status"] for alert in await alerts_of(settings, AFFECTS)] == ["open"]


async def test_a_worker_that_dies_in_the_midst_of_a_change_says_nothing_twice(
    settings: Settings, rules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rulechange, "MEMBERS_MAX", 3)
    await publish(settings, [appointment(n, f"M-{n}") for n in range(40)], "scheduling-events")
    await work(settings)
    cover(rules)
    batches = 0

    async def die(point: Point, _lane: int) -> None:
        nonlocal batches
        batches += point == "after_commit"
        if point == "before_commit" and batches > 7:  # four barriers, and some batches
            raise RuntimeError("killed")

    assert isinstance(await outcome_of(settings, passing=die), RuntimeError)
    some = len(await alerts_of(settings, AFFECTS))
    await work(settings)
    assert 0 < some < 40
    assert Counter(alert["member_id"] for alert in await alerts_of(settings, AFFECTS)) == {
        f"M-{n}": 1 for n in range(40)
    }


async def test_rules_put_back_after_a_death_in_the_midst_of_a_change_are_in_force_for_everybody(
    settings: Settings, rules: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rulechange, "MEMBERS_MAX", 3)
    former = copytree(rules, tmp_path / "former")
    await publish(settings, [appointment(n, f"M-{n}") for n in range(40)], "scheduling-events")
    await work(settings)
    cover(rules)
    batches = 0

    async def die(point: Point, _lane: int) -> None:
        nonlocal batches
        batches += point == "after_commit"
        if point == "before_commit" and batches > 7:
            raise RuntimeError("killed")

    assert isinstance(await outcome_of(settings, passing=die), RuntimeError)
    copytree(former, rules, dirs_exist_ok=True)
    await work(settings)
    last = {alert["alert_id"]: alert["status"] for alert in await alerts_of(settings, AFFECTS)}
    assert last
    assert set(last.values()) == {"resolved"}
    outcomes = {
        record.document["determination_id"]: record.document["outcome"]
        for record in await records_of(settings, "determinations")
    }
    assert set(outcomes.values()) == {"not_medically_necessary"}


async def test_a_first_start_tells_of_the_sources_once_and_a_restart_says_nothing_more(settings: Settings) -> None:
    await work(settings)
    await work(settings)
    told = [record for record in await records_of(settings, "alerts") if record.document["kind"] in OF_SOURCES]
    assert sorted(record.document["kind"] for record in told) == sorted(OF_SOURCES)
    assert {record.key for record in told} == {record.document["alert_id"].encode() for record in told}
    copies = await records_of(settings, "audit-log")
    assert sorted(record.value or b"" for record in copies) == sorted(record.value or b"" for record in told)


async def test_a_changed_outcome_is_told_once_and_a_cosmetic_change_never(settings: Settings, rules: Path) -> None:
    async with running(settings) as worker:
        await until(lambda: caught_up(worker))
        reworded = reword(rules)
        await until(lambda: caught_up(worker, reworded))
        covered = cover(rules)
        await until(lambda: caught_up(worker, covered))
    await work(settings)
    (changed,) = await alerts_of(settings, "policy_changed")
    assert changed["rulebook_revision"] == covered
    assert changed["procedure_codes"] == ["0565T", "0566T"]
    assert len(await alerts_of(settings, *OF_SOURCES)) == 2


async def test_what_was_said_of_a_policy_is_in_the_changelog_of_one_lane(settings: Settings) -> None:
    await work(settings)
    kept = [
        (record.partition, record.key)
        for record in await records_of(settings, changelog.TOPIC)
        if record.key and record.key.startswith(changelog.POLICY_KEY)
    ]
    assert kept == [(0, b"\xffpolicy\x00cigna\x00MM 0552")]


@pytest.mark.parametrize("point", ["after_begin", "after_send", "before_commit", "after_commit"])
async def test_a_death_while_policies_are_spoken_of_says_nothing_twice(settings: Settings, point: Point) -> None:
    passed = 0

    async def die(here: Point, lane: int) -> None:
        nonlocal passed
        passed += here == point and lane == 0
        if passed == 2:  # the barrier passes first
            raise RuntimeError("killed")

    assert isinstance(await outcome_of(settings, passing=die), RuntimeError)
    await work(settings)
    assert len(await alerts_of(settings, *OF_SOURCES)) == 2
