"""``policywire rules diff --against``: charges decided twice, held against deciding each edition on its own."""

import csv
import json
import shutil
import stat
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from policywire.cli import main
from policywire.rulebook.load import load_rulebook
from policywire.workbench.charges.agreements import read_agreements
from policywire.workbench.charges.decide import decide
from policywire.workbench.charges.files import find_files
from policywire.workbench.charges.mapping import ChargeMapping
from policywire.workbench.charges.read import read_file
from policywire.workbench.diff.against import ANY_DAY

ROOT = Path(__file__).parents[3]
POLICY = "cigna/mm-0552/policy.yaml"
KNEE = """        indication: fat-derived cell implant for knee osteoarthritis
        outcome: not_medically_necessary
"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shipped rules, a draft of others, and two years of a small group's charges. All synthetic."""
    folder = tmp_path_factory.mktemp("desk")
    for name in ("rules", "draft"):
        shutil.copytree(ROOT / "rules", folder / name)
    policy = folder / "draft" / POLICY
    text = policy.read_text().replace(KNEE, KNEE.replace("not_medically_necessary", "covered"))
    policy.write_text(text.replace('carc: "55"', 'carc: "96"'))
    files = ("--out", "charges.csv", "--agreements", "agreements.csv", "--orders", "orders.csv")
    named = [each if each.startswith("--") else str(folder / each) for each in files]
    done = CliRunner().invoke(
        main, ["generate", "charges", "--count", "4000", "--hits", "0.2", "--bad", "0.01", *named]
    )
    assert done.exit_code == 0, done.output
    return folder


def diff(desk: Path, *arguments: str, status: int = 1) -> Result:
    files = ("--against", "charges.csv", "--agreements", "agreements.csv", "--orders", "orders.csv")
    named = [each if each.startswith("--") else str(desk / each) for each in files]
    sides = (str(desk / "rules"), str(desk / "draft"))
    result = CliRunner().invoke(main, ["rules", "diff", *sides, *named, *arguments])
    assert result.exit_code == status, result.output
    return result


def decided(desk: Path, rules: str) -> Iterator[dict[str, Any]]:
    """What one edition says of each row, decided on its own."""
    rulebook = load_rulebook(desk / rules)
    held, _ = read_agreements(find_files([desk / "agreements.csv"], desk), ChargeMapping(), rulebook)
    for name in ("charges.csv", "orders.csv"):
        for file in find_files([desk / name], desk):
            for batch in read_file(file, ChargeMapping(), orders=name == "orders.csv"):
                for row in decide(batch.lines, rulebook, held, ANY_DAY).to_pylist():
                    yield row | {"file": name}


def expected(desk: Path) -> dict[tuple[str, int, str], tuple[dict[str, Any], dict[str, Any]]]:
    sides = [{(x["file"], x["row"], x["policy"]): x for x in decided(desk, rules)} for rules in ("rules", "draft")]
    told = ("outcome", "flags", "bucket", "appeal", "carc", "rarc", "liable", "reason")
    return {
        key: (sides[0][key], sides[1][key])
        for key in sides[0]
        if [sides[0][key][name] for name in told] != [sides[1][key][name] for name in told]
    }


def test_the_lines_that_flip_are_those_on_which_two_single_runs_differ(desk: Path, tmp_path: Path) -> None:
    lines = tmp_path / "flips.csv"
    flips = json.loads(diff(desk, "--json", "--lines", str(lines)).output)["against"]["flips"]
    wanted = expected(desk)
    with lines.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {(row["source"], int(row["row"]), row["policy"]) for row in rows} == wanted.keys()
    for row in rows:
        before, after = wanted[row["source"], int(row["row"]), row["policy"]]
        assert (row["before"], row["after"]) == (before["outcome"], after["outcome"])
    claims = [pair for pair in wanted.values() if pair[0]["kind"] == "claim"]
    assert len(claims) > 50
    assert flips["claim_lines"] == {
        "lines": len(claims),
        "charge_amount": money(sum(before["charge_cents"] for before, _ in claims)),
        "exposure_before": money(sum(before["exposure_cents"] for before, _ in claims)),
        "exposure_after": money(sum(after["exposure_cents"] for _, after in claims)),
    }
    assert flips["booked_procedures"]["lines"] == len(wanted) - len(claims) > 0


