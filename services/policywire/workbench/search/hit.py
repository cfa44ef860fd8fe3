"""What a search finds, and how a hit is put together from the versions of its policy.

Knows entries and queries; does not know how hits are found.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from msgspec import Struct

from policywire.model.records import Outcome
from policywire.workbench.plain_words import PRIOR_AUTHORIZATION, outcome_in_words
from policywire.workbench.search.entry import Entry, RuleEntry, rule_text
from policywire.workbench.search.query import Query, Status
from policywire.workbench.search.stems import BEGINNING_MIN, stems_of


class Change(Struct, frozen=True):
    """What became different in a policy on a day; ``before`` None: it begins."""

    on: date
    what: str
    """``answer`` or ``prior_authorization``."""
    before: str | None
    after: str

    def __str__(self) -> str:
        """A line of a timeline."""
        subject = "prior authorization: " if self.what == "prior_authorization" else ""
        if self.before is None:
            return f"{self.on} {subject}{self.after}"
        return f"{self.on} {subject}{self.before} → {self.after}"


class RuleHit(Struct, frozen=True):
    """A rule by which a version was found; ``matched`` are those of its codes that were asked for, or all."""

    id: str
    codes: tuple[str, ...]
    matched: tuple[str, ...]
    indication: str
    outcome: Outcome
    condition: str
    """In words; ``always`` where there is none."""
    rationale: str
    handoff: str | None


class Hit(Struct, frozen=True, kw_only=True):
    """A version that was found, with the rules by which it was."""

    payer: str
    payer_name: str
    policy: str
    title: str
    version: date
    effective_from: date
    effective_through: date | None
    """Last day of service that it decides, as far as could be known; None: open."""
    status: Status
    known_from: date
    document_known_from: date
    position: str
    prior_authorization: str
    rules: tuple[RuleHit, ...]
    timeline: tuple[Change, ...]
    source_conflicts: int
    quarantined: int
    file: str
    worth: int
    """How well the words fit; 0 where none were asked for."""


class Found(Struct, frozen=True, kw_only=True):
    """A page of hits, the best first."""

    total: int
    """Of hits, on all pages."""
    offset: int
    day: date
    """The day on which statuses were looked at."""
    known_on: date | None
    hits: tuple[Hit, ...]
    nearest: tuple[str, ...] = ()
    """Where nothing was found: what comes near, a sentence each."""


def hit_of(place: int, versions: Sequence[Entry], query: Query, status: Status, worth: int) -> Hit:
    """The hit of a version.

    Args:
        place: which one of ``versions`` it is.
        versions: all of its policy that could be known, oldest first.
        query: what was asked.
        status: how the version stands.
        worth: how well it fits.
    """
    entry = versions[place]
    following = versions[place + 1].effective_from if place + 1 < len(versions) else None
    return Hit(
        payer=entry.payer,
        payer_name=entry.payer_name,
        policy=entry.policy,
        title=entry.title,
        version=entry.effective_from,
        effective_from=entry.effective_from,
        effective_through=entry.effective_through or (following and following - timedelta(days=1)),
        status=status,
        known_from=entry.known_from,
        document_known_from=entry.document_known_from,
        position=entry.position,
        prior_authorization=entry.prior_authorization,
        rules=rules_shown(entry, query),
        timeline=tuple(timeline(versions, query)),
        source_conflicts=entry.source_conflicts,
        quarantined=entry.quarantined,
        file=entry.file,
        worth=worth,
    )


def rules_shown(entry: Entry, query: Query) -> tuple[RuleHit, ...]:
    """The rules that the codes and outcomes ask for; of them those that have one of the words, where any has."""
    rules = [rule for rule in entry.rules if is_asked_for(rule, query)]
    speaking = [rule for rule in rules if _has_a_word(rule, query.words)] if query.words else []
    return tuple(_rule_hit(rule, query) for rule in speaking or rules)


def _rule_hit(rule: RuleEntry, query: Query) -> RuleHit:
    wanted = query.codes
    return RuleHit(
        id=rule.id,
        codes=rule.codes,
        matched=tuple(code for code in rule.codes if not wanted or any(each.holds(code) for each in wanted)),
        indication=rule.indication,
        outcome=rule.outcome,
        condition=rule.condition,
        rationale=rule.rationale,
        handoff=rule.handoff,
    )


def is_asked_for(rule: RuleEntry, query: Query) -> bool:
    """Whether a rule lists one of the codes and gives one of the outcomes."""
    if query.outcomes and rule.outcome not in query.outcomes:
        return False
    return not query.codes or any(wanted.holds(code) for wanted in query.codes for code in rule.codes)


def _has_a_word(rule: RuleEntry, words: Sequence[str]) -> bool:
    text = f"{rule.indication} {rule_text(rule.id, rule.rationale, rule.handoff, rule.outcome)}"
    stems = f" {' '.join(stems_of(text))} "
    return any(f" {word}{'' if len(word) >= BEGINNING_MIN else ' '}" in stems for word in words)


def timeline(versions: Sequence[Entry], query: Query) -> Iterator[Change]:
    """What changed when, in the answers to the codes asked for, or else in the policy's position."""
    answer: str | None = None
    authorization: str | None = None
    for entry in versions:
        now = _answer(entry, query)
        if now != answer and not (answer is None and now == _NOT_LISTED):
            yield Change(entry.effective_from, "answer", answer, now)
            answer = now
        stance = PRIOR_AUTHORIZATION[entry.prior_authorization]
        if authorization is not None and stance != authorization:
            yield Change(entry.effective_from, "prior_authorization", authorization, stance)
        authorization = stance
    ending = versions[-1].effective_through
    if ending is not None:
        yield Change(ending + timedelta(days=1), "answer", answer, "no policy in force")


_NOT_LISTED = "not listed"


def _answer(entry: Entry, query: Query) -> str:
    if not query.codes:
        return outcome_in_words(entry.position)
    asked = [rule for rule in entry.rules if any(wanted.holds(code) for wanted in query.codes for code in rule.codes)]
    return ", ".join(dict.fromkeys(outcome_in_words(rule.outcome) for rule in asked)) or _NOT_LISTED
