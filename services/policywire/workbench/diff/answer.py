"""What a policy answers about an item, without the words that change nothing: the unit that editions are compared by.

Knows which parts of a verdict are answers and how two of them differ; does not know where an answer comes from but that
:func:`policywire.decision.determine.determine` gives it. Rule ids, rationales, explanations and the first day of the
version are no answers: renaming a rule changes none.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final, Literal

from msgspec import Struct

from policywire.decision.agreement import Agreement
from policywire.decision.determine import determine
from policywire.decision.item import Item
from policywire.decision.verdict import Remittance, Verdict
from policywire.model.records import Flag, Outcome
from policywire.rulebook.rulebook import PolicyKey, PriorAuthorization, Rulebook

Facet = Literal[
    "added",
    "removed",
    "in_force",
    "scope",
    "span",
    "outcome",
    "handoff",
    "flags",
    "prior_authorization",
    "liability",
]
"""In which respect two answers differ.

``added`` and ``removed``: only one side speaks of the line at all. ``in_force``: one side has no policy in force.
``scope``: a line of business comes into the policy's scope or leaves it. ``span``: a span crosses versions on one side
only. ``liability``: the terms of a denial (reason, bucket, appeal, CARC, RARC).
"""


class Terms(Struct, frozen=True, gc=False):
    """How a denial reads: CARC and RARC are numbers, RARC by who is liable."""

    reason: str
    bucket: str
    appeal: str
    carc: str
    rarc_provider_liable: tuple[str, ...]
    rarc_patient_liable: tuple[str, ...]


class Answer(Struct, frozen=True, gc=False):
    """What one policy answers. ``denial`` is None where a claim line would not be denied, and for appointments."""

    outcome: Outcome
    handoff: str | None
    flags: frozenset[Flag]
    prior_authorization: PriorAuthorization
    denial: Terms | None


class Change(Struct, frozen=True, gc=False):
    """One respect in which an answer differs, in the contracts' words; None: there was or is nothing to say.

    ``field`` is what differs: ``outcome``, ``handoff``, ``flag``, ``prior_authorization``, ``scope``, ``span``, or a
    term of a denial.
    """

    facet: Facet
    field: str
    before: str | None
    after: str | None


def answers(item: Item, rulebook: Rulebook) -> dict[PolicyKey, Answer]:
    """The answer of every policy that speaks of an item, whatever agreements the member may have."""
    without = determine(item, (), rulebook)
    signed = without
    if any(each.denial is not None for each in without):
        signed = determine(item, (_agreement(item, without[0].payer),), rulebook)
    return {(each.payer, each.policy_id): answer_of(each, twin) for each, twin in zip(without, signed, strict=True)}


def answer_of(verdict: Verdict, signed: Verdict | None = None) -> Answer:
    """The answer in a verdict.

    Args:
        verdict: on an item.
        signed: on the same item for a member with a valid agreement, where RARC numbers for that case are wanted too.
    """
    return Answer(
        verdict.outcome,
        verdict.handoff,
        frozenset(verdict.flags),
        verdict.prior_authorization,
        None
        if verdict.denial is None
        else _terms(verdict.reason, verdict.denial, None if signed is None else signed.denial),
    )


def _terms(reason: str, denial: Remittance, signed: Remittance | None) -> Terms:
    by_patient = () if signed is None else signed.rarc
    return Terms(reason, denial.bucket, denial.appeal, denial.carc, denial.rarc, by_patient)


def _agreement(item: Item, payer: str) -> Agreement:
    """One that holds for the item."""
    return Agreement(
        agreement_id="",
        payer=payer,
        procedure_codes=(item.procedure_code,),
        service_date_from=item.first_day,
        service_date_through=item.first_day,
        signed_at=0,
        signed_on=item.first_day - timedelta(days=1),
        confirmed_before_service=True,
        revoked_on=None,
    )


def changes(before: Answer | None, after: Answer | None) -> tuple[Change, ...]:
    """Every respect in which two answers of one policy differ; empty exactly when they are equal.

    What follows from a change is not told beside it: a line that is no longer denied has no terms of a denial, one that
    comes into scope is decided by rules.
    """
    if before == after:
        return ()
    if before is None or after is None:
        return (Change("added" if before is None else "removed", "outcome", _told(before), _told(after)),)
    return _earlier_check(before, after) or tuple(_changes(before, after))


def _earlier_check(before: Answer, after: Answer) -> tuple[Change, ...]:
    """The one change that says all, where a check that comes before every rule stops the line on one side."""
    differing = before.flags ^ after.flags
    for flag, facet, stopped in _CHECKS:
        if flag in differing:
            told = (stopped, "decided by the rules") if flag in before.flags else ("decided by the rules", stopped)
            return (Change(facet, facet, *told),)
    if Outcome.NO_POLICY_IN_FORCE in {before.outcome, after.outcome} and before.outcome != after.outcome:
        return (Change("in_force", "outcome", _told(before), _told(after)),)
    return ()


_CHECKS: Final[tuple[tuple[Flag, Facet, str], ...]] = (
    (Flag.LINE_OF_BUSINESS_OUT_OF_SCOPE, "scope", "out of scope, to review"),
    (Flag.SPAN_CROSSES_VERSIONS, "span", "crosses versions, to review"),
)


def _changes(before: Answer, after: Answer) -> Iterator[Change]:
    if before.outcome != after.outcome:
        yield Change("outcome", "outcome", _told(before), _told(after))
    elif before.handoff != after.handoff:
        yield Change("handoff", "handoff", before.handoff, after.handoff)
    yield from (Change("flags", "flag", flag, None) for flag in sorted(before.flags - after.flags))
    yield from (Change("flags", "flag", None, flag) for flag in sorted(after.flags - before.flags))
    stances = (before.prior_authorization, after.prior_authorization)
    if stances[0] != stances[1] and (before.outcome == after.outcome or (_is_own(before) and _is_own(after))):
        yield Change("prior_authorization", "prior_authorization", *stances)
    if before.denial is not None and after.denial is not None:
        for field in Terms.__struct_fields__:
            was, now = getattr(before.denial, field), getattr(after.denial, field)
            if was != now:
                yield Change("liability", field, _text(was), _text(now))


def _is_own(answer: Answer) -> bool:
    """Whether the policy itself takes the line, so that its stance on prior authorization counts."""
    return answer.outcome not in _NOT_OWN


_NOT_OWN: Final = frozenset({Outcome.OTHER_POLICY, Outcome.NO_POLICY_IN_FORCE})


def _told(answer: Answer | None) -> str | None:
    """The outcome, with the handoff where there is one."""
    if answer is None:
        return None
    return f"{answer.outcome} ({answer.handoff})" if answer.handoff else answer.outcome.value


def _text(value: str | Sequence[str]) -> str | None:
    return value if isinstance(value, str) else ", ".join(value) or None
