"""``policywire rules diff`` through the command line: what is named, what is told, and how it ends."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from policywire.cli import main
from policywire.workbench.diff import space

ROOT = Path(__file__).parents[3]
POLICY = "cigna/mm-0552/policy.yaml"
KNEE = """        indication: fat-derived cell implant for knee osteoarthritis
        outcome: not_medically_necessary
"""

Edit = Callable[[str, str, str], None]


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the shipped rules as ./rules, and one beside it to edit."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "rules", tmp_path / "rules")
    shutil.copytree(ROOT / "rules", tmp_path / "mine")
    return tmp_path


@pytest.fixture
def edit(rules: Path) -> Edit:
    """Changes a document in ``mine``."""

    def change(name: str, old: str, new: str) -> None:
        path = rules / "mine" / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    return change


def diff(*arguments: str, status: int) -> Result:
    result = CliRunner().invoke(main, ["rules", "diff", *arguments])
    assert result.exit_code == status, result.output
    return result


def found(*arguments: str) -> Any:
    return json.loads(diff(*arguments, "--json", status=1).output)


def told(value: Any) -> list[tuple[list[str], str, str | None, str | None]]:
    return [
        (each["codes"], change["field"], change["before"], change["after"])
        for policy in value["policies"]
        for each in policy["differences"]
        for change in each["changes"]
    ]


def test_other_words_are_no_other_answer(edit: Edit) -> None:
    edit(POLICY, "rationale: Not medically necessary under this version, whatever the diagnosis.", "rationale: No.")
    edit(POLICY, "id: marrow-harvest-mixed", "id: harvest-mixed")
    edit(POLICY, "title: Stem Cell Therapy for Orthopaedic Applications", "title: Another title")
    edit("watch/alerts.yaml", "Tell the ordering provider and the member", "Tell the member and the ordering provider")
    output = diff("rules", "mine", status=0).output
    assert "No answer changes." in output
    assert "policies answer" not in output


def test_an_outcome_is_told_with_its_codes_days_and_condition(edit: Edit) -> None:
    edit(POLICY, KNEE, KNEE.replace("        outcome", "        when: {units: {at_least: 2}}\n        outcome"))
    value = found("rules", "mine")
    assert (["0565T", "0566T"], "outcome", "not_medically_necessary", "review") in told(value)
    (policy,) = value["policies"]
    (difference,) = policy["differences"]
    assert difference["dates"] == [{"first": "2025-12-16", "last": "2199-12-31"}]
    assert difference["when"] == ["the units are less than 2"]
    assert difference["facets"] == ["outcome", "prior_authorization"]
    output = diff("rules", "mine", status=1).output
    assert "0565T, 0566T: from 2025-12-16, when the units are less than 2" in output
    assert "outcome: not medically necessary becomes needs review" in output
    assert output.endswith("1 policy answers otherwise.\n")


def test_a_later_beginning_is_told_by_the_days_that_it_moves(edit: Edit) -> None:
    edit(POLICY, '- effective_from: "2025-12-16"', '- effective_from: "2026-01-01"')
    value = found("rules", "mine")
    moved = [{"first": "2025-12-16", "last": "2025-12-31"}]
    assert {json.dumps(each["dates"]) for each in value["policies"][0]["differences"] if each["dates"]} == {
        json.dumps(moved)
    }
    assert value["policies"][0]["versions_after"][1]["first"] == "2026-01-01"
    spans = [each for each in value["policies"][0]["differences"] if each["spans"]]
    assert {each["facets"][0] for each in spans} == {"span"}


def test_codes_that_come_and_go_are_named(edit: Edit) -> None:
    edit(POLICY, '["0717T", "0718T"]', '["0717T", "X0007"]')
    edit("watch/mm-0552.yaml", ', "0718T"', "")
    edit("cigna/mm-0552/cases.yaml", "0718T", "X0007")
    value = found("rules", "mine")
    assert value["policies"][0]["codes_added"] == ["X0007"]
    assert value["policies"][0]["codes_removed"] == ["0718T"]
    assert (["X0007"], "outcome", None, "not_medically_necessary") in told(value)
    assert [each["about"] for each in value["alerts"]] == ["unlisted_substitution of cigna MM 0552"]


def test_terms_of_a_denial_and_prior_authorization_are_told(edit: Edit) -> None:
    edit(POLICY, 'carc: "50"', 'carc: "96"')
    edit(POLICY, "prior_authorization: no_pathway", "prior_authorization: required")
    value = told(found("rules", "mine"))
    assert (["20999", "38230", "38232"], "carc", "50", "96") not in value  # narratives and contexts tell them apart
    assert (["0565T", "0566T", "0717T", "0718T"], "carc", "50", "96") in value
    assert {field for _, field, _, _ in value} == {"carc", "prior_authorization"}


def test_a_wider_scope_is_told_as_one(edit: Edit) -> None:
    edit(POLICY, "lines_of_business: [commercial]", "lines_of_business: [commercial, medicare]")
    edit("cigna/payer.yaml", "lines_of_business:\n", "lines_of_business:\n  medicare: [MA]\n")
    (policy,) = found("rules", "mine")["policies"]
    (difference,) = policy["differences"]
    assert difference["facets"] == ["scope"]
    assert difference["when"] == ["the line of business is medicare"]


def test_a_moved_diagnosis_and_a_moved_phrase_are_told_with_their_effect(edit: Edit) -> None:
    edit("contexts/clinical-context.yaml", "        - Z51.12 # immunotherapy\n", "")
    edit("contexts/stem-cell-terms.yaml", "  - nanofat\n", "")
    value = found("rules", "mine")
    parts = {(each["document"], each["part"]): each["removed"] for each in value["readings"]}
    assert parts == {("contexts", "oncology diagnoses"): ["Z5112"], ("terms", "product"): ["nanofat"]}
    words = {words for each in value["policies"][0]["differences"] for words in each["when"]}
    assert "the clinical context is oncology before and unknown after" in words
    assert any("names a product of the policy before" in each for each in words)


def test_alerts_that_open_otherwise_count_and_their_wording_does_not(edit: Edit) -> None:
    edit("watch/mm-0552.yaml", "within_days: 180", "within_days: 90")
    value = found("rules", "mine")
    assert value["policies"] == []
    assert "within 90 days" in value["alerts"][0]["after"]
    assert "Alerts open otherwise." in diff("rules", "mine", status=1).output


def test_payer_ids_that_come_and_go_are_told(edit: Edit) -> None:
    edit("cigna/payer.yaml", 'payer_ids: ["62308"]', 'payer_ids: ["62308", "CIGNA2"]')
    value = found("rules", "mine")
    assert value["payers"] == [{"payer": "cigna", "ids_added": ["CIGNA2"], "ids_removed": []}]


def test_markdown_is_a_table_that_a_pull_request_shows(edit: Edit) -> None:
    edit(POLICY, KNEE, KNEE.replace("not_medically_necessary", "covered"))
    lines = diff("rules", "mine", "--markdown", status=1).output.splitlines()
    assert lines[0] == "### What changes from `rules` to `mine`"
    (row,) = (line for line in lines if line.startswith("| 0565T"))
    assert row.startswith(
        "| 0565T, 0566T | from 2025-12-16 | always | outcome: not medically necessary becomes covered"
    )
    assert lines[lines.index(row) - 1] == "|---|---|---|---|"


def test_two_versions_are_compared_as_if_each_were_always_in_force(rules: Path) -> None:
    value = found("rules", "--versions", "2020-03-15", "2026-01-01", "--policy", "MM 0552")
    assert (value["before"]["name"], value["after"]["name"]) == (
        "rules:MM 0552@2020-03-15",
        "rules:MM 0552@2025-12-16",
    )
    everything = [{"first": "1900-01-01", "last": "2199-12-31"}]
    assert all(each["dates"] == everything for each in value["policies"][0]["differences"])
    named = found("rules:MM 0552@2020-03-15", "rules:mm0552@2026-01-01")
    assert named["policies"] == value["policies"]


def test_a_file_of_one_policy_is_read_with_the_documents_around_it_or_of_the_other_side(
    rules: Path, edit: Edit
) -> None:
    edit(POLICY, KNEE, KNEE.replace("not_medically_necessary", "covered"))
    shutil.copy(rules / "mine" / POLICY, rules / "draft.yaml")
    around = told(found("rules", f"mine/{POLICY}"))
    assert around == told(found("rules", "draft.yaml"))
    assert (["0565T", "0566T"], "outcome", "not_medically_necessary", "covered") in around


def git(folder: Path, *arguments: str) -> None:
    names = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.org")
    subprocess.run(["git", *names, *arguments], cwd=folder, check=True, capture_output=True)


def test_a_commit_is_compared_without_touching_the_work_tree(rules: Path) -> None:
    git(rules, "init", "-q")
    git(rules, "add", "rules")
    git(rules, "commit", "-q", "-m", "Rules")
    policy = rules / "rules" / POLICY
    policy.write_text(policy.read_text().replace('carc: "50"', 'carc: "96"'))
    before = policy.read_bytes()
    assert "CARC: 50 becomes 96" in diff(status=1).output
    assert "CARC: 96 becomes 50" in diff("rules", "git:HEAD", status=1).output
    assert "No answer changes." in diff("git:HEAD", "git:HEAD:rules", status=0).output
    assert policy.read_bytes() == before


def test_a_commit_of_a_bare_repository_is_read_too(rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(rules, "init", "-q")
    git(rules, "add", "rules", "mine")
    git(rules, "commit", "-q", "-m", "Rules")
    git(rules, "clone", "-q", "--bare", ".", "bare.git")
    monkeypatch.chdir(rules / "bare.git")
    assert "No answer changes." in diff("git:HEAD", "git:HEAD:mine", status=0).output
    assert "git cannot show HEAD:nowhere" in diff("git:HEAD:nowhere", "git:HEAD", status=2).output


def test_a_comparison_that_left_lines_out_never_ends_with_status_0(edit: Edit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(space, "LINES_MAX", 0)
    edit(POLICY, KNEE, KNEE.replace("not_medically_necessary", "covered"))
    result = diff("rules", "mine", status=1)
    assert "No answer is known to change." in result.output
    assert "too many to decide" in result.output


def test_which_version_is_meant_is_asked_where_a_folder_has_several_policies(rules: Path) -> None:
    second = rules / "rules/cigna/second"
    second.mkdir()
    text = (rules / "rules" / POLICY).read_text()
    (second / "policy.yaml").write_text(text.replace("policy: MM 0552", "policy: SECOND 1"))
    output = diff("rules", "--versions", "2020-03-15", "2026-01-01", status=2).output
    assert "rules has 2 policies; say which one with --policy." in output


def test_it_says_the_same_each_time(edit: Edit) -> None:
    edit(POLICY, KNEE, KNEE.replace("not_medically_necessary", "covered"))
    edit("contexts/clinical-context.yaml", "        - Z51.12 # immunotherapy\n", "")
    edit("contexts/stem-cell-terms.yaml", "  - nanofat\n", "")
    said = [
        subprocess.run(
            [sys.executable, "-m", "policywire", "rules", "diff", "rules", "mine", "--json"],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT / "services")},
            capture_output=True,
            check=False,
        )
        for seed in ("1", "2")
    ]
    assert said[0].returncode == 1, said[0].stderr
    assert said[0].stdout == said[1].stdout


def test_one_policy_of_many_can_be_asked_for(rules: Path, edit: Edit) -> None:
    edit(POLICY, KNEE, KNEE.replace("not_medically_necessary", "covered"))
    assert told(found("rules", "mine", "--policy", "mm 0552")) == told(found("rules", "mine"))
    assert "there is no policy 0553" in diff("rules", "mine", "--policy", "0553", status=2).output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("rules", "nowhere"), "nowhere is not a folder"),
        (("rules", "rules:MM 0552@2019-01-01"), "its versions begin 2020-03-15, 2025-12-16"),
        (("rules", "rules:MM 0552@2019-13-01"), "is no day"),
        (("rules", "rules/cigna/payer.yaml"), "is no policy"),
        (("git:--output=x", "rules"), "begins with a dash"),
        (("git:HEAD", "rules"), "git cannot show HEAD:./rules"),
        (
            ("git:HEAD", "rules"),
            "Run it in a repository, and give a commit and a folder that it has, as git:main:rules",
        ),
        (("rules", "rules", "--versions", "2020-03-15", "2025-12-16"), "leave AFTER out"),
        (("topic", "rules"), "POLICYWIRE_KAFKA__BOOTSTRAP_SERVERS"),
        (("topic", "rules", "--bootstrap-servers", "localhost:1"), "no Kafka answers at the bootstrap servers"),
    ],
)
def test_what_cannot_be_read_is_said(
    rules: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], words: str
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(rules.parent))
    assert words in diff(*arguments, status=2).output


def test_faults_of_a_side_are_told_with_their_place(edit: Edit) -> None:
    edit(POLICY, KNEE, KNEE.replace("not_medically_necessary", "denied"))
    assert f"mine/{POLICY}:" in diff("rules", "mine", status=2).output
