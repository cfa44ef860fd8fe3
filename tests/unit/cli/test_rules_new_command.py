"""policywire rules new: a folder that is sound whether it was empty or not, and nothing overwritten."""

import errno
import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from click.testing import CliRunner, Result

from policywire.cli import main
from policywire.rulebook.shape import KINDS, schema, schema_text
from policywire.rulebook.source import parse

ROOT = Path(__file__).parents[3]
PAYER = ("--payer", "acme", "--payer-name", "Acme Health", "--payer-id", "99999")
RULE = ("--code", "0565T", "--code", "0566t", "--outcome", "not_medically_necessary", "--effective-from", "2026-01-01")
MODELINE = "# yaml-language-server: $schema="


def run(*arguments: object, typed: str | None = None) -> Result:
    return CliRunner().invoke(main, ["rules", *map(str, arguments)], input=typed)


def new(rules: Path, *more: object) -> Result:
    return run("new", "--rules", rules, *PAYER, "--policy", "AH 12", *RULE, *more)


def value_of(path: Path) -> Any:
    return parse(str(path), path.read_bytes()).value


def assert_sound(rules: Path) -> None:
    assert run("check", rules).exit_code == 0
    tested = run("test", rules)
    assert tested.exit_code == 0, tested.output


def test_an_empty_folder_becomes_a_sound_one(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    result = new(rules)
    assert result.exit_code == 0, result.output
    assert "2 procedure codes" in result.output
    policy = value_of(rules / "acme/ah-12/policy.yaml")
    assert policy["versions"][0]["rules"][0]["codes"] == ["0565T", "0566T"]
    assert policy["versions"][0]["denial"]["carc"] == "50"
    assert_sound(rules)


@pytest.mark.parametrize(
    "outcome", ["experimental_investigational", "covered", "criteria_required", "review", "other_policy"]
)
def test_every_outcome_gives_a_sound_folder(tmp_path: Path, outcome: str) -> None:
    rules = tmp_path / "rules"
    handoff = ("--handoff", "another policy") if outcome == "other_policy" else ()
    assert new(rules, "--outcome", outcome, *handoff).exit_code == 0
    assert_sound(rules)


def test_a_policy_joins_the_rules_that_are_there(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    shutil.copytree(ROOT / "rules", rules)
    before = {path: path.read_bytes() for path in rules.rglob("*") if path.is_file()}
    result = run("new", "--rules", rules, "--payer", "cigna", "--policy", "MM 0999", *RULE)
    assert result.exit_code == 0, result.output
    assert (rules / "cigna/mm-0999/policy.yaml").exists()
    assert {path: path.read_bytes() for path in before} == before
    assert_sound(rules)


def test_a_case_stands_on_both_sides_of_each_date(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    new(rules, "--effective-through", "2026-12-31")
    cases = value_of(rules / "acme/ah-12/cases.yaml")["cases"]
    assert {case["line"]["service_date"] for case in cases} == {"2025-12-31", "2026-01-01", "2026-12-31", "2027-01-01"}
    assert {case["line"]["procedure_code"] for case in cases} == {"0565T", "0566T"}


def test_no_deliberate_mistake_in_the_policy_goes_unnoticed_by_its_cases(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    new(rules, "--effective-through", "2026-12-31")
    tried = run("test", rules, "--mutate")
    assert tried.exit_code == 0, tried.output
    assert "deliberate mistakes are noticed by a case" in tried.output


def test_every_document_names_a_schema_that_is_there_and_fits(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    new(rules)
    documents = sorted(rules.rglob("*.yaml"))
    assert len(documents) == 3
    for path in documents:
        first = path.read_text().splitlines()[0]
        assert first.startswith(MODELINE)
        named = json.loads((path.parent / first.removeprefix(MODELINE)).read_text())
        assert named == json.loads(schema_text(value_of(path)["document"]))
        jsonschema_rs.Draft202012Validator(named, validate_formats=True).validate(value_of(path))


def test_schemas_beside_the_rules_are_the_ones_that_are_named(tmp_path: Path) -> None:
    assert run("schemas", tmp_path / "schemas").exit_code == 0
    new(tmp_path / "rules")
    first = (tmp_path / "rules/acme/ah-12/policy.yaml").read_text().splitlines()[0]
    assert first == f"{MODELINE}../../../schemas/policy.v1.schema.json"
    assert not (tmp_path / "rules/.policywire").exists()


def test_an_editor_is_given_every_field_with_a_description() -> None:
    silent = [
        f"{kind}: {name}.{field}"
        for kind in KINDS
        for name, part in schema(kind)["$defs"].items()
        for field, about in part.get("properties", {}).items()
        if not about.get("description")
    ]
    assert silent == []


def test_the_documents_say_what_belongs_in_their_parts(tmp_path: Path) -> None:
    new(tmp_path / "rules")
    text = (tmp_path / "rules/acme/ah-12/policy.yaml").read_text()
    for field in ("citations:", "known_from:", "    denial:", "    rules:", "versions:"):
        line = text.splitlines().index(next(each for each in text.splitlines() if each.startswith(field)))
        assert text.splitlines()[line - 1].lstrip().startswith("#"), field


def test_nothing_that_is_there_is_overwritten(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    new(rules)
    before = {path: path.read_bytes() for path in rules.rglob("*.yaml")}
    again = run("new", "--rules", rules, "--payer", "acme", "--policy", "AH 12", *RULE)
    assert again.exit_code == 2
    assert "AH 12 of acme is there already" in again.output
    assert "--add-version" in again.output
    same_place = run("new", "--rules", rules, "--payer", "acme", "--policy", "AH-12", *RULE)
    assert same_place.exit_code == 2
    assert "is there already and is not overwritten" in same_place.output
    assert {path: path.read_bytes() for path in before} == before


def test_a_folder_in_which_only_a_record_or_a_schema_is_left_is_an_empty_one(tmp_path: Path) -> None:
    about = tmp_path / "rules" / ".policywire" / "gate" / "0123456789abcdef.json"
    about.parent.mkdir(parents=True)
    about.write_text("{}")
    assert new(tmp_path / "rules").exit_code == 0
    assert_sound(tmp_path / "rules")


def test_when_one_file_cannot_be_written_none_is_and_nothing_is_left_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Path.write_bytes

    def full(path: Path, text: bytes) -> int:
        if "cases.yaml" in path.name:
            write(path, text[:9])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, text)

    monkeypatch.setattr(Path, "write_bytes", full)
    result = new(tmp_path / "rules")
    assert result.exit_code == 2
    assert "cases.yaml cannot be written: No space left on device." in result.output
    assert [each for each in (tmp_path / "rules").rglob("*") if each.is_file()] == []


def test_a_dry_run_prints_the_documents_and_writes_nothing(tmp_path: Path) -> None:
    result = new(tmp_path / "rules", "--dry-run")
    assert result.exit_code == 0
    assert "document: policy.v1" in result.output
    assert "document: cases.v1" in result.output
    assert not (tmp_path / "rules").exists()


def test_the_report_for_programs_names_files_codes_and_warnings(tmp_path: Path) -> None:
    report = json.loads(new(tmp_path / "rules", "--json").output)
    assert report["written"] is True
    assert report["procedure_codes"] == ["0565T", "0566T"]
    assert report["policy_file"].endswith("acme/ah-12/policy.yaml")
    assert all(Path(path).exists() for path in report["files"])
    assert {warning["severity"] for warning in report["warnings"]} == {"warning"}


def test_everything_that_is_needed_is_named_at_once_where_nobody_can_be_asked(tmp_path: Path) -> None:
    result = run("new", "--rules", tmp_path / "rules", "--no-ask")
    assert result.exit_code == 2
    assert "--payer, --policy, --code, --outcome, --effective-from: needed" in result.output
    unknown_payer = run("new", "--rules", tmp_path / "rules", "--payer", "acme", "--policy", "X", *RULE, "--no-ask")
    assert unknown_payer.exit_code == 2
    assert "--payer-name is needed" in unknown_payer.output


def test_what_is_not_given_is_asked_for(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    answers = [
        "acme", "Acme Health", "99999, 88888", "AH 12", "0565T 0566T", "wrong", "covered", "soon", "2026-01-01",
        "cooling after surgery", "Cold therapy", "Medical policy AH 12", "Acme's provider pages",
    ]  # fmt: skip
    result = run("new", "--rules", rules, "--ask", typed="\n".join(answers) + "\n")
    assert result.exit_code == 0, result.output
    policy = value_of(rules / "acme/ah-12/policy.yaml")
    assert policy["title"] == "Cold therapy"
    assert policy["citations"][0]["title"] == "Medical policy AH 12"
    assert policy["versions"][0]["rules"][0]["id"] == "cooling-after-surgery"
    assert value_of(rules / "acme/payer.yaml")["payer_ids"] == ["99999", "88888"]
    assert_sound(rules)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--code", "565"), "565 has not the shape of a procedure code"),
        (("--effective-through", "2025-01-01"), "the version ends on 2025-01-01, before it starts"),
        (("--contexts", "nowhere"), "--contexts: no document nowhere"),
        (("--policy", "no/such:id"), "policy"),
    ],
)
def test_an_answer_that_cannot_be_used_writes_nothing(tmp_path: Path, more: tuple[str, ...], said: str) -> None:
    result = new(tmp_path / "rules", *more)
    assert result.exit_code == 2
    assert said in result.output
    assert not list(tmp_path.rglob("*.yaml"))


def test_a_folder_with_faults_is_mended_first(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    new(rules)
    profile = rules / "acme/payer.yaml"
    profile.write_text(profile.read_text().replace("name:", "nmae:"))
    result = run("new", "--rules", rules, "--payer", "acme", "--policy", "X", *RULE)
    assert result.exit_code == 2
    assert "no such field: nmae" in result.output
    assert not (rules / "acme/x").exists()


def test_a_known_payer_is_not_described_again(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    new(rules)
    result = run("new", "--rules", rules, *PAYER, "--policy", "X", *RULE)
    assert result.exit_code == 2
    assert "leave --payer-name and --payer-id away" in result.output


def test_conditions_can_be_written_where_the_folder_has_one_document_to_read_them_by(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    shutil.copytree(ROOT / "rules", rules)
    run("new", "--rules", rules, "--payer", "cigna", "--policy", "MM 0999", *RULE)
    policy = value_of(rules / "cigna/mm-0999/policy.yaml")
    assert policy["contexts"] == "clinical-context"
    assert policy["terms"] == "stem-cell-terms"
