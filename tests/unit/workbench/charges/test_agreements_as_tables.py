"""Agreements from tables and events, and what they make of a decision."""

import datetime as dt
import json
from pathlib import Path

import pytest
from tests.unit.scenes import shipped
from tests.unit.workbench.charges.reading import file_of, written

from policywire.decision.agreement import Agreement
from policywire.errors import BadInput
from policywire.workbench.charges.agreements import ReadAgreements, read_agreements
from policywire.workbench.charges.decide import decide, items_of
from policywire.workbench.charges.mapping import ChargeMapping
from policywire.workbench.charges.read import read_file

HEADER = "agreement_id,payer_id,member_id,procedure_codes,service_date_from,service_date_through,signed_at"
SIGNED = "G1,62308,M-1,0565T;0566T,2026-01-01,2026-01-31,2025-12-20T10:00:00-05:00"
EVENT = {
    "event_id": "e1",
    "event_type": "agreement.signed",
    "occurred_at": "2025-12-20T15:00:00Z",
    "agreement_id": "G1",
    "payer_id": "62308",
    "member_id": "M-1",
    "procedure_codes": ["0565T", "0566T"],
    "service_date_from": "2026-01-01",
    "service_date_through": "2026-01-31",
    "signed_at": "2025-12-20T10:00:00-05:00",
}
CHARGES = "payer_id,procedure_code,charge_amount,service_date,member_id"


def held(path: Path, mapping: ChargeMapping | None = None) -> tuple[dict[str, tuple[Agreement, ...]], ReadAgreements]:
    by_member, (report,) = read_agreements([file_of(path)], mapping or ChargeMapping(), shipped())
    return by_member, report


def test_a_table_and_its_events_hold_the_same_agreements(tmp_path: Path) -> None:
    table = written(tmp_path / "a.csv", SIGNED, header=HEADER)
    events = tmp_path / "a.jsonl"
    events.write_text(json.dumps(EVENT) + "\n")
    assert held(table)[0] == held(events)[0]
    (agreement,) = held(table)[0]["M-1"]
    assert agreement.signed_on == dt.date(2025, 12, 20)
    assert agreement.procedure_codes == ("0565T", "0566T")


def test_usual_headers_and_dates_without_a_time_do(tmp_path: Path) -> None:
    header = "Agreement,Payer ID,MRN,CPT,DOS,Date Signed,Signed before service,Revoked on"
    row = "G1,62308,M-1,0565t,1/15/2026,1/15/2026,Yes,1/20/2026"
    path = written(tmp_path / "a.csv", row, header=header)
    (agreement,) = held(path, ChargeMapping(date_format="mdy"))[0]["M-1"]
    assert agreement.service_date_from == agreement.service_date_through == dt.date(2026, 1, 15)
    assert (agreement.signed_on, agreement.revoked_on) == (dt.date(2026, 1, 15), dt.date(2026, 1, 20))
    assert agreement.confirmed_before_service
    assert agreement.procedure_codes == ("0565T",)


def test_bad_rows_are_told_and_good_ones_count(tmp_path: Path) -> None:
    rows = (SIGNED, SIGNED.replace("2026-01-01", "soon"), SIGNED.replace("M-1", ""), SIGNED + ",x")
    by_member, report = held(written(tmp_path / "a.csv", *rows, header=HEADER))
    assert (report.good, report.bad) == (1, 3)
    assert sorted(row for each in report.findings for row in each.rows.tolist()) == [3, 4, 5]
    assert {each.problem.word for each in report.findings} == {"schema_violation", "too-many-cells"}
    assert list(by_member) == ["M-1"]


def test_a_revocation_among_events_counts_and_bookings_do_not_harm(tmp_path: Path) -> None:
    revoked = {"event_id": "e2", "event_type": "agreement.revoked", "occurred_at": "2026-01-02T00:00:00Z"}
    booked = {"event_id": "e3", "event_type": "appointment.cancelled", "occurred_at": "2026-01-02T00:00:00Z"}
    lines = (EVENT, revoked | {"agreement_id": "G1", "member_id": "M-1"})
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(json.dumps(x) for x in lines))
    (agreement,) = held(path)[0]["M-1"]
    assert agreement.revoked_on == dt.date(2026, 1, 2)
    path.write_text("\n".join(json.dumps(x) for x in (EVENT, booked | {"appointment_id": "A", "member_id": "M-1"})))
    assert held(path)[1].good == 2


def test_missing_columns_are_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no column for payer_id, signed_at"):
        held(written(tmp_path / "a.csv", "G1,M-1,2026-01-01", header="agreement_id,member_id,dos"))


def test_an_agreement_makes_the_member_owe_a_denied_line(tmp_path: Path) -> None:
    agreements, _ = held(written(tmp_path / "a.csv", SIGNED, header=HEADER))
    rows = (
        "62308,0565T,4200.00,2026-01-03,M-1",
        "62308,0565T,4200.00,2026-02-03,M-1",
        "62308,0565T,4200.00,2026-01-03,M-2",
        "62308,20930,10.00,2026-01-03,M-1",
        "99999,0565T,10.00,2026-01-03,M-1",
    )
    (charges,) = read_file(file_of(written(tmp_path / "c.csv", *rows, header=CHARGES)), ChargeMapping())
    decided = decide(charges.lines, shipped(), agreements, dt.date(2026, 3, 1)).to_pylist()
    assert [(x["row"], x["outcome"], x["liable"], x["exposure_cents"]) for x in decided] == [
        (2, "not_medically_necessary", "patient", 0),
        (3, "not_medically_necessary", "provider", 420_000),
        (4, "not_medically_necessary", "provider", 420_000),
        (6, None, None, None),
    ]
    assert [x["agreement_problem"] for x in decided] == [None, "wrong_date", None, None]
    assert [(x["group_code"], x["carc"], x["rarc"]) for x in decided[:2]] == [
        ("PR", "50", ["N492"]),
        ("CO", "50", ["N563"]),
    ]
    assert decided[3]["payer"] is None


def test_an_item_has_the_diagnoses_that_its_pointers_name(tmp_path: Path) -> None:
    header = f"{CHARGES},diagnoses,diagnosis_pointers,rendering_taxonomy"
    row = '62308,38232,1.00,2026-01-03,M-1,m16.11;C90.00,"2",207x00000x'
    (charges,) = read_file(file_of(written(tmp_path / "c.csv", row, header=header)), ChargeMapping())
    (item,) = items_of(charges.lines, dt.date(2026, 3, 1))
    assert (item.diagnoses, item.taxonomy) == (("C9000",), "207X00000X")
    (decided,) = decide(charges.lines, shipped(), {}, dt.date(2026, 3, 1)).to_pylist()
    assert decided["outcome"] == "other_policy"
