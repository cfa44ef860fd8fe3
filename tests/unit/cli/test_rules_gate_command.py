"""``policywire rules gate`` through the command line."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from policywire.cli import main
from policywire.rulebook.load import files_in
from policywire.workbench.gate import second, trial
from policywire.workbench.gate.record import GateRecord, content_of, load
from policywire.workbench.gate.ruleset import Ruleset, rulesets_of

ROOT = Path(__file__).parents[3]
SYNTHETIC = ROOT / "tests" / "rules" / "synthetic"


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """The synthetic policy, which is quick."""
    shutil.copytree(SYNTHETIC, tmp_path / "rules")
    return tmp_path / "rules"


@pytest.fixture
def two(rules: Path) -> Path:
    """Two policies of the same payer."""
    copy = rules / "evergreen" / "syn-200"
    shutil.copytree(rules / "evergreen" / "syn-100", copy)
    for each in copy.iterdir():
        each.write_text(
            each.read_text().replace("SYN 100", "SYN 200").replace("X000", "X777").replace("x0001", "x7771")
        )
    return rules


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["rules", "gate", "--by", "ada", *map(str, arguments)])


def reported(*arguments: object) -> dict[str, Any]:
    value = json.loads(run("--json", *arguments).stdout)
    assert isinstance(value, dict)
    return value


def record_of(rules: Path) -> GateRecord | None:
    return load(rules, content_of(files_in(rules)))


def spoil(path: Path, old: str, new: str) -> None:
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))


def test_what_passes_leaves_a_record_of_this_very_content(rules: Path) -> None:
    result = run(rules, "--seed", 3)
    assert result.exit_code == 0, result.output
    assert "evergreen SYN 100: 25 cases, 5,000 generated lines: equal answers" in result.output
    record = record_of(rules)
    assert record is not None
    assert (record.passed, record.policies, record.claims, record.seed, record.ran_by) == (True, 1, 5000, 3, "ada")
    assert (record.differences, record.faults, record.cases) == (0, (), 39)
    assert f"Kept for publishing {record.content[:19]}" in result.output
    spoil(rules / "evergreen/syn-100/policy.yaml", "at_least: 10", "at_least: 9")
    assert record_of(rules) is None


def test_what_passed_is_not_tried_again_until_it_changes(two: Path) -> None:
    assert run(two).exit_code == 0
    again = reported(two)
    assert (again["policies"], again["passed_before"], again["record"]["passed"]) == ([], 2, True)
    assert again["record"]["claims"] == 10_000
    spoil(two / "evergreen/syn-200/policy.yaml", "at_most: 3", "at_most: 3.5")
    changed = reported(two)
    assert [each["policy"] for each in changed["policies"]] == ["SYN 200"]
    assert (changed["passed"], changed["passed_before"], changed["record"]["passed"]) == (True, 1, True)
    assert [each["policy"] for each in reported(two, "--again")["policies"]] == ["SYN 100", "SYN 200"]


def test_a_change_of_what_a_policy_is_read_with_makes_it_due_again(rules: Path) -> None:
    assert run(rules).exit_code == 0
    spoil(rules / "terms.yaml", "green widget", "blue widget")
    spoil(rules / "evergreen/syn-100/cases.yaml", "a GREEN-widget", "a BLUE-widget")
    assert [each["policy"] for each in reported(rules)["policies"]] == ["SYN 100"]


def test_one_policy_alone_lets_no_folder_pass(two: Path) -> None:
    result = run(two, "--policy", "SYN 200")
    assert result.exit_code == 0
    assert "1 policy has still to pass before this folder does." in result.output
    assert record_of(two) is None
    assert run(two, "--policy", "evergreen/SYN 100").exit_code == 0
    record = record_of(two)
    assert record is not None
    assert (record.passed, record.policies) == (True, 2)


def test_fewer_generated_lines_let_nothing_pass_for_publishing(rules: Path) -> None:
    result = run(rules, "--claims", 200)
    assert result.exit_code == 0
    assert "Not for publishing: that takes 5,000 generated lines a policy." in result.output
    assert record_of(rules) is None
    assert reported(rules)["policies"][0]["claims"] == 5000


def test_a_smaller_run_does_not_undo_a_pass(rules: Path) -> None:
    assert run(rules).exit_code == 0
    assert run(rules, "--claims", 100, "--again").exit_code == 0
    assert reported(rules)["passed_before"] == 1


def test_a_case_that_does_not_hold_fails_the_gate(rules: Path) -> None:
    spoil(
        rules / "evergreen/syn-100/cases.yaml",
        "outcome: criteria_required, rule: advantage",
        "outcome: covered, rule: advantage",
    )
    result = run(rules, "--claims", 50)
    assert result.exit_code == 1
    assert "cases.yaml:" in result.output
    assert "outcome is criteria_required, expected covered" in result.output
    record = record_of(rules)
    assert record is not None
    assert not record.passed
    assert record.faults == ("1 fault in cases, or cases that do not hold",)


def test_documents_with_faults_are_not_run(rules: Path) -> None:
    spoil(rules / "evergreen/payer.yaml", "name:", "nmae:")
    result = run(rules)
    assert result.exit_code == 1
    assert "no such field: nmae" in result.output
    assert "The gate did not let it pass: the documents have" in result.output
    assert not (rules / ".policywire").exists()
    assert "unknown-field" in {each["code"] for each in reported(rules)["document_faults"]}


def test_a_difference_shows_the_line_both_answers_and_why(rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def spoiled(*arguments: Any) -> tuple[Ruleset, ...]:
        rulesets = rulesets_of(*arguments)
        for name in [name for name in rulesets[0].rules if "small-draft" in name]:
            del rulesets[0].rules[name]
        return rulesets

    monkeypatch.setattr(trial, "rulesets_of", spoiled)
    result = run(rules, "--claims", 300)
    assert result.exit_code == 1
    assert "decided differently" in result.output
    assert (
        "case: a small draft is covered: payer_id 'SYN01', procedure_code 'X0001', service_date '2025-08-01'"
        in result.output
    )
    assert "ours:   covered by small-draft of 2025-07-01" in result.output
    assert "excessive not_matched: units is absent; the rule asks it to be at least 10" in result.output
    assert "second: criteria_required by otherwise of 2025-07-01" in result.output
    assert "fired: 2025-07-01: X0001: otherwise" in result.output
    value = reported(rules, "--claims", 300)
    assert value["passed"] is False
    (tried,) = value["policies"]
    assert tried["differing"] >= len(tried["differences"]) > 0
    assert tried["differences"][0]["line"]["stage"] == "drafted"
    record = record_of(rules)
    assert record is not None
    assert (record.passed, record.differences) == (False, tried["differing"])


def test_a_crash_of_the_second_engine_fails_the_gate(
    rules: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(rules).exit_code == 0
    script = tmp_path / "crash.py"
    script.write_text("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)")
    monkeypatch.setattr(second, "COMMAND", (sys.executable, "-I", str(script)))
    result = run(rules, "--again")
    assert result.exit_code == 1
    assert "evergreen SYN 100: the second engine was ended by SIGSEGV" in result.output
    assert "it was asked about case: before the first version no policy is in force" in result.output
    record = record_of(rules)
    assert record is not None
    assert not record.passed
    monkeypatch.undo()
    assert reported(rules)["passed_before"] == 0, "a failed run undoes an earlier pass"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--policy", "SYN 10"), "There is no policy SYN 10. Did you mean SYN 100?"),
        (("--policy", "quite another"), "There is no policy quite another."),
        (("--claims", "0"), "0 is not in the range x>=1"),
        (("--time-limit", "0"), "0.0 is not in the range x>0"),
    ],
)
def test_what_cannot_be_asked_for_ends_with_status_2(rules: Path, arguments: tuple[str, ...], words: str) -> None:
    result = run(rules, *arguments)
    assert result.exit_code == 2
    assert words in result.output


def test_a_folder_that_is_not_there_ends_with_status_2(tmp_path: Path) -> None:
    result = run(tmp_path / "nowhere")
    assert result.exit_code == 2
    assert "nowhere is not a folder of policy documents" in result.output
