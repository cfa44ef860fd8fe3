"""Publishing, its history and the way back, through the command line on the real broker."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from click.testing import CliRunner, Result
from tests.contracts.schemas import read as read_schema
from tests.stream.harness import Seen, publish, records_of, settings_for
from tests.unit.leave import POLICY, TITLE, approve, change_comment, change_meaning, content, folder_in, pass_gate

from policywire.broker import LocalBroker
from policywire.cli import main
from policywire.rulebook.load import files_in, load_rulebook
from policywire.rulebook.publication import publication
from policywire.stream.documents import TOPIC
from policywire.stream.history import HEADER
from policywire.stream.history import TOPIC as HISTORY
from policywire.stream.settings import Settings

KEY = "evergreen/SYN 100"
DOCUMENTS = 5
LATER = "2199-01-01T00:00:00Z"
PUBLICATION = jsonschema_rs.Draft202012Validator(read_schema("publication.v1"), validate_formats=True)


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    return folder_in(tmp_path)


@pytest.fixture
def settings(broker: LocalBroker, topics: str) -> Settings:
    return settings_for(broker.bootstrap_servers, topics)


def run(settings: Settings, *arguments: object) -> Result:
    where = ["--bootstrap-servers", settings.kafka.bootstrap_servers, "--topic-prefix", settings.kafka.topic_prefix]
    return CliRunner().invoke(main, ["rules", *map(str, arguments), *where])


def done(settings: Settings, *arguments: object) -> Any:
    """The report of a command that must end well."""
    result = run(settings, *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def publishing(settings: Settings, rules: Path, *more: object, reason: str = "A test.") -> Any:
    """Publish with all that is asked for."""
    pass_gate(rules)
    approve(rules, "bob")
    return done(settings, "publish", rules, "--author", "ann", "--reason", reason, *more)


def rolling_back(settings: Settings, target: object, *more: object) -> Any:
    return done(settings, "rollback", target, "--by", "cy", "--reason", "It was wrong.", *more)


def publications(settings: Settings) -> list[Any]:
    """As recorded, the latest first."""
    found = done(settings, "publications")["publications"]
    assert isinstance(found, list)
    return found


def records(settings: Settings, name: str) -> list[Seen]:
    return asyncio.run(records_of(settings, name))


def held(settings: Settings) -> dict[bytes | None, bytes]:
    """What a compacted topic comes to."""
    latest = {record.key: record.value for record in records(settings, TOPIC)}
    return {key: value for key, value in latest.items() if value is not None}


def as_published(rules: Path) -> dict[bytes, bytes]:
    return {key.encode(): value for key, value in publication(rules, files_in(rules)).items()}


def entitle(rules: Path, title: str) -> None:
    """Give the policy another title, whatever it has."""
    file = rules / POLICY
    lines = [f"title: {title}" if line.startswith("title: ") else line for line in file.read_text().splitlines()]
    file.write_text("\n".join(lines) + "\n")


def test_what_nobody_passed_or_approved_does_not_reach_the_topic(settings: Settings, rules: Path) -> None:
    asked = ("publish", rules, "--author", "ann", "--reason", "A test.")
    assert run(settings, *asked).exit_code == 1
    pass_gate(rules)
    assert run(settings, *asked).exit_code == 1
    approve(rules, "Ann")
    assert run(settings, *asked).exit_code == 1
    approve(rules, "bob")
    change_meaning(rules)
    assert run(settings, *asked).exit_code == 1
    assert records(settings, TOPIC) == records(settings, HISTORY) == []


def test_what_was_passed_and_approved_is_published_although_a_comment_was_added(
    settings: Settings, rules: Path
) -> None:
    pass_gate(rules)
    approve(rules, "bob")
    change_comment(rules)
    report = done(settings, "publish", rules, "--author", "ann", "--reason", "A test.")
    assert (report["published"], report["refused"], report["publication"]["number"]) == (True, [], 1)
    assert held(settings) == as_published(rules)


def test_the_history_has_who_when_why_by_whose_leave_and_every_document(settings: Settings, rules: Path) -> None:
    began = datetime.now(UTC).replace(microsecond=0)
    publishing(settings, rules, reason="The first of all.")
    *documents, told = records(settings, HISTORY)
    assert {record.key: record.value for record in documents} == as_published(rules)
    assert all(record.headers == {HEADER: b"1"} for record in documents)
    assert (told.key, told.headers) == (b"1", {})
    PUBLICATION.validate(told.document)
    assert publications(settings) == [told.document]
    assert began <= datetime.fromisoformat(told.document["at"]) <= datetime.now(UTC)
    assert told.document["effective_at"] == told.document["at"]
    expected = {
        "kind": "publication",
        "author": "ann",
        "reason": "The first of all.",
        "content": content(rules),
        "forced": [],
        "revision_before": None,
        "revision": load_rulebook(rules).revision,
        "written": sorted(key.decode() for key in as_published(rules)),
        "removed": [],
    }
    assert {name: told.document[name] for name in expected} == expected
    assert [each["by"] for each in told.document["approvals"]] == ["bob"]
    assert told.document["gate"]["claims"] == 5000


def test_force_is_recorded_with_its_reason_and_what_it_passed_over(settings: Settings, rules: Path) -> None:
    done(settings, "publish", rules, "--force", "--author", "ann", "--reason", "The payer called.")
    (told,) = publications(settings)
    assert (told["forced"], told["reason"]) == (["gate-missing", "approval-missing"], "The payer called.")
    shown = run(settings, "publications").output
    assert "forced: gate-missing, approval-missing" in shown
    assert "The payer called." in shown


def test_what_is_published_already_is_not_published_again(settings: Settings, rules: Path) -> None:
    publishing(settings, rules)
    change_comment(rules)
    again = publishing(settings, rules)
    assert (again["published"], again["publication"]["number"]) == (False, None)
    assert len(publications(settings)) == 1


def test_a_dry_run_shows_what_would_change_and_what_is_missing_and_writes_nothing(
    settings: Settings, rules: Path
) -> None:
    said = run(settings, "publish", rules, "--dry-run")
    assert said.exit_code == 1
    assert f"  written  {KEY}\n" in said.output
    assert "refused: gate-missing" in said.output
    pass_gate(rules)
    approve(rules, "bob")
    assert run(settings, "publish", rules, "--dry-run").exit_code == 0
    assert records(settings, TOPIC) == records(settings, HISTORY) == []


def test_who_approves_is_shown_what_publishing_would_change(settings: Settings, rules: Path) -> None:
    publishing(settings, rules)
    assert "holds these documents already" in run(settings, "approve", rules, "--by", "bob").output
    entitle(rules, "Another")
    shown = run(settings, "approve", rules, "--by", "bob").output
    assert f"  written  {KEY}\n" in shown
    assert f"would write 1, remove 0, and leave {DOCUMENTS - 1} as they are" in shown


@pytest.mark.parametrize("named", ["number", "revision", "previous"])
def test_a_rollback_restores_byte_for_byte_and_the_revision(settings: Settings, rules: Path, named: str) -> None:
    first = publishing(settings, rules)["publication"]
    before = held(settings)
    entitle(rules, "Another")
    (rules / "more.yaml").write_text((rules / "terms.yaml").read_text().replace("id: ", "id: more-"))
    second = publishing(settings, rules)["publication"]
    assert (second["revision_before"], held(settings) == before) == (first["revision"], False)
    target = {"number": 1, "revision": first["revision"][:20], "previous": "previous"}[named]
    back = rolling_back(settings, target)["publication"]
    assert held(settings) == before
    assert (back["revision"], back["revision_before"]) == (first["revision"], second["revision"])
    assert (back["kind"], back["author"], back["rolled_back_to"], back["number"]) == ("rollback", "cy", 1, 3)
    assert (back["written"], len(back["removed"])) == ([KEY], 1)
    assert publications(settings)[0] == back
    again = done(settings, "rollback", "--to", "previous", "--by", "cy", "--reason", "It was right.")
    assert again["publication"]["revision"] == second["revision"]


def test_a_rollback_needs_no_folder_and_may_be_tried_first(settings: Settings, rules: Path) -> None:
    publishing(settings, rules)
    before = held(settings)
    entitle(rules, "Another")
    publishing(settings, rules)
    tried = run(settings, "rollback", "1", "--dry-run")
    assert tried.exit_code == 0
    assert f"  written  {KEY}\n" in tried.output
    assert "Nothing was done: --dry-run." in tried.output
    assert held(settings) != before
    assert "Nothing to do" in run(settings, "rollback", "2", "--by", "cy", "--reason", "Stay.").output


def test_where_nothing_was_there_is_no_way_back_to(settings: Settings, rules: Path) -> None:
    assert run(settings, "publications").output == "Nothing was published yet.\n"
    publishing(settings, rules)
    for target, why in (
        ("previous", "nothing else was in force"),
        ("7", "no publication 7"),
        ("sha256:" + "0" * 9, "no rulebook"),
    ):
        refused = run(settings, "rollback", target, "--by", "cy", "--reason", "It was wrong.")
        assert refused.exit_code == 2
        assert why in refused.output


def test_for_an_instant_the_documents_wait_beside_those_in_force(settings: Settings, rules: Path) -> None:
    publishing(settings, rules)
    before = held(settings)
    entitle(rules, "Another")
    report = publishing(settings, rules, "--at", LATER)
    assert report["scheduled"] == [f"{KEY}@{LATER}"]
    assert report["publication"]["effective_at"] == LATER
    assert report["publication"]["written"] == [KEY]
    assert held(settings) == {**before, f"{KEY}@{LATER}".encode(): as_published(rules)[KEY.encode()]}
    shown = run(settings, "publications", "--last", "1").output
    assert f"in force from {LATER} on" in shown
    entitle(rules, "A third")
    pass_gate(rules)
    approve(rules, "bob")
    said = run(settings, "publish", rules, "--author", "ann", "--reason", "In between.")
    assert f"  waits  {KEY}@{LATER}\n" in said.output
    assert len(held(settings)) == DOCUMENTS + 1


def test_what_waits_is_taken_back_by_a_rollback_and_by_a_publication_that_says_so(
    settings: Settings, rules: Path
) -> None:
    publishing(settings, rules)
    before = held(settings)
    entitle(rules, "Another")
    publishing(settings, rules, "--at", LATER)
    assert rolling_back(settings, 1)["publication"]["cancelled"] == [f"{KEY}@{LATER}"]
    assert held(settings) == before
    publishing(settings, rules, "--at", LATER)
    entitle(rules, TITLE)
    report = publishing(settings, rules, "--cancel-scheduled")
    assert (report["publication"]["cancelled"], report["scheduled"]) == ([f"{KEY}@{LATER}"], [])
    assert held(settings) == before


def test_what_has_come_due_stands_without_its_instant_after_the_next_publication(
    settings: Settings, rules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publishing(settings, rules)
    now = datetime.now(UTC).replace(microsecond=0)
    at = now + timedelta(hours=1)
    entitle(rules, "Another")
    second = publishing(settings, rules, "--at", at.isoformat())["publication"]
    monkeypatch.setattr("policywire.cli.rules.publish.this_second", lambda: at)
    monkeypatch.setattr("policywire.cli.rules.rollback.this_second", lambda: at + timedelta(hours=1))
    (rules / "more.yaml").write_text((rules / "terms.yaml").read_text().replace("id: ", "id: more-"))
    third = publishing(settings, rules)["publication"]
    assert third["settled"] == [f"{KEY}@{at:%Y-%m-%dT%H:%M:%SZ}"]
    assert third["written"] == ["terms:more-synthetic-terms"]
    assert third["revision_before"] == second["revision"]
    assert held(settings) == as_published(rules)
    assert rolling_back(settings, "previous")["publication"]["revision"] == second["revision"]


def test_what_somebody_wrote_past_the_gate_is_told_and_can_be_gone_back_from(settings: Settings, rules: Path) -> None:
    publishing(settings, rules)
    before = held(settings)
    asyncio.run(publish(settings, [(KEY.encode(), b'{"document":"nonsense"}')], TOPIC))
    (told, _) = publications(settings)
    assert (told["kind"], told["author"], told["revision"], told["written"]) == ("found", None, None, [KEY])
    back = rolling_back(settings, "previous")["publication"]
    assert (back["number"], back["revision_before"]) == (3, None)
    assert held(settings) == before
    assert [each["kind"] for each in publications(settings)] == ["rollback", "found", "publication"]
    for record in records(settings, HISTORY):
        if HEADER not in record.headers:
            PUBLICATION.validate(record.document)


def test_a_record_that_is_no_publication_is_named_by_its_place(settings: Settings) -> None:
    asyncio.run(publish(settings, [(b"1", b"{}")], HISTORY))
    refused = run(settings, "publications")
    assert refused.exit_code == 2
    assert "policy-history at offset 0 is no publication" in refused.output
