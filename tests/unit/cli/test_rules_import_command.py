"""policywire rules import: good rows become rules, bad ones are kept with reasons, and nothing is guessed."""

import csv
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from click.testing import CliRunner, Result

from policywire.cli import main
from policywire.rulebook.shape import schema
from policywire.rulebook.source import parse

ROOT = Path(__file__).parents[3]
LISTS = ROOT / "tests" / "lists"
PAYER = ("--payer", "cigna", "--payer-name", "Cigna", "--payer-id", "62308")
HEADER = "Code,Indication,Status,Notes"


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    return tmp_path / "rules"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["rules", *map(str, arguments)])


def take(rules: Path, listing: Path, *more: object, payer: tuple[str, ...] = PAYER) -> Result:
    dates = () if "--effective-from" in more else ("--effective-from", "2025-12-16")
    return run("import", listing, "--rules", rules, *payer, "--policy", "MM 0552", *dates, *more)


def listing(tmp_path: Path, *rows: str, header: str = HEADER, encoding: str = "utf-8") -> Path:
    path = tmp_path / "codes.csv"
    path.write_bytes("\n".join((header, *rows, "")).encode(encoding))
    return path


def policy(rules: Path) -> dict[str, Any]:
    path = rules / "cigna/mm-0552/policy.yaml"
    value = parse(str(path), path.read_bytes()).value
    assert isinstance(value, dict)
    return value


def codes(version: dict[str, Any]) -> set[str]:
    return {code for rule in version["rules"] for code in rule["codes"]}


def rejects(rules: Path) -> list[dict[str, str]]:
    (path,) = rules.rglob("rejected-rows-*.csv")
    with path.open(newline="") as opened:
        return list(csv.DictReader(opened))


def assert_sound(rules: Path) -> None:
    checked = run("check", rules)
    assert checked.exit_code == 0, checked.output
    tested = run("test", rules)
    assert tested.exit_code == 0, tested.output


@pytest.mark.parametrize("name", ["mm-0552.csv", "mm-0552.xlsx"])
def test_the_eight_rows_of_mm_0552_give_seven_codes_and_one_quarantined_row(rules: Path, name: str) -> None:
    result = take(rules, LISTS / name)
    assert result.exit_code == 0, result.output
    assert "8 rows: 7 good, 1 rejected. 7 procedure codes" in result.output
    found = policy(rules)
    (version,) = found["versions"]
    assert codes(version) == {"0565T", "0566T", "0717T", "0718T", "20999", "38230", "38232"}
    (row,) = found["quarantined_rows"]
    assert "Synthetic Reference" in row["text"]
    assert "has not the shape of a procedure code" in row["why"]
    (rejected,) = rejects(rules)
    assert rejected["problems"] == "code-shape"
    assert_sound(rules)


def test_no_deliberate_mistake_in_the_policy_goes_unnoticed_by_its_cases(rules: Path) -> None:
    take(rules, LISTS / "mm-0552.csv")
    tried = run("test", rules, "--mutate")
    assert tried.exit_code == 0, tried.output


def determination(rules: Path, code: str) -> dict[str, Any]:
    """What the rules make of a claim with one line of a code."""
    event = {"event_id": "e", "event_type": "claim.submitted", "occurred_at": "2026-01-05T00:00:00Z"}
    line = {"line_number": 1, "procedure_code": code, "charge_amount": "10.00", "service_date": "2026-01-03"}
    claim = event | {"claim_id": "C", "payer_id": "62308", "member_id": "M", "lines": [line]}
    replayed = CliRunner().invoke(main, ["replay", "--rules", str(rules), "-"], input=json.dumps(claim))
    printed = [json.loads(each) for each in replayed.stdout.splitlines()]
    (found,) = (each["value"] for each in printed if each["topic"] == "determinations")
    assert isinstance(found, dict)
    return found


