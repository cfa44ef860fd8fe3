"""Documents become the compiled values of :mod:`policywire.rulebook.rulebook`.

Knows both forms. Takes checked documents and does not check again; knows no files. Policies are compiled one by one, so
that the documents of 10,000 of them need never be in memory together, and what they have in common is held once.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from datetime import date, timedelta
from hashlib import sha256
from sys import intern
from typing import TypeVar, cast

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from policywire.model.codes import diagnosis, is_procedure_code, procedure_code, taxonomy
from policywire.rulebook.checks import condition_of, good_codes
from policywire.rulebook.conditions import All, AnyOf, Condition, Not, Test
from policywire.rulebook.document import DenialTerms, Document, PolicyDocument, RuleText, VersionText
from policywire.rulebook.phrases import words
from policywire.rulebook.reference import ContextsDocument, DiagnosisList, PayerDocument, TermsDocument
from policywire.rulebook.rulebook import (
    AlertTexts,
    ClinicalContexts,
    CodeClass,
    Companion,
    CompiledPolicy,
    ContextClass,
    ContextReview,
    Denial,
    NarrativeTerms,
    PayerProfile,
    PolicyKey,
    QuarantinedRow,
    Rule,
    Rulebook,
    SourceConflict,
    Substitution,
    Version,
    WatchRules,
    fold,
)
from policywire.rulebook.watch import AlertText, WatchDocument

H = TypeVar("H", bound=Hashable)
Watched = TypeVar("Watched", bound=Substitution | Companion | ContextReview)

SERVICE_WITHOUT_AGREEMENT_MONTHS = 12
"""When no watch document says otherwise. Source: domain.md, Alerts."""

RETENTION_MONTHS = 24
"""When no watch document says otherwise. Source: domain.md, The timeline."""


class Draft(Struct, frozen=True, gc=False):
    """A policy compiled but for its contexts and terms, which are named and put in when all documents are read."""

    policy: CompiledPolicy
    contexts: str | None
    terms: str | None
    companions: frozenset[str]


class Compiler:
    """Compiles policies, holding once what they have in common: thousands of them say the same in many places."""

    def __init__(self) -> None:
        self._shared: dict[Hashable, Hashable] = {}

    def draft(self, policy: PolicyDocument) -> Draft:
        """A checked policy document, compiled."""
        following = (*(each.effective_from for each in policy.versions[1:]), None)
        compiled = CompiledPolicy(
            payer=intern(policy.payer),
            id=policy.policy,
            title=policy.title,
            impact=intern(policy.impact),
            lines_of_business=self._share(frozenset(policy.scope.lines_of_business)),
            versions=tuple(map(self._version, policy.versions, following)),
            contexts=None,
            terms=None,
            quarantined=tuple(_quarantined(policy)),
            source_conflicts=tuple(
                SourceConflict(each.about, each.taken, each.set_aside) for each in policy.source_conflicts
            ),
        )
        return Draft(compiled, policy.contexts, policy.terms, frozenset(each.policy for each in policy.companions))

    def _shared_condition(self, condition: Condition) -> Condition:
        """The condition, sharing its parts with every rule that asks the same: what is asked most stays at hand."""
        match condition:
            case Test():
                return self._share(condition)
            case All(parts):
                return self._share(All(tuple(map(self._shared_condition, parts))))
            case AnyOf(parts):
                return self._share(AnyOf(tuple(map(self._shared_condition, parts))))
            case Not(part):
                return self._share(Not(self._shared_condition(part)))

    def _share(self, value: H) -> H:
        return cast("H", self._shared.setdefault(value, value))

    def _version(self, version: VersionText, next_from: date | None) -> Version:
        through = version.effective_through
        if through is None and next_from is not None:
            through = next_from - timedelta(days=1)
        return Version(
            effective_from=self._share(version.effective_from),
            effective_through=through,
            known_from=self._share(version.known_from),
            prior_authorization=version.prior_authorization,
            denial=self._share(_denial(version.denial)) if version.denial else None,
            flags=self._share(version.flags),
            unknown_flags={intern(fact): flag for fact, flag in version.unknown.items()},
            rules=self._rules(version.rules),
        )

    def _rules(self, texts: tuple[RuleText, ...]) -> dict[str, tuple[Rule, ...]]:
        by_code: dict[str, list[Rule]] = {}
        for text in texts:
            rule = self._share(self._rule(text))
            for code in good_codes(text.codes):
                by_code.setdefault(intern(code), []).append(rule)
        return {code: self._share(tuple(rules)) for code, rules in by_code.items()}

    def _rule(self, text: RuleText) -> Rule:
        return Rule(
            id=intern(text.id),
            outcome=text.outcome,
            rationale=intern(text.rationale),
            condition=None if text.when is None else self._shared_condition(condition_of(text.when)),
            flags=text.flags,
            handoff=text.handoff,
            denial=self._share(_denial(text.denial)) if text.denial else None,
        )


def _denial(denial: DenialTerms) -> Denial:
    return Denial(
        bucket=denial.bucket,
        reason=denial.reason,
        carc=intern(denial.carc),
        rarc_provider_liable=denial.rarc.provider_liable,
        rarc_patient_liable=denial.rarc.patient_liable,
        appeal=denial.appeal,
        confirm_first_when=frozenset(denial.confirm_first_when),
    )


def _quarantined(policy: PolicyDocument) -> Iterator[QuarantinedRow]:
    for row in policy.quarantined_rows:
        yield QuarantinedRow(row.text, row.why)
    listed = (code for version in policy.versions for rule in version.rules for code in rule.codes)
    for code in dict.fromkeys(listed):
        if not is_procedure_code(procedure_code(code)):
            yield QuarantinedRow(code, "It is listed as a procedure code and has not the shape of one.")


def payer_profile(payer: PayerDocument) -> PayerProfile:
    """A checked payer document, compiled."""
    return PayerProfile(
        key=payer.payer,
        name=payer.name,
        payer_ids=frozenset(payer.payer_ids),
        lines_of_business={fold(each): word for word, written in payer.lines_of_business.items() for each in written},
        default_line_of_business=payer.default_line_of_business,
    )


def clinical_contexts(contexts: ContextsDocument) -> ClinicalContexts:
    """A checked contexts document, compiled."""
    classes = tuple(
        ContextClass(each.name, _code_class(each.diagnoses), tuple(map(taxonomy, each.taxonomies)))
        for each in contexts.classes
    )
    return ClinicalContexts(contexts.id, classes, contexts.by_taxonomy_flag)


def _code_class(diagnoses: DiagnosisList) -> CodeClass:
    ranges: list[tuple[str, str]] = []
    prefixes: list[str] = []
    for entry in diagnoses.include:
        low, dash, high = entry.partition("-")
        if dash:
            ranges.append((low, high))
        else:
            prefixes.append(diagnosis(entry))
    except_prefixes = [prefix for entry in diagnoses.exclude for prefix in _expand(entry)]
    return CodeClass(tuple(ranges), tuple(prefixes), tuple(except_prefixes))


def _expand(entry: str) -> Iterator[str]:
    """An exception's prefixes: of a range its numbered categories, since categories like D3A are exceptions alone."""
    low, dash, high = entry.partition("-")
    if not dash:
        yield diagnosis(entry)
        return
    for letter in map(chr, range(ord(low[0]), ord(high[0]) + 1)):
        yield from (code for number in range(100) if low <= (code := f"{letter}{number:02}") <= high)


