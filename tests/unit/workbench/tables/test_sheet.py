"""Tables as people keep them, read row by row: what is in them, and what their files hide."""

import io
import json
import sys
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from policywire.errors import BadInput
from policywire.workbench.tables.sheet import Sheet, read_sheet

HEADER = "Code,Status"
ROWS = "0565T,denied\n0566T,caf\u00e9\n"


def written(tmp_path: Path, content: bytes, name: str = "codes.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


def cells(sheet: Sheet) -> list[tuple[object, ...]]:
    return [row.cells for row in sheet.rows()]


def book(tmp_path: Path, *rows: list[Any]) -> tuple[Workbook, Worksheet, Path]:
    made = Workbook()
    sheet = made.active
    assert isinstance(sheet, Worksheet)
    for row in rows:
        sheet.append(row)
    return made, sheet, tmp_path / "codes.xlsx"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_delimited_text_is_read_in_any_encoding(tmp_path: Path, encoding: str, delimiter: str, line_end: str) -> None:
    text = f"{HEADER}\n{ROWS}".replace(",", delimiter).replace("\n", line_end)
    sheet = read_sheet(written(tmp_path, text.encode(encoding)))
    assert sheet.header == ("Code", "Status")
    assert cells(sheet) == [("0565T", "denied"), ("0566T", "caf\u00e9")]


def test_an_encoding_that_is_a_guess_is_said(tmp_path: Path) -> None:
    (note,) = read_sheet(written(tmp_path, f"{HEADER}\n{ROWS}".encode("cp1252"))).notes
    assert "which is a guess" in note
    assert read_sheet(written(tmp_path, f"{HEADER}\n{ROWS}".encode())).notes == ()


def test_rows_in_another_encoding_than_the_rest_are_refused_one_by_one(tmp_path: Path) -> None:
    content = f"{HEADER}\n{ROWS}".encode() + "0717T,na\u00efve\n".encode("cp1252") + b"0718T,plain\n"
    sheet = read_sheet(written(tmp_path, content))
    problems = {row.number: row.problem.word if row.problem else None for row in sheet.rows()}
    assert problems == {2: None, 3: None, 4: "encoding", 5: None}
    assert "some rows are in another encoding" in sheet.notes[0]


def test_rows_are_numbered_as_a_spreadsheet_shows_them(tmp_path: Path) -> None:
    content = b'Codes of 2026\n\nCode,Status\n0565T,"two\nlines"\n\n0566T,x\n'
    sheet = read_sheet(written(tmp_path, content))
    assert sheet.header_row == 3
    assert [row.number for row in sheet.rows()] == [4, 6]
    assert "the header is row 3" in sheet.notes[0]


def test_a_header_is_found_by_its_names(tmp_path: Path) -> None:
    content = b"Plan,Acme\nPrinted,today\nCode,Status\n0565T,denied\n"
    assert read_sheet(written(tmp_path, content), is_header=lambda text: text == "Code").header_row == 3
    assert read_sheet(written(tmp_path, content)).header_row == 1


def test_a_row_with_a_delimiter_too_many_is_a_problem_and_a_short_one_is_not(tmp_path: Path) -> None:
    sheet = read_sheet(written(tmp_path, b"Code,Status\n0565T,a,b\n0566T\n0717T,x,,\n"))
    first, second, third = sheet.rows()
    assert first.problem is not None
    assert first.problem.word == "too-many-cells"
    assert (second.cells, second.problem) == (("0566T", None), None)
    assert (third.cells, third.problem) == (("0717T", "x"), None)


def test_a_quotation_mark_that_is_not_closed_names_its_row(tmp_path: Path) -> None:
    content = b'Code,Status\n0565T,"open\n' + b"0566T,x\n" * 40_000
    with pytest.raises(BadInput, match=r"row 2 \(line 2\).*opened and not closed"):
        read_sheet(written(tmp_path, content))


@pytest.mark.parametrize(
    ("content", "row"),
    [
        (b'Code,Use,Status\n0565T,"open,x\n0566T,b,y\n', 2),
        (b'Code,Use,Status\n0564T,a,x\n0565T,"open,x\n0566T,b,y\n0567T,"c",z\n0568T,d,z\n', 3),
        (b'Code,Use\n0565T,"open', 2),
        (b'Code,Use\r0565T,"open\r0566T,b\r', 2),
    ],
    ids=["to the end", "to another row's mark", "in the last row", "old line ends"],
)
def test_a_row_that_took_in_rows_below_it_by_an_open_quotation_mark_is_a_problem(
    tmp_path: Path, content: bytes, row: int
) -> None:
    wrong = [each for each in read_sheet(written(tmp_path, content)).rows() if each.problem]
    assert [(each.number, each.problem.word) for each in wrong if each.problem] == [(row, "open-quote")]


def test_quotation_marks_that_belong_to_a_text_are_no_problem(tmp_path: Path) -> None:
    content = b'Code,Use\n0565T,5" tube\n0566T,"see ""a"",\nthen b, c"\n0567T,x\n'
    rows = list(read_sheet(written(tmp_path, content)).rows())
    assert [row.problem for row in rows] == [None] * 3
    assert [row.cells[1] for row in rows] == ['5" tube', 'see "a",\nthen b, c', "x"]


def test_text_that_breaks_off_in_the_midst_of_a_letter_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "Code,Status\n".encode("utf-16") + b"0")
    with pytest.raises(BadInput, match=r"is not utf-16 to its end\. Save the file anew"):
        list(read_sheet(path).rows())
    path.write_bytes(("Code,Status\n" + "0565T,x\n" * 60).encode("utf-16") + b"0")
    with pytest.raises(BadInput, match=r"row 62 \(line 62\) is not utf-16 to its end"):
        list(read_sheet(path).rows())


