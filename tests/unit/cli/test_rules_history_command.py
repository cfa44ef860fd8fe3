import json
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from policywire.cli import main

RULES = Path(__file__).parents[3] / "rules"


def run(*arguments: str, rules: Path = RULES) -> Result:
    return CliRunner().invoke(main, ["rules", "history", *arguments, "--rules", str(rules)])


def test_a_policy_is_told_version_by_version() -> None:
    result = run("mm0552")
    assert result.exit_code == 0
    first, second = result.output.index("2020-03-15  superseded"), result.output.index("2025-12-16  in force")
    assert first < second
    assert "services 2020-03-15 to 2025-12-15; known from 2020-03-15" in result.output
    assert "  0565T, 0566T, 0717T, 0718T:\n    outcome: experimental or investigational becomes not" in result.output
    assert "Where the sources contradict each other:" in result.output
    assert "  text not known: One of the source's eight rows" in result.output
    assert "Published" not in result.output
    assert "Commits" not in result.output


def test_a_published_policy_that_the_folder_lacks_is_told_where_it_was_looked_for() -> None:
    result = run("AH 12", "--from-topic")
    assert result.exit_code == 2
    assert f"looked for in the folder {RULES}, not in the topic: name the folder it was published from" in result.output
    assert "looked for" not in run("AH 12").output


def test_history_speaks_json() -> None:
    report = json.loads(run("MM 0552", "--code", "20999", "--json").output)
    assert [each["codes"] for each in report["versions"]] == [["20999"], ["20999"]]
    assert (report["publications"], report["commits"]) == (None, None)
    assert report["source_conflicts"][0]["id"] == "medical-necessity"


def test_commits_are_told_where_they_are_asked_for(tmp_path: Path) -> None:
    rules = Path(shutil.copytree(RULES, tmp_path / "rules"))
    who = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "commit.gpgsign=false"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "As it was read"]):
        subprocess.run(["git", "-C", str(rules), *who, *arguments], check=True, capture_output=True)
    (commit,) = json.loads(run("MM 0552", "--git", "--json", rules=rules).output)["commits"]
    assert (commit["author"], commit["subject"]) == ("Ann", "As it was read")
    assert "  Ann: As it was read" in run("MM 0552", "--git", rules=rules).output.partition("Commits:\n")[2]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("MM 0553",), "there is no policy MM 0553. Did you mean MM 0552 (cigna)?"),
        (("MM 0552", "--payer", "other"), "there is no policy MM 0552 of the payer other"),
        (("MM 0552", "--code", "99213"), "lists no code 99213 in any version"),
    ],
)
def test_what_is_not_there_ends_with_2(arguments: tuple[str, ...], said: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
