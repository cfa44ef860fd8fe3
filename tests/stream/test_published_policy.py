"""What was published of a policy, told and searched from the real broker."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.stream.harness import settings_for
from tests.unit.leave import approve, folder_in, pass_gate

from policywire.broker import LocalBroker
from policywire.cli import main
from policywire.stream.settings import Settings

POLICY = "SYN 100"


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    return folder_in(tmp_path)


@pytest.fixture
def settings(broker: LocalBroker, topics: str) -> Settings:
    return settings_for(broker.bootstrap_servers, topics)


def run(settings: Settings, *arguments: object) -> Result:
    where = ["--bootstrap-servers", settings.kafka.bootstrap_servers, "--topic-prefix", settings.kafka.topic_prefix]
    return CliRunner().invoke(main, [*map(str, arguments), *where])


def done(settings: Settings, *arguments: object) -> Any:
    result = run(settings, *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def entitle(rules: Path, title: str) -> None:
    (file,) = (each for each in rules.rglob("policy.yaml") if f"policy: {POLICY}" in each.read_text())
    lines = [f"title: {title}" if line.startswith("title: ") else line for line in file.read_text().splitlines()]
    file.write_text("\n".join(lines) + "\n")


def publish(settings: Settings, rules: Path, reason: str) -> None:
    pass_gate(rules)
    approve(rules, "bob")
    done(settings, "rules", "publish", rules, "--author", "ann", "--reason", reason)


def history(settings: Settings, rules: Path) -> Any:
    return done(settings, "rules", "history", POLICY, "--rules", rules, "--payer", "evergreen", "--from-topic")


def test_the_history_of_a_policy_says_who_published_it_and_why(settings: Settings, rules: Path) -> None:
    assert history(settings, rules)["publications"] == []
    publish(settings, rules, "The first.")
    entitle(rules, "Zebra stripes")
    publish(settings, rules, "Another title.")
    done(settings, "rules", "rollback", "--to", "previous", "--by", "cy", "--reason", "It was wrong.")
    told = history(settings, rules)["publications"]
    assert [(each["kind"], each["author"], each["approved_by"], each["reason"]) for each in told] == [
        ("publication", "ann", ["bob"], "The first."),
        ("publication", "ann", ["bob"], "Another title."),
        ("rollback", "cy", [], "It was wrong."),
    ]
    assert told[1]["written"] == [f"evergreen/{POLICY}"]
    assert told[1]["versions"]
    text = run(settings, "rules", "history", POLICY, "--rules", rules, "--payer", "evergreen", "--from-topic").output
    assert "publication, by ann, approved by bob" in text
    assert f"written: evergreen/{POLICY}" in text


def test_what_was_published_is_searched_as_it_was_known_on_a_day(
    settings: Settings, rules: Path, tmp_path: Path
) -> None:
    search = ("search", "--from-topic", "--cache", tmp_path / "shelf", "--payer", "evergreen")
    empty = run(settings, *search, "zebra")
    assert empty.exit_code == 2
    assert "Nothing was published and in force on" in empty.stderr
    publish(settings, rules, "The first.")
    assert run(settings, *search, "zebra").exit_code == 1
    entitle(rules, "Zebra stripes")
    publish(settings, rules, "Another title.")
    found = done(settings, *search, "zebra")
    assert [hit["title"] for hit in found["hits"]] == ["Zebra stripes"]
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date()
    assert run(settings, *search, "zebra", "--known-on", yesterday).exit_code == 2
