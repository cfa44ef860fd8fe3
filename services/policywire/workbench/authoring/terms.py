"""What a new policy document says beside its rules, as its author answers it. Knows no file.

Words for what is usual are here too: a denial's reason, its CARC, and what nobody has looked up yet.
"""

from collections.abc import Iterable
from datetime import date
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from policywire.model.records import DENIED, Flag, Outcome
from policywire.rulebook.checks import facts_in
from policywire.rulebook.document import (
    Citation,
    DenialTerms,
    PolicyDocument,
    PriorAuthorizationStance,
    QuarantinedRow,
    Rarc,
    RuleText,
    Scope,
    SourceConflict,
    VersionText,
)
from policywire.workbench.plain_words import OUTCOMES

Position = Literal["not_medically_necessary", "experimental_investigational", "covered", "criteria_required"]
Appeal = Literal["do_not_appeal", "confirm_first", "may_appeal"]

CARC: Final = {Outcome.NOT_MEDICALLY_NECESSARY: "50", Outcome.EXPERIMENTAL_INVESTIGATIONAL: "55"}
RARC: Final = Rarc(provider_liable=("N563",), patient_liable=("N492",))
"""Numbers that such denials usually carry; from public payer pages, to be checked against one's own remittances."""

_POSITIONS: Final[tuple[tuple[Outcome, Position], ...]] = (
    (Outcome.NOT_MEDICALLY_NECESSARY, "not_medically_necessary"),
    (Outcome.EXPERIMENTAL_INVESTIGATIONAL, "experimental_investigational"),
    (Outcome.COVERED, "covered"),
    (Outcome.CRITERIA_REQUIRED, "criteria_required"),
)


class Terms(Struct, frozen=True, kw_only=True):
    """What a policy document says beside its rules."""

    payer: str
    payer_name: str
    policy: str
    title: str
    lines_of_business: tuple[str, ...]
    citation: Citation
    summary: str | None = None
    specialties: tuple[str, ...] = ()
    change_type: Literal["New", "Modified", "Retired"] = "New"
    impact: Literal["High", "Medium", "Low"] = "Medium"
    contexts: str | None = None
    terms: str | None = None
    known_from: date | None = None
    prior_authorization: PriorAuthorizationStance = "unknown"
    appeal: Appeal = "confirm_first"
    basis: str = ""


def version_of(
    terms: Terms,
    effective_from: date,
    effective_through: date | None,
    rules: tuple[RuleText, ...],
    today: date,
) -> VersionText:
    """A version with these rules; what they read may be unknown is declared so."""
    usual = _usual_denial(rules)
    reads_context = any(rule.when is not None and "clinical_context" in facts_in(rule.when) for rule in rules)
    return VersionText(
        effective_from=effective_from,
        effective_through=effective_through,
        # Who reads it today knows it today; what is in force already was known by its first day at the latest.
        known_from=terms.known_from or min(effective_from, today),
        basis=terms.basis or f"Rests on {terms.citation.title}. How denials read is still to be confirmed.",
        position=position_of(rules),
        prior_authorization=terms.prior_authorization,
        denial=None if usual is None else _denial(terms, usual),
        unknown={"clinical_context": Flag.CONTEXT_UNKNOWN} if reads_context else {},
        rules=tuple(_reads_otherwise(rule, terms, usual) for rule in rules),
        cites=(terms.citation.id,),
    )


def policy_of(
    terms: Terms,
    versions: tuple[VersionText, ...],
    conflicts: tuple[SourceConflict, ...] = (),
    quarantined: tuple[QuarantinedRow, ...] = (),
) -> PolicyDocument:
    """The whole document."""
    return PolicyDocument(
        payer=terms.payer,
        policy=terms.policy,
        title=terms.title,
        scope=Scope(lines_of_business=terms.lines_of_business, summary=terms.summary),
        specialties=terms.specialties,
        change_type=terms.change_type,
        impact=terms.impact,
        known_from=max(each.known_from for each in versions),
        contexts=terms.contexts,
        terms=terms.terms,
        citations=(terms.citation,),
        source_conflicts=conflicts,
        quarantined_rows=quarantined,
        versions=versions,
    )


def position_of(rules: Iterable[RuleText]) -> Position:
    """The payer's position as a whole: the one that most codes have."""
    counts = {position: 0 for _, position in _POSITIONS}
    by_outcome = dict(_POSITIONS)
    for rule in rules:
        if rule.outcome in by_outcome:
            counts[by_outcome[rule.outcome]] += len(rule.codes)
    return max(counts, key=lambda each: counts[each]) if any(counts.values()) else "criteria_required"


def _usual_denial(rules: tuple[RuleText, ...]) -> Outcome | None:
    """The denying outcome that most codes have; None where no rule denies."""
    denied = [rule.outcome for rule in rules if rule.outcome in DENIED for _ in rule.codes]
    return max(sorted(set(denied)), key=denied.count) if denied else None


def _reads_otherwise(rule: RuleText, terms: Terms, usual: Outcome | None) -> RuleText:
    """The rule; one that denies for another reason than most says itself how that reads."""
    if rule.outcome not in DENIED or rule.outcome is usual:
        return rule
    return replace(rule, denial=_denial(terms, rule.outcome))


def _denial(terms: Terms, outcome: Outcome) -> DenialTerms:
    return DenialTerms(
        bucket=terms.policy,
        reason=f"{OUTCOMES[outcome]} per {terms.payer_name} {terms.policy}",
        appeal=terms.appeal,
        carc=CARC[outcome],
        rarc=RARC,
    )
