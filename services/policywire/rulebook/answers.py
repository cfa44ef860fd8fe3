"""What a version of a policy answers, apart from its words: the basis for saying what a change of rules changes.

Knows which parts of a compiled version can change an outcome, a denial or a date; labels, rationales, rule ids and
citations are not among them, so a cosmetic edit gives equal answers. Knows no event.
"""

from collections.abc import Iterator
from datetime import date
from hashlib import blake2b

import msgspec
from msgspec import Struct

from policywire.rulebook.conditions import All, AnyOf, Condition, Not, Test
from policywire.rulebook.rulebook import CompiledPolicy, Rule, Version


class Answers(Struct, frozen=True, array_like=True):
    """The answers of one version, comparable and compact.

    ``frame`` is a digest of all that concerns every code (scope, how facts are read, what a denial looks like, prior
    authorization); ``codes`` has for each code the outcomes its rules can give and a digest of the rules.
    """

    effective_through: str | None
    prior_authorization: str
    frame: str
    codes: dict[str, tuple[str, str]]


def answers_of(policy: CompiledPolicy) -> dict[str, Answers]:
    """The answers of every version of a policy, by the version's first day."""
    return {version.effective_from.isoformat(): _answers(policy, version) for version in policy.versions}


def changes(before: Answers | None, after: Answers | None) -> tuple[dict[str, str], list[str]]:
    """What differs between two states of one version; None: it was or is not there.

    Returns:
        For each code that is answered otherwise, how; and what differs for all of them. Both empty when nothing does.
    """
    if before is None or after is None:
        codes = (after or before or _NONE).codes
        return dict.fromkeys(codes, "added" if before is None else "removed"), []
    by_code = {code: "added" for code in after.codes if code not in before.codes}
    by_code |= {code: "removed" for code in before.codes if code not in after.codes}
    for code, (outcomes, digest) in after.codes.items():
        former_outcomes, former_digest = before.codes.get(code, (outcomes, digest))
        if former_outcomes != outcomes:
            by_code[code] = f"{former_outcomes} becomes {outcomes}"
        elif former_digest != digest:
            by_code[code] = "decided by other conditions"
    return by_code, list(_general(before, after))


_NONE = Answers(None, "unknown", "", {})


def _general(before: Answers, after: Answers) -> Iterator[str]:
    if before.effective_through != after.effective_through:
        yield f"in force through {after.effective_through or 'further notice'}"
    if before.prior_authorization != after.prior_authorization:
        yield f"prior authorization {before.prior_authorization} becomes {after.prior_authorization}"
    if before.frame != after.frame:
        yield "scope, denial or the reading of facts changed"


def _answers(policy: CompiledPolicy, version: Version) -> Answers:
    frame = (
        sorted(policy.lines_of_business),
        policy.contexts,
        policy.terms,
        version.denial,
        version.flags,
        sorted(version.unknown_flags.items()),
    )
    return Answers(
        effective_through=_iso(version.effective_through),
        prior_authorization=version.prior_authorization,
        frame=_digest(frame),
        codes=_of_codes(version),
    )


def _of_codes(version: Version) -> dict[str, tuple[str, str]]:
    # Codes that the same rules name hold one tuple of them: looked at once, there is eight times less to digest.
    told: dict[int, tuple[str, str]] = {}
    for rules in version.rules.values():
        if id(rules) not in told:
            told[id(rules)] = _of_rules(rules)
    return {code: told[id(rules)] for code, rules in sorted(version.rules.items())}


def _of_rules(rules: tuple[Rule, ...]) -> tuple[str, str]:
    outcomes = ", ".join(dict.fromkeys(rule.outcome.value for rule in rules))
    return outcomes, _digest([_told(rule) for rule in rules])


def _told(rule: Rule) -> tuple[object, ...]:
    # Without a denial of its own a rule is digested as before there could be one: no release announces changes.
    told = (_plain(rule.condition), rule.outcome, rule.flags, rule.handoff)
    return told if rule.denial is None else (*told, rule.denial)


def _plain(condition: Condition | None) -> object:
    """A condition as nested lists, the same however its sets were ordered."""
    match condition:
        case None:
            return None
        case Test(fact, operator, operand, _):
            return [fact, operator, sorted(operand) if isinstance(operand, frozenset | tuple) else operand]
        case All(parts):
            return ["all", *map(_plain, parts)]
        case AnyOf(parts):
            return ["any", *map(_plain, parts)]
        case Not(part):
            return ["not", _plain(part)]


def _digest(value: object) -> str:
    return blake2b(msgspec.json.encode(value, order="deterministic"), digest_size=8).hexdigest()


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
