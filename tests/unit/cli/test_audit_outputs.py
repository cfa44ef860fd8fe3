"""``policywire audit`` leaves a report, a workbook and JSON that say the same, and audits code lists by themselves."""

import csv
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from openpyxl import load_workbook
from tests.unit.workbench.audit.reading import Read

from policywire.cli import main
from policywire.workbench.audit.report.wording import count, dollars, rounded
from policywire.workbench.audit.result import AuditResult, decode
from policywire.workbench.generate.charge_files import write_rows
from policywire.workbench.generate.charge_rows import Charge, ChargeMix, SignedAgreement
from policywire.workbench.generate.charges import generate_agreements, generate_charges, generate_orders

RULES = str(Path(__file__).parents[3] / "rules")
MIX = ChargeMix(hits=0.3, bad=0.01)
MASTER = "Item,CPT\n1,0565T\n2,99213\n3,38230\n4,565\n"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["audit", *arguments, "--rules", RULES, "--as-of", "2026-02-28"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An audit's files, written by one run of the command."""
    path = tmp_path_factory.mktemp("audit")
    lines = [*generate_charges(3_000, 3, MIX)]
    write_rows(path / "charges.csv", Charge._fields, lines)
    write_rows(path / "orders.csv", Charge._fields, generate_orders(60, 3, MIX))
    write_rows(path / "signed.csv", SignedAgreement._fields, generate_agreements(lines, 3))
    (path / "master.csv").write_text(MASTER)
    out = ("--out", f"{path}/report.html", "--xlsx", f"{path}/lines.xlsx", "--json", f"{path}/audit.json")
    given = (
        "--orders",
        f"{path}/orders.csv",
        "--agreements",
        f"{path}/signed.csv",
        "--catalogue",
        f"{path}/master.csv",
    )
    done = run(f"{path}/charges.csv", *given, *out, "--note", "Synthetic data.")
    assert done.exit_code == 0, done.output
    return path


def audited(folder: Path) -> AuditResult:
    return decode((folder / "audit.json").read_bytes())


def test_the_report_says_what_the_json_says(folder: Path) -> None:
    audit = audited(folder)
    read = Read((folder / "report.html").read_text())
    assert audit.totals.exposure_cents > 0
    assert rounded(audit.totals.exposure_cents) in read.text
    codes = {row["Code"]: (row["Lines"], row["At risk"]) for row in read.rows("By procedure code")}
    assert codes == {each.key: (count(each.lines), dollars(each.exposure_cents)) for each in audit.by_code}
    assert "Synthetic data." in read.text
    assert audit.reproduction.rulebook_revision in read.text


def test_the_report_names_no_claim_and_no_member(folder: Path) -> None:
    page = (folder / "report.html").read_text()
    rows = [*csv.DictReader((folder / "charges.csv").open())]
    named = {row[name] for row in rows for name in ("claim_id", "member_id") if row[name]}
    assert len(named) > 1_000
    assert [name for name in named if name in page] == []


def test_the_workbook_has_every_line_that_counts(folder: Path) -> None:
    audit = audited(folder)
    header, *lines = load_workbook(folder / "lines.xlsx")["Lines"].iter_rows(values_only=True)
    rows = [dict(zip(map(str, header), line, strict=True)) for line in lines]
    claims = [row for row in rows if row["Claim or appointment"] == "claim" and row["Counts in sums"] == "yes"]
    known = [
        row for row in claims if row["Policy"] and str(row["Date of service"])[:10] >= str(audit.reproduction.since)
    ]
    assert len(known) == audit.totals.lines_decided
    exposed = sum(round(float(str(row["At risk"] or 0)) * 100) for row in known)
    assert exposed == audit.totals.exposure_cents
    assert {row["File"] for row in rows} == {"charges.csv", "orders.csv"}


def test_rejected_rows_are_in_the_workbook_and_beside_the_report(folder: Path) -> None:
    audit = audited(folder)
    beside = [*csv.DictReader((folder / "report.rejects.csv").open())]
    _, *rejects = load_workbook(folder / "lines.xlsx")["Rejects"].iter_rows(values_only=True)
    assert len(beside) == len(rejects)
    assert {row["file"] for row in beside} >= {"charges.csv", "master.csv"}
    assert len({row["row"] for row in beside if row["file"] == "charges.csv"}) == audit.totals.lines_bad > 0


def test_what_the_catalogue_offers_is_in_all_three(folder: Path) -> None:
    audit = audited(folder)
    assert audit.catalogue is not None
    assert {(each.row, each.code, each.act) for each in audit.catalogue} == {
        (2, "0565T", "remove"),
        (4, "38230", "route"),
    }
    read = Read((folder / "report.html").read_text())
    told = read.rows("Rows of the charge master, preference list or order set to mend")
    assert [(row["Row"], row["Code"]) for row in told] == [("2", "0565T"), ("4", "38230")]
    _, *rows = load_workbook(folder / "lines.xlsx")["Catalogue"].iter_rows(values_only=True)
    assert [row[1:3] for row in rows] == [(2, "0565T"), (4, "38230")]


def test_a_catalogue_is_audited_without_charges(tmp_path: Path) -> None:
    (tmp_path / "master.csv").write_text(MASTER)
    out = tmp_path / "report.html"
    done = run("--catalogue", f"{tmp_path}/master.csv", "--out", str(out), "--json", f"{tmp_path}/audit.json")
    assert done.exit_code == 0, done.output
    assert "2 rows of the catalogue need something done." in done.output
    assert "2 rows" in Read(out.read_text()).text
    assert "lost-zeros" in (tmp_path / "report.rejects.csv").read_text()


def test_a_catalogue_without_codes_is_refused_with_its_columns(tmp_path: Path) -> None:
    (tmp_path / "master.csv").write_text("Item,Price\n1,2\n")
    done = run("--catalogue", f"{tmp_path}/master.csv")
    assert done.exit_code == 2
    assert "its columns are: Item, Price" in done.output
    assert "--catalogue-column NAME" in done.output


def test_small_counts_are_merged_in_the_report_when_asked(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    done = run(f"{folder}/charges.csv", "--out", str(out), "--suppress-below", "11")
    assert done.exit_code == 0, done.output
    rows = Read(out.read_text()).rows("By ordering provider")
    assert all(number >= 11 or number == 0 for row in rows for number in [int(row["Lines"].replace(",", ""))])
    everybody = Read((folder / "report.html").read_text()).rows("By ordering provider")
    assert len(rows) < len(everybody)
