"""``policywire bucket`` over what replay printed: which lines are in it, and the files that it writes."""

import csv
import json
import stat
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from openpyxl import load_workbook
from tests.unit.scenes import RULES, Event, claim, line, signed, visit, voided

from policywire.cli import main


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """Replays events and runs the command over them, in a folder of its own."""

    def ran(events: list[Event], *options: str, bucket: str = "MM 0552") -> Result:
        text = "".join(json.dumps(event) + "\n" for event in events)
        replayed = CliRunner().invoke(main, ["replay", "--rules", str(RULES), "-"], input=text)
        assert replayed.exit_code == 0
        (tmp_path / "out.jsonl").write_bytes(replayed.stdout_bytes)
        arguments = ["bucket", bucket, "--from-file", str(tmp_path / "out.jsonl"), *options]
        return CliRunner().invoke(main, arguments)

    return ran


def opened(path: Path) -> Any:
    return load_workbook(path)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_most_exposed_line_comes_first_and_carries_what_billing_needs(run: Any, tmp_path: Path) -> None:
    out = tmp_path / "bucket.csv"
    result = run([claim(line(number=1), line(number=2, charge_amount="9000.00"))], "--out", str(out))
    assert result.exit_code == 0
    assert "2 lines in the bucket MM 0552, $10,000.00 at risk." in result.output
    first, second = rows(out)
    assert (first["line_number"], second["line_number"]) == ("2", "1")
    assert first["reason"] == "not medically necessary per Cigna MM 0552"
    assert (first["group_code"], first["carc"], first["rarc"]) == ("CO", "50", "N563")
    assert (first["appeal"], first["liable"], first["exposure_amount"]) == ("do_not_appeal", "provider", "9000.00")
    assert first["procedure_code"] == "0565T"


def test_a_voided_line_a_booking_and_a_line_that_is_not_denied_are_not_in_it(run: Any, tmp_path: Path) -> None:
    out = tmp_path / "bucket.csv"
    review = claim(line("38230"), claim_id="C2")
    result = run([claim(), voided(), review, visit("0565T")], "--out", str(out))
    assert result.exit_code == 1
    assert "No line is in the bucket MM 0552. No bucket has any." in result.output
    assert not out.exists()


def test_a_line_that_the_member_owes_is_in_it_without_exposure(run: Any, tmp_path: Path) -> None:
    out = tmp_path / "bucket.csv"
    run([signed(), claim()], "--out", str(out))
    (only,) = rows(out)
    assert (only["agreement"], only["liable"], only["exposure_amount"]) == ("valid", "patient", "0.00")
    assert only["next_action"] == "bill_patient"


def test_a_bucket_that_is_not_there_names_those_that_are(run: Any) -> None:
    result = run([claim()], bucket="MM 552")
    assert result.exit_code == 1
    assert "No line is in the bucket MM 552. There are: MM 0552 (1)." in result.output


def test_json_and_the_screen_hold_no_identifier(run: Any, tmp_path: Path) -> None:
    out = tmp_path / "bucket.csv"
    for options in ((), ("--json",)):
        output = run([claim()], "--out", str(out), *options).output.replace(str(out), "")
        assert not any(each in output for each in ("C1", "M-1", "2026-01-02"))
    assert json.loads(run([claim()], "--json").output) == {
        "bucket": "MM 0552",
        "lines": 1,
        "exposure_amount": "1000.00",
        "by_next_action": {"write_off": {"lines": 1, "exposure_amount": "1000.00"}},
        "file": None,
        "other_buckets": [],
    }


def test_a_spreadsheet_has_codes_as_text_days_as_days_and_dollars_as_numbers(run: Any, tmp_path: Path) -> None:
    out = tmp_path / "bucket.xlsx"
    run([claim()], "--out", str(out))
    book = opened(out)
    header, row = book["Lines"].iter_rows(values_only=True)
    cells = dict(zip(header, row, strict=True))
    assert cells["procedure_code"] == "0565T"
    assert cells["date_of_service"].date().isoformat() == "2026-01-02"
    assert cells["exposure_amount"] == 1000
    assert "protected health information" in str(book["About"]["A2"].value)


@pytest.mark.parametrize("name", ["bucket.csv", "bucket.xlsx"])
def test_only_the_owner_may_read_the_file_even_where_one_lay_open(run: Any, tmp_path: Path, name: str) -> None:
    out = tmp_path / name
    out.write_text("old")
    out.chmod(0o644)
    run([claim()], "--out", str(out))
    assert stat.S_IMODE(out.stat().st_mode) == 0o600


def test_the_same_lines_give_the_same_bytes(run: Any, tmp_path: Path) -> None:
    first, second = tmp_path / "a.xlsx", tmp_path / "b.xlsx"
    for out in (first, second):
        run([claim()], "--out", str(out))
    assert first.read_bytes() == second.read_bytes()


def test_no_cell_becomes_a_formula(run: Any, tmp_path: Path) -> None:
    hostile = claim(claim_id='=HYPERLINK("x")')
    run([hostile], "--out", str(tmp_path / "bucket.csv"))
    run([hostile], "--out", str(tmp_path / "bucket.xlsx"))
    assert rows(tmp_path / "bucket.csv")[0]["claim_id"] == '\'=HYPERLINK("x")'
    cell = opened(tmp_path / "bucket.xlsx")["Lines"]["A2"]
    assert (cell.value, cell.data_type) == ('=HYPERLINK("x")', "s")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{}", "line 1 is no output of `policywire replay`"),
        ('\n{"topic":"determinations","key":"k","value":{"claim_id":"CLM-9"}}', "line 2 is no determination.v1"),
    ],
)
def test_what_cannot_be_read_is_said_without_its_values(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "out.jsonl").write_text(content)
    result = CliRunner().invoke(main, ["bucket", "MM 0552", "--from-file", str(tmp_path / "out.jsonl")])
    assert result.exit_code == 2
    assert said in result.output
    assert "CLM-9" not in result.output


def test_a_file_of_another_kind_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        main, ["bucket", "MM 0552", "--bootstrap-servers", "127.0.0.1:1", "--out", str(tmp_path / "bucket.pdf")]
    )
    assert result.exit_code == 2
    assert "has neither of the suffixes" in result.output


@pytest.mark.parametrize("name", ["BUCKET.CSV", "Bucket.Xlsx"])
def test_capitals_of_a_suffix_do_not_matter(run: Any, tmp_path: Path, name: str) -> None:
    assert run([claim()], "--out", str(tmp_path / name)).exit_code == 0
    assert (tmp_path / name).stat().st_size > 0


def test_a_file_of_another_kind_is_refused_with_a_mend(run: Any, tmp_path: Path) -> None:
    result = run([claim()], "--out", str(tmp_path / "bucket.pdf"))
    assert result.exit_code == 2
    assert "has neither of the suffixes .csv and .xlsx. Name it so, as bucket.csv." in result.output