def test_denials_of_two_kinds_each_have_their_own_reason_and_carc(rules: Path, tmp_path: Path) -> None:
    rows = ("0232T,,Not medically necessary,", "0481T,,Not medically necessary,", "0717T,,Experimental,")
    assert take(rules, listing(tmp_path, *rows)).exit_code == 0
    for code, carc in (("0232T", "50"), ("0717T", "55")):
        found = determination(rules, code)
        assert found["expected_denial"]["carc"] == carc
        assert found["expected_denial"]["reason"] == found["reason"]
    assert_sound(rules)
    tried = run("test", rules, "--mutate")
    assert tried.exit_code == 0, tried.output


def test_a_citation_says_which_list_it_was_and_when_it_was_read(rules: Path) -> None:
    take(rules, LISTS / "mm-0552.csv", "--retrieved", "2026-01-02", "--source-kind", "primary")
    (citation,) = policy(rules)["citations"]
    assert citation["sha256"] == hashlib.sha256((LISTS / "mm-0552.csv").read_bytes()).hexdigest()
    assert (citation["retrieved"], citation["kind"]) == ("2026-01-02", "primary")


def test_a_status_that_holds_in_some_context_is_no_condition_and_no_denial_until_somebody_says_so(rules: Path) -> None:
    result = take(rules, LISTS / "mm-0552.csv")
    assert "Rule bone-marrow-harvest-from-a-donor (38230) needs a condition: orthopaedic context" in result.output
    text = (rules / "cigna/mm-0552/policy.yaml").read_text()
    assert "# Needs a condition. The list says (row 7): orthopaedic context; Different policy applies in" in text
    marrow = [rule for rule in policy(rules)["versions"][0]["rules"] if "38230" in rule["codes"]]
    assert [(rule["outcome"], rule["flags"], "when" in rule) for rule in marrow] == [
        ("review", ["context_unknown"], False)
    ]


def test_as_listed_takes_such_a_status_for_every_line_and_still_says_so(rules: Path) -> None:
    result = take(rules, LISTS / "mm-0552.csv", "--as-listed")
    assert "needs a condition" in result.output
    marrow = [rule for rule in policy(rules)["versions"][0]["rules"] if "38230" in rule["codes"]]
    assert [rule["outcome"] for rule in marrow] == ["not_medically_necessary"]
    assert_sound(rules)


