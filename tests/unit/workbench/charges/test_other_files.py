"""Parquet, JSON lines, and telling files apart."""

import datetime as dt
import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.unit.workbench.charges.reading import file_of, read, together, written

from policywire.errors import BadInput
from policywire.workbench.charges.files import find_files
from policywire.workbench.charges.mapping import ChargeMapping
from policywire.workbench.charges.parquet_file import ParquetFile
from policywire.workbench.charges.read import read_file

GOOD = {"payer_id": "62308", "procedure_code": "0565T", "charge_amount": "4200.00", "service_date": "2026-01-03"}


def parquet(path: Path, *, rows_a_group: int = 100, **columns: Any) -> Path:
    pq.write_table(pa.table(columns), path, row_group_size=rows_a_group)
    return path


def json_lines(path: Path, *lines: Any) -> Path:
    path.write_text("".join(each if isinstance(each, str) else json.dumps(each) + "\n" for each in lines))
    return path


def test_parquet_of_any_types_is_read(tmp_path: Path) -> None:
    path = parquet(
        tmp_path / "c.parquet",
        payer_id=pa.array([62308, 62308]),
        procedure_code=pa.array([20999.0, 38230.0]),
        charge_amount=pa.array([Decimal("4200.00"), Decimal("10.5")], pa.decimal128(12, 2)),
        service_date=pa.array([dt.date(2026, 1, 3), dt.date(2026, 1, 4)]),
        service_date_end=pa.array([dt.datetime(2026, 1, 5, 12), None]),  # noqa: DTZ001  as warehouses write them
        diagnoses=pa.array([["M17.11", "M25.561"], None]),
        diagnosis_pointers=pa.array([[2, 1], None], pa.list_(pa.int32())),
        units=pa.array([1, None]),
        specialty=pa.array(["pain", "pain"]).dictionary_encode(),
    )
    first, second = read(path).lines
    assert first["payer_id"] == "62308"
    assert [first["procedure_code"], second["procedure_code"]] == ["20999", "38230"]
    assert [first["charge_amount"], second["charge_amount"]] == ["4200.00", "10.50"]
    assert first["service_date_end"] == dt.date(2026, 1, 5)
    assert first["diagnoses"] == ["M17.11", "M25.561"]
    assert (first["diagnosis_pointers"], second["diagnosis_pointers"]) == ([2, 1], None)
    assert (first["units"], first["specialty"]) == (1.0, "pain")


def test_codes_as_numbers_that_lost_their_zeros_are_told_with_their_rows(tmp_path: Path) -> None:
    codes = pa.array([565, 20999, 100])
    same = {name: pa.array([value] * 3) for name, value in GOOD.items() if name != "procedure_code"}
    path = parquet(tmp_path / "c.parquet", procedure_code=codes, **same)
    found = read(path)
    assert found.problems == {("procedure_code", "lost-zeros"): [1, 3]}
    assert found.good == 1
    padded = read(path, ChargeMapping(pad_codes=True))
    assert [line["procedure_code"] for line in padded.lines] == ["00565", "20999", "00100"]
    assert padded.notes["procedure_code", "its leading zeros were put back"] == [1, 3]


def test_a_null_in_a_list_keeps_its_place(tmp_path: Path) -> None:
    same = {name: pa.array([value]) for name, value in GOOD.items()}
    lists = {"diagnoses": pa.array([["M17.11", None, "C91.00"]]), "diagnosis_pointers": pa.array([[3]])}
    (line,) = read(parquet(tmp_path / "c.parquet", **same, **lists)).lines
    assert line["diagnoses"] == ["M17.11", "", "C91.00"]


def test_row_groups_of_a_parquet_file_are_read_apart_with_the_same_numbers(tmp_path: Path) -> None:
    same = {name: pa.array([value] * 10) for name, value in GOOD.items()}
    path = parquet(tmp_path / "c.parquet", rows_a_group=3, **same)
    parts = [
        together(list(read_file(file_of(path), ChargeMapping(), opened=ParquetFile(path, groups=groups))))
        for groups in ((0, 2), (2, 4))
    ]
    assert [line["row"] for part in parts for line in part.lines] == list(range(1, 11))


def test_damaged_parquet_is_told(tmp_path: Path) -> None:
    (tmp_path / "c.parquet").write_bytes(b"PAR1 and then nothing of the kind")
    with pytest.raises(BadInput, match="cannot be read as Parquet"):
        read(tmp_path / "c.parquet")


def test_json_lines_of_mixed_types_are_read_and_numbered_by_line(tmp_path: Path) -> None:
    path = json_lines(
        tmp_path / "c.jsonl",
        GOOD,
        "\n",
        "not json\n",
        GOOD | {"payer_id": 62308, "charge_amount": 4200, "diagnoses": ["M17.11"], "units": 2},
        "[1]\n",
        GOOD | {"charge_amount": True},
        GOOD | {"charge_amount": {"amount": 1}},
        GOOD | {"charge_amount": 10.5, "surplus": {"a": [1]}},
    )
    found = read(path)
    assert [line["row"] for line in found.lines] == [1, 4, 8]
    assert found.problems == {("", "json"): [3, 5], ("charge_amount", "money-shape"): [6, 7]}
    assert [line["charge_amount"] for line in found.lines] == ["4200.00", "4200.00", "10.50"]
    assert found.lines[1]["diagnoses"] == ["M17.11"]


def test_a_file_of_nothing_but_bad_json_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no JSON object"):
        read(json_lines(tmp_path / "c.jsonl", "{not json\n"))


def test_events_are_no_charges(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="policywire replay"):
        read(json_lines(tmp_path / "c.jsonl", GOOD | {"event_type": "claim.submitted"}))


def test_patterns_folders_and_the_same_file_twice(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv"):
        written(tmp_path / name, "62308,0565T,1.00,2026-01-03")
    unpacked = tmp_path / "unpacked"
    unpacked.mkdir()
    found = find_files([tmp_path / "*.csv", tmp_path / "a.csv"], unpacked)
    assert [file.path.name for file in found] == ["a.csv", "b.csv"]
    with pytest.raises(BadInput, match="is a folder: name the files"):
        find_files([tmp_path], unpacked)
    with pytest.raises(BadInput, match="No file matches"):
        find_files([tmp_path / "*.parquet"], unpacked)
    with pytest.raises(BadInput, match="is not there"):
        find_files([tmp_path / "c.csv"], unpacked)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"PK\x03\x04", "an XLSX or a ZIP"),
        (b"\xd0\xcf\x11\xe0", r"an old \.xls"),
        (b"%PDF-1.7", "a PDF"),
        (b"  \n", "is empty"),
        (gzip.compress(b"x" * 10_000)[:30], "cannot be read"),
    ],
)
def test_what_is_no_table_is_refused_by_name(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "c.bin").write_bytes(content)
    with pytest.raises(BadInput, match=told):
        file_of(tmp_path / "c.bin")
