"""The watch rules that ship with their cases: that they hold, that wrong rules fail them, and that they can fail."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from policywire.errors import Fault
from policywire.rulebook.load import File, Reading, files_in, read
from policywire.workbench.watchtest import run_watch_cases

RULES = Path(__file__).parents[2] / "rules"
FILES = tuple(files_in(RULES))
KINDS = (
    "expected_denial_scheduled",
    "agreement_missing",
    "service_without_agreement",
    "unlisted_substitution",
    "context_review",
    "companion_policy_review",
    "policy_affects_schedule",
)


def edited(end: str, old: str, new: str, count: int = -1) -> Iterator[File]:
    for file in FILES:
        if file.name.endswith(end):
            assert old.encode() in file.content, old
            yield File(file.name, file.content.replace(old.encode(), new.encode(), count))
        else:
            yield file


def without_case(name: str) -> Iterator[File]:
    """The rules without one of their watch cases."""
    for file in FILES:
        if file.name.endswith("watch/cases.yaml"):
            head, *cases = file.content.decode().split("  - name: ")
            kept = [each for each in cases if not each.startswith(name)]
            assert len(kept) == len(cases) - 1, name
            yield File(file.name, "  - name: ".join((head, *kept)).encode())
        else:
            yield file


def failures(files: Iterator[File]) -> list[str]:
    reading = read(files)
    assert reading.faults == ()
    run = run_watch_cases(reading)
    assert bool(run.failed) is bool(run.faults)
    return [str(fault) for fault in run.faults]


@pytest.fixture(scope="module")
def shipped() -> Reading:
    return read(FILES)


def test_every_watch_case_holds(shipped: Reading) -> None:
    assert shipped.faults == ()
    run = run_watch_cases(shipped)
    assert [str(fault) for fault in run.faults] == []
    (document,) = shipped.collection.watch_cases.values()
    assert (run.failed, run.count) == (0, len(document.cases))


def test_every_kind_of_alert_about_a_member_is_opened_and_resolved_by_a_case(shipped: Reading) -> None:
    (document,) = shipped.collection.watch_cases.values()
    for kind in KINDS:
        assert any(alert.kind == kind for case in document.cases for alert in case.expect.open), kind
        assert any(alert.kind == kind for case in document.cases for alert in case.expect.resolved), kind
        assert any(kind in case.expect.absent for case in document.cases), kind


@pytest.mark.parametrize(
    ("end", "old", "new"),
    [
        *(("watch/mm-0552.yaml", f'"{code}"', "") for code in ("0566T", "0717T", "0718T")),
        *(("watch/mm-0552.yaml", f'"{code}"', "") for code in ("20930", "20932", "20934")),
        ("watch/mm-0552.yaml", '"20934"]', '"20934", "20935"]'),
        ("watch/mm-0552.yaml", 'targeted: ["0565T"', 'targeted: ["38230", "0565T"'),
        ("watch/mm-0552.yaml", "narrative_ambiguous, ", ""),
        ("watch/mm-0552.yaml", ", narrative_not_stem_cell", ""),
        ("watch/mm-0552.yaml", "[context_mixed, context_unknown]", "[context_mixed]"),
        ("watch/mm-0552.yaml", "[context_mixed, context_unknown]", "[context_unknown]"),
        ("watch/alerts.yaml", "policy {companion}", "policy 0117"),
        ("watch/alerts.yaml", "Hold the charge:", "Wait:"),
        ("watch/alerts.yaml", "audience: ordering_provider", "audience: billing"),
        ("watch/alerts.yaml", "severity: critical\n    message", "severity: warning\n    message"),
    ],
)
def test_a_wrong_watch_rule_fails_a_case(end: str, old: str, new: str) -> None:
    files = tuple(edited(end, old, new))
    tidy = (
        File(file.name, file.content.replace(b"[, ", b"[").replace(b", ,", b",").replace(b", ]", b"]"))
        for file in files
    )
    assert failures(tidy)


@pytest.mark.parametrize(
    ("end", "old", "new", "said"),
    [
        (
            "watch/mm-0552.yaml",
            "within_days: 180",
            "within_days: 181",
            "a targeted code 182 days before the unlisted one",
        ),
        (
            "watch/mm-0552.yaml",
            "within_days: 180",
            "within_days: 179",
            "a targeted code 179 days before the unlisted one",
        ),
        ("watch/mm-0552.yaml", '"0565T", ', "", "a targeted code 180 days before the unlisted one"),
        ("watch/alerts.yaml", "days_at_most: 3,", "days_at_most: 4,", "agreement_missing 5 days before the service"),
        ("watch/alerts.yaml", "days_at_most: 14,", "days_at_most: 13,", "agreement_missing 13 days before the service"),
        ("watch/alerts.yaml", "agreement_months: 12", "agreement_months: 11", "day before 11 months after the service"),
        ("watch/alerts.yaml", "agreement_months: 12", "agreement_months: 13", "over 13 months after the service"),
        (
            "watch/alerts.yaml",
            "retention_months: 24",
            "retention_months: 25",
            "resolved because its 25 months are over",
        ),
    ],
)
def test_a_window_that_is_moved_or_a_code_taken_away_lacks_its_cases(end: str, old: str, new: str, said: str) -> None:
    faults = read(edited(end, old, new)).faults
    assert {fault.code for fault in faults} == {"watch-without-case"}
    assert any(said in fault.message for fault in faults), faults


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("one of 180 days before counts", "180 days before the unlisted one"),
        ("one of 181 days before does not", "181 days before the unlisted one"),
        ("a targeted code on the day after", "the day after the unlisted one"),
        ("fifteen days before", "15 days before the service"),
        ("fourteen days before", "14 days before the service"),
        ("three days before", "3 days before the service"),
        ("on the last day of the twenty-four", "on the last of the 24 months"),
        ("twenty-four months later", "its 24 months are over"),
        ("a version that changes the outcome", "no case opens an alert policy_affects_schedule"),
    ],
)
def test_a_case_that_is_taken_away_is_missed(name: str, said: str) -> None:
    (fault,) = read(without_case(name)).faults
    assert fault.code == "watch-without-case"
    assert said in fault.message
    assert fault.file.endswith("watch/cases.yaml")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a service on the first day", "no case has a service on the day of alerts_from that opens an alert"),
        ("one on the day before opens none", "no case has a service on the day before alerts_from that opens none"),
        ("but one that was done", "an open service_without_agreement of a service before alerts_from"),
    ],
)
def test_where_alerts_begin_on_a_day_a_case_of_either_side_that_is_taken_away_is_missed(name: str, said: str) -> None:
    def beginning(files: Iterator[File]) -> Iterator[File]:
        for file in files:
            later = b"alerts_from: 2026-02-10\n" if file.name.endswith("watch/alerts.yaml") else b""
            yield File(file.name, file.content + later)

    assert read(without_case(name)).faults == ()
    assert read(beginning(iter(FILES))).faults == ()
    (fault,) = read(beginning(without_case(name))).faults
    assert fault.code == "watch-without-case"
    assert said in fault.message


def test_cases_hold_whatever_day_the_rules_begin_on() -> None:
    assert failures(edited("watch/alerts.yaml", "retention_months", "alerts_from: 2027-01-01\nretention_months")) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('alerts_from: 2026-02-10\n    as_of: "2026-02-11T', 'alerts_from: 2026-02-11\n    as_of: "2026-02-11T'),
        ("whatever is the matter with it\n    alerts_from: 2026-02-10", "so\n    alerts_from: 2026-02-09"),
        ("is still to be held\n    alerts_from: 2026-02-10", "is told before\n    alerts_from: 2026-02-09"),
        ("after it\n    alerts_from: 2026-02-10", "after it\n    alerts_from: 2026-02-12"),
    ],
)
def test_a_case_of_another_first_day_fails(old: str, new: str) -> None:
    assert failures(edited("watch/cases.yaml", old, new, 1))


def test_watch_rules_written_by_hand_need_cases() -> None:
    faults = read(file for file in FILES if not file.name.endswith("watch/cases.yaml")).faults
    assert [(Path(fault.file).name, fault.code) for fault in faults] == [
        ("alerts.yaml", "no-watch-cases"),
        ("mm-0552.yaml", "no-watch-cases"),
    ]
    assert "the watch rules for MM 0552 of cigna have no cases" in faults[1].message


def one_fault(old: str, new: str) -> Fault:
    """The fault that a change of one expectation gives."""
    reading = read(edited("watch/cases.yaml", old, new, 1))
    assert reading.faults == ()
    run = run_watch_cases(reading)
    (fault,) = run.faults
    assert run.failed == 1
    return fault


@pytest.mark.parametrize(
    ("old", "new", "path", "said"),
    [
        (
            'severity: info, codes: ["0717T", "0718T"]',
            'severity: critical, codes: ["0717T", "0718T"]',
            "cases[0].expect.open[1].severity",
            "agreement_missing: severity is info, expected critical",
        ),
        (
            'codes: ["0717T", "0718T"]\n',
            'codes: ["0717T"]\n',
            "cases[0].expect.open[0].codes",
            "codes is [0717T, 0718T], expected [0717T]",
        ),
        (
            "exposure_amount: null}, {kind: agreement_missing, exposure_amount: null}",
            'exposure_amount: "1.00"}, {kind: agreement_missing, exposure_amount: null}',
            "cases[5].expect.open[0].exposure_amount",
            "exposure_amount is null, expected 1.00",
        ),
        (
            "says: signed financial",
            "says: verbal financial",
            "cases[0].expect.open[1].says",
            "expected verbal financial responsibility agreement",
        ),
        (
            "      resolved: [{kind: service_without_agreement, claim_id: C1}]\n  - name: a replacement",
            "      open: [{kind: service_without_agreement, claim_id: C1}]\n  - name: a replacement",
            "expect.open[0]",
            "status is resolved, expected open",
        ),
        (
            "absent: [expected_denial_scheduled, agreement_missing]\n  - name: an agreement that comes",
            "resolved: [{kind: agreement_missing}]\n  - name: an agreement that comes",
            "expect.resolved[0]",
            "agreement_missing is not there, expected resolved",
        ),
    ],
)
def test_what_differs_is_said_at_its_place(old: str, new: str, path: str, said: str) -> None:
    fault = one_fault(old, new)
    assert fault.code == "case-failed"
    assert fault.path.endswith(path)
    assert said in fault.message
    assert fault.mend == "Mend the rule, or the case if it is wrong."


def test_an_alert_of_a_named_kind_that_nobody_expects_fails_the_case() -> None:
    old = "{kind: unlisted_substitution, line_number: 1}, {kind: unlisted_substitution, line_number: 2}"
    fault = one_fault(old, "{kind: unlisted_substitution, line_number: 1}")
    assert "unlisted_substitution is open (C1 2), and no such alert is expected" in fault.message


def test_an_alert_that_was_to_be_absent_is_named_with_its_subject() -> None:
    fault = one_fault("absent: [context_review]\n", "absent: [context_review, service_without_agreement]\n")
    assert "service_without_agreement is open (C1 1), expected never to open" in fault.message