def test_a_condition_in_a_column_of_its_own_is_taken(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    shutil.copytree(ROOT / "rules", rules)
    shutil.rmtree(rules / "cigna/mm-0552")
    shutil.rmtree(rules / "watch")
    path = listing(
        tmp_path,
        "38230,marrow,NMN,{clinical_context: orthopaedic}",
        "38230,marrow,covered,clinical_context: oncology",
        "0565T,knee,NMN,when it rains",
        header="Code,Indication,Status,Condition",
    )
    result = take(rules, path, payer=("--payer", "cigna"))
    assert result.exit_code == 0, result.output
    (version,) = policy(rules)["versions"]
    assert [(rule["when"], rule["outcome"]) for rule in version["rules"]] == [
        ({"clinical_context": "orthopaedic"}, "not_medically_necessary"),
        ({"clinical_context": "oncology"}, "covered"),
    ]
    assert version["unknown"] == {"clinical_context": "context_unknown"}
    assert rejects(rules)[0]["problems"] == "condition"
    assert_sound(rules)


def test_what_has_a_condition_stands_before_what_always_holds(rules: Path, tmp_path: Path) -> None:
    rows = ("0565T,knee,covered,", "0566T,knee,covered,", "0565T,knee,NMN,{modifiers: RT}")
    result = take(rules, listing(tmp_path, *rows, header="Code,Indication,Status,When"))
    assert result.exit_code == 0, result.output
    (version,) = policy(rules)["versions"]
    assert [(rule["codes"], rule["outcome"]) for rule in version["rules"]] == [
        (["0565T"], "not_medically_necessary"),
        (["0565T", "0566T"], "covered"),
    ]
    assert_sound(rules)


def test_a_condition_that_nothing_in_the_folder_can_read_is_refused(rules: Path, tmp_path: Path) -> None:
    path = listing(tmp_path, "38230,x,NMN,{clinical_context: oncology}", header="Code,Indication,Status,When")
    result = take(rules, path)
    assert result.exit_code == 2
    assert "clinical_context is read, and the policy names no contexts" in result.output
    assert not rules.exists()


def test_dates_of_rows_become_versions(rules: Path, tmp_path: Path) -> None:
    path = listing(
        tmp_path,
        "0565T,knee,NMN,1/15/2025,",
        "0566T,knee,NMN,1/15/2025,12/31/2025",
        "0717T,cuff,NMN,2026-01-01,",
        header="CPT,Indication,Status,Effective Date,End Date",
    )
    result = take(rules, path)
    assert result.exit_code == 0, result.output
    assert [(each["effective_from"], codes(each)) for each in policy(rules)["versions"]] == [
        ("2025-01-15", {"0565T", "0566T"}),
        ("2026-01-01", {"0565T", "0717T"}),
    ]
    assert_sound(rules)


def test_a_gap_between_dates_is_refused(rules: Path, tmp_path: Path) -> None:
    path = listing(
        tmp_path, "0565T,NMN,2025-01-01,2025-01-31", "0566T,NMN,2025-03-01,", header="Code,Status,From,Through"
    )
    result = take(rules, path)
    assert result.exit_code == 2
    assert "no code is in force from 2025-02-01 to 2025-02-28" in result.output


@pytest.mark.parametrize(
    ("row", "problem", "said"),
    [
        ("100,x,NMN,", "lost-zeros", "perhaps it was 00100"),
        ("717T,x,NMN,", "code-shape", "Perhaps 0717T is meant"),
        ("0717T,x,Not covered,", "status-unknown", "--status"),
        ("0717T,x,,", "status-missing", "--outcome"),
        (",x,NMN,", "code-missing", "Write the code"),
        ("0717T,x,NMN,a,b", "too-many-cells", "quotation marks"),
        ("0717T,x,other policy,", "handoff-missing", "handoff"),
        ("0717-0718T,x,NMN,", "code-range", "row of its own"),
        (f"0717T,{'x' * 2001},NMN,", "text-too-long", "at most 2000"),
    ],
)
def test_a_row_that_leaves_a_doubt_never_becomes_a_code(
    rules: Path, tmp_path: Path, row: str, problem: str, said: str
) -> None:
    result = take(rules, listing(tmp_path, "0565T,knee,NMN,", row))
    assert result.exit_code == 0, result.output
    assert codes(policy(rules)["versions"][0]) == {"0565T"}
    (rejected,) = rejects(rules)
    assert (rejected["row"], rejected["problems"]) == ("3", problem)
    assert said in f"{rejected['why']} {rejected['mend']}"
    assert "codes.csv, row 3" in result.output
    assert_sound(rules)


@pytest.mark.parametrize(
    ("day", "problem"),
    [
        ("01/02/2026", "date-ambiguous"),
        ("2026-02-30", "date-range"),
        ("1/15/26", "date-short-year"),
        ("soon", "date-shape"),
    ],
)
def test_a_date_that_is_not_clear_rejects_its_row(rules: Path, tmp_path: Path, day: str, problem: str) -> None:
    path = listing(tmp_path, "0565T,NMN,2026-01-01", f"0566T,NMN,{day}", header="Code,Status,Effective")
    result = take(rules, path)
    assert rejects(rules)[0]["problems"] == problem
    assert "codes.csv, row 3, column Effective (C)" in result.output


def test_an_unclear_date_names_the_option_that_makes_it_clear_and_mends_stay_apart(rules: Path, tmp_path: Path) -> None:
    path = listing(tmp_path, "0565T,NMN,2026-01-01", "0566T,dunno,01/02/2026", header="Code,Status,Effective")
    take(rules, path)
    mends = rejects(rules)[0]["mend"].split(" | ")
    assert len(mends) == 2
    assert any("--dates mdy or --dates dmy" in each for each in mends)


def test_a_list_imported_again_after_its_rows_were_mended_says_what_to_remove(rules: Path, tmp_path: Path) -> None:
    take(rules, listing(tmp_path, "0565T,knee,NMN,", "565,knee,NMN,"))
    again = take(rules, listing(tmp_path, "0565T,knee,NMN,", "0566T,knee,NMN,"))
    assert again.exit_code == 2
    assert f"remove the folder {rules / 'cigna/mm-0552'} and import the mended list again" in again.output
    shutil.rmtree(rules / "cigna/mm-0552")
    mended = listing(tmp_path, "0565T,knee,NMN,", "0566T,knee,NMN,")
    third = take(rules, mended, payer=("--payer", "cigna"))
    assert third.exit_code == 0, third.output
    assert codes(policy(rules)["versions"][0]) == {"0565T", "0566T"}


def test_the_order_of_day_and_month_can_be_given(rules: Path, tmp_path: Path) -> None:
    path = listing(tmp_path, "0565T,NMN,01/02/2026", header="Code,Status,Effective")
    assert take(rules, path, "--dates", "dmy").exit_code == 0
    assert policy(rules)["versions"][0]["effective_from"] == "2026-02-01"


def test_a_row_that_ends_before_it_begins_is_rejected(rules: Path, tmp_path: Path) -> None:
    path = listing(
        tmp_path, "0565T,NMN,2026-01-01,", "0566T,NMN,2026-01-02,2026-01-01", header="Code,Status,From,Through"
    )
    take(rules, path)
    assert rejects(rules)[0]["problems"] == "dates-reversed"


def test_a_code_with_two_statuses_goes_to_review_and_is_kept_as_a_conflict(rules: Path, tmp_path: Path) -> None:
    path = listing(tmp_path, "0565T,knee,NMN,", "0566T,knee,NMN,", "0565T,knee,covered,")
    result = take(rules, path)
    assert "Listed with two statuses, so their lines go to review: 0565T." in result.output
    found = policy(rules)
    (conflict,) = found["source_conflicts"]
    assert conflict["set_aside"] == "row 2 says not medically necessary; row 4 says covered."
    outcomes = {code: rule["outcome"] for rule in found["versions"][0]["rules"] for code in rule["codes"]}
    assert outcomes == {"0565T": "review", "0566T": "not_medically_necessary"}
    assert_sound(rules)


def test_a_code_listed_again_is_taken_once_and_said(rules: Path, tmp_path: Path) -> None:
    rows = ("0565T,knee,NMN,", "0565T,knee,NMN,", "0565T,hip,NMN,")
    result = take(rules, listing(tmp_path, *rows))
    assert "1 row says again what a row above it says" in result.output
    assert "another indication, and taken once: 0565T" in result.output
    assert len(policy(rules)["versions"][0]["rules"]) == 1
    assert_sound(rules)


def test_words_of_a_status_can_be_given_a_meaning(rules: Path, tmp_path: Path) -> None:
    path = listing(tmp_path, "0565T,knee,Not covered,", "0566T,knee,NO = never,")
    result = take(rules, path, "--status", "not COVERED=covered", "--status", "No = never=review")
    assert result.exit_code == 0, result.output
    assert [rule["outcome"] for rule in policy(rules)["versions"][0]["rules"]] == ["covered", "review"]


def test_rows_without_a_column_of_statuses_take_the_outcome_that_is_given(rules: Path, tmp_path: Path) -> None:
    path = listing(tmp_path, "0565T", "0566T", header="HCPCS Code")
    assert take(rules, path, "--outcome", "experimental_investigational").exit_code == 0
    (version,) = policy(rules)["versions"]
    assert version["position"] == "experimental_investigational"
    assert version["denial"]["carc"] == "55"


def test_a_column_of_descriptors_is_not_read(rules: Path, tmp_path: Path) -> None:
    path = listing(tmp_path, "0565T,SOMEBODY ELSES LICENSED WORDS,NMN", header="Code,Description,Status")
    assert take(rules, path).exit_code == 0
    written = "".join(path.read_text() for path in rules.rglob("*") if path.is_file())
    assert "LICENSED WORDS" not in written


def test_columns_can_be_named(rules: Path, tmp_path: Path) -> None:
    path = listing(tmp_path, "0565T;NMN", header="Was;Wie")
    assert take(rules, path, "--column", "code=was", "--column", "status=Wie").exit_code == 0
    assert codes(policy(rules)["versions"][0]) == {"0565T"}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--column", "code"), "--column code: it is not WHAT=NAME"),
        (("--column", "kode=Code"), "--column kode: there is nothing called so"),
        (("--column", "code=Kode"), "no column 'Kode' for code; its columns are: Code, Indication, Status, Notes"),
        (("--status", "x=denied"), "no such outcome"),
        (("--sheet", "Codes"), "has no sheets"),
        (("--add-version",), "has no MM 0552 of cigna to add a version to"),
    ],
)
def test_an_option_that_cannot_be_used_is_named(rules: Path, tmp_path: Path, more: tuple[str, ...], said: str) -> None:
    result = take(rules, listing(tmp_path, "0565T,knee,NMN,"), *more)
    assert result.exit_code == 2
    assert said in result.output
    assert not rules.exists()


