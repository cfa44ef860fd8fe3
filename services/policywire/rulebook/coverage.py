"""That the cases beside a policy cover it: every rule of every version, and both sides of every boundary date.

Knows cases and compiled policies; does not run a case (:mod:`policywire.workbench.casetest`).
"""

from collections.abc import Iterator
from datetime import date, timedelta

from msgspec import UNSET

from policywire.model.codes import procedure_code
from policywire.rulebook.cases import Case, CasesDocument, Expectation
from policywire.rulebook.checks import twice
from policywire.rulebook.collection import Collection, Located
from policywire.rulebook.rulebook import CompiledPolicy, Version
from policywire.rulebook.source import Finding


def coverage_findings(all_of: Collection) -> Iterator[Located]:
    """Everything that is wrong with cases, and what of the policies written by hand has none.

    A policy in JSON was made by a program, which is held to its cases where it is made; one in YAML needs them.
    """
    policies = all_of.policies()
    covered: set[tuple[str, str]] = set()
    for file, document in all_of.cases.items():
        key = (document.payer, document.policy)
        if key not in policies:
            message = f"no policy {document.policy} of {document.payer}"
            yield file, Finding(("policy",), "unknown-policy", message, "Mend payer and policy of the cases.")
            continue
        covered.add(key)
        for finding in case_findings(document, policies[key]):
            yield file, finding
    for file, draft in all_of.drafts.items():
        if (draft.policy.payer, draft.policy.id) not in covered and not file.endswith(".json"):
            mend = "Put a cases.yaml beside it, with a case for each rule and for both sides of each date."
            yield file, Finding((), "no-cases", f"{draft.policy.id} has no cases", mend)


def case_findings(document: CasesDocument, policy: CompiledPolicy) -> Iterator[Finding]:
    """What is wrong with the cases of one policy."""
    yield from twice(("cases",), "name", (case.name for case in document.cases))
    for position, case in enumerate(document.cases):
        yield from _line_findings(case, position)
        yield from _expectation_findings(case, position, policy)
    for version in policy.versions:
        yield from _uncovered_rules(document, policy, version)
    yield from _uncovered_dates(document, policy)


def _line_findings(case: Case, position: int) -> Iterator[Finding]:
    line, path = case.line, ("cases", position, "line")
    if line.service_date_end is not None and line.service_date_end < line.service_date:
        message = "the span ends before it starts"
        yield Finding((*path, "service_date_end"), "span", message, "Mend one of the two dates.")
    for p, pointer in enumerate(line.diagnosis_pointers):
        if pointer > len(line.diagnoses):
            message = f"there is no diagnosis {pointer}"
            yield Finding((*path, "diagnosis_pointers", p), "pointer", message, "Diagnoses are counted from 1.")


def _expectation_findings(case: Case, position: int, policy: CompiledPolicy) -> Iterator[Finding]:
    if not isinstance(case.expect, Expectation) or case.expect.rule in (UNSET, None):
        return
    version = policy.version_on(case.line.service_date)
    if version is None or case.expect.rule not in rule_ids(version):
        message = f"no rule {case.expect.rule} in the version in force on {case.line.service_date}"
        yield Finding(("cases", position, "expect", "rule"), "unknown-rule", message, "Mend the rule or the date.")


def rule_ids(version: Version) -> tuple[str, ...]:
    """The ids of a version's rules that name a usable code, in order."""
    return tuple(dict.fromkeys(rule.id for rules in version.rules.values() for rule in rules))


def _uncovered_rules(document: CasesDocument, policy: CompiledPolicy, version: Version) -> Iterator[Finding]:
    expected = {
        case.expect.rule
        for case in document.cases
        if isinstance(case.expect, Expectation) and policy.version_on(case.line.service_date) is version
    }
    for rule in rule_ids(version):
        if rule not in expected:
            message = f"rule {rule} of version {version.effective_from} has no case"
            yield Finding(("cases",), "rule-without-case", message, f"Add a case that expects rule: {rule}.")


def _uncovered_dates(document: CasesDocument, policy: CompiledPolicy) -> Iterator[Finding]:
    listed = {code for version in policy.versions for code in version.rules}
    days = {case.line.service_date for case in document.cases if procedure_code(case.line.procedure_code) in listed}
    for day in boundary_dates(policy):
        if day not in days:
            message = f"no case has the date of service {day}, which is beside a boundary of the versions"
            yield Finding(("cases",), "boundary-without-case", message, f"Add a case with service_date: {day}.")


def boundary_dates(policy: CompiledPolicy) -> tuple[date, ...]:
    """Both sides of every day on which another version, or none, comes into force."""
    starts = {version.effective_from for version in policy.versions}
    starts |= {each.effective_through + timedelta(days=1) for each in policy.versions if each.effective_through}
    return tuple(sorted(starts | {start - timedelta(days=1) for start in starts}))
