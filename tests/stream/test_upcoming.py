"""``policywire upcoming`` of what is published on a real broker: what waits for its instant is listed, too."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from policywire.broker import LocalBroker
from policywire.cli import main

RULES = Path(__file__).parents[2] / "rules"


@pytest.fixture
def where(broker: LocalBroker, topics: str) -> list[str]:
    return ["--bootstrap-servers", broker.bootstrap_servers, "--topic-prefix", topics]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def publish(rules: Path, where: list[str], *options: str) -> None:
    forced = ["--force", "--author", "ann@practice.example", "--reason", "A word"]
    result = run("rules", "publish", str(rules), *where, *forced, *options)
    assert result.exit_code == 0, result.output


def test_a_publication_that_waits_is_listed_with_who_and_why(where: list[str], tmp_path: Path) -> None:
    rules = shutil.copytree(RULES, tmp_path / "rules")
    publish(rules, where)
    policy = rules / "cigna/mm-0552/policy.yaml"
    policy.write_text(policy.read_text().replace("impact: High", "impact: Medium"))
    at = (datetime.now(UTC) + timedelta(days=40)).replace(microsecond=0)
    publish(rules, where, "--at", at.isoformat())
    result = run("upcoming", "--from-topic", *where, "--json")
    assert result.exit_code == 0, result.output
    (told,) = json.loads(result.output)["waiting"]
    assert datetime.fromisoformat(told["at"]) == at
    assert (told["publication"], told["author"], told["reason"]) == (2, "ann@practice.example", "A word")
    assert (told["documents"], told["days_left"]) == (["cigna/MM 0552"], 40)
    screen = run("upcoming", "--from-topic", *where).output
    assert f"In 40 days, {at:%Y-%m-%dT%H:%M:%SZ}: publication 2 by ann@practice.example, comes into force" in screen
    assert "1 publication waiting to come after" in screen
    assert json.loads(run("upcoming", "--from-topic", *where, "--within", "39", "--json").output)["waiting"] == []
    of_payer = run("upcoming", "--from-topic", *where, "--payer", "cigna", "--json").output
    assert [each["publication"] for each in json.loads(of_payer)["waiting"]] == [2]


def test_where_nothing_is_published_it_says_how_to(where: list[str]) -> None:
    result = run("upcoming", "--from-topic", *where)
    assert result.exit_code == 2
    assert "nothing is published yet: `policywire rules publish` puts documents there." in result.output
