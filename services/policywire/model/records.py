"""Records that go out: determinations and alerts, closed per version (their schemas are in ``schemas/``).

Knows how a record looks on the wire and how its id is made; knows no rule. Field order is the order on the wire.
"""

from datetime import date
from enum import StrEnum
from hashlib import blake2b
from typing import Literal

import msgspec
from msgspec import Struct

Stage = Literal["drafted", "submitted", "scheduled"]
Severity = Literal["info", "warning", "critical"]
Audience = Literal["scheduling", "billing", "ordering_provider", "compliance", "source_data"]


class Outcome(StrEnum):
    """What a policy does to a line or a procedure."""

    NOT_MEDICALLY_NECESSARY = "not_medically_necessary"
    EXPERIMENTAL_INVESTIGATIONAL = "experimental_investigational"
    OTHER_POLICY = "other_policy"
    REVIEW = "review"
    NO_POLICY_IN_FORCE = "no_policy_in_force"
    COVERED = "covered"
    CRITERIA_REQUIRED = "criteria_required"


DENIED = frozenset({Outcome.NOT_MEDICALLY_NECESSARY, Outcome.EXPERIMENTAL_INVESTIGATIONAL})
"""The outcomes after which the payer pays nothing."""


class Flag(StrEnum):
    """What a reader must know beside the outcome; a closed set."""

    NARRATIVE_MISSING = "narrative_missing"
    NARRATIVE_NOT_STEM_CELL = "narrative_not_stem_cell"
    NARRATIVE_AMBIGUOUS = "narrative_ambiguous"
    SPAN_CROSSES_VERSIONS = "span_crosses_versions"
    LINE_OF_BUSINESS_OUT_OF_SCOPE = "line_of_business_out_of_scope"
    CONTEXT_UNKNOWN = "context_unknown"
    CONTEXT_MIXED = "context_mixed"
    CONTEXT_BY_TAXONOMY = "context_by_taxonomy"
    PRIOR_VERSION_CODES_UNVERIFIED = "prior_version_codes_unverified"


class ClaimLine(Struct, frozen=True, gc=False, tag_field="kind", tag="claim_line"):
    """A service line of a claim."""

    claim_id: str
    line_number: int


class AppointmentProcedure(Struct, frozen=True, gc=False, tag_field="kind", tag="appointment_procedure"):
    """A procedure of an appointment."""

    appointment_id: str
    procedure_code: str


class Appointment(Struct, frozen=True, gc=False, tag_field="kind", tag="appointment"):
    """An appointment as a whole."""

    appointment_id: str


class Policy(Struct, frozen=True, gc=False, tag_field="kind", tag="policy"):
    """A version of a policy."""

    payer: str
    id: str
    version: str


DeterminationSubject = ClaimLine | AppointmentProcedure
AlertSubject = ClaimLine | AppointmentProcedure | Appointment | Policy


class DecidedBy(Struct, frozen=True, gc=False):
    """The policy of a determination: ``version`` is null where none was in force, ``rule`` where none decided."""

    payer: str
    id: str
    version: date | None
    rule: str | None


class PolicyVersion(Struct, frozen=True, gc=False):
    """The policy that an alert is about."""

    payer: str
    id: str
    version: date | None


class ExpectedDenial(Struct, frozen=True, gc=False):
    """How the payer's remittance is expected to read; ``carc`` and ``rarc`` are code numbers only."""

    bucket: str
    reason: str
    appeal: Literal["do_not_appeal", "confirm_first", "may_appeal"]
    group_code: Literal["CO", "PR"]
    carc: str
    rarc: tuple[str, ...]


class FinancialResponsibility(Struct, frozen=True, gc=False):
    """Who will pay, and whether a signed agreement says so."""

    status: Literal["valid", "missing", "invalid", "not_applicable"]
    agreement_id: str | None = None
    problem: str | None = None
    liable: Literal["patient", "provider"] | None = None


class NextAction(Struct, frozen=True, gc=False):
    """What to do about a determination: a code of a closed set and a sentence in plain words."""

    code: str
    text: str


class RuleTried(Struct, frozen=True, gc=False):
    """One rule that was looked at and why it decided or did not."""

    rule: str
    result: Literal["matched", "not_matched", "unknown"]
    because: str


class Determination(Struct, frozen=True, kw_only=True, gc=False):
    """What a policy will do to one claim line or one booked procedure, and why."""

    determination_id: str
    schema: Literal["determination.v1"] = "determination.v1"
    status: Literal["current", "withdrawn"] = "current"
    subject: DeterminationSubject
    event_id: str
    decided_for: str
    member_id: str
    payer_id: str
    procedure_code: str
    date_of_service: date
    outcome: Outcome
    reason: str
    policy: DecidedBy
    flags: tuple[Flag, ...]
    expected_denial: ExpectedDenial | None
    financial_responsibility: FinancialResponsibility
    prior_authorization: Literal["no_pathway", "required", "not_required", "unknown"]
    handoff: str | None
    stage: Stage
    next_action: NextAction
    exposure_amount: str | None
    explanation: tuple[RuleTried, ...]
    rulebook_revision: str


class Alert(Struct, frozen=True, kw_only=True, gc=False):
    """What somebody should act on, open while it holds."""

    alert_id: str
    schema: Literal["alert.v1"] = "alert.v1"
    kind: str
    status: Literal["open", "resolved"] = "open"
    audience: Audience
    severity: Severity
    member_id: str | None
    subject: AlertSubject
    payer_id: str | None
    policy: PolicyVersion
    procedure_codes: tuple[str, ...]
    date_of_service: date | None
    exposure_amount: str | None
    ordering_provider_npi: str | None
    message: str
    action: str
    evidence: tuple[str, ...]
    rulebook_revision: str


Record = Determination | Alert


def determination_id(member_id: str, subject: DeterminationSubject, payer: str, policy_id: str) -> str:
    """The stable id of the determination of one subject by one policy: 32 hex digits."""
    return _digest((member_id, subject, payer, policy_id))


def alert_id(member_id: str | None, kind: str, subject: AlertSubject) -> str:
    """The stable id of an alert of one kind about one subject: 32 hex digits; severity is no part of it."""
    return _digest((member_id, kind, subject))


_encoder = msgspec.json.Encoder()


def _digest(parts: object) -> str:
    return blake2b(_encoder.encode(parts), digest_size=16).hexdigest()


def encode(record: Record) -> bytes:
    """The record as JSON, as it goes out."""
    return _encoder.encode(record)
