"""The rulebook: all policies compiled into one immutable value with one look-up whatever their number.

Knows policies, payers, contexts, terms and watch rules in compiled form; does not know how they are written
(:mod:`policywire.rulebook.document`) or compiled (:mod:`policywire.rulebook.compile`), nor any event.
"""

from collections.abc import Mapping
from datetime import date
from typing import Literal

from msgspec import Struct

from policywire.model.records import Audience, Flag, Outcome, Severity
from policywire.rulebook.conditions import Condition

PriorAuthorization = Literal["no_pathway", "required", "not_required", "unknown"]


class CodeClass(Struct, frozen=True, gc=False):
    """Codes of one clinical class: inclusive ranges by leading characters and prefixes, less the exceptions.

    ``ranges`` are (from, through) of equal length, compared with as many leading characters of the code; one that has
    fewer lies in no range: what is broken off before its category ends is no evidence.
    """

    ranges: tuple[tuple[str, str], ...]
    prefixes: tuple[str, ...]
    except_prefixes: tuple[str, ...]

    def holds(self, code: str) -> bool:
        """Whether a code in normal form (no dot, upper case) belongs to the class."""
        if self.except_prefixes and code.startswith(self.except_prefixes):
            return False
        if self.prefixes and code.startswith(self.prefixes):
            return True
        return any(len(code) >= len(low) and low <= code[: len(low)] <= high for low, high in self.ranges)


class ContextClass(Struct, frozen=True, gc=False):
    """One clinical class: the diagnoses that show it, and the taxonomies that suggest it when no diagnosis does."""

    name: str
    diagnoses: CodeClass
    taxonomies: tuple[str, ...]
    """Taxonomy codes or prefixes."""


class ClinicalContexts(Struct, frozen=True, gc=False):
    """A context document (``rules/contexts/``): classes; more than one present is ``mixed``."""

    id: str
    classes: tuple[ContextClass, ...]
    by_taxonomy_flag: Flag


class NarrativeTerms(Struct, frozen=True, gc=False):
    """A terms document (``rules/contexts/``): phrases as word tuples, all in folded form."""

    id: str
    product: tuple[tuple[str, ...], ...]
    hint: tuple[tuple[str, ...], ...]
    negations: frozenset[str]
    negation_reach: int
    """How many words before a term are looked at for a negation."""
    negating_prefixes: frozenset[str]
    """Words that negate only when they stand directly before a term."""


class Denial(Struct, frozen=True, gc=False):
    """How a denial under a version reads on the remittance and what to do about it."""

    bucket: str
    reason: str
    carc: str
    rarc_provider_liable: tuple[str, ...]
    rarc_patient_liable: tuple[str, ...]
    appeal: Literal["do_not_appeal", "confirm_first", "may_appeal"]
    confirm_first_when: frozenset[Flag]
    """A determination that carries one of these is to be confirmed before it is given up."""


class Rule(Struct, frozen=True, gc=False):
    """One rule of a version. ``condition`` None: it always matches."""

    id: str
    outcome: Outcome
    rationale: str
    condition: Condition | None = None
    flags: tuple[Flag, ...] = ()
    handoff: str | None = None
    denial: Denial | None = None
    """How its denials read; None: as the version's."""


class Version(Struct, frozen=True, gc=False):
    """A policy in force from ``effective_from`` to ``effective_through`` (both included; None: open)."""

    effective_from: date
    effective_through: date | None
    known_from: date
    prior_authorization: PriorAuthorization
    denial: Denial | None
    flags: tuple[Flag, ...]
    """Carried by every determination that this version's rules made."""
    unknown_flags: Mapping[str, Flag]
    """Facts that this version declares may be unknown, and the flag that says so."""
    rules: Mapping[str, tuple[Rule, ...]]
    """The rules that name a procedure code, in order."""


class QuarantinedRow(Struct, frozen=True, gc=False):
    """A source row or listed code that has not the shape of a procedure code; text None: it is not known."""

    text: str | None
    why: str


class SourceConflict(Struct, frozen=True, gc=False):
    """Two statements of the sources that cannot both hold; the rules follow ``taken``."""

    about: str
    taken: str
    set_aside: str


