"""What a policy document must fulfil beyond its shape, looked at alone.

Knows the meaning of a policy; does not know files, other documents (:mod:`policywire.rulebook.references`) or cases
(:mod:`policywire.rulebook.coverage`).
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

from policywire.model.codes import is_procedure_code, procedure_code
from policywire.model.records import DENIED, Flag, Outcome
from policywire.rulebook.conditions import FACTS, All, AnyOf, Condition, Not, Test
from policywire.rulebook.document import PolicyDocument, RuleText, VersionText
from policywire.rulebook.source import Finding, Path
from policywire.rulebook.when import FACT_KINDS, When, read, suggestion

YEARS: Final = range(1900, 2200)
"""The years in which the contracts let dates lie."""

WITHOUT_ACTION: Final = frozenset({Flag.PRIOR_VERSION_CODES_UNVERIFIED})
"""Flags from which no next action follows; of all others one does, as policywire.decision.consequences has it."""

condition_of = lru_cache(maxsize=4096)(read)
"""The compiled condition of a ``when``; equal ones are the same object, which keeps 10,000 policies small."""


def tests_in(condition: Condition | None) -> Iterator[Test]:
    """Every test of a fact in a condition."""
    match condition:
        case Test():
            yield condition
        case All(parts) | AnyOf(parts):
            for part in parts:
                yield from tests_in(part)
        case Not(part):
            yield from tests_in(part)


@lru_cache(maxsize=4096)
def facts_in(when: When) -> frozenset[str]:
    """The facts that a condition reads."""
    return frozenset(test.fact for test in tests_in(condition_of(when)))


@lru_cache(maxsize=4096)
def good_codes(codes: tuple[str, ...]) -> tuple[str, ...]:
    """Listed codes in normal form, each once, less those that are quarantined."""
    return tuple(code for code in dict.fromkeys(map(procedure_code, codes)) if is_procedure_code(code))


def policy_findings(policy: PolicyDocument) -> Iterator[Finding]:
    """Everything that is wrong in a policy document, and as warnings what its reader must know."""
    yield from _window_findings(policy)
    yield from _date_findings(policy)
    yield from twice(("citations",), "id", (each.id for each in policy.citations))
    yield from twice(("source_conflicts",), "id", (each.id for each in policy.source_conflicts))
    yield from twice(("quarantined_rows",), "id", (each.id for each in policy.quarantined_rows))
    yield from _citation_findings(policy)
    for position, version in enumerate(policy.versions):
        yield from _version_findings(policy, version, ("versions", position))
    yield from _source_warnings(policy)


def idle_reviews(policy: PolicyDocument) -> Iterator[Finding]:
    """Reviews that leave their reader nothing to do: a warning for those who write rules by hand."""
    for v, version in enumerate(policy.versions):
        for r, rule in enumerate(version.rules):
            if rule.outcome is Outcome.REVIEW and WITHOUT_ACTION.issuperset((*version.flags, *rule.flags)):
                message = f"{rule.id} sends to review without a flag that says what to do; the next action will be none"
                mend = "Add flags: with what a person has to settle, such as context_unknown or narrative_ambiguous."
                yield Finding(("versions", v, "rules", r, "outcome"), "idle-review", message, mend, "warning")


def twice(path: Path, field: str, values: Iterable[str]) -> Iterator[Finding]:
    """A finding for each value that an earlier one equals."""
    seen: set[str] = set()
    for position, value in enumerate(values):
        if value in seen:
            where = (*path, position, field) if field else (*path, position)
            yield Finding(where, "twice", f"{value} is already given above", "Keep one of them, or rename one.")
        seen.add(value)


def _window_findings(policy: PolicyDocument) -> Iterator[Finding]:
    for position, version in enumerate(policy.versions):
        path = ("versions", position)
        through = version.effective_through
        if through is not None and through < version.effective_from:
            message = f"the version ends on {through}, before it starts"
            yield Finding((*path, "effective_through"), "window", message, "Mend one of the two dates.")
        if position + 1 == len(policy.versions):
            return
        start = policy.versions[position + 1].effective_from
        below = ("versions", position + 1, "effective_from")
        if start <= version.effective_from:
            message = f"{start} is not after {version.effective_from}, the version before"
            yield Finding(below, "window-order", message, "Give the versions oldest first, each with its own date.")
        elif through is not None and through >= start:
            message = f"{start} overlaps the version before, which ends on {through}"
            yield Finding(below, "window-overlap", message, f"End that one on {start - timedelta(days=1)}.")
        elif through is not None and through < start - timedelta(days=1):
            message = f"no version is in force from {through + timedelta(days=1)} to {start - timedelta(days=1)}"
            yield Finding(below, "window-gap", message, "Take effective_through of the version before away.")


def _date_findings(policy: PolicyDocument) -> Iterator[Finding]:
    dates: list[tuple[Path, date | None]] = [(("known_from",), policy.known_from)]
    dates += [(("citations", c, "retrieved"), each.retrieved) for c, each in enumerate(policy.citations)]
    known: date | None = None
    for position, version in enumerate(policy.versions):
        path = ("versions", position)
        dates.append(((*path, "effective_from"), version.effective_from))
        dates.append(((*path, "effective_through"), version.effective_through))
        dates.append(((*path, "known_from"), version.known_from))
        if version.known_from > policy.known_from:
            message = f"the version is known from {version.known_from}, the document from {policy.known_from}"
            mend = "The document is known no earlier than any of its versions."
            yield Finding((*path, "known_from"), "known-from", message, mend)
        if known is not None and version.known_from < known:
            message = f"{version.known_from} is before the known_from of the version before"
            yield Finding((*path, "known_from"), "known-from", message, "Mend one of the two dates.")
        known = version.known_from
    for where, day in dates:
        if day is not None and day.year not in YEARS:
            yield Finding(where, "date", f"{day} lies outside 1900 to 2199", "Mend the year.")


def _citation_findings(policy: PolicyDocument) -> Iterator[Finding]:
    known = tuple(each.id for each in policy.citations)
    cited: list[tuple[Path, tuple[str, ...]]] = []
    for field in ("companions", "source_conflicts", "quarantined_rows"):
        cited += [((field, position), each.cites) for position, each in enumerate(getattr(policy, field))]
    for v, version in enumerate(policy.versions):
        cited.append((("versions", v), version.cites))
        cited += [(("versions", v, "rules", r), rule.cites) for r, rule in enumerate(version.rules)]
    for path, cites in cited:
        for position, cite in enumerate(cites):
            if cite not in known:
                where = (*path, "cites", position)
                yield Finding(where, "unknown-citation", f"no citation {cite}", suggestion(cite, known))


def _version_findings(policy: PolicyDocument, version: VersionText, path: Path) -> Iterator[Finding]:
    yield from twice((*path, "rules"), "id", (rule.id for rule in version.rules))
    for fact in version.unknown:
        where = (*path, "unknown", fact)
        if fact not in FACTS:
            yield Finding(where, "unknown-fact", f"no such fact: {fact}", suggestion(fact, tuple(FACTS)))
        elif not FACT_KINDS[fact].operators:
            yield Finding(where, "never-unknown", f"{fact} always has a value", "Take it away.")
    for position, rule in enumerate(version.rules):
        yield from _rule_findings(policy, version, rule, (*path, "rules", position))
    yield from _unreachable(version, path)


def _rule_findings(policy: PolicyDocument, version: VersionText, rule: RuleText, path: Path) -> Iterator[Finding]:
    outcome = rule.outcome
    if outcome is Outcome.NO_POLICY_IN_FORCE:
        message = "a rule cannot decide no_policy_in_force"
        yield Finding((*path, "outcome"), "outcome", message, "It follows from the versions' dates; choose another.")
    if outcome in DENIED and version.denial is None and rule.denial is None:
        yield Finding((*path, "outcome"), "denial", "the rule denies, and the version has no denial", "Add denial.")
    if outcome not in DENIED and rule.denial is not None:
        message = "the rule says how its denials read, and it does not deny"
        yield Finding((*path, "denial"), "denial", message, "Take denial away, or choose an outcome that denies.")
    if (outcome is Outcome.OTHER_POLICY) is not (rule.handoff is not None):
        message = "handoff and the outcome other_policy go together"
        yield Finding((*path, "outcome"), "handoff", message, "Name who decides instead, or choose another outcome.")
    if good_codes(rule.codes) != rule.codes:
        yield from _listed_code_findings(rule.codes, (*path, "codes"))
    facts = facts_in(rule.when) if rule.when is not None else frozenset[str]()
    for fact, field in (("clinical_context", "contexts"), ("narrative", "terms")):
        if fact in facts and getattr(policy, field) is None:
            message = f"{fact} is read, and the policy names no {field}"
            yield Finding((*path, "when"), "no-reading", message, f"Add {field}: with the id of such a document.")


def _listed_code_findings(codes: tuple[str, ...], path: Path) -> Iterator[Finding]:
    normal = tuple(map(procedure_code, codes))
    yield from twice(path, "", normal)
    for position, code in enumerate(normal):
        if not is_procedure_code(code):
            message = f"{codes[position]!r} has not the shape of a procedure code and is quarantined"
            mend = "Check the source; the rule's other codes are used."
            yield Finding((*path, position), "quarantined-code", message, mend, "warning")


def _unreachable(version: VersionText, path: Path) -> Iterator[Finding]:
    """Codes of a rule for which an earlier one has no condition, or the same."""
    settled: dict[tuple[str, When | None], str] = {}
    for position, rule in enumerate(version.rules):
        lost: dict[str, list[str]] = {}
        for code in good_codes(rule.codes):
            earlier = settled.get((code, None)) or settled.get((code, rule.when))
            if earlier is not None:
                lost.setdefault(earlier, []).append(code)
            settled.setdefault((code, rule.when), rule.id)
        for earlier, codes in lost.items():
            message = f"{rule.id} is never reached for {', '.join(codes)}: {earlier} always decides before it"
            mend = "Move it up, or take the codes out of one of the two."
            yield Finding((*path, "rules", position), "unreachable", message, mend)


def _source_warnings(policy: PolicyDocument) -> Iterator[Finding]:
    for position, row in enumerate(policy.quarantined_rows):
        text = "of unknown text" if row.text is None else repr(row.text)
        message = f"a source row {text} is quarantined: {row.why.rstrip('.')}"
        where = ("quarantined_rows", position)
        yield Finding(where, "quarantined-row", message, "Ask the source-data team to settle it.", "warning")
    for position, conflict in enumerate(policy.source_conflicts):
        message = f"the sources contradict each other on {conflict.id}; taken is: {conflict.taken.rstrip('.')}"
        mend = "Confirm it with the payer's own text."
        yield Finding(("source_conflicts", position), "source-conflict", message, mend, "warning")
