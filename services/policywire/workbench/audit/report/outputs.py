"""The files that an audit leaves: the page and the workbook. Knows paths, and what may not be installed."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from policywire.errors import BadInput
from policywire.workbench.audit.report.sheets import ColumnBatch, Value
from policywire.workbench.audit.result import AuditResult


def write_report(path: Path, result: AuditResult, *, top: int = 25, suppress_below: int = 0, note: str = "") -> None:
    """Write the HTML report; it names no claim, member or date of service.

    Args:
        path: the file; replaced when it is there.
        result: what was found.
        top: rows of a table, beside one for all others.
        suppress_below: rows with smaller counts are merged with others, for a report that leaves the organisation.
        note: words above everything, such as that the data are synthetic.

    Raises:
        BadInput: the file cannot be written, or a package that draws it is not installed.
    """
    try:
        from policywire.workbench.audit.report.page import report_page  # noqa: PLC0415  matplotlib takes a second
        from policywire.workbench.audit.report.tables import Shown  # noqa: PLC0415  with it
    except ModuleNotFoundError as error:
        raise _extra("a report", error) from error
    page = report_page(result, Shown(top, suppress_below), note)
    try:
        path.write_text(page, "utf-8")
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror}.") from error


def write_lines(
    path: Path,
    result: AuditResult,
    lines: Iterable[ColumnBatch],
    rejects: Iterable[Sequence[Value]] = (),
    note: str = "",
) -> None:
    """Write the XLSX workbook, which names claims, members and dates of service and only its owner may read.

    Args:
        path: the file; replaced when it is there.
        result: what was found.
        lines: the decided lines, as columns; all batches with the same ones.
        rejects: file, row, column, problem and mend of each row that was not used.
        note: words for the summary, such as that the data are synthetic.

    Raises:
        BadInput: the file cannot be written, or the package that writes it is not installed.
        PassingFault: writing failed on the way, as on a full disk.
    """
    try:
        from policywire.workbench.audit.report.workbook import write_workbook  # noqa: PLC0415  of the extra
    except ModuleNotFoundError as error:
        raise _extra("a workbook", error) from error
    write_workbook(path, result, lines, rejects, note)


def rejects_in(path: Path) -> Iterator[tuple[str, int, str, str, str]]:
    """The rows of an audit's CSV file of rejects, one by one, for :func:`write_lines`."""
    with path.open(encoding="utf-8", newline="") as opened:
        rows = csv.reader(opened)
        next(rows, None)
        for file, row, column, problem, mend in rows:
            yield file, int(row), column, problem, mend


def _extra(what: str, error: ModuleNotFoundError) -> BadInput:
    return BadInput(f"writing {what} needs {error.name}: pip install 'policywire[workbench]'.")