class CompiledPolicy(Struct, frozen=True, gc=False):
    """A policy with its versions, oldest first, and what its facts are read with."""

    payer: str
    id: str
    title: str
    impact: str
    lines_of_business: frozenset[str]
    versions: tuple[Version, ...]
    contexts: ClinicalContexts | None
    terms: NarrativeTerms | None
    quarantined: tuple[QuarantinedRow, ...] = ()
    source_conflicts: tuple[SourceConflict, ...] = ()

    def version_on(self, day: date) -> Version | None:
        """The version in force on a date of service, or None."""
        for version in reversed(self.versions):
            if version.effective_from <= day:
                through = version.effective_through
                return version if through is None or day <= through else None
        return None


class PayerProfile(Struct, frozen=True, gc=False):
    """A payer: the ids senders use for it, and its reading of what they write as line of business."""

    key: str
    name: str
    payer_ids: frozenset[str]
    lines_of_business: Mapping[str, str]
    """What senders write, folded by :func:`fold`, to the profile's word."""
    default_line_of_business: str
    """When the sender wrote none, or only blanks."""

    def line_of_business(self, written: str | None) -> str | None:
        """The profile's word for what a sender wrote, or None when it knows none."""
        folded = fold(written or "")
        return self.lines_of_business.get(folded) if folded else self.default_line_of_business


class AlertTexts(Struct, frozen=True, gc=False):
    """How alerts of one kind speak, to whom and how loud. Texts may hold {codes}, {policy}, {payer}, {companion}."""

    audience: Audience
    severity: Severity
    message: str
    action: str
    severity_by_days: tuple[tuple[int, Severity], ...] = ()
    """(days until service at most, severity), smallest first; beyond the last, ``severity``."""
    of_appointment: tuple[str, str] | None = None
    """Message and action of an alert about an appointment, where they are other than those of a claim line."""

    def words(self, *, of_appointment: bool) -> tuple[str, str]:
        """Message and action, with their placeholders."""
        return (of_appointment and self.of_appointment) or (self.message, self.action)


class Substitution(Struct, frozen=True, gc=False):
    """An unlisted code that may stand for a targeted one of the same policy."""

    payer: str
    policy: str
    unlisted: frozenset[str]
    targeted: frozenset[str]
    within_days: int
    review_flags: frozenset[Flag]
    """An unlisted code in review also counts when it carries one of these."""


class Companion(Struct, frozen=True, gc=False):
    """Codes of another policy that deserve a look when billed beside a denied line of this one."""

    payer: str
    policy: str
    companion: str
    codes: frozenset[str]


class ContextReview(Struct, frozen=True, gc=False):
    """Codes of a policy whose review for clinical context somebody must settle."""

    payer: str
    policy: str
    codes: frozenset[str]
    flags: frozenset[Flag]


PolicyKey = tuple[str, str]
"""A payer's key and a policy's id."""


class WatchRules(Struct, frozen=True, gc=False):
    """``rules/watch/`` compiled: texts by alert kind, and what to watch for, by policy."""

    texts: Mapping[str, AlertTexts]
    substitutions: Mapping[PolicyKey, tuple[Substitution, ...]]
    companions: Mapping[PolicyKey, tuple[Companion, ...]]
    context_reviews: Mapping[PolicyKey, tuple[ContextReview, ...]]
    targeted: Mapping[str, frozenset[str]]
    """By payer, the codes of which a sighting is remembered."""
    service_without_agreement_months: int
    retention_months: int
    alerts_from: date | None = None
    """Services before this day open no alert, but for one that was done and is not billed yet; None: all do."""


class Rulebook(Struct, frozen=True, gc=False):
    """Every policy compiled. ``revision`` is ``sha256:`` and the hash of the documents it was made from."""

    revision: str
    payers: Mapping[str, PayerProfile]
    """By payer id as senders write it."""
    index: Mapping[str, Mapping[str, tuple[CompiledPolicy, ...]]]
    """payer id -> procedure code in normal form -> the payer's policies that list it in any version."""
    listed_codes: frozenset[str]
    """Every code that any policy lists."""
    watch: WatchRules

    def policies(self) -> tuple[CompiledPolicy, ...]:
        """Every policy once, in the order of payer and id."""
        listings = (listing for codes in self.index.values() for listing in codes.values())
        found = {(policy.payer, policy.id): policy for listing in listings for policy in listing}
        return tuple(policy for _, policy in sorted(found.items()))


def fold(text: str) -> str:
    """What a sender wrote as line of business, without case and blanks."""
    return "".join(text.split()).casefold()
