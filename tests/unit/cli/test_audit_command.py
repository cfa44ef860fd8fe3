"""``policywire audit`` as somebody types it."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from policywire.cli import main
from policywire.workbench.generate.charge_files import write_rows
from policywire.workbench.generate.charge_rows import Charge, ChargeMix, SignedAgreement
from policywire.workbench.generate.charges import generate_agreements, generate_charges, generate_orders

RULES = Path(__file__).parents[3] / "rules"
HEADER = "payer_id,procedure_code,charge_amount,service_date,claim_id,line_number,member_id"
DENIED = "62308,0565T,4200.00,2026-01-03,CLM-SECRET,1,M-SECRET"
FINE = "62308,99213,120.00,2026-01-03,CLM-2,1,M-2"


def audit(*arguments: object) -> Result:
    given = ["audit", "--rules", str(RULES), "--as-of", "2026-03-01", *map(str, arguments)]
    return CliRunner().invoke(main, given)


def charges(folder: Path, *rows: str, header: str = HEADER) -> Path:
    path = folder / "charges.csv"
    path.write_text("".join(f"{row}\n" for row in (header, *(rows or (DENIED, FINE)))))
    return path


def figures(*arguments: object) -> dict[str, Any]:
    run = audit(*arguments, "--json", "-")
    assert run.exit_code == 0, run.output
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def test_an_audit_tells_what_is_at_risk_and_names_nobody(tmp_path: Path) -> None:
    run = audit(charges(tmp_path))
    assert run.exit_code == 0
    assert "2 lines read, 0 of them bad; 1 decided" in run.stdout
    assert "At risk: $4,200.00" in run.stdout
    assert "SECRET" not in run.output
    assert "2026-01-03" not in run.output


def test_the_json_holds_what_it_takes_to_have_it_again(tmp_path: Path) -> None:
    found = figures(charges(tmp_path), "--constant", "line_of_business=PPO", "--threshold", "$5,000")
    again = found["reproduction"]
    assert again["rulebook_revision"].startswith("sha256:")
    assert (again["as_of"], again["since"], again["until"]) == ("2026-03-01", "2024-03-01", "2026-03-01")
    (file,) = again["inputs"]
    assert (file["name"], file["rows"], file["good"], file["bad"]) == ("charges.csv", 2, 2, 0)
    assert len(file["sha256"]) == 64
    assert again["options"] == [["constant line_of_business", "PPO"], ["threshold", "5000.00"]]


def test_the_same_audit_gives_the_same_bytes_whatever_the_order(tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.csv" for number in range(3)]
    lines = list(generate_charges(600, 1, ChargeMix(hits=0.3, bad=0.05)))
    for number, file in enumerate(files):
        write_rows(file, Charge._fields, lines[number::3])
    outs = [tmp_path / "a.json", tmp_path / "b.json"]
    for out, given in zip(outs, (files, files[::-1]), strict=True):
        assert audit(*given, "--json", out).exit_code == 0
    assert outs[0].read_bytes() == outs[1].read_bytes()
    assert (tmp_path / "a.rejects.csv").read_bytes() == (tmp_path / "b.rejects.csv").read_bytes()


def test_bad_rows_are_in_a_file_beside_the_report_and_nothing_is_lost(tmp_path: Path) -> None:
    rows = (DENIED, DENIED.replace("0565T", "565"), DENIED.replace("2026-01-03", "01/02/2026"), "62308,0565T")
    run = audit(charges(tmp_path, *rows), "--out", tmp_path / "report.html")
    assert run.exit_code == 0
    assert "4 lines read, 3 of them bad; 1 decided" in run.stdout
    assert "lost-zeros: 1 rows, first row 3, column procedure_code" in run.stdout
    assert (tmp_path / "report.rejects.csv").stat().st_mode & 0o777 == 0o600
    told = (tmp_path / "report.rejects.csv").read_text().replace('"', "").splitlines()
    assert [line.split(",")[:4] for line in told[1:]] == [
        ["charges.csv", "3", "procedure_code", "lost-zeros"],
        ["charges.csv", "4", "service_date", "date-ambiguous"],
        ["charges.csv", "5", "", "too-few-cells"],
    ]
    assert "SECRET" not in (tmp_path / "report.rejects.csv").read_text()
    assert "SECRET" not in (tmp_path / "report.html").read_text()


def test_an_old_file_of_rejects_does_not_outlive_its_rows(tmp_path: Path) -> None:
    (tmp_path / "x.rejects.csv").write_text("old")
    assert audit(charges(tmp_path), "--json", tmp_path / "x.json").exit_code == 0
    assert not (tmp_path / "x.rejects.csv").exists()


def test_ten_thousand_malformed_rows_take_a_line_on_the_screen(tmp_path: Path) -> None:
    run = audit(charges(tmp_path, *["62308,x,y,z,,,"] * 10_000, DENIED), "--rejects", tmp_path / "r.csv")
    assert "10,001 lines read, 10,000 of them bad; 1 decided" in run.stdout
    assert len(run.stdout.splitlines()) < 12
    assert len((tmp_path / "r.csv").read_text().splitlines()) == 1 + 3 * 10_000


def test_a_line_that_is_there_twice_counts_once(tmp_path: Path) -> None:
    totals = figures(charges(tmp_path, DENIED, DENIED, DENIED.replace(",1,", ",2,")))["totals"]
    assert (totals["lines_read"], totals["lines_repeated"], totals["lines_decided"]) == (3, 1, 2)


def test_lines_outside_the_window_are_counted_and_not_decided(tmp_path: Path) -> None:
    path = charges(tmp_path, DENIED, DENIED.replace("2026-01-03", "2023-01-03"), FINE.replace("2026", "2022"))
    totals = figures(path)["totals"]
    assert (totals["lines_outside_window"], totals["lines_decided"]) == (2, 1)
    totals = figures(path, "--since", "2023-01-01")["totals"]
    assert (totals["lines_outside_window"], totals["lines_decided"]) == (1, 2)


def test_lines_outside_the_window_are_told_on_the_screen_with_what_to_try(tmp_path: Path) -> None:
    told = audit(charges(tmp_path, DENIED, DENIED.replace("2026-01-03", "2023-01-03"))).output
    assert "1 lines were served outside these dates and not decided: try --since, or another day with --as-of." in told
    assert "outside these dates" not in audit(charges(tmp_path, DENIED)).output


def test_agreements_and_orders_are_taken_in(tmp_path: Path) -> None:
    lines, ahead = list(generate_charges(400, 1, ChargeMix(hits=0.3))), list(generate_orders(30, 1))
    write_rows(tmp_path / "c.parquet", Charge._fields, lines)
    write_rows(tmp_path / "o.csv", Charge._fields, ahead)
    write_rows(tmp_path / "a.jsonl", SignedAgreement._fields, generate_agreements([*lines, *ahead], 1, share=0.05))
    found = figures(tmp_path / "c.parquet", "--orders", tmp_path / "o.csv", "--agreements", tmp_path / "a.jsonl")
    assert found["agreements_given"] is True
    assert {each["status"] for each in found["agreements"]} == {"valid", "invalid", "missing"}
    assert found["scheduled"]["denied_orders"] > 0
    assert [each["role"] for each in found["reproduction"]["inputs"]] == ["charges", "orders", "agreements"]


def test_a_report_a_workbook_and_the_figures_come_of_one_run(tmp_path: Path) -> None:
    out = {name: tmp_path / name for name in ("r.html", "r.xlsx", "r.json")}
    run = audit(
        charges(tmp_path),
        "--out",
        out["r.html"],
        "--xlsx",
        out["r.xlsx"],
        "--json",
        out["r.json"],
        "--note",
        "Made up.",
    )
    assert run.exit_code == 0, run.output
    assert "Made up." in out["r.html"].read_text()
    assert out["r.xlsx"].read_bytes().startswith(b"PK")
    assert json.loads(out["r.json"].read_text())["totals"]["denied_lines"] == 1


def test_a_catalogue_alone_is_an_audit(tmp_path: Path) -> None:
    (tmp_path / "cdm.csv").write_text("CPT,Description\n0565T,implant\n99213,visit\n")
    found = figures("--catalogue", tmp_path / "cdm.csv")
    assert {(each["row"], each["code"]) for each in found["catalogue"]} == {(2, "0565T")}
    assert found["totals"]["lines_read"] == 0


def test_nothing_to_audit_is_refused() -> None:
    run = audit()
    assert run.exit_code == 2
    assert "name files of charges, or a --catalogue" in run.output


def test_over_the_threshold_is_a_status_only_when_asked_for(tmp_path: Path) -> None:
    path = charges(tmp_path)
    assert audit(path, "--threshold", "4199.99").exit_code == 0
    run = audit(path, "--threshold", "4199.99", "--fail-over-threshold")
    assert run.exit_code == 1
    assert "tell the compliance officer" in run.stdout
    assert audit(path, "--threshold", "4200", "--fail-over-threshold").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--threshold", "much"], "write an amount"),
        (["--since", "2026-03-02"], "mend --since or --until"),
        (["--column", "proc=CPT"], "There is no column proc"),
        (["--agreements", "nowhere.csv"], "nowhere.csv is not there"),
        (["--json", "nowhere/x.json"], "cannot be written"),
        (["--rejects", "nowhere/x.csv", "--constant", "units=many"], "cannot be written"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_mend(tmp_path: Path, arguments: list[str], told: str) -> None:
    run = audit(charges(tmp_path), *arguments)
    assert run.exit_code == 2
    assert told in run.output


def test_missing_columns_end_it_before_anything_is_read(tmp_path: Path) -> None:
    run = audit(charges(tmp_path, "a,b", header="Proc,Colour"), "--json", tmp_path / "x.json")
    assert run.exit_code == 2
    assert "has no column for payer_id, procedure_code, charge_amount, service_date" in run.output
    assert not (tmp_path / "x.json").exists()


def test_agreements_need_to_know_the_member(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("agreement_id,payer_id,member_id,dos,signed_at\n")
    path = charges(tmp_path, "62308,0565T,1.00,2026-01-03", header="payer_id,procedure_code,charge_amount,dos")
    run = audit(path, "--agreements", tmp_path / "a.csv")
    assert run.exit_code == 2
    assert "no column for member_id, by which agreements are found" in run.output


def test_what_a_file_does_not_say_is_noted(tmp_path: Path) -> None:
    found = figures(charges(tmp_path))
    words = [each["mend"] for each in found["problems"] if each["effect"] == "noted"]
    assert words == [
        "Know that: no column holds diagnoses, so clinical context is known from taxonomies alone.",
        "Know that: no column holds narratives, so unlisted codes are decided as having none.",
    ]


def test_spark_without_its_extra_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("policywire.workbench.audit.spark.find_spec", lambda _: None)
    run = audit(charges(tmp_path), "--engine", "spark")
    assert run.exit_code == 2
    assert "pip install 'policywire[spark]'" in run.output


def test_help_gives_an_example() -> None:
    run = CliRunner().invoke(main, ["audit", "--help"])
    assert "Example:\n" in run.output
    assert "Exit status: 0" in run.output
