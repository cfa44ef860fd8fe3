"""A line explained, policy by policy: what each answers, why and why not, who pays, what would flip the answer.

Knows how an explanation is put together; how it is printed is the command's. Holds no id of a claim or member.
"""

from datetime import date

from msgspec import Struct

from policywire.decision.determine import determine
from policywire.decision.verdict import Verdict, next_step, render
from policywire.model.records import ExpectedDenial, RuleTried
from policywire.rulebook.rulebook import CompiledPolicy, PayerProfile, PolicyKey, Rulebook, Version
from policywire.workbench.explain.candidates import candidates
from policywire.workbench.explain.change import NONE, Change
from policywire.workbench.explain.facts import FactRead, facts_read
from policywire.workbench.explain.flips import Flip, flips
from policywire.workbench.explain.situation import Situation
from policywire.workbench.listed_near import NOT_COVERED, alike

INTEGRITY = (
    "This tells what the published policy answers to a line with these facts. A claim states what was done, why and "
    "when: to change it so that it is paid is fraud. Mend only what is wrong or missing."
)
"""Said beside every change that would flip an answer."""


class OtherAnswer(Struct, frozen=True, kw_only=True):
    """Changes, the fewest that do it, and what the policy would then answer."""

    changes: tuple[str, ...]
    """Clauses; all of them together."""
    kinds: tuple[str, ...]
    outcome: str | None
    """None: the policy would say nothing."""
    reason: str | None
    liable: str | None
    rule: str | None
    version: date | None
    flags: tuple[str, ...] = ()
    too_late: bool = False
    """An agreement would have had to be signed before a day that is past."""


class PolicyAnswer(Struct, frozen=True, kw_only=True):
    """What one policy answers to the line."""

    payer: str
    payer_name: str
    policy: str
    title: str
    version: date | None
    effective_through: date | None
    outcome: str
    reason: str
    flags: tuple[str, ...]
    rule: str | None
    rationale: str | None
    tried: tuple[RuleTried, ...]
    """Each rule that was tried before, or check that decided, in order."""
    facts: tuple[FactRead, ...]
    agreement: str
    """valid, missing, invalid or not_applicable."""
    agreement_problem: str | None
    liable: str | None
    expected_denial: ExpectedDenial | None
    """Of a claim line: how the remittance is expected to read."""
    prior_authorization: str
    handoff: str | None
    exposure_amount: str | None
    next_action: str
    next_action_text: str
    others: tuple[OtherAnswer, ...]
    changes_tried: int
    all_pairs_tried: bool
    """False: there are so many changes that some pairs were left out."""


class Explanation(Struct, frozen=True, kw_only=True):
    """A line explained. Without answers ``why_none`` says why no policy speaks of it."""

    payer_id: str
    procedure_code: str
    date_of_service: date
    ended: str | None
    answers: tuple[PolicyAnswer, ...]
    why_none: str | None
    integrity: str
    rulebook_revision: str


def explain(situation: Situation, rulebook: Rulebook, today: date) -> Explanation:
    """Everything there is to say of a line.

    Args:
        situation: the line, its agreements, its claim's diagnoses.
        rulebook: what decides it.
        today: by which one knows whether an agreement can still be had.
    """
    item = situation.item
    verdicts = determine(item, situation.agreements, rulebook)
    listing = rulebook.index[item.payer_id][item.procedure_code] if verdicts else ()
    changes = candidates(situation, rulebook, listing) if verdicts else ()
    return Explanation(
        payer_id=item.payer_id,
        procedure_code=item.procedure_code,
        date_of_service=item.first_day,
        ended=situation.ended,
        answers=tuple(_answer(verdict, situation, rulebook, changes, today) for verdict in verdicts),
        why_none=None if verdicts else _why_none(situation, rulebook),
        integrity=INTEGRITY,
        rulebook_revision=rulebook.revision,
    )


def _answer(
    verdict: Verdict, situation: Situation, rulebook: Rulebook, changes: tuple[Change, ...], today: date
) -> PolicyAnswer:
    item = situation.item
    listing = rulebook.index[item.payer_id][item.procedure_code]
    policy = next(each for each in listing if each.id == verdict.policy_id)
    profile = rulebook.payers[item.payer_id]
    version = policy.version_on(item.first_day)
    key: PolicyKey = (policy.payer, policy.id)
    found = flips(key, situation, rulebook, changes)
    return PolicyAnswer(
        payer=policy.payer,
        payer_name=profile.name,
        policy=policy.id,
        title=policy.title,
        version=verdict.version,
        effective_through=None if version is None else version.effective_through,
        outcome=verdict.outcome,
        reason=verdict.reason,
        flags=verdict.flags,
        rule=verdict.rule,
        rationale=verdict.explanation[-1].because if verdict.rule is not None else None,
        tried=verdict.explanation if verdict.rule is None else verdict.explanation[:-1],
        facts=_facts(situation, policy, profile, version),
        agreement=verdict.agreement_status,
        agreement_problem=verdict.agreement_problem,
        liable=verdict.liable,
        expected_denial=render(verdict, "", rulebook.revision).expected_denial,
        prior_authorization=verdict.prior_authorization,
        handoff=verdict.handoff,
        exposure_amount=verdict.exposure_amount,
        next_action=verdict.next_action,
        next_action_text=next_step(verdict).text,
        others=tuple(_other(flip, situation, today) for flip in found.found),
        changes_tried=found.tried,
        all_pairs_tried=found.is_complete,
    )


def _facts(
    situation: Situation, policy: CompiledPolicy, profile: PayerProfile, version: Version | None
) -> tuple[FactRead, ...]:
    return () if version is None else tuple(facts_read(situation.item, policy, profile, version))


def _other(flip: Flip, situation: Situation, today: date) -> OtherAnswer:
    verdict = flip.verdict
    signs = any(
        change.kind == "agreement" and change.to != NONE and change.mend != "signed_on_service_day"
        for change in flip.changes
    )
    moves = any(change.kind == "date" for change in flip.changes)
    return OtherAnswer(
        changes=tuple(change.words for change in flip.changes),
        kinds=tuple(change.kind for change in flip.changes),
        outcome=flip.answer.outcome,
        reason=None if verdict is None else verdict.reason,
        liable=flip.answer.liable,
        rule=None if verdict is None else verdict.rule,
        version=None if verdict is None else verdict.version,
        flags=() if verdict is None else verdict.flags,
        too_late=signs and not moves and situation.item.first_day <= today,
    )


def _why_none(situation: Situation, rulebook: Rulebook) -> str:
    item = situation.item
    profile = rulebook.payers.get(item.payer_id)
    code = item.procedure_code
    if profile is None:
        listed = " Other payers' policies list the code." if code in rulebook.listed_codes else ""
        return f"No payer profile has the payer id {item.payer_id}, so nothing is decided for it.{listed}"
    listing = rulebook.index[item.payer_id].get(code, ())
    if not listing:
        meant = alike(code, rulebook.index[item.payer_id])
        return f"No policy of {profile.name} lists {code} in any version.{meant} {NOT_COVERED}"
    windows = "; ".join(f"{policy.id} lists it {_windows(policy, code)}" for policy in listing)
    return f"No policy of {profile.name} that is in force on {item.first_day} lists {code}: {windows}."


def _windows(policy: CompiledPolicy, code: str) -> str:
    listing = [version for version in policy.versions if code in version.rules]
    return " and ".join(
        f"from {each.effective_from}" + ("" if each.effective_through is None else f" to {each.effective_through}")
        for each in listing
    )
