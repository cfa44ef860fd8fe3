"""The cases beside a policy (``cases.yaml``), typed: claim lines given minimally, and what must come out.

Knows the shape of a case; does not know how one is run (:mod:`policywire.workbench.casetest`).
"""

from datetime import date
from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from policywire.model.records import Flag, Outcome
from policywire.rulebook.document import Closed, Document, Id, PriorAuthorizationStance, Text
from policywire.rulebook.when import MoneyText


class CaseLine(Closed, frozen=True, kw_only=True):
    """A claim line, with what of its claim matters."""

    procedure_code: Annotated[Text, Meta(description="CPT or HCPCS code, quoted.")]
    service_date: Annotated[date, Meta(description="Date of service, YYYY-MM-DD; of a span its first day.")]
    service_date_end: Annotated[date | None, Meta(description="Last day of a span.")] = None
    diagnoses: Annotated[tuple[Text, ...], Meta(description="The claim's diagnoses, ICD-10-CM.")] = ()
    diagnosis_pointers: Annotated[
        tuple[Annotated[int, Meta(ge=1)], ...],
        Meta(description="1-based positions in diagnoses; none: all of them."),
    ] = ()
    narrative: Annotated[str | None, Meta(description="The line's narrative as sent.")] = None
    rendering_taxonomy: Annotated[Text | None, Meta(description="NUCC code of the rendering provider.")] = None
    line_of_business: Annotated[str | None, Meta(description="As the sender wrote it.")] = None
    modifiers: Annotated[tuple[Text, ...], Meta(description="Modifiers.")] = ()
    units: Annotated[Annotated[float, Meta(ge=0)] | None, Meta(description="Number of units.")] = None
    charge_amount: Annotated[MoneyText, Meta(description="Charge, quoted money.")] = "1000.00"
    payer_id: Annotated[Text | None, Meta(description="As sent, quoted; none: the payer's first id.")] = None
    stage: Annotated[Literal["drafted", "submitted"], Meta(description="Draft or sent claim.")] = "submitted"


class Expectation(Closed, frozen=True, kw_only=True):
    """What must come out; a field that is not given is not looked at."""

    outcome: Annotated[Outcome, Meta(description="The outcome.")]
    rule: Annotated[
        Id | UnsetType | None,
        Meta(description="Id of the rule that decides; null: none does. A rule without a case is refused."),
    ] = UNSET
    version: Annotated[date | UnsetType | None, Meta(description="The version in force; null: none was.")] = UNSET
    flags: Annotated[tuple[Flag, ...] | UnsetType, Meta(description="All its flags, in any order.")] = UNSET
    reason: Annotated[Text | UnsetType, Meta(description="The reason, exactly.")] = UNSET
    handoff: Annotated[Text | UnsetType | None, Meta(description="Who decides instead.")] = UNSET
    prior_authorization: Annotated[PriorAuthorizationStance | UnsetType, Meta(description="The stance.")] = UNSET
    appeal: Annotated[
        Literal["do_not_appeal", "confirm_first", "may_appeal"] | UnsetType | None,
        Meta(description="The appeal stance of the expected denial; null: no denial is expected."),
    ] = UNSET
    carc: Annotated[Text | UnsetType | None, Meta(description="The expected CARC; null: no denial is expected.")] = (
        UNSET
    )
    next_action: Annotated[Text | UnsetType, Meta(description="Code of the next action.")] = UNSET


class Case(Closed, frozen=True, kw_only=True):
    """One case."""

    name: Annotated[Text, Meta(description="A sentence that says what must hold.")]
    line: Annotated[CaseLine, Meta(description="The claim line.")]
    expect: Annotated[
        Expectation | Literal["no_determination"],
        Meta(description="What must come out; no_determination: the policy says nothing of such a line."),
    ]


class CasesDocument(Document, frozen=True, kw_only=True, tag="cases.v1"):
    """The cases of one policy (``cases.yaml`` beside it). Synthetic lines only."""

    payer: Annotated[Id, Meta(description="Key of the payer's profile.")]
    policy: Annotated[Id, Meta(description="The policy's id.")]
    cases: Annotated[tuple[Case, ...], Meta(min_length=1, description="The cases.")]