def test_a_place_names_file_row_and_column(tmp_path: Path) -> None:
    sheet = read_sheet(written(tmp_path, b"Code,,Status\n0565T,,x\n"))
    assert sheet.place(2, 2) == "codes.csv, row 2, column Status (C)"
    assert sheet.place(2, 1) == "codes.csv, row 2, column B"
    assert sheet.place(2) == "codes.csv, row 2"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"  \n\n", "is empty"),
        (b",,\n,,\n", "no row with anything in it"),
        (b"\xd0\xcf\x11\xe0rest", "an old .xls file, or one with a password"),
        (b"%PDF-1.7", "a PDF"),
        (b"\x1f\x8b\x08rest", "packed (gzip)"),
        (b"PK\x03\x04 no zip", "cannot be read as XLSX"),
        (bytes(range(256)) * 20, "is no text in an encoding known here"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_what_it_is(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_sheet(written(tmp_path, content))
    assert said in str(refused.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        read_sheet(tmp_path / "nowhere.csv")


def test_json_objects_are_rows(tmp_path: Path) -> None:
    rows = [{"code": "0565T", "n": 1}, {"code": "0566T", "codes": ["a", "b"]}]
    for text in (json.dumps(rows), "\n".join(map(json.dumps, rows))):
        sheet = read_sheet(written(tmp_path, text.encode(), "codes.json"))
        assert sheet.header == ("code", "n", "codes")
        assert cells(sheet) == [("0565T", 1, None), ("0566T", None, "a, b")]
    for text in ("[ 1]", "{broken", '[{"a": 1}'):
        with pytest.raises(BadInput):
            read_sheet(written(tmp_path, text.encode(), "codes.json"))


def test_cells_merged_down_give_their_value_to_each_row_and_across_to_the_first_column(tmp_path: Path) -> None:
    made, sheet, path = book(tmp_path, ["Code", "Use", "Status"], ["a", "knee", "x"], ["b", None, "y"], ["both", None])
    sheet.merge_cells("B2:B3")
    sheet.merge_cells("A4:C4")
    made.save(path)
    found = read_sheet(path)
    assert cells(found) == [("a", "knee", "x"), ("b", "knee", "y"), ("both", None, None)]
    assert any("B2:B3: merged down" in note for note in found.notes)
    assert any("A4:C4: merged across" in note for note in found.notes)


def test_a_code_that_is_shown_with_its_zeros_is_read_with_them(tmp_path: Path) -> None:
    made, sheet, path = book(tmp_path, ["Code", "Status"], [100, "x"], [100, "y"])
    sheet["A2"].number_format = "00000"
    made.save(path)
    assert cells(read_sheet(path)) == [("00100", "x"), (100, "y")]


def test_hidden_rows_and_columns_are_read_and_said(tmp_path: Path) -> None:
    made, sheet, path = book(tmp_path, ["Code", "Status"], ["a", "x"], ["b", "y"])
    sheet.row_dimensions[3].hidden = True
    sheet.column_dimensions["B"].hidden = True
    made.save(path)
    found = read_sheet(path)
    assert [(row.number, row.is_hidden) for row in found.rows()] == [(2, False), (3, True)]
    assert any("row 3: hidden" in note for note in found.notes)
    assert any("column B: hidden" in note for note in found.notes)


def test_a_formula_that_was_never_computed_is_a_problem_that_names_its_cell(tmp_path: Path) -> None:
    made, _, path = book(tmp_path, ["Code", "Status"], ["0565T", '="a"&"b"'], ["0566T", "x"])
    made.save(path)
    found = read_sheet(path)
    first, second = found.rows()
    assert first.problem is not None
    assert "B2 is a formula" in first.problem.message
    assert second.problem is None
    assert any("formulas in one cell" in note for note in found.notes)


def test_several_sheets_are_asked_about_and_empty_or_hidden_ones_are_not(tmp_path: Path) -> None:
    made, _, path = book(tmp_path, ["Code", "Status"], ["0565T", "x"])
    made.create_sheet("Empty")
    hidden = made.create_sheet("Hidden")
    hidden.append(["Code"])
    hidden.sheet_state = "hidden"
    made.save(path)
    assert cells(read_sheet(path)) == [("0565T", "x")]
    made.create_sheet("More").append(["Code", "Status"])
    made.save(path)
    with pytest.raises(BadInput, match=r"several sheets: 'Sheet', 'More'. Say which one with --sheet"):
        read_sheet(path)
    assert cells(read_sheet(path, "Sheet")) == [("0565T", "x")]
    with pytest.raises(BadInput, match="has no sheet 'Codes'"):
        read_sheet(path, "Codes")


def test_a_workbook_with_nothing_in_it_is_refused(tmp_path: Path) -> None:
    made, _, path = book(tmp_path)
    made.save(path)
    with pytest.raises(BadInput, match="no sheet with anything in it"):
        read_sheet(path)


def test_a_sheet_is_not_asked_for_of_text(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="has no sheets"):
        read_sheet(written(tmp_path, b"a,b\n"), "Codes")


def test_dates_of_a_workbook_come_as_dates(tmp_path: Path) -> None:
    made, _, path = book(tmp_path, ["Code", "From"], ["0565T", datetime(2025, 12, 16)])  # noqa: DTZ001  XLSX has no zones
    made.save(path)
    ((_, day),) = cells(read_sheet(path))
    assert day == datetime(2025, 12, 16)  # noqa: DTZ001


def with_other_parts(content: bytes, chance: Random) -> bytes:
    """The workbook with some parts damaged, and packed again as it should be."""
    new = io.BytesIO()
    with ZipFile(io.BytesIO(content)) as parts, ZipFile(new, "w", ZIP_DEFLATED) as packed:
        for name in parts.namelist():
            part = parts.read(name)
            packed.writestr(name, flipped(part, chance) if chance.random() < 0.3 else part)
    return new.getvalue()


def flipped(content: bytes, chance: Random) -> bytes:
    """Some bytes are others, or the end is not there."""
    changed = bytearray(content[: chance.randrange(4, len(content))] if chance.random() < 0.2 else content)
    for _ in range(chance.choice((1, 3, 10))):
        changed[chance.randrange(4, len(changed))] = chance.choice(b'\x00\x7f\xff<>"/=09azAZ')
    return bytes(changed)


def said_of(path: Path) -> str:
    """What reading a file to its end is refused with; nothing when it is read."""
    try:
        cells(read_sheet(path))
    except BadInput as error:
        return str(error)
    return ""


def test_a_damaged_workbook_is_refused_in_words_whatever_the_damage(tmp_path: Path) -> None:
    made, sheet, path = book(tmp_path, ["Code", "Status"], *(["0565T", "denied"] for _ in range(20)))
    sheet.merge_cells("B3:B6")
    made.save(path)
    good, chance = path.read_bytes(), Random(5)  # noqa: S311  no secret
    refused = []
    for number in range(300):
        path.write_bytes((flipped if number % 2 else with_other_parts)(good, chance))
        if said := said_of(path):
            refused.append(said)
    assert len(refused) > 200
    assert all(str(path) in said and "denied" not in said for said in refused)


@pytest.mark.parametrize(
    ("package", "name", "content"),
    [
        ("openpyxl", "codes.xlsx", b"PK\x03\x04"),
        ("charset_normalizer", "codes.csv", "Code\ncaf\u00e9\n".encode("cp1252")),
    ],
)
def test_a_package_that_is_not_installed_is_named_by_its_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str, name: str, content: bytes
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    for module in ("workbook", "worksheet"):
        monkeypatch.delitem(sys.modules, f"policywire.workbench.tables.{module}", raising=False)
    with pytest.raises(BadInput, match=r"pip install 'policywire\[workbench\]'"):
        read_sheet(written(tmp_path, content, name))
