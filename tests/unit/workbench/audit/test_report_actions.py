"""What to do next follows from what was found, and only from that."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace
from tests.unit.workbench.audit import results

from policywire.workbench.audit.report.actions import actions
from policywire.workbench.audit.result import AuditResult


def titles(audit: AuditResult) -> list[str]:
    return [action.title for action in actions(audit)]


def test_what_can_still_be_prevented_comes_first() -> None:
    assert titles(results.audit()) == [
        "Bring in the compliance officer",
        "Speak with members who are booked",
        "Mend charge capture",
        "Work the denials in one place",
        "Work the denials in one place",
        "Get agreements before the service",
        "Settle what is open",
        "Brief ordering providers",
        "Review contracts of new practice lines",
        "Name unknown payers",
        "Mend bad rows",
    ]


def test_nothing_found_asks_nothing() -> None:
    assert titles(results.empty()) == []


def without_bad(audit: AuditResult) -> AuditResult:
    inputs = tuple(replace(each, bad=0) for each in audit.reproduction.inputs)
    return replace(audit, reproduction=replace(audit.reproduction, inputs=inputs))


@pytest.mark.parametrize(
    ("title", "changed"),
    [
        ("Bring in the compliance officer", lambda a: replace(a, compliance=replace(a.compliance, exceeded=False))),
        ("Speak with members who are booked", lambda a: replace(a, scheduled=None)),
        (
            "Speak with members who are booked",
            lambda a: replace(a, scheduled=replace(a.scheduled, without_agreement_orders=0)),
        ),
        ("Mend charge capture", lambda a: replace(a, totals=replace(a.totals, denied_lines=0), catalogue=None)),
        ("Work the denials in one place", lambda a: replace(a, denials=())),
        ("Get agreements before the service", lambda a: replace(a, agreements=a.agreements[:1])),
        ("Settle what is open", lambda a: replace(a, totals=replace(a.totals, review_lines=0))),
        (
            "Brief ordering providers",
            lambda a: replace(a, unlisted_patterns=(replace(a.unlisted_patterns[0], after_targeted_lines=0),)),
        ),
        ("Review contracts of new practice lines", lambda a: replace(a, practice_lines=a.practice_lines[:1])),
        ("Name unknown payers", lambda a: replace(a, unknown_payers=())),
        ("Mend bad rows", without_bad),
    ],
)
def test_an_action_without_its_cause_is_not_asked_for(
    title: str, changed: Callable[[AuditResult], AuditResult]
) -> None:
    assert title in titles(results.audit())
    assert title not in titles(changed(results.audit()))


def test_a_list_of_ones_own_is_to_be_mended_even_where_nothing_was_billed() -> None:
    audit = replace(results.empty(), catalogue=(results.finding(),))
    (action,) = actions(audit)
    assert (action.title, action.figure, action.section) == ("Mend charge capture", "1 row", "catalogue")


def test_denials_are_worked_with_the_exact_words_of_the_policy_and_each_kind_in_its_own_way() -> None:
    earlier, now = (each for each in actions(results.audit()) if each.title == "Work the denials in one place")
    assert "“experimental or investigational per Cigna MM 0552”" in earlier.how
    assert "Confirm what was done" in earlier.how
    assert earlier.figure == "16,600 lines"
    assert "“not medically necessary per Cigna MM 0552”" in now.how
    assert "Do not appeal" in now.how
