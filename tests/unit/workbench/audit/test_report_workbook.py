"""The workbook holds every line as what it is, no formula of anybody's, and is the same each time."""

import stat
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet
from tests.unit.workbench.audit import results

from policywire.errors import BadInput
from policywire.workbench.audit.report import workbook
from policywire.workbench.audit.report.outputs import write_lines
from policywire.workbench.audit.report.sheets import ColumnBatch

LINES: ColumnBatch = {
    "row": [2, 3, 4],
    "claim_id": ["=1+1", "CLM-2", "+CLM-3"],
    "line_number": [1, 2, 1],
    "member_id": ["00077", "M-2", "@SUM(A1)"],
    "procedure_code": ["0565T", "20999", "38230"],
    "modifiers": [["RT", "59"], None, []],
    "service_date": [date(2025, 12, 16), date(2025, 3, 1), date(2024, 2, 29)],
    "service_date_end": [None, date(2025, 3, 2), None],
    "charge_cents": [420_010, 1, 99_999_999_999],
    "charge_amount": ["4200.10", "0.01", "999999999.99"],
    "exposure_cents": [420_010, 0, None],
    "narrative": ["a\x0bb <&> \ud800", "-2+3", "x" * 40_000],
    "counts": [True, False, True],
    "house_column": ["kept", None, "too"],
}
REJECTS = (("charges.csv", 17, "DOS", "date-shape", "=Write it as 2025-12-16."),)


def written(path: Path, lines: Iterator[ColumnBatch] | list[ColumnBatch] | None = None) -> Any:
    write_lines(path, results.audit(), [LINES] if lines is None else lines, REJECTS, "Synthetic data.")
    return load_workbook(path)


def rows(sheet: Worksheet) -> list[dict[str, Any]]:
    header, *body = sheet.iter_rows(values_only=True)
    return [dict(zip(map(str, header), row, strict=True)) for row in body]


def test_lines_are_what_they_are(tmp_path: Path) -> None:
    first, second, third = rows(written(tmp_path / "lines.xlsx")["Lines"])
    assert (first["Member"], first["Code"], second["Code"]) == ("00077", "0565T", "20999")
    assert first["Date of service"] == datetime(2025, 12, 16)  # noqa: DTZ001  as openpyxl gives it
    assert (first["Charge"], second["Charge"], third["Charge"]) == (4200.1, 0.01, 999_999_999.99)
    assert (first["Modifiers"], first["Line"], first["Through"]) == ("RT, 59", 1, None)
    assert (first["Counts in sums"], second["Counts in sums"]) == ("yes", "no")
    assert [each["House column"] for each in (first, second, third)] == ["kept", None, "too"]
    assert "Charge amount" not in first


def test_nothing_that_somebody_wrote_is_a_formula(tmp_path: Path) -> None:
    book = written(tmp_path / "lines.xlsx")
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n", "d", "inlineStr"}
    assert [each["Claim"] for each in rows(book["Lines"])] == ["=1+1", "CLM-2", "+CLM-3"]
    assert rows(book["Lines"])[2]["Member"] == "@SUM(A1)"
    assert rows(book["Rejects"])[0]["Mend"] == "=Write it as 2025-12-16."


def test_odd_and_long_texts_are_written(tmp_path: Path) -> None:
    first, _, third = rows(written(tmp_path / "lines.xlsx")["Lines"])
    assert first["Narrative"].endswith("b <&> ?")
    assert len(third["Narrative"]) == 32_767
    assert third["Narrative"].endswith("x…")


def test_sheets_stay_readable(tmp_path: Path) -> None:
    book = written(tmp_path / "lines.xlsx")
    assert book["Lines"].freeze_panes == "A2"
    assert book["Lines"].auto_filter.ref == "A1:M4"
    assert book["Lines"]["A2"].number_format == "@"
    formats = {cell.value: below.number_format for cell, below in zip(book["Lines"][1], book["Lines"][2], strict=True)}
    assert (formats["Date of service"], formats["Charge"]) == ("yyyy-mm-dd", "$#,##0.00")


def test_the_sheets_are_the_tables_of_the_audit(tmp_path: Path) -> None:
    audit = results.audit()
    book = written(tmp_path / "lines.xlsx")
    assert book.sheetnames[:3] == ["Summary", "Lines", "Rejects"]
    ordering = rows(book["By ordering provider"])
    assert [row["Ordering NPI"] for row in ordering] == [each.key for each in audit.by_ordering_provider]
    assert round(sum(row["At risk"] for row in ordering) * 100) == audit.totals.exposure_cents
    assert rows(book["Catalogue"])[0]["How"] == results.finding().what_to_do
    assert rows(book["Booked by week"])[0]["Procedures"] == 9
    summary = {row["What"]: row["Value"] for row in rows(book["Summary"])}
    assert "Contains protected health information" in summary
    assert summary["Note"] == "Synthetic data."
    assert summary["Exposure"] == "$46,184,330.00"
    assert summary["Rulebook revision"] == audit.reproduction.rulebook_revision


def test_the_same_audit_gives_the_same_bytes(tmp_path: Path) -> None:
    written(tmp_path / "a.xlsx")
    written(tmp_path / "b.xlsx")
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_more_lines_than_a_sheet_holds_go_on_in_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "ROWS_MAX", 3)
    book = written(tmp_path / "lines.xlsx", iter([LINES, LINES]))
    parts = [name for name in book.sheetnames if name.startswith("Lines")]
    assert parts == ["Lines", "Lines 2", "Lines 3"]
    assert [each["Row"] for name in parts for each in rows(book[name])] == [2, 3, 4, 2, 3, 4]
    assert book["Lines 3"].freeze_panes == "A2"


def test_an_audit_without_lines_has_a_sheet_that_shows_it(tmp_path: Path) -> None:
    book = written(tmp_path / "lines.xlsx", [])
    assert rows(book["Lines"]) == []
    assert book["Lines"]["A1"].value == "Claim"


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "lines.xlsx"
    path.write_bytes(b"before")
    path.chmod(0o644)
    written(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be written"):
        written(tmp_path / "nowhere" / "lines.xlsx")