def money(cents: int) -> str:
    return f"{Decimal(cents) / 100:.2f}"


def test_every_table_adds_up_to_the_flips(desk: Path) -> None:
    flips = json.loads(diff(desk, "--json").output)["against"]["flips"]
    count = flips["claim_lines"]["lines"] + flips["booked_procedures"]["lines"]
    for name in ("change", "policy", "procedure_code", "month"):
        assert sum(each["lines"] for each in flips["by"][name]) == count, name
    assert {each["change"] for each in flips["by"]["change"]} >= {"not_medically_necessary -> covered"}
    assert [each["month"] for each in flips["by"]["month"]] == sorted(each["month"] for each in flips["by"]["month"])
    assert {each["specialty"] for each in flips["by"]["specialty"]} >= {"orthopaedic surgery"}


def test_nothing_on_the_screen_tells_a_claim_or_a_member(desk: Path, tmp_path: Path) -> None:
    lines = tmp_path / "flips.csv"
    output = diff(desk, "--lines", str(lines)).output + diff(desk, "--markdown").output
    assert "claim lines flip" in output
    with lines.open(newline="") as file:
        told = [(row["subject_id"], row["member_id"], row["date_of_service"]) for row in csv.DictReader(file)]
    of_the_policy = {"", "2025-12-15", "2025-12-16"}  # its versions meet between these days
    assert not [each for row in told for each in row if each not in of_the_policy and each in output]
    assert stat.S_IMODE(lines.stat().st_mode) == 0o600


def test_parquet_and_csv_hold_the_same_lines(desk: Path, tmp_path: Path) -> None:
    for name in ("flips.csv", "flips.parquet"):
        diff(desk, "--lines", str(tmp_path / name))
    with (tmp_path / "flips.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    table = pq.read_table(tmp_path / "flips.parquet").to_pylist()
    assert [{k: "" if v is None else str(v) for k, v in row.items()} for row in table] == rows


def test_rows_that_cannot_be_read_are_counted_by_what_is_wrong(desk: Path) -> None:
    told = json.loads(diff(desk, "--json").output)["against"]
    assert told["rows_bad"] > 0
    assert sum(each["rows"] for each in told["problems"]) >= told["rows_bad"]
    with (desk / "charges.csv").open() as charges, (desk / "orders.csv").open() as orders:
        files = len(charges.readlines()) + len(orders.readlines()) - 2
    with (desk / "agreements.csv").open() as agreements:
        assert told["rows_read"] == files + len(agreements.readlines()) - 1
    assert "could not be read" in diff(desk).output


def test_the_same_rules_flip_nothing(desk: Path) -> None:
    sides = ("rules", "diff", str(desk / "rules"), str(desk / "rules"), "--against", str(desk / "charges.csv"))
    result = CliRunner().invoke(main, sides)
    assert result.exit_code == 0, result.output
    assert "No line flips." in result.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--lines", "flips.xls"), "end its name in .csv or .parquet"),
        (("--column", "procedure=CPT"), "There is no column procedure"),
        (("--against", "nowhere.csv"), "nowhere.csv is not there"),
    ],
)
def test_what_cannot_be_used_is_said(desk: Path, arguments: tuple[str, ...], words: str) -> None:
    assert words in diff(desk, *arguments, status=2).output


def test_lines_without_charges_are_refused(desk: Path) -> None:
    sides = ("rules", "diff", str(desk / "rules"), str(desk / "draft"))
    result = CliRunner().invoke(main, [*sides, "--lines", "flips.csv"])
    assert (result.exit_code, "go with --against" in result.output) == (2, True)
