"""One item, one payer, its policies: the verdict of each, with its reasons.

The path of a decision is :func:`determine`: which policies list the code, the checks that come before any rule (line of
business, span, a version in force), then the version's rules in order. Pure: no clock, no I/O.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from policywire.decision.agreement import NOT_APPLICABLE, Agreement, financial_responsibility
from policywire.decision.consequences import exposure, next_action, prior_authorization, reason, remittance
from policywire.decision.explain import not_matched, undecidable
from policywire.decision.facts import ItemFacts
from policywire.decision.item import Item
from policywire.decision.verdict import Verdict
from policywire.model.records import DENIED, FinancialResponsibility, Flag, Outcome, RuleTried
from policywire.rulebook.rulebook import CompiledPolicy, Denial, PayerProfile, Rule, Rulebook, Version


class Finding(NamedTuple):
    """What the rules say before liability: the outcome, what decided it, and the way there."""

    outcome: Outcome
    rule: Rule | None
    flags: tuple[Flag, ...]
    explanation: tuple[RuleTried, ...]


def determine(item: Item, agreements: Sequence[Agreement], rulebook: Rulebook) -> tuple[Verdict, ...]:
    """The verdicts on an item: one from each of its payer's policies that list its code and are in force.

    Empty when the payer id has no profile or no policy of the payer names the code. Where every policy that names it is
    yet to come (or over), each says so.
    """
    listing = rulebook.index.get(item.payer_id, _NO_CODES).get(item.procedure_code, ())
    if not listing:
        return ()
    profile = rulebook.payers[item.payer_id]
    if len(listing) > 1:
        listing = tuple(policy for policy in listing if _concerns(policy, item)) or listing
    return tuple([verdict for policy in listing if (verdict := _decide(item, policy, profile, agreements)) is not None])


_NO_CODES: Final[dict[str, tuple[CompiledPolicy, ...]]] = {}


def _concerns(policy: CompiledPolicy, item: Item) -> bool:
    """Whether a version of the policy is in force on the first or last day."""
    return policy.version_on(item.first_day) is not None or policy.version_on(item.last_day) is not None


def _decide(
    item: Item, policy: CompiledPolicy, profile: PayerProfile, agreements: Sequence[Agreement]
) -> Verdict | None:
    first = policy.version_on(item.first_day)
    last = first if item.last_day == item.first_day else policy.version_on(item.last_day)
    if not _names(item, first, last):
        return None
    finding = _find(item, policy, profile, first, last)
    if finding.outcome in DENIED:
        responsibility = financial_responsibility(agreements, policy.payer, item.procedure_code, item.first_day)
    else:
        responsibility = NOT_APPLICABLE
    return _verdict(item, policy, first, finding, responsibility)


def _names(item: Item, first: Version | None, last: Version | None) -> bool:
    """Whether a version on the item's days names its code; where none is in force at all, the policy still speaks."""
    if first is None and last is None:
        return True
    code = item.procedure_code
    return (first is not None and code in first.rules) or (last is not None and code in last.rules)


def _find(
    item: Item, policy: CompiledPolicy, profile: PayerProfile, first: Version | None, last: Version | None
) -> Finding:
    line_of_business = profile.line_of_business(item.line_of_business)
    if line_of_business not in policy.lines_of_business:
        return _OUT_OF_SCOPE
    if first is not last:
        return _SPAN
    if first is None or line_of_business is None:
        return _NOT_IN_FORCE
    return _by_rules(ItemFacts(item, line_of_business, policy, first), first)


_OUT_OF_SCOPE: Final = Finding(
    Outcome.REVIEW,
    None,
    (Flag.LINE_OF_BUSINESS_OUT_OF_SCOPE,),
    (RuleTried("line_of_business", "matched", "the line of business is not one that this policy covers"),),
)
_SPAN: Final = Finding(
    Outcome.REVIEW,
    None,
    (Flag.SPAN_CROSSES_VERSIONS,),
    (RuleTried("span", "matched", "the first and the last day of service fall under different versions"),),
)
_NOT_IN_FORCE: Final = Finding(
    Outcome.NO_POLICY_IN_FORCE,
    None,
    (),
    (RuleTried("in_force", "matched", "no version of the policy is in force on the date of service"),),
)


