"""A version of a policy as it is searched and shown, apart from the document it stands in.

Knows policy and payer documents; does not know an index or a query.
"""

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import Final

from msgspec import Struct

from policywire.model.records import Outcome
from policywire.rulebook.checks import condition_of, good_codes
from policywire.rulebook.document import PolicyDocument, RuleText, VersionText
from policywire.rulebook.reference import PayerDocument
from policywire.rulebook.when import When
from policywire.workbench.plain_words import condition_in_words, outcome_in_words

TITLE: Final = 5
SUBJECT: Final = 3
REASON: Final = 2
REMARK: Final = 1
"""What a word weighs by where it stands: in a title it says most of what a policy is about."""


class RuleEntry(Struct, frozen=True, array_like=True):
    """A rule, its condition in words; codes in normal form, without what is quarantined."""

    id: str
    codes: tuple[str, ...]
    indication: str
    outcome: Outcome
    condition: str
    rationale: str
    handoff: str | None


class Entry(Struct, frozen=True, array_like=True, kw_only=True):
    """One version of one policy. ``effective_through`` is as written: None also where the next version ends it."""

    payer: str
    payer_name: str
    policy: str
    title: str
    effective_from: date
    effective_through: date | None
    known_from: date
    document_known_from: date
    position: str
    prior_authorization: str
    basis: str
    rules: tuple[RuleEntry, ...]
    source_conflicts: int
    quarantined: int
    file: str


def entries_of(document: PolicyDocument, payer: PayerDocument | None, file: str) -> Iterator[Entry]:
    """The versions of a policy, oldest first."""
    for version in sorted(document.versions, key=lambda each: each.effective_from):
        yield Entry(
            payer=document.payer,
            payer_name=payer.name if payer else document.payer,
            policy=document.policy,
            title=document.title,
            effective_from=version.effective_from,
            effective_through=version.effective_through,
            known_from=version.known_from,
            document_known_from=document.known_from,
            position=version.position,
            prior_authorization=version.prior_authorization,
            basis=version.basis,
            rules=tuple(map(_rule, version.rules)),
            source_conflicts=len(document.source_conflicts),
            quarantined=len(document.quarantined_rows),
            file=file,
        )


def _rule(rule: RuleText) -> RuleEntry:
    return RuleEntry(
        id=rule.id,
        codes=good_codes(rule.codes),
        indication=rule.indication,
        outcome=rule.outcome,
        condition=_condition(rule.when),
        rationale=rule.rationale,
        handoff=rule.handoff,
    )


@lru_cache(maxsize=4096)  # thousands of rules ask the same
def _condition(when: When | None) -> str:
    return condition_in_words(None if when is None else condition_of(when))


def document_texts(document: PolicyDocument) -> Iterator[tuple[int, str]]:
    """The texts that every version of a policy is found by, each with its weight."""
    yield TITLE, f"{document.policy} {document.title}"
    yield SUBJECT, " ".join((document.scope.summary or "", *document.specialties))
    for companion in document.companions:
        yield REMARK, f"{companion.policy} {companion.title} {companion.why}"
    for conflict in document.source_conflicts:
        yield REMARK, f"{conflict.about} {conflict.taken} {conflict.set_aside}"
    for row in document.quarantined_rows:
        yield REMARK, f"{row.text or ''} {row.why}"


def version_texts(version: VersionText) -> Iterator[tuple[int, str]]:
    """The texts that one version is found by, each with its weight."""
    yield REASON, f"{version.basis} {outcome_in_words(version.position)}"
    for rule in version.rules:
        yield SUBJECT, rule.indication
        yield REASON, rule_text(rule.id, rule.rationale, rule.handoff, rule.outcome)


def rule_text(name: str, rationale: str, handoff: str | None, outcome: Outcome) -> str:
    """The words of a rule beside its indication."""
    return f"{name} {rationale} {handoff or ''} {outcome_in_words(outcome)}"
