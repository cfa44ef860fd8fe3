"""Mistakes in the rules of a version: one forgotten, its outcome, flags, codes or condition wrong, two changed round.

Knows rules as written; does not know which of the mistakes change an answer.
"""

from collections.abc import Iterator
from typing import Any, Final

from msgspec.structs import replace

from policywire.model.records import Flag, Outcome
from policywire.rulebook.checks import good_codes
from policywire.rulebook.document import PolicyDocument, RuleText
from policywire.rulebook.source import Path
from policywire.workbench.mutation.conditions import condition_mutants
from policywire.workbench.mutation.mutant import Mutant
from policywire.workbench.mutation.versions import denial_mistakes

FLIPPED: Final = {
    Outcome.NOT_MEDICALLY_NECESSARY: Outcome.COVERED,
    Outcome.EXPERIMENTAL_INVESTIGATIONAL: Outcome.COVERED,
    Outcome.COVERED: Outcome.REVIEW,
    Outcome.CRITERIA_REQUIRED: Outcome.COVERED,
    Outcome.OTHER_POLICY: Outcome.REVIEW,
    Outcome.REVIEW: Outcome.COVERED,
    Outcome.NO_POLICY_IN_FORCE: Outcome.REVIEW,
}
"""For each outcome one that says something else and needs nothing beside it."""

ADDED: Final = (Flag.NARRATIVE_AMBIGUOUS, Flag.CONTEXT_MIXED)
"""A flag that a rule has not is one of these."""

Change = tuple[str, Path, str, tuple[RuleText, ...]]
"""Kind, where among the rules, what was changed, and the rules that it gives."""


def rule_mutants(policy: PolicyDocument) -> Iterator[Mutant[PolicyDocument]]:
    """Every mistake in a rule of a policy, version by version."""
    for v, version in enumerate(policy.versions):
        for r, rule in enumerate(version.rules):
            for kind, path, what, rules in _changes(version.rules, r):
                yield Mutant(
                    kind=kind,
                    path=("versions", v, "rules", *path),
                    what=f"{rule.id}: {what}",
                    document=_with_rules(policy, v, rules),
                    version=v,
                    codes=good_codes(rule.codes),
                )


def _with_rules(policy: PolicyDocument, position: int, rules: tuple[RuleText, ...]) -> PolicyDocument:
    versions = list(policy.versions)
    versions[position] = replace(versions[position], rules=rules)
    return replace(policy, versions=tuple(versions))


def _changes(rules: tuple[RuleText, ...], r: int) -> Iterator[Change]:
    rule = rules[r]
    yield "rule-dropped", (r,), "the rule is dropped", (*rules[:r], *rules[r + 1 :])
    if r + 1 < len(rules) and set(good_codes(rule.codes)) & set(good_codes(rules[r + 1].codes)):
        changed_round = (*rules[:r], rules[r + 1], rule, *rules[r + 2 :])
        yield "rules-swapped", (r,), f"it stands behind {rules[r + 1].id}", changed_round
    for kind, path, what, changed in _changed(rule):
        yield kind, (r, *path), what, (*rules[:r], changed, *rules[r + 1 :])


def _changed(rule: RuleText) -> Iterator[tuple[str, Path, str, RuleText]]:
    flipped = FLIPPED[rule.outcome]
    outcome = replace(rule, outcome=flipped, handoff=None, denial=None)
    yield "outcome-flipped", ("outcome",), f"outcome {rule.outcome.value} becomes {flipped.value}", outcome
    if rule.handoff is not None:
        yield "handoff-changed", ("handoff",), "the handoff names somebody else", replace(rule, handoff="somebody else")
    if rule.denial is not None:
        for path, what, denial in denial_mistakes(rule.denial):
            yield "denial-changed", ("denial", *path), what, replace(rule, denial=denial)
    yield from _flagged(rule, rule.flags)
    if len(good_codes(rule.codes)) > 1:
        for position, code in enumerate(rule.codes):
            codes = (*rule.codes[:position], *rule.codes[position + 1 :])
            yield "code-removed", ("codes", position), f"{code} is left out", replace(rule, codes=codes)
    if rule.when is not None:
        for kind, path, what, when in condition_mutants(rule.when):
            yield kind, ("when", *path), what, replace(rule, when=when)


def _flagged(rule: Any, flags: tuple[Flag, ...]) -> Iterator[tuple[str, Path, str, Any]]:
    for position, flag in enumerate(flags):
        rest = (*flags[:position], *flags[position + 1 :])
        yield "flag-flipped", ("flags", position), f"flag {flag.value} is left out", replace(rule, flags=rest)
    new = next(flag for flag in ADDED if flag not in flags)
    yield "flag-flipped", ("flags",), f"flag {new.value} is added", replace(rule, flags=(*flags, new))
