"""``policywire rules check`` as a linter: codes, what is shown and accepted, SARIF. Faults: test_rules_command.py."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from policywire.cli import main

ROOT = Path(__file__).parents[3]
POLICY = "cigna/mm-0552/policy.yaml"


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(ROOT / "rules", tmp_path / "rules")
    monkeypatch.chdir(tmp_path)
    return Path("rules")


def check(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["rules", "check", *map(str, arguments)])


def edit(rules: Path, name: str, old: str, new: str) -> None:
    text = (rules / name).read_text()
    assert old in text
    (rules / name).write_text(text.replace(old, new))


def test_every_code_is_listed_in_a_line() -> None:
    result = check("--list")
    assert result.exit_code == 0
    assert "PW318  shadowed               fault    A rule never decides" in result.output


def test_a_code_is_explained_with_its_mend_and_an_example() -> None:
    result = check("--explain", "falls-through")
    assert result.exit_code == 0
    assert result.output.startswith(
        "PW320 falls-through (warning)\nA listed code that in some situation no rule decides"
    )
    assert "    rules: [{" in result.output
    assert check("--explain", "PW320").output == result.output


def test_codes_are_also_given_as_json() -> None:
    (code,) = json.loads(check("--explain", "PW320", "--json").output)["codes"]
    assert (code["id"], code["slug"], code["severity"]) == ("PW320", "falls-through", "warning")
    assert len(json.loads(check("--list", "--json").output)["codes"]) > 90


@pytest.mark.parametrize("option", ["--explain", "--select", "--ignore"])
def test_an_unknown_code_ends_with_status_2(option: str) -> None:
    result = check(option, "shadwed")
    assert result.exit_code == 2
    assert "There is no code shadwed. Did you mean shadowed?" in result.output


def test_a_rule_behind_all_that_can_happen_is_a_fault(rules: Path) -> None:
    edit(rules, POLICY, "when: {narrative: hint}", "when: {narrative: [hint, other]}")
    result = check(rules)
    assert result.exit_code == 1
    assert (
        "shadowed: versions[1].rules[9]: unlisted-names-none never decides 20999: unlisted-only-hints" in result.output
    )
    assert "2 faults: these documents are not used." in result.output


def test_only_what_is_selected_is_shown(rules: Path) -> None:
    result = check(rules, "--select", "PW407,no-primary-source")
    assert result.exit_code == 0
    assert {line.split(": ")[2] for line in result.output.splitlines() if line.startswith("warning")} == {
        "sign-off",
        "no-primary-source",
    }
    assert "Sound. 3 warnings to know of." in result.output


def test_what_is_ignored_is_not_shown(rules: Path) -> None:
    result = check(rules, "--ignore", "source-conflict", "--ignore", "PW4")
    assert "source-conflict" not in result.output
    assert "Sound. 3 warnings to know of." in result.output


def test_a_fault_that_is_not_shown_still_counts(rules: Path) -> None:
    edit(rules, "cigna/payer.yaml", "name:", "nmae:")
    result = check(rules, "--select", "shadowed")
    assert result.exit_code == 1
    assert "unknown-field" not in result.output
    assert "2 faults: these documents are not used. 2 of them not shown." in result.output
    report = json.loads(check(rules, "--select", "shadowed", "--json").output)
    assert (report["sound"], report["faults"], report["hidden"]) == (False, [], 2)


def test_strict_makes_warnings_end_with_status_1(rules: Path) -> None:
    assert check(rules, "--strict").exit_code == 1
    assert check(rules, "--strict", "--select", "shadowed").exit_code == 0


def test_an_accepted_warning_is_counted_apart_and_does_not_hinder_strict(rules: Path) -> None:
    edit(rules, POLICY, "document:", "# accept no-primary-source: behind a login\ndocument:")
    result = check(rules, "--select", "no-primary-source", "--strict")
    assert result.exit_code == 0
    assert "Sound. 1 accepted." in result.output
    report = json.loads(check(rules, "--json").output)
    assert [(each["id"], each["accepted"]) for each in report["accepted"]] == [("PW326", "behind a login")]
    assert "no-primary-source" not in {each["code"] for each in report["warnings"]}


def test_accepting_a_warning_changes_no_revision(rules: Path) -> None:
    before = check(rules).output.splitlines()[-1].rpartition("Revision ")[2]
    edit(rules, POLICY, "document:", "# accept no-primary-source: behind a login\ndocument:")
    assert check(rules).output.splitlines()[-1].rpartition("Revision ")[2] == before


def test_json_gives_each_finding_the_id_of_its_code(rules: Path) -> None:
    report = json.loads(check(rules, "--json").output)
    assert {(each["code"], each["id"]) for each in report["warnings"]} >= {("sign-off", "PW407")}
    assert report["hidden"] == 0


def test_sarif_is_written_beside_the_words(rules: Path) -> None:
    result = check(rules, "--sarif", "found.sarif")
    assert "Sound." in result.output
    (run,) = json.loads(Path("found.sarif").read_text())["runs"]
    assert len(run["results"]) == 8
    uris = {each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for each in run["results"]}
    assert f"rules/{POLICY}" in uris


def test_sarif_alone_is_printed(rules: Path) -> None:
    edit(rules, "cigna/payer.yaml", "name:", "nmae:")
    result = check(rules, "--sarif", "-", "--select", "PW2")
    assert result.exit_code == 1
    (run,) = json.loads(result.output)["runs"]
    assert {each["ruleId"] for each in run["results"]} == {"PW202", "PW203"}


def test_json_and_sarif_cannot_both_be_printed(rules: Path) -> None:
    result = check(rules, "--json", "--sarif", "-")
    assert result.exit_code == 2
    assert "Give SARIF a file." in result.output


def test_a_sarif_file_that_cannot_be_written_is_said(rules: Path) -> None:
    result = check(rules, "--sarif", "nowhere/found.sarif")
    assert result.exit_code == 2
    assert "nowhere/found.sarif" in result.output


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_a_warning_accepted_without_a_reason_stands_whatever_ends_the_line(rules: Path, end: str) -> None:
    text = (rules / POLICY).read_text()
    lines = text.replace("document:", "# accept no-primary-source:\ndocument:", 1)
    (rules / POLICY).write_bytes(lines.replace("\n", end).encode())
    result = check(rules, "--select", "PW801,PW326")
    assert "no-primary-source is accepted without a reason" in result.output
    assert "no source is the payer's own text" in result.output


def test_a_selection_that_names_no_code_is_refused(rules: Path) -> None:
    for option in ("--select", "--ignore"):
        result = check(rules, option, " , ")
        assert result.exit_code == 2
        assert f"{option} names no code" in result.output


def test_a_source_read_on_a_day_to_come_does_not_put_a_review_off(rules: Path) -> None:
    edit(
        rules,
        POLICY,
        "    prior_authorization: no_pathway",
        "    prior_authorization: no_pathway\n    review_interval_months: 1",
    )
    edit(rules, POLICY, 'retrieved: "2026-11-24"', 'retrieved: "2199-11-24"')
    edit(rules, POLICY, 'known_from: "2025-12-16"', 'known_from: "2020-03-15"')
    assert "the payer's review was due on 2020-04-15" in check(rules, "--select", "review-due").output
