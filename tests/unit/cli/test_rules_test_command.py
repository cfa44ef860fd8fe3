"""``policywire rules test`` with coverage and deliberate mistakes. The cases themselves: test_rules_command.py."""

import json
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from policywire.cli import main

ROOT = Path(__file__).parents[3]
CASES = "cigna/mm-0552/cases.yaml"


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "rules", tmp_path / "rules")
    return tmp_path / "rules"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["rules", "test", *map(str, arguments)])


def take_away(rules: Path, name: str) -> None:
    """The cases whose names begin so."""
    head, *cases = re.split(r"(?m)^(?=  - name: )", (rules / CASES).read_text())
    kept = [each for each in cases if not each.startswith(f"  - name: {name}")]
    assert len(kept) < len(cases)
    (rules / CASES).write_text("".join((head, *kept)))


def test_what_ships_is_covered_and_no_mistake_goes_unnoticed(rules: Path) -> None:
    result = run(rules, "--coverage-min", 100, "--mutate")
    assert result.exit_code == 0
    assert "Coverage 100.0 %: rules 20 of 20, boundary days 4 of 4, codes 14 of 14." in result.output
    assert re.search(r"(\d+) of \1 deliberate mistakes are noticed by a case; \d+ change no answer", result.output)
    assert re.search(r"(\d+) of \1 cases hold", result.output)


def test_coverage_names_what_no_case_reaches(rules: Path) -> None:
    take_away(rules, "a hint went to review then too")
    result = run(rules, "--coverage")
    assert result.exit_code == 0
    assert "unlisted-only-hints             never decides" in result.output
    assert "rules 19 of 20" in result.output


@pytest.mark.parametrize(("least", "status"), [(97, 0), (98, 1)])
def test_less_coverage_than_asked_for_ends_with_status_1(rules: Path, least: int, status: int) -> None:
    take_away(rules, "a hint went to review then too")
    assert run(rules, "--coverage-min", least).exit_code == status


def test_without_coverage_a_case_that_is_lacking_is_still_a_fault(rules: Path) -> None:
    take_away(rules, "a hint went to review then too")
    result = run(rules)
    assert result.exit_code == 2
    assert "rule-without-case" in result.output


def test_a_survivor_is_shown_with_its_place_and_a_case_that_would_notice(rules: Path) -> None:
    take_away(rules, "an unknown context of an autologous")
    result = run(rules, "--mutate")
    assert result.exit_code == 1
    assert re.search(
        r"cigna/mm-0552/policy.yaml:\d+:\d+: mutant-survived: versions\[0\].rules\[5\].codes\[1\]: "
        r"marrow-harvest-context-unknown: 38232 is left out\. Add a case such as the one printed",
        result.output,
    )
    assert '    line: {procedure_code: "38232", service_date: "2020-03-15"}\n' in result.output
    assert run(rules, "--mutate", "--survivors-max", 1).exit_code == 0


def test_coverage_and_mistakes_are_one_json_object(rules: Path) -> None:
    take_away(rules, "an unknown context of an autologous")
    result = run(rules, "--coverage", "--mutate", "--json")
    assert result.exit_code == 1
    report = json.loads(result.output)
    assert (report["passed"], report["failed"]) == (False, 0)
    assert report["coverage"]["percent"] == 100
    (survivor,) = report["mutation"]["survivors"]
    assert (survivor["policy"], survivor["kind"], survivor["what"]) == (
        "MM 0552",
        "code-removed",
        "marrow-harvest-context-unknown: 38232 is left out",
    )
    assert survivor["case"].startswith("  - name:")
    assert report["mutation"]["noticed"] + 1 + report["mutation"]["equivalent"] == report["mutation"]["mutants"]


def test_no_mistakes_are_made_while_a_case_does_not_hold(rules: Path) -> None:
    policy = rules / "cigna/mm-0552/policy.yaml"
    policy.write_text(policy.read_text().replace('carc: "50"', 'carc: "96"'))
    result = run(rules, "--mutate")
    assert result.exit_code == 1
    assert "carc is 96, expected 50" in result.output
    assert "No mistakes were made: first every case must hold." in result.output
    assert "mutation" not in json.loads(run(rules, "--mutate", "--json").output)


def test_documents_with_other_faults_are_not_tried(rules: Path) -> None:
    payer = rules / "cigna/payer.yaml"
    payer.write_text(payer.read_text().replace("name:", "nmae:"))
    assert run(rules, "--mutate", "--coverage").exit_code == 2


@pytest.mark.parametrize("option", ["--coverage-min=101", "--survivors-max=-1"])
def test_an_impossible_bound_ends_with_status_2(rules: Path, option: str) -> None:
    assert run(rules, option).exit_code == 2