def test_a_list_without_a_good_row_says_what_is_the_matter(rules: Path, tmp_path: Path) -> None:
    result = take(rules, listing(tmp_path, "565,x,NMN,", "566,x,NMN,"))
    assert result.exit_code == 2
    assert "none of the 2 rows" in result.output
    assert "leading zeros were lost (2 rows, first: codes.csv, row 2, column Code (A))" in result.output
    empty = take(rules, listing(tmp_path))
    assert empty.exit_code == 2
    assert "no row below its header (row 1)" in empty.output


def test_rows_without_a_date_want_one(rules: Path, tmp_path: Path) -> None:
    path = listing(tmp_path, "0565T,NMN,", header="Code,Status,Effective")
    result = run("import", path, "--rules", rules, *PAYER, "--policy", "X")
    assert result.exit_code == 2
    assert "give --effective-from" in result.output


def test_strict_writes_nothing_when_a_row_is_bad(rules: Path) -> None:
    result = take(rules, LISTS / "mm-0552.csv", "--strict")
    assert result.exit_code == 1
    assert "Nothing is written" in result.output
    assert not rules.exists()


def test_a_dry_run_prints_the_documents(rules: Path) -> None:
    result = take(rules, LISTS / "mm-0552.csv", "--dry-run")
    assert result.exit_code == 0
    assert "document: policy.v1" in result.output
    assert not rules.exists()


