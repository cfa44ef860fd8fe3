"""What follows from an outcome: its reason in words, the expected remittance, the exposure and what to do next.

Knows the closed wordings and their order of precedence; does not know how outcomes come about.
"""

from typing import Final, Literal

from policywire.decision.verdict import Remittance
from policywire.model.records import DENIED, FinancialResponsibility, Flag, Outcome, Stage
from policywire.rulebook.rulebook import CompiledPolicy, Denial, PriorAuthorization, Rule, Version

_CONTEXT_FLAGS: Final = frozenset(flag for flag in Flag if flag.startswith("context_"))
_NARRATIVE_FLAGS: Final = frozenset(flag for flag in Flag if flag.startswith("narrative_"))


def reason(
    outcome: Outcome, policy: CompiledPolicy, denial: Denial | None, handoff: str | None, flags: tuple[Flag, ...]
) -> str:
    """The outcome in words; for a denial the exact words of the policy's denial reason."""
    if denial is not None:
        return denial.reason
    match outcome:
        case Outcome.OTHER_POLICY:
            return f"belongs to {handoff}"
        case Outcome.REVIEW:
            return f"needs review: {', '.join(flags)}" if flags else "needs review"
        case Outcome.NO_POLICY_IN_FORCE:
            return "no policy in force"
        case _:
            return f"{outcome.replace('_', ' ')} per {policy.id}"


def prior_authorization(outcome: Outcome, version: Version | None, rule: Rule | None) -> PriorAuthorization:
    """The version's answer where one of its rules decided and keeps the line under this policy, else ``unknown``."""
    if version is None or rule is None or outcome == Outcome.OTHER_POLICY:
        return "unknown"
    return version.prior_authorization


def remittance(denial: Denial, flags: tuple[Flag, ...], responsibility: FinancialResponsibility) -> Remittance:
    """How the payer's denial of a claim line will read, and whether an appeal is worth a thought."""
    doubtful = not denial.confirm_first_when.isdisjoint(flags)
    by_patient = responsibility.liable == "patient"
    return Remittance(
        bucket=denial.bucket,
        appeal="confirm_first" if doubtful else denial.appeal,
        carc=denial.carc,
        rarc=denial.rarc_patient_liable if by_patient else denial.rarc_provider_liable,
    )


def exposure(charge: str | None, responsibility: FinancialResponsibility) -> str | None:
    """What the provider stands to lose on a claim line; None for an appointment's procedure."""
    if charge is None:
        return None
    return charge if responsibility.liable == "provider" else "0.00"


def next_action(
    outcome: Outcome, flags: tuple[Flag, ...], stage: Stage, responsibility: FinancialResponsibility
) -> str:
    """The code of what to do next: the first that applies."""
    if flags:
        if Flag.LINE_OF_BUSINESS_OUT_OF_SCOPE in flags:
            return "review_line_of_business"
        if Flag.SPAN_CROSSES_VERSIONS in flags:
            return "split_by_day"
    if outcome is Outcome.OTHER_POLICY:
        return "route_to_policy"
    if flags:
        if not _CONTEXT_FLAGS.isdisjoint(flags):
            return "confirm_context"
        if not _NARRATIVE_FLAGS.isdisjoint(flags):
            return "add_narrative"
    return _for_denied(stage, responsibility) if outcome in DENIED else "none"


def _for_denied(
    stage: Stage, responsibility: FinancialResponsibility
) -> Literal["none", "bill_patient", "write_off", "hold_and_get_agreement"]:
    if responsibility.status == "valid":
        return "none" if stage == "scheduled" else "bill_patient"
    return "write_off" if stage == "submitted" else "hold_and_get_agreement"
