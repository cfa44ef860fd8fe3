"""What the cases reach, of the synthetic policy and of a weaker file of cases."""

from datetime import date
from pathlib import Path

from policywire.rulebook.load import File, files_in, read, read_rules
from policywire.workbench.case_coverage import (
    PolicyCoverage,
    Share,
    case_coverage,
    coverage_report,
    shares,
    told,
    total,
)

ROOT = Path(__file__).parents[3]
SYNTHETIC = tuple(files_in(ROOT / "tests/rules/synthetic"))
WEAK = b"""document: cases.v1
payer: evergreen
policy: SYN 100
cases:
  - name: few are covered
    line: {procedure_code: "X0001", service_date: 2024-01-01, units: 1}
    expect: {outcome: covered}
  - name: few are covered wherever
    line: {procedure_code: "x0001 ", service_date: 2024-05-01, units: 2}
    expect: {outcome: covered}
  - name: a code that nobody lists stands on no boundary
    line: {procedure_code: "99213", service_date: 2022-12-31}
    expect: no_determination
"""


def reached(cases: bytes | None = None) -> tuple[PolicyCoverage, ...]:
    files = [file for file in SYNTHETIC if cases is None or not file.name.endswith("syn-100/cases.yaml")]
    if cases:
        files.append(File("weak.yaml", cases))
    reading = read(files)
    reading = type(reading)(read_rules(files).rulebook, (), (), reading.collection, reading.contents)
    return case_coverage(reading)


def test_cases_that_reach_everything_reach_all_of_it() -> None:
    (policy,) = reached()
    assert (policy.payer, policy.policy, policy.cases) == ("evergreen", "SYN 100", 25)
    assert total((policy,)).percent == 100
    assert {name: str(share) for name, share in shares((policy,)).items()} == {
        "rules": "14 of 14",
        "boundary days": "8 of 8",
        "codes": "4 of 4",
    }


def test_each_rule_names_the_cases_that_it_decides() -> None:
    (policy,) = reached(WEAK)
    first, second, third = policy.versions
    assert first.rules == {"covered": ()}
    assert second.effective_from == date(2024, 1, 1)
    assert second.rules == {
        "few-units": ("few are covered", "few are covered wherever"),
        "advantage-many-units": (),
        "otherwise": (),
    }
    assert (second.codes, third.codes) == ({"X0001": 2}, {"X0001": 0, "X0002": 0})


def test_a_code_that_is_not_listed_is_on_no_boundary_day() -> None:
    (policy,) = reached(WEAK)
    assert policy.boundary_days[date(2024, 1, 1)] == 1
    assert policy.boundary_days[date(2022, 12, 31)] == 0


def test_the_share_is_of_rules_days_and_codes_together() -> None:
    assert str(total(reached(WEAK))) == "3 of 26"


def test_a_policy_written_by_hand_without_cases_reaches_nothing() -> None:
    (policy,) = reached(b"")
    assert policy.cases == 0
    assert total((policy,)) == Share(0, 26)


def test_all_of_nothing_is_reached() -> None:
    assert Share(0, 0).percent == 100
    assert total(()).percent == 100


def test_it_is_told_line_by_line_with_what_is_missing() -> None:
    lines = list(told(reached(WEAK)))
    assert lines[0] == "evergreen SYN 100: 3 cases"
    assert "    few-units             few are covered, and 1 more" in lines
    assert "    otherwise             never decides" in lines
    assert "    no case bills X0001, X0002" in lines
    assert any(line.startswith("  no case on 2022-12-31, 2023-01-01, 2023-12-31, 2025-06-30") for line in lines)
    assert lines[-1] == "Coverage 11.5 %: rules 1 of 14, boundary days 1 of 8, codes 1 of 4."


def test_it_is_given_as_plain_values() -> None:
    report = coverage_report(reached(WEAK))
    assert report["percent"] == 11.5
    assert report["shares"]["boundary_days"] == {"reached": 1, "total": 8}
    assert report["policies"][0]["versions"][1]["rules"][0]["cases"] == ["few are covered", "few are covered wherever"]
    assert {"day": "2024-01-01", "cases": 1} in report["policies"][0]["boundary_days"]
