"""What makes a row good or bad, and which columns are which."""

import datetime as dt
from pathlib import Path

import pytest
from tests.unit.workbench.charges.reading import HEADER, Read, read, written

from policywire.errors import BadInput
from policywire.workbench.charges.mapping import ChargeMapping, mapping_of

GOOD = "62308,0565T,4200.00,2026-01-03"


def read_with(tmp_path: Path, column: str, *values: str, mapping: ChargeMapping | None = None) -> Read:
    """The reading of rows that are good but for one more column."""
    rows = [f'{GOOD},"{value}"' for value in values]
    return read(written(tmp_path / "c.csv", *rows, header=f"{HEADER},{column}"), mapping)


@pytest.mark.parametrize(
    ("row", "column", "word"),
    [
        (",0565T,1.00,2026-01-03", "payer_id", "missing"),
        ("62308,,1.00,2026-01-03", "procedure_code", "missing"),
        ("62308,0565T,,2026-01-03", "charge_amount", "missing"),
        ("62308,0565T,1.00,", "service_date", "missing"),
        ("62308,565,1.00,2026-01-03", "procedure_code", "lost-zeros"),
        ("62308,see note,1.00,2026-01-03", "procedure_code", "code-shape"),
        ("62308,0565T,(1.00),2026-01-03", "charge_amount", "money-negative"),
        ("62308,0565T,1.005,2026-01-03", "charge_amount", "money-fraction"),
        ("62308,0565T,1.00,2026-02-30", "service_date", "date-range"),
        ("62308,0565T,1.00,01/02/2026", "service_date", "date-ambiguous"),
        ("62308,0565T,1.00,yesterday", "service_date", "date-shape"),
    ],
)
def test_a_row_with_one_fault_is_bad_and_told_by_column(tmp_path: Path, row: str, column: str, word: str) -> None:
    found = read(written(tmp_path / "c.csv", GOOD, row))
    assert found.problems == {(column, word): [3]}
    assert (found.good, found.bad) == (1, 1)


def test_a_row_with_several_faults_is_told_of_each_and_counted_once(tmp_path: Path) -> None:
    found = read(written(tmp_path / "c.csv", ",see note,x,y"))
    assert {word for _, word in found.problems} == {"missing", "code-shape", "money-shape", "date-shape"}
    assert (found.good, found.bad) == (0, 1)


@pytest.mark.parametrize(
    ("column", "value", "word"),
    [
        ("units", "several", "units"),
        ("units", "-1", "units"),
        ("units", "nan", ""),
        ("line_number", "0", "line-number"),
        ("line_number", "1.5", "line-number"),
        ("kind", "rumour", "kind"),
        ("service_date_end", "2026-01-02", "ends-before-start"),
        ("service_date_end", "2026-01-03", ""),
    ],
)
def test_other_columns_have_faults_too(tmp_path: Path, column: str, value: str, word: str) -> None:
    found = read_with(tmp_path, column, value)
    assert list(found.problems) == ([(column, word)] if word else [])


def test_untidy_cells_are_made_tidy(tmp_path: Path) -> None:
    found = read(written(tmp_path / "c.csv", '  62308 , 0565t ,"$4,200",1/31/2026'))
    (line,) = found.lines
    assert (line["payer_id"], line["procedure_code"], line["charge_amount"]) == ("62308", "0565T", "4200.00")
    assert line["service_date"] == dt.date(2026, 1, 31)


@pytest.mark.parametrize(
    ("written_as", "cell"),
    [("mdy", "01/02/2026"), ("dmy", "02/01/2026"), ("%d.%m.%y", "02.01.26"), ("iso", "2026-01-02")],
)
def test_days_are_read_as_somebody_says(tmp_path: Path, written_as: str, cell: str) -> None:
    path = written(tmp_path / "c.csv", f"62308,0565T,1.00,{cell}", "62308,0565T,1.00,Tuesday")
    found = read(path, ChargeMapping(date_format=written_as))
    assert [line["service_date"] for line in found.lines] == [dt.date(2026, 1, 2)]
    assert found.problems == {("service_date", "date-shape"): [3]}


@pytest.mark.parametrize(
    ("cell", "pointers"), [("1,2", [1, 2]), ("B", [2]), ("AB", [1, 2]), ("2:1", [2, 1]), ("", None)]
)
def test_pointers_are_numbers_or_letters(tmp_path: Path, cell: str, pointers: list[int] | None) -> None:
    path = written(tmp_path / "c.csv", f'{GOOD},M17.11;C91.00,"{cell}"', header=f"{HEADER},diagnoses,pointers")
    assert read(path).lines[0]["diagnosis_pointers"] == pointers


@pytest.mark.parametrize(("cell", "word"), [("3", "pointer-beyond"), ("x", "pointer"), ("0", "pointer")])
def test_a_pointer_that_points_nowhere_is_a_fault(tmp_path: Path, cell: str, word: str) -> None:
    path = written(tmp_path / "c.csv", f"{GOOD},M17.11;C91.00,{cell}", header=f"{HEADER},diagnoses,pointers")
    assert list(read(path).problems) == [("pointers", word)]


