import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.unit import scenes

from policywire.cli import main

RULES = Path(__file__).parents[3] / "rules"
LINE = ("--payer-id", "62308", "--code", "0565T", "--on", "2026-01-05")


def run(*arguments: str, given: str | None = None) -> Result:
    return CliRunner().invoke(main, ["explain", "--rules", str(RULES), *arguments], input=given)


def test_a_line_is_explained_for_a_biller() -> None:
    result = run(*LINE, "--charge", "4200.00")
    assert result.exit_code == 0
    assert "Answer: not medically necessary per Cigna MM 0552." in result.output
    assert "Why: rule adipose-implant-knee. Not medically necessary under this version" in result.output
    assert "Who pays: the provider; agreement missing." in result.output
    assert "Expect CO 50 with N563; do not appeal." in result.output
    assert "Exposure $4200.00." in result.output
    assert "What would flip it, the smallest first" in result.output
    assert "  1. If the member had signed by the day before an agreement that lists 0565T: not" in result.output


def test_it_says_that_it_is_no_advice_to_change_what_was_done() -> None:
    assert "to change it so that it is paid is fraud" in run(*LINE).output
    assert "to change it so that it is paid is fraud" in json.loads(run(*LINE, "--json").output)["integrity"]


def test_why_not_is_told_rule_by_rule() -> None:
    output = run("--payer-id", "62308", "--code", "20999", "--on", "2026-01-05", "--narrative", "graft").output
    assert "Why not otherwise:\n  unlisted-names-product: narrative is other; the rule asks it to be product." in output
    assert "graft" not in output


def test_where_no_policy_speaks_it_ends_with_1() -> None:
    result = run("--payer-id", "62308", "--code", "99213", "--on", "2026-01-05")
    assert result.exit_code == 1
    assert "No policy of Cigna Healthcare lists 99213 in any version." in result.output


def test_explain_speaks_json() -> None:
    report = json.loads(run(*LINE, "--agreement-signed", "2026-01-05", "--json").output)
    (answer,) = report["answers"]
    assert report["date_of_service"] == "2026-01-05"
    assert (answer["agreement"], answer["agreement_problem"]) == ("invalid", "signed_on_service_day")
    assert answer["others"][0]["kinds"] == ["agreement"]
    assert answer["tried"] == []
    assert answer["expected_denial"] == {
        "bucket": "MM 0552",
        "reason": "not medically necessary per Cigna MM 0552",
        "appeal": "do_not_appeal",
        "group_code": "CO",
        "carc": "50",
        "rarc": ["N563"],
    }
    assert report["rulebook_revision"].startswith("sha256:")


def test_one_event_on_standard_input_is_explained() -> None:
    result = run("--events", "-", given=json.dumps(scenes.claim(), indent=1))
    assert result.exit_code == 0
    assert "Why: rule adipose-implant-knee." in result.output
    assert "M-1" not in result.output
    assert "C1" not in result.output


def test_events_that_cannot_be_used_are_named_beside_the_answer(tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    events.write_text(json.dumps(scenes.claim()) + "\n{}\n")
    result = run("--events", str(events), "--claim", "C1", "--line", "1")
    assert result.exit_code == 0
    assert "policywire: not used: line 2: schema_violation" in result.stderr


def charges(folder: Path) -> Path:
    file = folder / "charges.csv"
    file.write_text(
        "claim_id,line_number,payer_id,member_id,diagnoses,diagnosis_pointers,procedure_code,charge_amount,service_date\n"
        "C1,1,62308,M-1,M17.11;C90.00,1,38232,4200.00,2026-01-05\n"
        "C2,1,62308,M-2,M17.11,,0565T,much,2026-01-05\n"
    )
    return file


def test_a_row_of_charges_is_explained_with_its_members_agreement(tmp_path: Path) -> None:
    held = tmp_path / "agreements.jsonl"
    held.write_text(
        '{"agreement_id":"AGR-1","payer_id":"62308","member_id":"M-1","procedure_codes":["38232"],'
        '"service_date_from":"2026-01-05","service_date_through":"2026-01-05","signed_at":"2026-01-02T09:00:00-05:00"}\n'
    )
    asked = ("--charges", str(charges(tmp_path)), "--row", "2", "--json")
    (alone,) = json.loads(run(*asked).output)["answers"]
    (answer,) = json.loads(run(*asked, "--agreements", str(held)).output)["answers"]
    assert (alone["agreement"], answer["agreement"]) == ("missing", "valid")
    assert answer["rule"] == "marrow-harvest-orthopaedic"
    assert "pointers" in {kind for other in answer["others"] for kind in other["kinds"]}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--row", "3"), "row 3, column charge_amount: "),
        (("--row", "9"), "no row of data with the number 9"),
        ((), "Say with --row which row"),
    ],
)
def test_a_row_that_cannot_be_explained_is_named_without_a_value(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    result = run("--charges", str(charges(tmp_path)), *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "much" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Give --events, or --charges and --row, or --payer-id"),
        ((*LINE, "--events", str(RULES / "README.md")), "one of them"),
        (("--payer-id", "62308"), "A line without events needs --code, --on too"),
        ((*LINE, "--pointer", "1"), "--pointer: Point only at diagnoses"),
        (("--events", str(RULES / "README.md")), "There is no event to explain"),
    ],
)
def test_what_cannot_be_explained_ends_with_2(arguments: tuple[str, ...], said: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
