"""Tables that are written for people: nothing is left out in silence, nothing is spoiled on the way."""

import errno
import sys
from pathlib import Path

import pytest

from policywire.errors import BadInput
from policywire.workbench.tables.written import XLSX_ROWS_MAX, write_csv, write_xlsx

HEADER = ("code",)


def test_more_rows_than_a_sheet_holds_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    out = tmp_path / "lines.xlsx"
    out.write_text("old")
    with pytest.raises(BadInput, match=r"a sheet holds 1,048,575 rows, and Lines has 1,048,576\. Write a \.csv file"):
        write_xlsx(out, [("About", HEADER, [("x",)]), ("Lines", HEADER, [("0565T",)] * (XLSX_ROWS_MAX + 1))])
    assert out.read_text() == "old"


def test_a_package_that_is_not_there_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    out = tmp_path / "lines.xlsx"
    out.write_text("old")
    with pytest.raises(BadInput, match=r"pip install 'policywire\[workbench\]'"):
        write_xlsx(out, [("Lines", HEADER, [("0565T",)])])
    assert out.read_text() == "old"


def test_a_disk_that_is_full_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("xlsxwriter.Workbook.close", full)
    with pytest.raises(BadInput, match=r"/dev/full cannot be written: No space left on device\."):
        write_csv(Path("/dev/full"), HEADER, [("0565T",)])
    with pytest.raises(BadInput, match=r"lines\.xlsx cannot be written: .*No space left on device"):
        write_xlsx(tmp_path / "lines.xlsx", [("Lines", HEADER, [("0565T",)])])


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    nowhere = tmp_path / "no" / "lines"
    with pytest.raises(BadInput, match="cannot be written: No such file or directory"):
        write_csv(nowhere, HEADER, [])
    with pytest.raises(BadInput, match="cannot be written: No such file or directory"):
        write_xlsx(nowhere, [("Lines", HEADER, [])])
