"""Files are written where they were asked for, or it is said what is missing."""

import sys
from pathlib import Path

import pytest
from tests.unit.workbench.audit import results

from policywire.errors import BadInput
from policywire.workbench.audit.report.outputs import rejects_in, write_lines, write_report


def test_a_report_is_written_as_asked(tmp_path: Path) -> None:
    write_report(tmp_path / "report.html", results.audit(), suppress_below=11, note="Synthetic data.")
    page = (tmp_path / "report.html").read_text("utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "Synthetic data." in page
    assert "Rows with counts under 11 are merged" in page


def test_a_report_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"report\.html cannot be written"):
        write_report(tmp_path / "nowhere" / "report.html", results.empty())


@pytest.mark.parametrize(
    ("package", "module", "write"),
    [
        ("jinja2", "policywire.workbench.audit.report.page", lambda path: write_report(path, results.empty())),
        (
            "xlsxwriter",
            "policywire.workbench.audit.report.workbook",
            lambda path: write_lines(path, results.empty(), ()),
        ),
    ],
)
def test_a_missing_package_is_said_with_what_to_install(
    package: str, module: str, write: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, module, raising=False)
    assert callable(write)
    with pytest.raises(BadInput, match=rf"needs {package}: pip install 'policywire\[workbench\]'"):
        write(tmp_path / "out")


def test_rejects_are_read_from_their_file_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "rejects.csv"
    path.write_text(
        'file,row,column,problem,mend\n"a.csv",17,"DOS","date-shape","Write it, ""so""."\n"b.csv",2,,"x","y"\n'
    )
    assert [*rejects_in(path)] == [
        ("a.csv", 17, "DOS", "date-shape", 'Write it, "so".'),
        ("b.csv", 2, "", "x", "y"),
    ]
