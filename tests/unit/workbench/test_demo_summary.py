"""The demo's figures, on records that are known."""

from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO

import msgspec
import pytest
from msgspec.structs import replace
from rich.console import Console

from policywire.model.decode import EVENT_DECODER
from policywire.model.records import Alert, Determination, Record
from policywire.resources import shipped
from policywire.rulebook.load import load_rulebook
from policywire.rulebook.rulebook import Rulebook
from policywire.step import step
from policywire.workbench.demo.show import show_summary
from policywire.workbench.demo.summary import Summary, dollars_at_risk, summarise

NOW = datetime(2026, 1, 10, tzinfo=UTC)


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    return load_rulebook(shipped("rules"))


def claim(claim_id: str, code: str, charge: str, *, day: str = "2026-01-02") -> bytes:
    line = {"line_number": 1, "procedure_code": code, "charge_amount": charge, "service_date": day}
    event = {
        "event_id": f"evt-{claim_id}",
        "event_type": "claim.submitted",
        "occurred_at": "2026-01-05T14:00:00Z",
        "claim_id": claim_id,
        "payer_id": "62308",
        "member_id": "M-1",
        "lines": [line],
    }
    return msgspec.json.encode(event)


def booking(appointment_id: str, estimate: str) -> bytes:
    event = {
        "event_id": f"evt-{appointment_id}",
        "event_type": "appointment.booked",
        "occurred_at": "2026-01-08T14:00:00Z",
        "appointment_id": appointment_id,
        "payer_id": "62308",
        "member_id": "M-1",
        "service_date": "2026-02-02",
        "procedure_codes": ["0565T"],
        "estimated_charge_amount": estimate,
    }
    return msgspec.json.encode(event)


VOID = (
    b'{"event_id":"evt-void","event_type":"claim.voided","occurred_at":"2026-01-07T14:00:00Z",'
    b'"claim_id":"C3","member_id":"M-1"}'
)
EVENTS = [
    claim("C1", "0565T", "4200.00"),
    claim("C2", "0717T", "1000.50", day="2025-12-01"),
    claim("C3", "0566T", "900.00"),
    claim("C4", "38232", "700.00"),
    VOID,
    booking("A1", "6500.00"),
]


def records(rulebook: Rulebook) -> list[Record]:
    made: list[Record] = []
    timeline = None
    for value in EVENTS:
        given = step(EVENT_DECODER.decode(value), timeline, rulebook, NOW)
        timeline = given.timeline
        made += given.records
    return made


def summary(rulebook: Rulebook) -> Summary:
    made = records(rulebook)
    determinations = {each.determination_id: each for each in made if isinstance(each, Determination)}
    alerts = {each.alert_id: each for each in made if isinstance(each, Alert)}
    return summarise(determinations, alerts, ["not_json", "not_json", "too_deep"])


def test_the_summary_counts_the_latest_record_of_each_subject(rulebook: Rulebook) -> None:
    got = summary(rulebook)

    assert got.outcomes == {"not_medically_necessary": 2, "experimental_investigational": 1, "review": 1}
    assert got.withdrawn == 1
    assert got.alerts == {
        "service_without_agreement": 2,
        "context_review": 1,
        "expected_denial_scheduled": 1,
        "agreement_missing": 1,
    }
    assert got.dead_letters == {"not_json": 2, "too_deep": 1}


def test_dollars_at_risk_are_what_denied_lines_and_unbilled_services_expose_each_once(rulebook: Rulebook) -> None:
    assert summary(rulebook).at_risk == Decimal("4200.00") + Decimal("1000.50") + Decimal("6500.00")


def test_a_resolved_alert_exposes_nothing(rulebook: Rulebook) -> None:
    alerts = [each for each in records(rulebook) if isinstance(each, Alert)]

    assert dollars_at_risk([], [replace(each, status="resolved") for each in alerts]) == 0


def test_the_example_is_a_denied_line_without_flags(rulebook: Rulebook) -> None:
    example = summary(rulebook).example

    assert example is not None
    assert example.procedure_code == "0565T"
    assert example.stage == "submitted"


def test_the_summary_of_nothing_has_no_example() -> None:
    assert summarise({}, {}, []).example is None


def test_the_figures_and_the_whole_determination_are_shown(rulebook: Rulebook) -> None:
    out = StringIO()

    show_summary(Console(width=80, file=out), summary(rulebook), events=6, seconds=2.0)

    shown = out.getvalue()
    assert "$11,700.50" in shown
    assert "service_without_agreement" in shown
    assert '"because": "Not medically necessary under this version, whatever the diagnosis."' in shown
    assert "3 events/s" in shown
