"""Which rules can decide at all, and which codes can be left without a decision.

Knows versions and the situations that their rules tell apart; does not know other policies.
"""

from collections.abc import Iterator
from itertools import takewhile

from policywire.rulebook.conditions import Facts
from policywire.rulebook.rulebook import Rule
from policywire.rulebook.source import Finding, Path
from policywire.workbench.lint.situations import TooMany, deciding, situations, told
from policywire.workbench.lint.subject import Subject, rule_lists


def reach_findings(subject: Subject) -> Iterator[Finding]:
    """Rules that never decide, each with the codes for which that is so, and codes that fall through all rules."""
    for position, version in enumerate(subject.policy.versions):
        idle: dict[tuple[str, str, str], list[str]] = {}
        for rules, codes in rule_lists(version).items():
            try:
                everything = situations(rules, subject.reader, version.unknown_flags)
            except TooMany:
                yield _not_checked(subject, position, rules, codes)
                continue
            for rule, why, takers in _idle(rules, everything):
                idle.setdefault((rule.id, why, takers), []).extend(codes)
            yield from _fallen(subject, position, rules, codes, everything)
        for (rule_id, why, takers), codes in idle.items():
            yield _idle_finding(subject.rule_path(position, rule_id), rule_id, why, takers, codes)


def _idle(rules: tuple[Rule, ...], everything: list[Facts]) -> Iterator[tuple[Rule, str, str]]:
    """Rules that decide in no situation: whether one holds at all, and which decide in its stead."""
    decides = {id(rule) for facts in everything if (rule := deciding(rules, facts)[0]) is not None}
    for rule in rules:
        if id(rule) in decides or _is_plainly_unreachable(rule, rules):
            continue
        holding = [facts for facts in everything if rule.condition is None or rule.condition.holds(facts)]
        takers = {taker.id for facts in holding if (taker := deciding(rules, facts)[0]) is not None}
        takers_in_order = (each.id for each in rules if each.id in takers)
        yield rule, "shadowed" if holding else "never-holds", ", ".join(takers_in_order)


def _is_plainly_unreachable(rule: Rule, rules: tuple[Rule, ...]) -> bool:
    """Whether loading says it already: a rule before it has no condition, or the same."""
    before = takewhile(lambda each: each is not rule, rules)
    return any(each.condition is None or each.condition == rule.condition for each in before)


def _idle_finding(path: Path, rule: str, why: str, takers: str, codes: list[str]) -> Finding:
    listed = ", ".join(sorted(codes))
    if why == "never-holds":
        message = f"the condition of {rule} holds for no line of {listed}"
        return Finding((*path, "when"), why, message, "It contradicts itself: mend it, or take the rule out.")
    by = f": {takers} decide{'' if ',' in takers else 's'} before it whatever the line" if takers else ""
    message = f"{rule} never decides {listed}{by}"
    return Finding(path, why, message, "Move it up, narrow what stands before it, or take it out.")


def _fallen(
    subject: Subject, position: int, rules: tuple[Rule, ...], codes: list[str], everything: list[Facts]
) -> Iterator[Finding]:
    fallen = next((facts for facts in everything if deciding(rules, facts) == (None, False)), None)
    if fallen is not None:
        path = subject.rule_path(position, rules[-1].id)
        listed = ", ".join(sorted(codes))
        version = subject.policy.versions[position]
        message = f"no rule of version {version.effective_from} decides {listed} when {told(fallen)}"
        yield Finding(
            path, "falls-through", message, "Add a rule for it, or a last one without a condition.", "warning"
        )


def _not_checked(subject: Subject, position: int, rules: tuple[Rule, ...], codes: list[str]) -> Finding:
    message = f"the conditions on {', '.join(sorted(codes))} can be combined in too many ways to look at each"
    mend = "Whether a rule is ever reached is not said; ask for fewer values of a fact, or split the rules by code."
    return Finding(subject.rule_path(position, rules[0].id), "reach-not-checked", message, mend, "warning")
