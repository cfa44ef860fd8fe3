"""A verdict: what one policy says of one item, before it is dressed as a record.

Knows what varies from one determination to another, in a compact form that the timeline can keep; :func:`render` adds
what follows from it. Two equal verdicts give the same determination but for the rulebook's revision.
"""

from datetime import date
from typing import Final, Literal

from msgspec import Struct

from policywire.model.records import (
    DENIED,
    AppointmentProcedure,
    ClaimLine,
    DecidedBy,
    Determination,
    DeterminationSubject,
    ExpectedDenial,
    FinancialResponsibility,
    Flag,
    NextAction,
    Outcome,
    RuleTried,
    Stage,
    determination_id,
)
from policywire.rulebook.rulebook import PriorAuthorization


class Remittance(Struct, frozen=True, array_like=True, gc=False):
    """How the denial is expected to read."""

    bucket: str
    appeal: Literal["do_not_appeal", "confirm_first", "may_appeal"]
    carc: str
    rarc: tuple[str, ...]


class Verdict(Struct, frozen=True, array_like=True, kw_only=True, gc=False):
    """What one policy says of one item, and why. ``line_number`` is None for an appointment's procedure."""

    owner_id: str
    """The claim's or the appointment's id."""
    line_number: int | None
    procedure_code: str
    event_id: str
    decided_for: str
    payer_id: str
    date_of_service: date
    stage: Stage
    payer: str
    policy_id: str
    version: date | None
    rule: str | None
    outcome: Outcome
    reason: str
    flags: tuple[Flag, ...]
    prior_authorization: PriorAuthorization
    handoff: str | None
    denial: Remittance | None
    agreement_status: Literal["valid", "missing", "invalid", "not_applicable"]
    agreement_id: str | None
    agreement_problem: str | None
    next_action: str
    exposure_amount: str | None
    explanation: tuple[RuleTried, ...]

    @property
    def liable(self) -> Literal["patient", "provider"] | None:
        """Who owes the cost of a denied item; None when it is not denied."""
        return _LIABLE[self.agreement_status]

    @property
    def subject(self) -> DeterminationSubject:
        """The claim line or the appointment's procedure."""
        if self.line_number is None:
            return AppointmentProcedure(self.owner_id, self.procedure_code)
        return ClaimLine(self.owner_id, self.line_number)

    @property
    def place(self) -> tuple[object, ...]:
        """What tells it from the member's other verdicts."""
        return (self.owner_id, self.line_number or self.procedure_code, self.payer, self.policy_id)


_LIABLE: Final[dict[str, Literal["patient", "provider"] | None]] = {
    "valid": "patient",
    "missing": "provider",
    "invalid": "provider",
    "not_applicable": None,
}

NEXT_ACTIONS: Final = {
    "review_line_of_business": "Find out which plan this is: its line of business is outside this policy's scope.",
    "split_by_day": "Bill each day on a line of its own: the span crosses two states of the policy.",
    "route_to_policy": "Handle this under the policy named in the handoff; this one does not deny it.",
    "confirm_context": "Confirm why this is done: point the line at the diagnosis that shows its clinical context.",
    "add_narrative": "Say in the narrative what exactly is done before it is billed.",
    "bill_patient": "Bill the patient: a valid financial responsibility agreement covers this service.",
    "hold_and_get_agreement": "Hold until the patient has signed a financial responsibility agreement for this "
    "service, before the service.",
    "write_off": "Write it off: the payer is expected to deny it and no valid agreement lets the patient be billed.",
    "none": "Nothing needs to be done.",
}
"""The closed set of next actions, each with its sentence."""

_ACTIONS: Final = {code: NextAction(code, text) for code, text in NEXT_ACTIONS.items()}
_WRITE_OFF_UNLESS: Final = {
    "may_appeal": NextAction(
        "write_off",
        "Appeal the expected denial where the records support it, else write it off: no valid agreement lets the "
        "patient be billed.",
    ),
    "confirm_first": NextAction(
        "write_off",
        "Confirm the facts before it is given up, then write it off: the payer is expected to deny it and no valid "
        "agreement lets the patient be billed.",
    ),
}
_AUTHORIZE: Final = NextAction(
    "none", "Get the payer's prior authorization before the service: the policy asks for it."
)
_AUTHORIZED: Final = NextAction("none", "See that the prior authorization was given: the policy asks for it.")


def next_step(verdict: Verdict) -> NextAction:
    """What to do next: a code of the closed set, and the sentence that is right for this verdict."""
    code = verdict.next_action
    if code == "write_off" and verdict.denial is not None:
        return _WRITE_OFF_UNLESS.get(verdict.denial.appeal, _ACTIONS[code])
    if code == "none" and verdict.prior_authorization == "required" and verdict.outcome not in DENIED:
        return _AUTHORIZED if verdict.stage == "submitted" else _AUTHORIZE
    return _ACTIONS[code]


def render(
    verdict: Verdict, member_id: str, revision: str, status: Literal["current", "withdrawn"] = "current"
) -> Determination:
    """The determination that a verdict gives for a member."""
    subject = verdict.subject
    liable = verdict.liable
    return Determination(
        determination_id=determination_id(member_id, subject, verdict.payer, verdict.policy_id),
        status=status,
        subject=subject,
        event_id=verdict.event_id,
        decided_for=verdict.decided_for,
        member_id=member_id,
        payer_id=verdict.payer_id,
        procedure_code=verdict.procedure_code,
        date_of_service=verdict.date_of_service,
        outcome=verdict.outcome,
        reason=verdict.reason,
        policy=DecidedBy(verdict.payer, verdict.policy_id, verdict.version, verdict.rule),
        flags=verdict.flags,
        expected_denial=_expected_denial(verdict, liable),
        financial_responsibility=FinancialResponsibility(
            verdict.agreement_status, verdict.agreement_id, verdict.agreement_problem, liable
        ),
        prior_authorization=verdict.prior_authorization,
        handoff=verdict.handoff,
        stage=verdict.stage,
        next_action=next_step(verdict),
        exposure_amount=verdict.exposure_amount,
        explanation=verdict.explanation,
        rulebook_revision=revision,
    )


def _expected_denial(verdict: Verdict, liable: str | None) -> ExpectedDenial | None:
    denial = verdict.denial
    if denial is None:
        return None
    return ExpectedDenial(
        bucket=denial.bucket,
        reason=verdict.reason,
        appeal=denial.appeal,
        group_code="PR" if liable == "patient" else "CO",
        carc=denial.carc,
        rarc=denial.rarc,
    )
