"""What an audit counts at the edges: windows, sightings, lines of several policies, practice lines."""

import datetime as dt
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.unit.scenes import shipped

from policywire.errors import BadInput
from policywire.rulebook.rulebook import Rulebook
from policywire.workbench.audit.plan import AuditPlan, months_of, window
from policywire.workbench.audit.result import AuditResult
from policywire.workbench.audit.run import run_audit
from policywire.workbench.charges.files import find_files
from policywire.workbench.charges.mapping import ChargeMapping

AS_OF = dt.date(2026, 3, 1)
HEADER = "payer_id,procedure_code,charge_amount,service_date,member_id,ordering_provider_npi,practice_line,claim_id"


def audited(folder: Path, *rows: str, rulebook: Rulebook | None = None, since: dt.date | None = None) -> AuditResult:
    path = folder / "c.csv"
    path.write_text("".join(f"{row}\n" for row in (HEADER, *rows)))
    first, last = window(AS_OF, since)
    plan = AuditPlan(
        charges=find_files([path], folder),
        rulebook=rulebook or shipped(),
        mapping=ChargeMapping(),
        as_of=AS_OF,
        since=first,
        until=last,
        threshold_cents=100_00,
    )
    spilled = folder / "spilled"
    spilled.mkdir()
    return run_audit(plan, spilled).result


def row(code: str, day: str, *, member: str = "M-1", line: str = "Pain", charge: str = "100.00") -> str:
    return f"62308,{code},{charge},{day},{member},1234567893,{line},CLM-{code}-{day}"


@pytest.mark.parametrize(
    ("sighting", "after"),
    [
        (row("0565T", "2025-08-05"), 1),  # 180 days before
        (row("0565T", "2025-08-04"), 0),
        (row("0565T", "2026-02-01"), 1),  # the same day
        (row("0565T", "2026-02-02"), 0),  # after it
        (row("0565T", "2026-01-05", member="M-2"), 0),
        (row("38232", "2026-01-05"), 0),  # listed, but nothing that one codes around
    ],
)
def test_coding_around_is_seen_within_the_days_of_the_watch_rule(tmp_path: Path, sighting: str, after: int) -> None:
    (pattern,) = audited(tmp_path, sighting, row("20999", "2026-02-01")).unlisted_patterns
    assert (pattern.unlisted_lines, pattern.after_targeted_lines) == (1, after)
    assert pattern.after_targeted_cents == after * 100_00


def test_a_sighting_before_the_window_counts_and_its_line_does_not(tmp_path: Path) -> None:
    rows = (row("0565T", "2025-12-20"), row("20999", "2026-02-01"))
    result = audited(tmp_path, *rows, since=dt.date(2026, 1, 1))
    assert (result.totals.lines_decided, result.totals.lines_outside_window) == (1, 1)
    assert result.unlisted_patterns[0].after_targeted_lines == 1


def test_the_first_and_the_last_day_are_in_the_window(tmp_path: Path) -> None:
    days = ("2024-02-29", "2024-03-01", "2026-03-01", "2026-03-02")
    totals = audited(tmp_path, *(row("0565T", day) for day in days)).totals
    assert (totals.lines_outside_window, totals.lines_decided) == (2, 2)


def test_a_practice_line_took_a_service_up_when_the_first_months_had_none(tmp_path: Path) -> None:
    rows = (
        row("0565T", "2024-03-05", line="Ortho"),
        row("0565T", "2025-01-05", line="Ortho"),
        row("0565T", "2024-09-01", line="Pain"),
        row("0565T", "2024-08-31", line="Sports"),
        row("99213", "2025-01-05", line="Therapy"),
    )
    found = {each.practice_line: each for each in audited(tmp_path, *rows).practice_lines}
    assert {name: each.added for name, each in found.items()} == {"Ortho": False, "Pain": True, "Sports": False}
    assert (found["Pain"].first_month, sum(found["Ortho"].lines_by_month)) == ("2024-09", 2)
    assert len(found["Ortho"].lines_by_month) == 25


def test_a_line_of_two_policies_counts_once_in_sums_and_for_each_in_its_policies(tmp_path: Path) -> None:
    listed = shipped().index["62308"]
    (policy,) = listed["0565T"]
    second = replace(policy, id="SYN 1")
    rulebook = replace(shipped(), index={"62308": dict.fromkeys(listed, (policy, second))})
    result = audited(tmp_path, row("0565T", "2026-01-05"), rulebook=rulebook)
    assert (result.totals.lines_decided, result.totals.exposure_cents) == (1, 100_00)
    assert [(each.policy, each.exposure_cents) for each in result.by_policy] == [
        ("MM 0552", 100_00),
        ("SYN 1", 100_00),
    ]
    assert [each.policy for each in result.policies] == ["MM 0552", "SYN 1"]


def test_a_line_counts_as_what_weighs_most_of_what_its_policies_say(tmp_path: Path) -> None:
    listed = shipped().index["62308"]
    (policy,) = listed["0565T"]
    elsewhere = replace(policy, id="A 1", lines_of_business=frozenset({"medicare"}))
    rulebook = replace(shipped(), index={"62308": dict.fromkeys(listed, (elsewhere, policy))})
    result = audited(tmp_path, row("0565T", "2026-01-05"), rulebook=rulebook)
    assert (result.totals.denied_lines, result.totals.review_lines) == (1, 0)
    assert [str(each.outcome) for each in result.by_policy] == ["review", "not_medically_necessary"]


def test_the_threshold_is_passed_only_beyond_it(tmp_path: Path) -> None:
    assert not audited(tmp_path, row("0565T", "2026-01-05")).compliance.exceeded
    (tmp_path / "more").mkdir()
    assert audited(tmp_path / "more", row("0565T", "2026-01-05", charge="100.01")).compliance.exceeded


def test_nothing_decided_is_a_result_of_zeros(tmp_path: Path) -> None:
    result = audited(tmp_path)
    assert result.totals.lines_read == 0
    assert result.by_code == ()
    assert len(result.by_month) == 25
    assert result.scheduled is None


def test_the_window_is_24_months_back_to_the_first_of_a_month() -> None:
    assert window(dt.date(2026, 3, 31)) == (dt.date(2024, 3, 1), dt.date(2026, 3, 31))
    assert window(AS_OF, until=dt.date(2025, 2, 28)) == (dt.date(2023, 2, 1), dt.date(2025, 2, 28))
    with pytest.raises(BadInput, match="ends on 2026-03-01, before it begins on 2026-03-02"):
        window(AS_OF, since=dt.date(2026, 3, 2))


def test_every_month_of_a_window_is_named_once() -> None:
    assert months_of(dt.date(2025, 11, 30), dt.date(2026, 2, 1)) == ("2025-11", "2025-12", "2026-01", "2026-02")