def test_the_report_for_programs_counts_every_row(rules: Path) -> None:
    report = json.loads(take(rules, LISTS / "mm-0552.xlsx", "--json").output)
    assert {key: report["list"][key] for key in ("rows", "good_rows", "rejected_rows", "repeated_rows")} == {
        "rows": 8, "good_rows": 7, "rejected_rows": 1, "repeated_rows": 0,
    }  # fmt: skip
    assert report["list"]["header_row"] == 2
    assert len(report["procedure_codes"]) == 7
    assert [each["problem"] for each in report["rejected"]] == ["code-shape"]
    assert report["rejected"][0]["first"] == ["mm-0552.xlsx, row 10, column Code (A)"]
    assert [each["listed_as"] for each in report["needs_condition"]] == ["not_medically_necessary"] * 2
    assert Path(report["rejects_file"]).exists()


def test_many_bad_rows_are_a_summary_and_all_of_them_are_in_the_file(rules: Path, tmp_path: Path) -> None:
    result = take(rules, listing(tmp_path, "0565T,knee,NMN,", *(f"junk {n},x,NMN," for n in range(3000))))
    assert result.exit_code == 0
    assert len(result.output.splitlines()) < 40
    assert "3001 rows: 1 good, 3000 rejected" in result.output
    assert len(rejects(rules)) == 3000
    quarantined = policy(rules)["quarantined_rows"]
    assert len(quarantined) == 51
    assert quarantined[-1]["why"].startswith("2950 more rows cannot be used; all of them are in rejected-rows-")


