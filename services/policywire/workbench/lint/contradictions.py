"""Two policies of one payer that answer one code on one day differently.

Knows policies side by side; does not look at one alone (:mod:`policywire.workbench.lint.reach`). A review or a handoff
to another policy contradicts nothing: it leaves the answer to somebody else.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import combinations, product
from typing import Final, NamedTuple

from msgspec.structs import replace

from policywire.model.records import Outcome
from policywire.rulebook.collection import Located
from policywire.rulebook.conditions import All, AnyOf, Condition, Facts, Not, Test
from policywire.rulebook.rulebook import Rule, Version
from policywire.rulebook.source import Finding
from policywire.workbench.lint.situations import THEIR, TooMany, deciding, situations, told
from policywire.workbench.lint.subject import Subject

OPEN: Final = frozenset({Outcome.REVIEW, Outcome.OTHER_POLICY})
"""Outcomes that leave the answer to somebody else."""


class Side(NamedTuple):
    """One of the two policies: which version of it, and its rules for the code."""

    subject: Subject
    position: int
    version: Version
    rules: tuple[Rule, ...]


class Clash(NamedTuple):
    """What one rule of each says in one situation."""

    one: tuple[Side, Rule]
    other: tuple[Side, Rule]
    codes: tuple[str, ...]
    day: date
    facts: Facts


def clashes(subjects: Iterable[Subject]) -> Iterator[Clash | Located]:
    """Where versions of two policies of a payer contradict each other: two rules for each pair of outcomes.

    A finding in its stead says what could not be looked at.
    """
    by_code: dict[tuple[str, str], list[Subject]] = {}
    for subject in subjects:
        for code in dict.fromkeys(code for version in subject.policy.versions for code in version.rules):
            by_code.setdefault((subject.policy.payer, code), []).append(subject)
    found: dict[tuple[object, ...], Clash] = {}
    for (_, code), sharing in by_code.items():
        for clash in (each for pair in combinations(sharing, 2) for each in _between(code, pair)):
            if not isinstance(clash, Clash):
                yield clash
                continue
            known = found.setdefault(_what(clash), clash)
            if _rules(known) == _rules(clash):
                found[_what(clash)] = known._replace(codes=tuple(dict.fromkeys((*known.codes, code))))
    yield from found.values()


def _what(clash: Clash) -> tuple[object, ...]:
    """What is told once: which versions of the two give which outcomes."""
    return tuple((side.subject.file, side.position, rule.outcome) for side, rule in (clash.one, clash.other))


def _rules(clash: Clash) -> tuple[str, str]:
    return clash.one[1].id, clash.other[1].id


def clash_findings(clash: Clash, places: tuple[str, str]) -> Iterator[Located]:
    """A clash, told at both places.

    Args:
        clash: what contradicts.
        places: ``file:line`` of its two rules.
    """
    for (mine, rule), (theirs, other), place in (
        (clash.one, clash.other, places[1]),
        (clash.other, clash.one, places[0]),
    ):
        message = (
            f"from {clash.day} on {', '.join(clash.codes)} is {rule.outcome.value} by {rule.id}, and "
            f"{other.outcome.value} by {other.id} of {theirs.subject.policy.id} ({place}) when {told(clash.facts)}"
        )
        mend = "Narrow one of the two by date, code or condition, or end the older one."
        path = mine.subject.rule_path(mine.position, rule.id)
        yield mine.subject.file, Finding(path, "contradictory-outcomes", message, mend, "warning")


def _between(code: str, pair: tuple[Subject, Subject]) -> Iterator[Clash | Located]:
    one, other = pair
    shared = tuple(sorted(set(one.reader.lines_of_business) & set(other.reader.lines_of_business)))
    if not shared:
        return
    for mine, theirs in product(_sides(one, code, shared), _sides(other, code, shared)):
        day = _first_common_day(mine.version, theirs.version)
        if day is not None:
            yield from _in_situations(code, day, mine, theirs)


def _sides(subject: Subject, code: str, shared: tuple[str, ...]) -> Iterator[Side]:
    narrowed = replace(subject, reader=replace(subject.reader, lines_of_business=shared))
    for position, version in enumerate(subject.policy.versions):
        if code in version.rules:
            yield Side(narrowed, position, version, version.rules[code])


def _first_common_day(one: Version, other: Version) -> date | None:
    start = max(one.effective_from, other.effective_from)
    ends = [each.effective_through for each in (one, other) if each.effective_through is not None]
    return start if all(start <= end for end in ends) else None


def _in_situations(code: str, day: date, mine: Side, theirs: Side) -> Iterator[Clash | Located]:
    sought = {
        (one.outcome, other.outcome) for one, other in product(mine.rules, theirs.rules) if _contradict(one, other)
    }
    if not sought:
        return
    apart = [fact for fact in ("clinical_context", "narrative") if _reads_otherwise(fact, mine.subject, theirs.subject)]
    rules = tuple(_renamed(rule, apart) for rule in theirs.rules)
    unknown = {*mine.version.unknown_flags, *theirs.version.unknown_flags}
    try:
        everything = situations((*mine.rules, *rules), mine.subject.reader, unknown, theirs.subject.reader)
    except TooMany:
        yield mine.subject.file, _not_checked(code, mine, theirs)
        return
    for facts in everything:
        rule, other = deciding(mine.rules, facts)[0], deciding(rules, facts)[0]
        if rule is not None and other is not None and (rule.outcome, other.outcome) in sought:
            sought.remove((rule.outcome, other.outcome))
            yield Clash((mine, rule), (theirs, other), (code,), day, facts)
        if not sought:
            return


def _contradict(one: Rule, other: Rule) -> bool:
    return one.outcome != other.outcome and not {one.outcome, other.outcome} & OPEN


def _not_checked(code: str, mine: Side, theirs: Side) -> Finding:
    message = f"whether {theirs.subject.policy.id} answers {code} otherwise is not checked: too many conditions"
    mend = "Ask for fewer different values of a fact in one of the two."
    path = mine.subject.rule_path(mine.position, mine.rules[0].id)
    return Finding(path, "reach-not-checked", message, mend, "warning")


def _reads_otherwise(fact: str, one: Subject, other: Subject) -> bool:
    field = "contexts" if fact == "clinical_context" else "terms"
    return bool(getattr(one, field) != getattr(other, field))


def _renamed(rule: Rule, facts: Sequence[str]) -> Rule:
    """The rule with these facts under names of their own."""
    return rule if rule.condition is None or not facts else replace(rule, condition=_apart(rule.condition, facts))


def _apart(condition: Condition, facts: Sequence[str]) -> Condition:
    match condition:
        case Test():
            return replace(condition, fact=f"{THEIR}{condition.fact}") if condition.fact in facts else condition
        case All(parts):
            return All(tuple(_apart(part, facts) for part in parts))
        case AnyOf(parts):
            return AnyOf(tuple(_apart(part, facts) for part in parts))
        case Not(part):
            return Not(_apart(part, facts))