def _by_rules(facts: ItemFacts, version: Version) -> Finding:
    """The first rule that matches decides, unless a rule before it is unknown and would have said otherwise."""
    tried: list[RuleTried] = []
    unknown_flags: list[Flag] = []
    unknown_outcomes: set[Outcome] = set()
    for rule in version.rules.get(facts.item.procedure_code, ()):
        if rule.condition is None:
            break
        truth = rule.condition.holds(facts)
        if truth:
            break
        if truth is None:
            leaf, _ = rule.condition.culprit(facts)
            unknown_flags.append(version.unknown_flags[leaf.fact])
            unknown_outcomes.add(rule.outcome)
            tried.append(undecidable(rule, leaf))
        else:
            tried.append(not_matched(rule, rule.condition, facts))
    else:
        return _no_rule(facts, version, tried, unknown_flags)
    if unknown_outcomes and rule.outcome != Outcome.REVIEW and unknown_outcomes != {rule.outcome}:
        return _no_rule(facts, version, tried, unknown_flags)
    tried.append(RuleTried(rule.id, "matched", rule.rationale))
    return Finding(rule.outcome, rule, _flags(facts, version, rule.flags), tuple(tried))


def _no_rule(facts: ItemFacts, version: Version, tried: list[RuleTried], unknown_flags: list[Flag]) -> Finding:
    """No rule can be said to decide: somebody must look, and the flags name the fact that is unknown."""
    return Finding(Outcome.REVIEW, None, _flags(facts, version, tuple(unknown_flags)), tuple(tried))


def _flags(facts: ItemFacts, version: Version, own: tuple[Flag, ...]) -> tuple[Flag, ...]:
    context = facts.context
    if context is not None and context.by_taxonomy and facts.policy.contexts is not None:
        own = (*own, facts.policy.contexts.by_taxonomy_flag)
    if version.flags:
        own = (*own, *version.flags)
    return tuple(dict.fromkeys(own)) if len(own) > 1 else own


def _denial(version: Version | None, rule: Rule | None) -> Denial | None:
    """How a denial reads: as its rule says, else as the version does."""
    if rule is not None and rule.denial is not None:
        return rule.denial
    return None if version is None else version.denial


def _verdict(
    item: Item,
    policy: CompiledPolicy,
    version: Version | None,
    finding: Finding,
    responsibility: FinancialResponsibility,
) -> Verdict:
    outcome, rule, flags, explanation = finding
    denial = _denial(version, rule) if outcome in DENIED else None
    handoff = rule.handoff if rule is not None and outcome == Outcome.OTHER_POLICY else None
    return Verdict(
        owner_id=item.owner_id,
        line_number=item.line_number,
        procedure_code=item.procedure_code,
        event_id=item.event_id,
        decided_for=item.decided_for,
        payer_id=item.payer_id,
        date_of_service=item.first_day,
        stage=item.stage,
        payer=policy.payer,
        policy_id=policy.id,
        version=None if version is None else version.effective_from,
        rule=None if rule is None else rule.id,
        outcome=outcome,
        reason=reason(outcome, policy, denial, handoff, flags),
        flags=flags,
        prior_authorization=prior_authorization(outcome, version, rule),
        handoff=handoff,
        denial=None if denial is None or item.charge is None else remittance(denial, flags, responsibility),
        agreement_status=responsibility.status,
        agreement_id=responsibility.agreement_id,
        agreement_problem=responsibility.problem,
        next_action=next_action(outcome, flags, item.stage, responsibility),
        exposure_amount=exposure(item.charge, responsibility),
        explanation=explanation,
    )
