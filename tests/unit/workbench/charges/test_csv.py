"""CSV files of charges: numbered to the row, whatever is wrong with them."""

import gzip
from pathlib import Path

import pytest
from tests.unit.workbench.charges.reading import HEADER, file_of, read, together, written

from policywire.errors import BadInput
from policywire.workbench.charges.csv_file import CsvFile
from policywire.workbench.charges.mapping import ChargeMapping
from policywire.workbench.charges.read import read_file

GOOD = "62308,0565T,4200.00,2026-01-03"


def test_rows_are_numbered_as_a_spreadsheet_shows_them(tmp_path: Path) -> None:
    found = read(written(tmp_path / "c.csv", GOOD, "", "62308,0565T", GOOD, f"{GOOD},x", ",,,", GOOD))
    assert [line["row"] for line in found.lines] == [2, 5, 8]
    assert found.problems == {("", "too-few-cells"): [4], ("", "too-many-cells"): [6]}
    assert (found.good, found.bad) == (3, 2)


@pytest.mark.parametrize("block_bytes", [150, 400, 10_000])
def test_numbers_do_not_depend_on_the_size_of_the_blocks(tmp_path: Path, block_bytes: int) -> None:
    rows = [GOOD if number % 3 else "62308,0565T" if number % 2 else f"{GOOD},1,2" for number in range(100)]
    path = written(tmp_path / "c.csv", *rows)
    raw = CsvFile(path, block_bytes=block_bytes)
    found = together(list(read_file(file_of(path), ChargeMapping(), opened=raw)))
    assert [line["row"] for line in found.lines] == [number + 2 for number in range(100) if number % 3]
    bad = sorted(row for rows in found.problems.values() for row in rows)
    assert bad == [number + 2 for number in range(100) if not number % 3]


def test_a_text_of_several_lines_is_one_row(tmp_path: Path) -> None:
    path = written(tmp_path / "c.csv", f'{GOOD},"two\nlines"', f"{GOOD},one", header=f"{HEADER},narrative")
    found = read(path)
    assert [(line["row"], line["narrative"]) for line in found.lines] == [(2, "two\nlines"), (3, "one")]


def test_rows_that_a_quotation_mark_swallowed_are_not_lost_in_silence(tmp_path: Path) -> None:
    header = f"{HEADER},colour,narrative"
    rows = [f"{GOOD},red,fine", f'{GOOD},red,"5 mm lesion', f"{GOOD},red,fine", f"{GOOD},red,fine"]
    assert read(written(tmp_path / "a.csv", *rows, header=header)).problems == {("", "open-quote"): [3]}
    rows[1] = f'{GOOD},"red,fine'
    found = read(written(tmp_path / "b.csv", *rows, f'{GOOD},red",fine', f"{GOOD},red,fine", header=header))
    assert found.problems == {("", "open-quote"): [3]}
    assert [line["row"] for line in found.lines] == [2, 4]


def test_a_payer_over_several_lines_is_no_payer(tmp_path: Path) -> None:
    found = read(
        written(tmp_path / "c.csv", '"62308\n",0565T,4200.00,2026-01-03', '"62\n308",0565T,4200.00,2026-01-03')
    )
    assert found.problems == {("payer_id", "line-break"): [3]}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le"])
def test_the_usual_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    path = written(tmp_path / "c.csv", *[f"{GOOD},genou café"] * 40, header=f"{HEADER},narrative", encoding=encoding)
    found = read(path)
    assert found.good == 40
    assert {line["narrative"] for line in found.lines} == {"genou café"}


def test_a_stated_encoding_beats_what_the_file_looks_like(tmp_path: Path) -> None:
    path = written(tmp_path / "c.csv", f"{GOOD},café", header=f"{HEADER},narrative", encoding="cp437")
    found = read(path, ChargeMapping(encoding="cp437"))
    assert found.lines[0]["narrative"] == "café"


def test_rows_of_another_encoding_are_bad_and_the_rest_is_good(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    rows = [f"{GOOD},café".encode(), f"{GOOD},caf\xe9".encode("latin-1"), f"{GOOD},plain".encode()]
    path.write_bytes(b"\n".join([f"{HEADER},narrative".encode(), *rows, b""]))
    found = read(path)
    assert found.problems == {("", "encoding"): [3]}
    assert [line["row"] for line in found.lines] == [2, 4]


def test_strange_bytes_where_nobody_looks_harm_nobody(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_bytes(f"{HEADER},colour\n{GOOD},gr\xfcn\n{GOOD},caf\u00e9\n".encode("latin-1"))
    assert read(path).good == 2


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    path = written(tmp_path / "c.csv", GOOD.replace(",", delimiter), header=HEADER.replace(",", delimiter))
    assert read(path).good == 1


def test_another_delimiter_can_be_given(tmp_path: Path) -> None:
    path = written(tmp_path / "c.csv", GOOD.replace(",", "~"), header=HEADER.replace(",", "~"))
    assert read(path, ChargeMapping(delimiter="~")).good == 1


def test_packed_files_are_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "c.csv.gz"
    path.write_bytes(gzip.compress(f"{HEADER}\n{GOOD}\n".encode()))
    assert read(path).good == 1


def test_a_quotation_mark_without_end_is_told_with_its_row(tmp_path: Path) -> None:
    path = written(tmp_path / "c.csv", *[GOOD] * 20, f'"{GOOD}', *[GOOD] * 400)
    raw = CsvFile(path, block_bytes=2_000)
    with pytest.raises(BadInput, match=r"row \d+: a quoted text has no end"):
        list(read_file(file_of(path), ChargeMapping(), opened=raw))


def test_a_file_without_a_header_is_refused(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("\n\n")
    with pytest.raises(BadInput, match="empty"):
        read(tmp_path / "c.csv")


def test_a_header_alone_is_no_row(tmp_path: Path) -> None:
    found = read(written(tmp_path / "c.csv"))
    assert (found.good, found.bad, found.lines) == (0, 0, [])


def test_only_malformed_rows_are_all_told(tmp_path: Path) -> None:
    found = read(written(tmp_path / "c.csv", *["62308,0565T"] * 50))
    assert found.problems == {("", "too-few-cells"): list(range(2, 52))}
    assert (found.good, found.bad) == (0, 50)
