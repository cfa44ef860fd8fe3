"""Synthetic charges: the same for ever, and with everything in them that an audit looks for."""

import csv
import json
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from policywire.cli import main
from policywire.errors import BadInput
from policywire.workbench.charges.columns import COLUMNS
from policywire.workbench.generate.charge_files import write_rows
from policywire.workbench.generate.charge_rows import UNMAPPED, Charge, ChargeMix, SignedAgreement
from policywire.workbench.generate.charges import generate_agreements, generate_charges, generate_orders
from policywire.workbench.generate.practice import CIGNA, LISTED, UNLISTED

LINES = tuple(generate_charges(20_000, 1))
LISTED_LINES = [each for each in LINES if each.procedure_code.strip().upper() in LISTED]


def test_the_same_seed_gives_the_same_lines_and_another_seed_others() -> None:
    assert tuple(generate_charges(500, 3)) == tuple(generate_charges(500, 3))
    assert tuple(generate_charges(500, 3)) != tuple(generate_charges(500, 4))


def test_the_fields_are_the_canonical_columns_in_their_order() -> None:
    assert Charge._fields == tuple(each.name for each in COLUMNS)


@pytest.mark.parametrize("hits", [0.0, 0.03, 0.3])
def test_about_as_many_lines_are_listed_as_were_asked_for(hits: float) -> None:
    lines = list(generate_charges(20_000, 1, ChargeMix(hits=hits)))
    listed = sum(each.procedure_code.strip().upper() in LISTED for each in lines)
    assert listed / len(lines) == pytest.approx(hits, rel=0.1)


def test_listed_lines_are_of_the_payer_but_for_some_under_an_id_that_nobody_mapped() -> None:
    payers = Counter(each.payer_id for each in LISTED_LINES)
    assert set(payers) == {CIGNA, UNMAPPED}
    assert payers[UNMAPPED] < payers[CIGNA] / 20


def test_practice_lines_take_the_services_up_one_after_the_other() -> None:
    first: dict[str, str] = {}
    for each in LISTED_LINES:
        if each.service_date >= "2024-03-01":
            first[each.practice_line] = min(first.get(each.practice_line, "9"), each.service_date)
    assert first["Orthopaedics"] < "2024-05"
    assert "2024-08" <= first["Sports medicine"] < "2025-05"
    assert first["Interventional pain"] >= "2025-05"


def test_some_members_have_an_unlisted_code_after_a_targeted_one() -> None:
    targeted = {each.member_id for each in LISTED_LINES if each.procedure_code.strip().upper().endswith("T")}
    unlisted = [each for each in LISTED_LINES if each.procedure_code.strip() == UNLISTED]
    after = [each for each in unlisted if each.member_id in targeted]
    assert 0 < len(after) < len(unlisted)


def test_orders_lie_ahead_and_some_give_no_estimate() -> None:
    orders = list(generate_orders(300, 1))
    assert {each.kind for each in orders} == {"appointment"}
    assert min(each.service_date for each in orders) >= "2026-03-01"
    assert 0 < sum(each.charge_amount is None for each in orders) < 100


def test_agreements_are_for_listed_lines_and_fail_in_every_way() -> None:
    agreements = list(generate_agreements(LINES, 1, share=1.0))
    assert len(agreements) == len(LISTED_LINES)
    assert {each.member_id for each in agreements} == {each.member_id for each in LISTED_LINES}
    assert sum(each.revoked_at is not None for each in agreements) > 1
    assert {each.confirmed_before_service for each in agreements} == {True, False}
    assert any(each.procedure_codes == ("29881",) for each in agreements)


def test_agreements_can_be_had_for_lines_some_of_which_are_bad() -> None:
    lines = [*generate_charges(2_000, 5, ChargeMix(hits=0.6, bad=1.0))]
    assert len([*generate_agreements(lines, 5, 1.0)]) > 0


def test_bad_lines_are_as_many_as_asked_for() -> None:
    assert list(generate_charges(0, 1)) == []
    lines = list(generate_charges(5_000, 1, ChargeMix(bad=0.2, hits=0)))
    bad = [each for each in lines if each.payer_id is None or each.procedure_code == "see note"]
    assert len(bad) == pytest.approx(5_000 * 0.2 / 3, rel=0.2)


def test_a_mix_that_cannot_be_is_refused() -> None:
    with pytest.raises(BadInput, match="hits is a share"):
        list(generate_charges(1, 1, ChargeMix(hits=2)))


def test_the_three_formats_hold_the_same_rows(tmp_path: Path) -> None:
    rows = LINES[:200]
    for ending in (".parquet", ".csv", ".jsonl"):
        assert write_rows(tmp_path / f"rows{ending}", Charge._fields, rows) == 200
    table = pq.read_table(tmp_path / "rows.parquet").to_pylist()
    lines = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    with (tmp_path / "rows.csv").open(newline="") as file:
        text = list(csv.DictReader(file))
    assert table == lines
    assert [row["diagnoses"] for row in text] == [";".join(row["diagnoses"]) for row in lines]
    assert [row["charge_amount"] for row in text] == [row.charge_amount for row in rows]


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"end its name in \.parquet, \.csv, \.jsonl"):
        write_rows(tmp_path / "rows.xlsx", Charge._fields, ())
    with pytest.raises(BadInput, match="cannot be written"):
        write_rows(tmp_path / "nowhere" / "rows.csv", Charge._fields, ())


def test_the_command_writes_charges_agreements_and_orders(tmp_path: Path) -> None:
    out, agreements, orders = (tmp_path / name for name in ("c.csv", "a.parquet", "o.jsonl"))
    given = ["--count", "3000", "--out", str(out), "--agreements", str(agreements), "--orders", str(orders)]
    run = CliRunner().invoke(main, ["generate", "charges", *given])
    assert run.exit_code == 0, run.output
    assert len(out.read_text().splitlines()) == 3001
    assert set(pq.read_schema(agreements).names) == set(SignedAgreement._fields)
    assert len(orders.read_text().splitlines()) == 30


def test_the_command_refuses_a_name_without_a_known_ending(tmp_path: Path) -> None:
    run = CliRunner().invoke(main, ["generate", "charges", "--count", "1", "--out", str(tmp_path / "c.doc")])
    assert run.exit_code == 2
    assert ".parquet" in run.output