def test_diagnoses_may_be_spread_over_numbered_columns(tmp_path: Path) -> None:
    header = f"{HEADER},DX 1,DX 2,DX 3,pointers"
    path = written(tmp_path / "c.csv", f"{GOOD},M17.11,,C91.00,3", f"{GOOD},M17.11,,,2", header=header)
    found = read(path)
    assert [line["diagnoses"] for line in found.lines] == [["M17.11", "", "C91.00"]]
    assert found.problems == {("pointers", "pointer-beyond"): [3]}


def test_pointers_without_diagnoses_say_nothing(tmp_path: Path) -> None:
    assert read_with(tmp_path, "pointers", "1").good == 1


def test_rows_that_nobody_wants_are_judged_and_not_given(tmp_path: Path) -> None:
    rows = (GOOD, "62308,99213,1.00,2026-01-03", "62308,99213,x,2026-01-03")
    found = read(written(tmp_path / "c.csv", *rows), wanted={"0565T"})
    assert [line["row"] for line in found.lines] == [2]
    assert (found.good, found.bad, found.problems) == (2, 1, {("charge_amount", "money-shape"): [4]})


def test_booked_procedures_are_always_given_and_need_no_charge(tmp_path: Path) -> None:
    path = written(tmp_path / "c.csv", "62308,99213,,2026-01-03")
    found = read(path, orders=True, wanted={"0565T"})
    assert [line["kind"] for line in found.lines] == ["appointment"]
    mixed = read_with(tmp_path, "kind", "claim", "Appointment", "")
    assert [line["kind"] for line in mixed.lines] == ["claim", "appointment", "claim"]


def test_usual_headers_are_known(tmp_path: Path) -> None:
    header = "Payer ID,CPT Code,Billed Amount,DOS,Mod 1,Mod 2,LOB"
    (line,) = read(written(tmp_path / "c.csv", f"{GOOD},RT,59,PPO", header=header)).lines
    assert (line["procedure_code"], line["modifiers"], line["line_of_business"]) == ("0565T", ["RT", "59"], "PPO")


def test_missing_columns_are_told_at_once_with_the_flag_to_write(tmp_path: Path) -> None:
    path = written(tmp_path / "c.csv", "a,b", header="Proc,Colour")
    with pytest.raises(BadInput, match=r"payer_id, procedure_code, charge_amount, service_date") as told:
        read(path)
    assert "Its headers are: Proc, Colour" in str(told.value)
    assert "--column payer_id=..." in str(told.value)
    assert "--constant payer_id=..." in str(told.value)


def test_two_columns_for_one_thing_are_a_question(tmp_path: Path) -> None:
    path = written(tmp_path / "c.csv", f"{GOOD},1.00", header="payer_id,procedure_code,charge,service_date,amount")
    with pytest.raises(BadInput, match="each of charge, amount may be charge_amount"):
        read(path)
    found = read(path, mapping_of(columns=["charge_amount=amount"]))
    assert found.lines[0]["charge_amount"] == "1.00"


def test_flags_beat_the_mapping_file(tmp_path: Path) -> None:
    file = tmp_path / "mapping.yaml"
    file.write_text(
        'columns: {procedure_code: Proc, diagnoses: [A, B]}\nconstants: {payer_id: "1"}\ndate_format: dmy\n'
    )
    mapping = mapping_of(file, ["procedure_code=Code"], ["payer_id=62308"], date_format="mdy")
    assert mapping.columns == {"procedure_code": "Code", "diagnoses": ("A", "B")}
    assert (mapping.constants, mapping.date_format) == ({"payer_id": "62308"}, "mdy")


def test_a_flag_for_charges_does_not_spoil_a_table_of_orders_with_usual_headers(tmp_path: Path) -> None:
    mapping = mapping_of(columns=["procedure_code=CPT_X"])
    path = written(tmp_path / "o.csv", GOOD)
    assert read(path, mapping, orders=True).good == 1
    with pytest.raises(BadInput, match="has no column CPT_X"):
        read(path, mapping)
    with pytest.raises(BadInput, match="has no column CPT_X"):
        read(written(tmp_path / "p.csv", GOOD, header="payer_id,colour,charge,dos"), mapping, orders=True)


def test_a_constant_stands_for_a_column(tmp_path: Path) -> None:
    path = written(tmp_path / "c.csv", "0565T,1.00,2026-01-03", header="code 1,charge,dos")
    mapping = mapping_of(columns=["procedure_code=code 1"], constants=["payer_id=62308", "diagnoses=M17.11"])
    (line,) = read(path, mapping).lines
    assert (line["payer_id"], line["diagnoses"]) == ("62308", ["M17.11"])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("columns: {proc: CPT}\n", "no column proc"),
        ("colums: {}\n", r"m.yaml:1: .*colums"),
        ("columns:\n  procedure_code: {a: b}\n", r"m.yaml:2: columns.procedure_code"),
        ("a: 1\na: 2\n", "twice|duplicate"),
        ("delimiter: ab\n", "one character"),
    ],
)
def test_a_bad_mapping_file_is_told_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "m.yaml"
    file.write_text(text)
    with pytest.raises(BadInput, match=told):
        mapping_of(file)


@pytest.mark.parametrize(
    ("flag", "told"),
    [("CPT", "maps nothing"), ("procedurecode=CPT", "Do you mean procedure_code"), ("payer_id=A,B", "no column A,B")],
)
def test_a_bad_flag_is_told(tmp_path: Path, flag: str, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        read(written(tmp_path / "c.csv", GOOD), mapping_of(columns=[flag]))
