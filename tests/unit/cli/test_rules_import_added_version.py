"""policywire rules import --add-version: another version, and every other letter of the documents as it was."""

import difflib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from policywire.cli import main
from policywire.rulebook.source import parse

ROOT = Path(__file__).parents[3]
POLICY = "cigna/mm-0552/policy.yaml"
CASES = "cigna/mm-0552/cases.yaml"


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "rules", tmp_path / "rules")
    return tmp_path / "rules"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["rules", *map(str, arguments)])


def add(
    rules: Path, *more: object, rows: tuple[str, ...] = ("0565T,NMN", "0566T,NMN", "J1234,NMN", "bad,NMN")
) -> Result:
    path = rules.parent / "codes.csv"
    path.write_text("\n".join(("Code,Status", *rows, "")))
    dates = () if "--effective-from" in more else ("--effective-from", "2027-01-01")
    return run(
        "import", path, "--rules", rules, "--payer", "cigna", "--policy", "MM 0552", "--add-version", *dates, *more
    )


def value(path: Path) -> Any:
    return parse(str(path), path.read_bytes()).value


def removed_lines(before: str, after: str) -> list[str]:
    changed = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line[2:] for line in changed if line.startswith("- ")]


def test_a_version_is_added_and_nothing_else_is_touched(rules: Path) -> None:
    policy, cases = (rules / POLICY).read_text(), (rules / CASES).read_text()
    result = add(rules)
    assert result.exit_code == 0, result.output
    assert removed_lines(policy, (rules / POLICY).read_text()) == ['known_from: "2025-12-16"']
    assert (rules / CASES).read_text().startswith(cases)
    found = value(rules / POLICY)
    assert [version["effective_from"] for version in found["versions"]] == ["2020-03-15", "2025-12-16", "2027-01-01"]
    assert found["versions"][2]["denial"] == found["versions"][1]["denial"]
    assert found["citations"][-1]["id"] == "code-list"
    assert [row["id"] for row in found["quarantined_rows"]] == ["row-8", "row-5"]
    assert run("check", rules).exit_code == 0
    assert run("test", rules).exit_code == 0


def test_what_the_version_changes_is_said(rules: Path) -> None:
    result = add(rules)
    assert "Against the version before, added: J1234." in result.output
    assert "Against the version before, removed: 0717T, 0718T, 38230, 38232, 20999." in result.output


def test_the_report_for_programs_says_it_too(rules: Path) -> None:
    report = json.loads(add(rules, "--json").output)
    assert report["against_version_before"] == {
        "added": ["J1234"],
        "removed": ["0717T", "0718T", "38230", "38232", "20999"],
        "changed": [],
    }


def test_a_rule_of_the_same_codes_keeps_its_name(rules: Path) -> None:
    add(rules, rows=("0565T,NMN", "0566T,NMN"))
    assert [rule["id"] for rule in value(rules / POLICY)["versions"][2]["rules"]] == ["adipose-implant-knee"]


def test_an_older_version_goes_before_the_ones_that_are_there(rules: Path) -> None:
    result = add(rules, "--effective-from", "2019-01-01")
    assert result.exit_code == 0, result.output
    text = (rules / POLICY).read_text()
    assert [version["effective_from"] for version in value(rules / POLICY)["versions"]] == [
        "2019-01-01",
        "2020-03-15",
        "2025-12-16",
    ]
    assert text.index('effective_from: "2019-01-01"') < text.index('effective_from: "2020-03-15"')


def test_a_second_import_adds_a_third_version(rules: Path) -> None:
    assert add(rules).exit_code == 0
    result = add(rules, "--effective-from", "2028-01-01", rows=("0565T,covered", "bad,NMN"))
    assert result.exit_code == 0, result.output
    found = value(rules / POLICY)
    assert [citation["id"] for citation in found["citations"]][-2:] == ["code-list", "code-list-2"]
    assert [row["id"] for row in found["quarantined_rows"]] == ["row-8", "row-5", "row-3"]
    assert run("test", rules).exit_code == 0


def test_a_version_of_that_day_is_not_overwritten(rules: Path) -> None:
    before = (rules / POLICY).read_bytes()
    result = add(rules, "--effective-from", "2025-12-16")
    assert result.exit_code == 2
    assert "already has a version from 2025-12-16" in result.output
    assert (rules / POLICY).read_bytes() == before


def test_without_the_option_nothing_is_added(rules: Path) -> None:
    path = rules.parent / "codes.csv"
    path.write_text("Code,Status\n0565T,NMN\n")
    arguments = ("--rules", rules, "--payer", "cigna", "--policy", "MM 0552", "--effective-from", "2027-01-01")
    result = run("import", path, *arguments)
    assert result.exit_code == 2
    assert "rules import --add-version" in result.output


def test_cases_that_the_version_makes_wrong_are_named_and_nothing_is_written(rules: Path) -> None:
    before = {path: path.read_bytes() for path in rules.rglob("*") if path.is_file()}
    result = add(rules, "--effective-from", "2026-01-01")
    assert result.exit_code == 2
    assert "in the version in force on 2026-01-05" in result.output
    assert {path: path.read_bytes() for path in rules.rglob("*") if path.is_file()} == before


def test_a_version_in_the_past_of_one_that_ended_is_refused(rules: Path) -> None:
    policy = rules / POLICY
    text = policy.read_text()
    ended = 'effective_from: "2025-12-16"\n    effective_through: "2026-06-30"'
    policy.write_text(text.replace('effective_from: "2025-12-16"', ended))
    cases = rules / CASES
    cases.write_text(
        cases.read_text()
        + '  - name: the last day\n    line: {procedure_code: "0565T", service_date: "2026-06-30"}\n'
        + "    expect: {outcome: not_medically_necessary}\n"
        + '  - name: the day after\n    line: {procedure_code: "0565T", service_date: "2026-07-01"}\n'
        + "    expect: {outcome: no_policy_in_force}\n"
    )
    result = add(rules)
    assert result.exit_code == 2
    assert "no version is in force from 2026-07-01 to 2026-12-31" in result.output


def test_lists_in_brackets_are_asked_to_be_taken_apart(rules: Path) -> None:
    policy = rules / POLICY
    text = policy.read_text()
    start, end = text.index("quarantined_rows:"), text.index("versions:")
    row = '{id: row-8, text: null, why: "A citation.", cites: [article]}'
    policy.write_text(f"{text[:start]}quarantined_rows: [{row}]\n{text[end:]}")
    result = add(rules)
    assert result.exit_code == 2
    assert "quarantined_rows is written in brackets. Write each entry on lines of its own" in result.output


def test_line_ends_stay_what_they_are(rules: Path) -> None:
    for name in (POLICY, CASES):
        (rules / name).write_bytes((rules / name).read_bytes().replace(b"\n", b"\r\n"))
    assert add(rules).exit_code == 0
    content = (rules / POLICY).read_bytes()
    assert content.count(b"\n") == content.count(b"\r\n")
