"""The policies that ship and the synthetic one, each with its cases; and that the cases can fail."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from policywire.errors import Fault
from policywire.rulebook.cases import CasesDocument, Expectation
from policywire.rulebook.coverage import rule_ids
from policywire.rulebook.load import File, files_in, read
from policywire.rulebook.source import parse
from policywire.workbench.casetest import run_cases

ROOT = Path(__file__).parents[2]
FOLDERS = {"shipped": ROOT / "rules", "synthetic": ROOT / "tests/rules/synthetic"}
SEVEN = {"0565T", "0566T", "0717T", "0718T", "20999", "38230", "38232"}


def edited(folder: str, end: str, old: str, new: str) -> Iterator[File]:
    for file in files_in(FOLDERS[folder]):
        if file.name.endswith(end):
            assert old.encode() in file.content, old
            yield File(file.name, file.content.replace(old.encode(), new.encode()))
        else:
            yield file


def faults_of_cases(files: Iterator[File]) -> tuple[Fault, ...]:
    reading = read(files)
    assert reading.faults == ()
    return run_cases(reading).faults


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_case_holds_and_every_rule_decides_one(folder: str) -> None:
    reading = read(files_in(FOLDERS[folder]))
    assert [str(fault) for fault in reading.faults] == []
    run = run_cases(reading)
    assert [str(fault) for fault in run.faults] == []
    assert (run.failed, run.count) == (0, sum(len(each.cases) for each in reading.collection.cases.values()))


def test_what_ships_lists_only_the_seven_codes_of_mm_0552() -> None:
    rulebook = read(files_in(FOLDERS["shipped"])).rulebook
    assert rulebook is not None
    assert rulebook.listed_codes == SEVEN
    assert {payer_id: set(codes) for payer_id, codes in rulebook.index.items()} == {"62308": SEVEN}
    policies = [policy for listing in rulebook.index["62308"].values() for policy in listing]
    assert {(policy.payer, policy.id) for policy in policies} == {("cigna", "MM 0552")}


def test_both_versions_of_mm_0552_have_the_same_rules_in_the_same_order() -> None:
    reading = read(files_in(FOLDERS["shipped"]))
    (policy,) = reading.collection.policies().values()
    first, second = policy.versions
    assert rule_ids(first) == rule_ids(second)
    assert {code: [rule.id for rule in rules] for code, rules in first.rules.items()} == {
        code: [rule.id for rule in rules] for code, rules in second.rules.items()
    }


def test_the_checker_reports_the_source_s_conflicts_and_its_malformed_row() -> None:
    warnings = [fault.code for fault in read(files_in(FOLDERS["shipped"])).warnings]
    assert sorted(set(warnings)) == ["quarantined-row", "sign-off", "source-conflict"]
    assert warnings.count("quarantined-row") == 1


def cases_of(folder: str) -> CasesDocument:
    (path,) = FOLDERS[folder].glob("*/*/cases.yaml")
    return msgspec.convert(parse(str(path), path.read_bytes()).value, CasesDocument)


def test_mm_0552_has_cases_that_must_deny_and_cases_that_must_not_for_every_code() -> None:
    outcomes: dict[str, set[str]] = {}
    for case in cases_of("shipped").cases:
        if isinstance(case.expect, Expectation):
            outcomes.setdefault(case.line.procedure_code.strip().upper(), set()).add(case.expect.outcome.value)
    for code in SEVEN:
        assert {"not_medically_necessary", "experimental_investigational"} <= outcomes[code], code
    for code in ("38230", "38232", "20999"):
        assert "review" in outcomes[code], code
    assert "other_policy" in outcomes["38230"] & outcomes["38232"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('effective_from: "2025-12-16"', 'effective_from: "2025-12-17"', None),
        ("handoff: Cigna stem", "handoff: cigna stem", "handoff is cigna stem cell"),
        (
            "reason: not medically necessary per Cigna MM 0552",
            "reason: not necessary per Cigna MM 0552",
            "reason is not nec",
        ),
        ('carc: "50"', 'carc: "55"', "carc is 55, expected 50"),
        ("when: {narrative: hint}", "when: {narrative: [hint, other]}", "no case makes rule unlisted-names-none"),
        ("flags: [context_mixed]", "flags: []", "flags is [], expected [context_mixed]"),
        ("appeal: do_not_appeal", "appeal: may_appeal", "appeal is may_appeal, expected do_not_appeal"),
        ("prior_authorization: no_pathway", "prior_authorization: required", "prior_authorization is required"),
    ],
)
def test_a_wrong_policy_fails_its_cases_or_its_checks(old: str, new: str, said: str | None) -> None:
    files = tuple(edited("shipped", "policy.yaml", old, new))
    if said is None:
        assert "boundary-without-case" in [fault.code for fault in read(files).faults]
    else:
        assert any(said in str(fault) for fault in faults_of_cases(iter(files)))


def test_a_failed_case_is_named_at_its_place_with_a_mend() -> None:
    faults = faults_of_cases(edited("shipped", "policy.yaml", 'carc: "50"', 'carc: "51"'))
    path = ROOT / "rules/cigna/mm-0552/cases.yaml"
    (fault,) = faults
    assert "carc:" in path.read_text().splitlines()[fault.line - 1]
    assert "denies the knee implant as not medically necessary: carc is 51, expected 50" in fault.message
    assert fault.mend


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("        - D3A\n", ""),
        ("        - D63 # anaemia in other disease\n", ""),
        ("        - Z52.3 # marrow donor\n", ""),
        ("        - M84.5 # fracture where a tumour is: counts for both classes\n", ""),
        ("        - S04-S06\n", ""),
        ("        - Q78.2 # osteopetrosis\n", ""),
        ("taxonomies: [207RH0000X, 207RH0003X", "taxonomies: [207RH0000X"),
    ],
)
def test_a_wrong_context_list_fails_a_case(old: str, new: str) -> None:
    assert faults_of_cases(edited("shipped", "clinical-context.yaml", old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("negation_reach: 3", "negation_reach: 2"),
        ("negation_reach: 3", "negation_reach: 4"),
        ('negating_prefixes: ["non"]', "negating_prefixes: []"),
        ('"denies"]', '"denies", "non"]'),
        ("  - Wharton's jelly\n", ""),
        ("  - amniotic\n", ""),
    ],
)
def test_wrong_terms_fail_a_case(old: str, new: str) -> None:
    assert faults_of_cases(edited("shipped", "stem-cell-terms.yaml", old, new))
