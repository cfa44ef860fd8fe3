"""The demo's figures, on records that are known, and its check, on results that are wrong."""

from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest
from rich.console import Console

from policywire.model.decode import CLAIM_DECODER
from policywire.model.records import Alert, Determination, Record, encode
from policywire.resources import shipped
from policywire.rulebook.load import load_rulebook
from policywire.rulebook.rulebook import Rulebook
from policywire.step import step
from policywire.workbench.demo.expected import Outcomes, differences, expected
from policywire.workbench.demo.show import show_summary
from policywire.workbench.demo.summary import Summary, summarise
from policywire.workbench.generate import ClaimMix, Published, generate_claims

NOW = datetime(2026, 1, 10, tzinfo=UTC)


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    return load_rulebook(shipped("rules"))


def claim(claim_id: str, code: str, charge: str, *, stage: str = "submitted", day: str = "2026-01-02") -> Published:
    line = {"line_number": 1, "procedure_code": code, "charge_amount": charge, "service_date": day}
    event = {
        "event_id": f"evt-{claim_id}-{stage}",
        "event_type": f"claim.{stage}",
        "occurred_at": "2026-01-05T14:00:00Z" if stage == "submitted" else "2026-01-06T14:00:00Z",
        "claim_id": claim_id,
        "payer_id": "62308",
        "member_id": "M-1",
        "lines": [line],
    }
    return Published(b"M-1", msgspec.json.encode(event))


VOID = Published(
    b"M-1",
    b'{"event_id":"evt-void","event_type":"claim.voided","occurred_at":"2026-01-07T14:00:00Z",'
    b'"claim_id":"C3","member_id":"M-1"}',
)
EVENTS = [
    claim("C1", "0565T", "4200.00"),
    claim("C2", "0717T", "1000.50", day="2025-12-01"),
    claim("C3", "0566T", "900.00"),
    claim("C4", "38232", "700.00"),
    VOID,
]


def records(rulebook: Rulebook) -> list[Record]:
    made: list[Record] = []
    timeline = None
    for published in EVENTS:
        given = step(CLAIM_DECODER.decode(published.value), timeline, rulebook, NOW)
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

    assert got.outcomes == {"not_medically_necessary": 1, "experimental_investigational": 1, "review": 1}
    assert got.withdrawn == 1
    assert got.alerts == {"service_without_agreement": 2, "context_review": 1}
    assert got.dead_letters == {"not_json": 2, "too_deep": 1}


def test_dollars_at_risk_are_what_current_denied_lines_expose(rulebook: Rulebook) -> None:
    assert summary(rulebook).at_risk == Decimal("5200.50")


def test_the_example_is_a_denied_line_without_flags(rulebook: Rulebook) -> None:
    example = summary(rulebook).example

    assert example is not None
    assert example.procedure_code == "0565T"


def test_the_summary_of_nothing_has_no_example() -> None:
    assert summarise({}, {}, []).example is None


def test_the_figures_and_the_whole_determination_are_shown(rulebook: Rulebook) -> None:
    console = Console(width=80, record=True, file=None, quiet=False)
    with console.capture() as capture:
        show_summary(console, summary(rulebook), events=5, seconds=2.0)

    shown = capture.get()
    assert "$5,200.50" in shown
    assert "service_without_agreement" in shown
    assert '"because": "Not medically necessary under this version, whatever the diagnosis."' in shown
    assert "2 events/s" in shown


@pytest.fixture
def wanted(rulebook: Rulebook) -> Outcomes:
    return expected(EVENTS, rulebook, NOW)


def test_what_the_step_says_is_what_is_expected(wanted: Outcomes, rulebook: Rulebook) -> None:
    said = [each for each in records(rulebook) if isinstance(each, Determination)]

    seen = Outcomes({each.determination_id: encode(each) for each in said}, len(said), Counter())
    assert list(differences(wanted, seen)) == []


def test_a_lost_determination_is_noticed(wanted: Outcomes) -> None:
    seen = Outcomes(dict(list(wanted.determinations.items())[1:]), wanted.said, wanted.dead_letters)

    assert list(differences(wanted, seen)) == ["1 determinations are missing"]


def test_a_determination_of_a_strange_subject_is_noticed(wanted: Outcomes) -> None:
    seen = Outcomes({**wanted.determinations, "strange": b"{}"}, wanted.said, wanted.dead_letters)

    assert list(differences(wanted, seen)) == ["1 determinations are of subjects that should have none"]


def test_another_answer_is_noticed(wanted: Outcomes) -> None:
    first = next(iter(wanted.determinations))
    seen = Outcomes({**wanted.determinations, first: b"{}"}, wanted.said, wanted.dead_letters)

    assert list(differences(wanted, seen)) == ["1 determinations say something else"]


def test_a_determination_written_twice_is_noticed(wanted: Outcomes) -> None:
    seen = Outcomes(wanted.determinations, wanted.said + 1, wanted.dead_letters)

    assert list(differences(wanted, seen)) == ["6 determinations were written instead of 5"]


def test_dead_letters_are_expected_by_code_and_a_missing_one_is_noticed(rulebook: Rulebook) -> None:
    wanted = expected(generate_claims(200, 1, ClaimMix(bad=1)), rulebook, NOW)

    assert wanted.dead_letters.total() == 200
    assert wanted.dead_letters["clock_ahead"] >= 4
    seen = Outcomes({}, 0, wanted.dead_letters - Counter(["key_mismatch"]))
    count = wanted.dead_letters["key_mismatch"]
    assert list(differences(wanted, seen)) == [f"{count - 1} dead letters say key_mismatch instead of {count}"]