def narrative_terms(terms: TermsDocument) -> NarrativeTerms:
    """A checked terms document, compiled."""
    return NarrativeTerms(
        id=terms.id,
        product=tuple(map(words, terms.product)),
        hint=tuple(map(words, terms.hint)),
        negations=frozenset(word for each in terms.negations for word in words(each)),
        negation_reach=terms.negation_reach,
        negating_prefixes=frozenset(word for each in terms.negating_prefixes for word in words(each)),
    )


def watch_rules(documents: Iterable[WatchDocument]) -> WatchRules:
    """Checked watch documents, compiled into one."""
    documents = tuple(documents)
    without = [each.service_without_agreement_months for each in documents if each.service_without_agreement_months]
    retention = [each.retention_months for each in documents if each.retention_months]
    alerts_from = [each.alerts_from for each in documents if each.alerts_from]
    substitutions = [
        Substitution(
            payer=each.payer,
            policy=each.policy,
            unlisted=frozenset(map(procedure_code, each.unlisted)),
            targeted=frozenset(map(procedure_code, each.targeted)),
            within_days=each.within_days,
            review_flags=frozenset(each.review_flags),
        )
        for document in documents
        for each in document.substitutions
    ]
    return WatchRules(
        texts={kind: _alert_texts(text) for each in documents for kind, text in each.texts.items()},
        substitutions=_by_policy(substitutions),
        companions=_by_policy(
            Companion(each.payer, each.policy, each.companion, frozenset(map(procedure_code, each.codes)))
            for document in documents
            for each in document.companions
        ),
        context_reviews=_by_policy(
            ContextReview(each.payer, each.policy, frozenset(map(procedure_code, each.codes)), frozenset(each.flags))
            for document in documents
            for each in document.context_reviews
        ),
        targeted={
            payer: frozenset().union(*(each.targeted for each in substitutions if each.payer == payer))
            for payer in {each.payer for each in substitutions}
        },
        service_without_agreement_months=(*without, SERVICE_WITHOUT_AGREEMENT_MONTHS)[0],
        retention_months=(*retention, RETENTION_MONTHS)[0],
        alerts_from=(*alerts_from, None)[0],
    )


