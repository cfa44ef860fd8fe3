"""What a brief is about: one version of one policy, what was before it, and what it is read with.

Knows documents and a day; does not know readers.
"""

from datetime import date

from msgspec import Struct

from policywire.errors import BadInput
from policywire.model.records import DENIED
from policywire.rulebook.conditions import All, AnyOf, Condition, Not, Test
from policywire.rulebook.document import PolicyDocument, RuleText, VersionText
from policywire.rulebook.reference import ContextsDocument, PayerDocument, TermsDocument
from policywire.rulebook.rulebook import CompiledPolicy, PolicyKey, Version
from policywire.rulebook.watch import AlertText, CompanionText, SubstitutionText
from policywire.rulebook.when import read
from policywire.workbench.brief.changing import VersionChange, change_of
from policywire.workbench.documents import Documents


class Subject(Struct, frozen=True, kw_only=True):
    """A version of a policy with everything that a reader may need to know of it."""

    as_of: date
    policy: PolicyDocument
    compiled: CompiledPolicy
    written: VersionText
    version: Version
    former: Version | None
    change: VersionChange
    payer: PayerDocument
    contexts: ContextsDocument | None
    terms: TermsDocument | None
    texts: dict[str, AlertText]
    substitutions: tuple[SubstitutionText, ...]
    companions: tuple[CompanionText, ...]

    @property
    def is_upcoming(self) -> bool:
        """Whether it is still to come."""
        return self.version.effective_from > self.as_of

    @property
    def name(self) -> str:
        """Payer and policy as people say them."""
        return f"{self.payer.name} {self.policy.policy}"

    def codes(self, *, denied: bool | None = None, tests: str | None = None) -> tuple[str, ...]:
        """The version's codes, in the order of the document.

        Args:
            denied: only those that a rule denies (or, False, that none does).
            tests: only those of which a rule asks this fact.
        """
        found = dict.fromkeys(code for rule in self.written.rules for code in rule.codes if code in self.version.rules)
        return tuple(
            code
            for code in found
            if (denied is None or self._is_denied(code) is denied) and (tests is None or self._tests(code, tests))
        )

    def _is_denied(self, code: str) -> bool:
        return any(rule.outcome in DENIED for rule in self.version.rules[code])

    def _tests(self, code: str, fact: str) -> bool:
        return any(fact in facts_of(rule.condition) for rule in self.version.rules[code])


def subject(documents: Documents, key: PolicyKey, as_of: date, effective_from: date | None = None) -> Subject:
    """The version of a policy that a reader should know of on a day.

    Args:
        documents: where it stands.
        key: the policy.
        as_of: the day; the next announced version is what matters, or else the one in force.
        effective_from: this version, whatever the day.

    Raises:
        BadInput: it has no such version.
    """
    compiled, policy = documents.compiled[key], documents.policies[key]
    version = _chosen(compiled, as_of, effective_from)
    place = compiled.versions.index(version)
    watch, payer_and_id = documents.watch, (policy.payer, policy.policy)
    return Subject(
        as_of=as_of,
        policy=policy,
        compiled=compiled,
        written=policy.versions[place],
        version=version,
        former=compiled.versions[place - 1] if place else None,
        change=change_of(compiled, version),
        payer=documents.payers[policy.payer],
        contexts=documents.contexts.get(policy.contexts or ""),
        terms=documents.terms.get(policy.terms or ""),
        texts={kind: text for each in watch for kind, text in each.texts.items()},
        substitutions=tuple(s for w in watch for s in w.substitutions if (s.payer, s.policy) == payer_and_id),
        companions=tuple(c for w in watch for c in w.companions if (c.payer, c.policy) == payer_and_id),
    )


def facts_of(condition: Condition | None) -> frozenset[str]:
    """The facts that a condition asks."""
    match condition:
        case None:
            return frozenset()
        case Test():
            return frozenset((condition.fact,))
        case All(parts) | AnyOf(parts):
            return frozenset().union(*map(facts_of, parts))
        case Not(part):
            return facts_of(part)


def condition_of(rule: RuleText) -> Condition | None:
    """A written rule's condition, compiled."""
    return None if rule.when is None else read(rule.when)


def _chosen(policy: CompiledPolicy, as_of: date, effective_from: date | None) -> Version:
    if effective_from is not None:
        for version in policy.versions:
            if version.effective_from == effective_from:
                return version
        days = ", ".join(each.effective_from.isoformat() for each in policy.versions)
        raise BadInput(f"{policy.id} has no version that begins on {effective_from}. There are: {days}.")
    coming = [each for each in policy.versions if each.effective_from > as_of and each.known_from <= as_of]
    found = coming[0] if coming else policy.version_on(as_of)
    if found is None:
        raise BadInput(
            f"no version of {policy.id} is in force or announced on {as_of}. "
            "Say another day with --as-of, or a version with --version."
        )
    return found
