"""Makes the cases of a new policy: one for each rule, and both sides of each boundary date.

Knows what cases must cover. What must come out is taken from the document and not from the engine, so that the cases
check it.
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Final

from msgspec.structs import replace

from policywire.model.records import DENIED, Outcome
from policywire.rulebook.cases import Case, CaseLine, CasesDocument, Expectation
from policywire.rulebook.checks import good_codes
from policywire.rulebook.document import PolicyDocument, RuleText, VersionText
from policywire.workbench.authoring.sample_lines import Surroundings, line_for
from policywire.workbench.plain_words import OUTCOMES

EACH_CODE_MAX: Final = 60
"""Up to so many codes of a version each has a case of its own; of a longer list one a rule is enough to read."""

_DAY: Final = timedelta(days=1)


def cases_of(policy: PolicyDocument, versions: Iterable[VersionText], around: Surroundings) -> tuple[Case, ...]:
    """Cases for some versions of a policy; a rule that no line was found for has none, and the checker names it.

    Args:
        policy: the whole policy.
        versions: those of its versions that want cases.
        around: the rulebook with the policy, and what lines are read by.
    """
    cases: dict[str, Case] = {}
    for version in versions:
        for case in (*_boundary_cases(policy, version, around), *_rule_cases(version, around)):
            cases.setdefault(case.name, case)
    return tuple(cases.values())


def cases_document(policy: PolicyDocument, cases: tuple[Case, ...]) -> CasesDocument:
    """The document beside the policy."""
    return CasesDocument(payer=policy.payer, policy=policy.policy, cases=cases)


def _rule_cases(version: VersionText, around: Surroundings) -> Iterator[Case]:
    codes = sum(len(rule.codes) for rule in version.rules)
    for rule in version.rules:
        wanted = good_codes(rule.codes)[: None if codes <= EACH_CODE_MAX else 1]
        found = False
        for code in wanted:
            line = line_for(replace(rule, codes=(code,)), version.effective_from, around)
            if line is not None:
                found = True
                yield Case(name=_name(rule, line), line=line, expect=_expected(rule, version))
        if not found:
            line = line_for(rule, version.effective_from, around)
            if line is not None:
                yield Case(name=_name(rule, line), line=line, expect=_expected(rule, version))


def _name(rule: RuleText, line: CaseLine) -> str:
    what = OUTCOMES[rule.outcome]
    verb = "" if rule.outcome in (Outcome.REVIEW, Outcome.OTHER_POLICY) else "is "
    return f"{line.procedure_code} {verb}{what} from {line.service_date} on, by rule {rule.id}"


def _expected(rule: RuleText, version: VersionText) -> Expectation:
    """What the document says of a line that a rule decides: all of it, so that no mistake in it goes unnoticed."""
    flags = (*version.flags, *rule.flags)
    expected = Expectation(
        outcome=rule.outcome,
        rule=rule.id,
        version=version.effective_from,
        flags=flags,
        prior_authorization="unknown" if rule.outcome is Outcome.OTHER_POLICY else version.prior_authorization,
    )
    denial = rule.denial or version.denial
    if rule.outcome is Outcome.OTHER_POLICY:
        return replace(expected, handoff=rule.handoff)
    if denial is None or rule.outcome not in DENIED:
        return expected
    is_doubtful = not set(denial.confirm_first_when).isdisjoint(flags)
    appeal = "confirm_first" if is_doubtful else denial.appeal
    return replace(expected, reason=denial.reason, carc=denial.carc, appeal=appeal)


def _boundary_cases(policy: PolicyDocument, version: VersionText, around: Surroundings) -> Iterator[Case]:
    """The last day before the version, and when it ends its last day and the day after; its first days are rules'."""
    position = policy.versions.index(version)
    before = policy.versions[position - 1] if position else None
    days = [(version.effective_from - _DAY, before)]
    if version.effective_through is not None:
        after = policy.versions[position + 1] if position + 1 < len(policy.versions) else None
        days += [(version.effective_through, version), (version.effective_through + _DAY, after)]
    for day, in_force in days:
        yield from _case_on(day, in_force, version, around)


def _case_on(day: date, in_force: VersionText | None, version: VersionText, around: Surroundings) -> Iterator[Case]:
    if in_force is None:
        line = CaseLine(procedure_code=good_codes(version.rules[0].codes)[0], service_date=day)
        yield _case_without_version(line, around)
        return
    for rule in in_force.rules:
        found = line_for(rule, day, around)
        if found is not None:
            name = f"on {day} the version from {in_force.effective_from} is in force"
            yield Case(name=name, line=found, expect=_expected(rule, in_force))
            return


def _case_without_version(line: CaseLine, around: Surroundings) -> Case:
    """A line of a day on which no version is in force: the policy is silent where another one of the payer speaks."""
    name = f"on {line.service_date} no version is in force"
    if around.determination(line) is None:
        name += ", and another policy of the payer decides"
        return Case(name=name, line=line, expect="no_determination")
    return Case(name=name, line=line, expect=Expectation(outcome=Outcome.NO_POLICY_IN_FORCE, rule=None, version=None))
