"""Large files are judged as small tables are: row by row, cell by cell, whatever the blocks and the distinct values."""

import csv
import datetime as dt
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.workbench.charges.reading import file_of, together

from policywire.workbench.charges.csv_file import CsvFile
from policywire.workbench.charges.mapping import ChargeMapping
from policywire.workbench.charges.read import read_file
from policywire.workbench.tables.cells import Cell, code_cell, date_cell, is_blank, money_cell

HEADER = ("payer_id", "procedure_code", "charge_amount", "service_date", "service_date_end", "narrative")
ODD = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)
CELLS = (
    st.sampled_from(["62308", " 62308 ", "", "60054", "n/a"]) | ODD,
    st.sampled_from(["0565T", "0565t ", "20999", "20999.0", "565", "", "99213", "CPT 0565T", "0565T, 0566T"]) | ODD,
    st.sampled_from(["4200.00", "$4,200.00", "4200", "(12.00)", "1.005", "", "12e3"]) | ODD,
    st.sampled_from(["2026-01-03", "1/31/2026", "01/02/2026", "20260103", "2026-02-30", "", "Jan 3, 2026"]) | ODD,
    st.sampled_from(["", "2026-01-05", "2026-01-01", "soon"]) | ODD,
    st.sampled_from(["", "two\nlines", 'a "quoted" word', "a,b"]) | ODD,
)
ROWS = st.lists(st.tuples(*CELLS) | st.lists(ODD, min_size=1, max_size=9).map(tuple), max_size=25)


def blank(row: tuple[str, ...]) -> bool:
    return len(row) == len(HEADER) and not any(row)


def judged(row: tuple[str, ...]) -> dict[str, Any] | set[str]:
    """What the simple readers say of one row: the canonical row, or the words of what is wrong with it."""
    if len(row) != len(HEADER):
        return {"too-few-cells" if len(row) < len(HEADER) else "too-many-cells"}
    payer, code, money, first, last, narrative = row
    cells: list[Cell[Any]] = [code_cell(code), money_cell(money), date_cell(first), date_cell(last)]
    wrong = {cell.problem.word for cell in cells if cell.problem is not None}
    if is_blank(payer) or any(cell.value is None and cell.problem is None for cell in cells[:3]):
        wrong.add("missing")
    begins, ends = cells[2].value, cells[3].value
    if isinstance(begins, dt.date) and isinstance(ends, dt.date) and ends < begins:
        wrong.add("ends-before-start")
    if wrong:
        return wrong
    values = (payer.strip(), *(cell.value for cell in cells), None if is_blank(narrative) else narrative.strip())
    return dict(zip(HEADER, values, strict=True))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=120)
@given(rows=ROWS, block_bytes=st.sampled_from([700, 3_000, 1 << 20]))
def test_every_row_is_good_or_told_as_the_simple_readers_say(
    tmp_path: Path, rows: list[tuple[str, ...]], block_bytes: int
) -> None:
    path = tmp_path / "c.csv"
    with path.open("w", newline="", encoding="utf-8") as opened:
        csv.writer(opened, lineterminator="\n").writerows([HEADER, *rows])
    raw = CsvFile(path, "utf-8", ",", block_bytes=block_bytes)
    found = together(list(read_file(file_of(path), ChargeMapping(), opened=raw)))
    expected = {number: judged(row) for number, row in enumerate(rows, 2) if not blank(row)}
    told: dict[int, set[str]] = {}
    for (_, word), numbers in found.problems.items():
        for number in numbers:
            told.setdefault(number, set()).add(word)
    assert told == {number: each for number, each in expected.items() if isinstance(each, set)}
    lines = {line["row"]: {name: line[name] for name in HEADER} for line in found.lines}
    assert lines == {number: each for number, each in expected.items() if isinstance(each, dict)}
    assert (found.good, found.bad) == (len(lines), len(told))


def test_the_simple_readers_find_faults() -> None:
    assert judged(("", "565", "x", "y", "", "")) == {"missing", "lost-zeros", "money-shape", "date-shape"}