def _by_policy(rules: Iterable[Watched]) -> dict[PolicyKey, tuple[Watched, ...]]:
    found: dict[PolicyKey, tuple[Watched, ...]] = {}
    for rule in rules:
        key = (rule.payer, rule.policy)
        found[key] = (*found.get(key, ()), rule)
    return found


def _alert_texts(text: AlertText) -> AlertTexts:
    other = text.of_appointment
    return AlertTexts(
        audience=text.audience,
        severity=text.severity,
        message=text.message,
        action=text.action,
        severity_by_days=tuple((each.days_at_most, each.severity) for each in text.severity_by_days),
        of_appointment=None if other is None else (other.message, other.action),
    )


def rulebook(  # noqa: PLR0913 (the five kinds of document, and the name of the whole)
    *,
    revision: str,
    payers: Iterable[PayerProfile],
    drafts: Iterable[Draft],
    contexts: Mapping[str, ClinicalContexts],
    terms: Mapping[str, NarrativeTerms],
    watch: WatchRules,
) -> Rulebook:
    """Everything compiled, indexed.

    Args:
        revision: what :func:`revision_of` gives for the documents.
        payers: every payer profile.
        drafts: every policy; those of a payer and code are tried in the order of their ids.
        contexts: by id.
        terms: by id.
        watch: what to watch for.
    """
    by_payer: dict[str, dict[str, tuple[CompiledPolicy, ...]]] = {}
    for draft in sorted(drafts, key=lambda each: (each.policy.payer, each.policy.id)):
        policy = draft.policy
        if draft.contexts is not None or draft.terms is not None:
            read_with = (contexts.get(draft.contexts or ""), terms.get(draft.terms or ""))
            policy = replace(policy, contexts=read_with[0], terms=read_with[1])
        by_code = by_payer.setdefault(policy.payer, {})
        for code in dict.fromkeys(code for version in policy.versions for code in version.rules):
            by_code[code] = (*by_code.get(code, ()), policy)
    by_id = {payer_id: payer for payer in payers for payer_id in sorted(payer.payer_ids)}
    return Rulebook(
        revision=revision,
        payers=by_id,
        index={payer_id: by_payer.get(payer.key, {}) for payer_id, payer in by_id.items()},
        listed_codes=frozenset().union(*by_payer.values()),
        watch=watch,
    )


def fingerprint(document: Document) -> bytes:
    """The hash of a document's content: the same however it is written down, in whatever order its fields come."""
    return sha256(msgspec.json.encode(document, order="deterministic")).digest()


def revision_of(fingerprints: Iterable[bytes]) -> str:
    """The revision of a rulebook made from documents with these fingerprints, in whatever order."""
    return "sha256:" + sha256(b"".join(sorted(fingerprints))).hexdigest()