def test_a_rejected_cell_is_no_formula_in_the_file_of_rejects(rules: Path, tmp_path: Path) -> None:
    take(rules, listing(tmp_path, "0565T,knee,NMN,", "=1+1,x,NMN,"))
    assert rejects(rules)[0]["Code"] == "'=1+1"


def test_what_was_rejected_can_be_put_elsewhere(rules: Path, tmp_path: Path) -> None:
    place = tmp_path / "bad.csv"
    take(rules, LISTS / "mm-0552.csv", "--rejects", place)
    assert place.exists()
    assert not list(rules.rglob("rejected-rows-*"))


def test_the_list_itself_is_never_overwritten_by_what_was_rejected(rules: Path, tmp_path: Path) -> None:
    path = listing(tmp_path, "0565T,knee,NMN,", "565,x,NMN,")
    before = path.read_bytes()
    (tmp_path / "below").mkdir()
    result = take(rules, path, "--rejects", tmp_path / "below" / ".." / path.name)
    assert result.exit_code == 2
    assert "is the list itself, and would be lost" in result.output
    assert path.read_bytes() == before
    assert not rules.exists()


@pytest.mark.parametrize("place", ["codes.csv/bad.csv", "/proc/none/bad.csv", "/dev/full"])
def test_where_the_rejected_rows_cannot_be_written_no_document_is(rules: Path, tmp_path: Path, place: str) -> None:
    path = listing(tmp_path, "0565T,knee,NMN,", "565,x,NMN,")
    result = take(rules, path, "--rejects", tmp_path / place)
    assert result.exit_code == 2
    assert "bad.csv cannot be written" in result.output or "/dev/full cannot be written" in result.output
    assert not rules.exists()


def test_a_device_that_is_everybodys_stays_so(rules: Path, tmp_path: Path) -> None:
    before = Path("/dev/null").stat().st_mode
    result = take(rules, listing(tmp_path, "0565T,knee,NMN,", "565,x,NMN,"), "--rejects", "/dev/null")
    assert result.exit_code == 0, result.output
    assert Path("/dev/null").stat().st_mode == before


def test_a_row_that_swallowed_others_is_rejected_and_said(rules: Path, tmp_path: Path) -> None:
    path = listing(tmp_path, "0565T,knee,NMN,", '0566T,"hip,NMN,', "0717T,shoulder,NMN,")
    result = take(rules, path, "--outcome", "not_medically_necessary")
    assert codes(policy(rules)["versions"][0]) == {"0565T"}
    assert "open-quote: 1: codes.csv, row 3" in result.output
    assert "The rows after it were taken for part of this one." in result.output


def test_a_list_in_another_encoding_is_read_and_said(rules: Path, tmp_path: Path) -> None:
    path = listing(tmp_path, "0565T,caf\u00e9,NMN,", encoding="cp1252")
    result = take(rules, path)
    assert "read as cp1252, which is a guess" in result.output
    assert policy(rules)["versions"][0]["rules"][0]["indication"] == "caf\u00e9"


def test_rows_in_another_encoding_are_rejected_and_the_others_used(rules: Path, tmp_path: Path) -> None:
    path = tmp_path / "codes.csv"
    path.write_bytes(
        f"{HEADER}\n0565T,caf\u00e9,NMN,\n".encode() + "0566T,na\u00efve,NMN,\n".encode("latin-1") + b"0717T,x,NMN,\n"
    )
    assert take(rules, path).exit_code == 0
    assert codes(policy(rules)["versions"][0]) == {"0565T", "0717T"}
    assert rejects(rules)[0]["problems"] == "encoding"
    assert_sound(rules)


def test_what_is_made_fits_its_schema(rules: Path) -> None:
    take(rules, LISTS / "mm-0552.csv")
    for path in rules.rglob("*.yaml"):
        value = parse(str(path), path.read_bytes()).value
        assert list(jsonschema_rs.Draft202012Validator(schema(value["document"])).iter_errors(value)) == []


def test_the_help_has_an_example_and_the_statuses() -> None:
    shown = run("import", "--help").output
    assert 'rules import mm0552.csv --payer cigna --policy "MM 0552"' in shown
    assert "Ends with status 0" in shown
