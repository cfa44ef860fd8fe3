import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from policywire.cli import main

ROOT = Path(__file__).parents[3]


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "rules", tmp_path / "rules")
    return tmp_path / "rules"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["rules", *map(str, arguments)])


def spoil(rules: Path, name: str, old: str, new: str) -> None:
    path = rules / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_sound_rules_are_counted_and_named_by_their_revision(rules: Path) -> None:
    result = run("check", rules)
    assert result.exit_code == 0
    assert "1 policy, 2 versions, 20 rules, 7 procedure codes" in result.output
    assert "Sound. 8 warnings to know of. Revision sha256:" in result.output


def test_the_rules_that_ship_are_checked_where_no_folder_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("check")
    assert result.exit_code == 0
    assert str(ROOT / "rules") in result.output


def test_the_rules_folder_at_hand_comes_first(monkeypatch: pytest.MonkeyPatch, rules: Path) -> None:
    monkeypatch.chdir(rules.parent)
    spoil(rules, "cigna/payer.yaml", "name:", "nmae:")
    said = "rules/cigna/payer.yaml:5:1: unknown-field: nmae: no such field: nmae. Did you mean name?"
    assert said in run("check").output


def test_faults_end_with_status_1_and_a_mend(rules: Path) -> None:
    spoil(rules, "cigna/mm-0552/policy.yaml", '"0565T"', "0565T")
    result = run("check", rules)
    assert result.exit_code == 1
    assert 'codes[0]: 0565T is not quoted; YAML may take a code for a number. Write "0565T".' in result.output
    assert "2 faults: these documents are not used." in result.output


def test_check_speaks_json(rules: Path) -> None:
    spoil(rules, "cigna/mm-0552/policy.yaml", "{narrative: product}", "{naratve: product}")
    result = run("check", "--json", rules)
    assert result.exit_code == 1
    report = json.loads(result.output)
    assert report["sound"] is False
    assert {fault["code"] for fault in report["faults"]} == {"unknown-fact"}
    assert set(report["faults"][0]) == {"file", "line", "column", "code", "path", "message", "mend", "severity", "id"}


def test_the_json_of_sound_rules_names_the_quarantined_rows_and_the_revision(rules: Path) -> None:
    report = json.loads(run("check", "--json", rules).output)
    assert report["sound"] is True
    assert [(row["policy"], row["text"]) for row in report["quarantined"]] == [("MM 0552", None)]
    assert report["summary"]["revision"].startswith("sha256:")
    assert report["summary"]["procedure_codes"] == 7


@pytest.mark.parametrize("command", ["check", "test"])
def test_a_folder_that_is_not_there_ends_with_status_2(command: str, tmp_path: Path) -> None:
    result = run(command, tmp_path / "nowhere")
    assert result.exit_code == 2
    assert "nowhere is not a folder of policy documents" in result.output


def test_cases_that_hold_end_with_status_0(rules: Path) -> None:
    result = run("test", rules)
    assert result.exit_code == 0
    assert "cases hold." in result.output


def test_a_case_that_does_not_hold_ends_with_status_1_and_says_which(rules: Path) -> None:
    spoil(rules, "cigna/mm-0552/policy.yaml", 'carc: "50"', 'carc: "96"')
    result = run("test", rules)
    assert result.exit_code == 1
    assert "carc is 96, expected 50. Mend the rule, or the case if it is wrong." in result.output
    report = json.loads(run("test", "--json", rules).output)
    assert (report["passed"], report["failed"]) == (False, 1)
    assert report["faults"][0]["code"] == "case-failed"


def test_documents_with_faults_are_not_tested(rules: Path) -> None:
    spoil(rules, "cigna/payer.yaml", "name:", "nmae:")
    assert run("test", rules).exit_code == 2
    result = run("test", "--json", rules)
    assert result.exit_code == 2
    assert json.loads(result.output)["sound"] is False


def test_a_first_day_of_alerts_that_is_still_to_come_is_warned_of(rules: Path) -> None:
    spoil(rules, "watch/alerts.yaml", "retention_months", "alerts_from: 2199-12-31\nretention_months")
    result = run("check", rules)
    assert result.exit_code == 0
    assert "watch/alerts.yaml:" in result.output
    assert "alerts_from: 2199-12-31 is still to come: nobody is warned of what is booked before it" in result.output
    spoil(rules, "watch/alerts.yaml", "2199-12-31", "2026-01-01")
    assert "still to come" not in run("check", rules).output


def test_schemas_are_written_for_an_editor(tmp_path: Path) -> None:
    assert run("schemas", tmp_path / "schemas").exit_code == 0
    written = {path.name: path.read_text() for path in (tmp_path / "schemas").iterdir()}
    assert written == {name: (ROOT / "schemas" / name).read_text() for name in written}
    assert len(written) == 7
