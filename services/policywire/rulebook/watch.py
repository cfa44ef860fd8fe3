"""What to watch for and how alerts speak (``watch/*.yaml``), typed as an analyst writes it.

Knows the shape and meaning of each field; does not know when an alert opens.
"""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, field

from policywire.model.records import Audience, Flag, Severity
from policywire.rulebook.document import Closed, Codes, Document, Id, Months, Text

Days = Annotated[int, Meta(ge=0, le=36_600)]


class AlertText(Closed, frozen=True, kw_only=True):
    """How alerts of one kind speak. Texts may hold {codes}, {policy}, {payer}, and some {companion}."""

    audience: Annotated[Audience, Meta(description="Who acts on it.")]
    severity: Annotated[Severity, Meta(description="How loud, unless severity_by_days says otherwise.")]
    severity_by_days: Annotated[
        tuple["SeverityUntil", ...],
        Meta(description="By days until the service, fewest first; beyond the last, severity."),
    ] = ()
    message: Annotated[Text, Meta(description="What is the matter.")]
    action: Annotated[Text, Meta(description="What to do about it.")]
    of_appointment: Annotated[
        "Wording | None",
        Meta(description="Other words where the alert is about an appointment instead of a claim line."),
    ] = None


class Wording(Closed, frozen=True, kw_only=True):
    """What an alert says."""

    message: Annotated[Text, Meta(description="What is the matter.")]
    action: Annotated[Text, Meta(description="What to do about it.")]


class SeverityUntil(Closed, frozen=True, kw_only=True):
    """A severity while the service is at most so many days away."""

    days_at_most: Annotated[Days, Meta(description="Days until the service; a past one counts as 0.")]
    severity: Annotated[Severity, Meta(description="How loud then.")]


class SubstitutionText(Closed, frozen=True, kw_only=True):
    """An unlisted code that may stand for a targeted one of the same policy."""

    payer: Annotated[Id, Meta(description="Key of the payer's profile.")]
    policy: Annotated[Id, Meta(description="The policy's id.")]
    unlisted: Annotated[Codes, Meta(description="Unlisted procedure codes, each quoted.")]
    targeted: Annotated[Codes, Meta(description="The codes they may stand for, each quoted.")]
    within_days: Annotated[Days, Meta(description="How many days back a targeted code is looked for.")]
    review_flags: Annotated[
        tuple[Flag, ...],
        Meta(description="A review with one of these counts as well as a denial."),
    ] = ()


class CompanionText(Closed, frozen=True, kw_only=True):
    """Codes of another policy that deserve a look when billed beside a denied line of this one."""

    payer: Annotated[Id, Meta(description="Key of the payer's profile.")]
    policy: Annotated[Id, Meta(description="The policy's id.")]
    companion: Annotated[Id, Meta(description="The other policy's id; the policy document names it as a companion.")]
    codes: Annotated[Codes, Meta(description="The other policy's codes, each quoted.")]


class ContextReviewText(Closed, frozen=True, kw_only=True):
    """Codes whose review for clinical context somebody must settle."""

    payer: Annotated[Id, Meta(description="Key of the payer's profile.")]
    policy: Annotated[Id, Meta(description="The policy's id.")]
    codes: Annotated[Codes, Meta(description="The codes, each quoted.")]
    flags: Annotated[tuple[Flag, ...], Meta(min_length=1, description="The flags of such a review.")]


MemberAlertKind = Literal[
    "expected_denial_scheduled",
    "agreement_missing",
    "service_without_agreement",
    "unlisted_substitution",
    "context_review",
    "companion_policy_review",
    "policy_affects_schedule",
]
"""Alerts about something of one member."""

AlertKind = Literal[
    MemberAlertKind,
    "policy_changed",
    "policy_source_quarantine",
    "policy_source_conflict",
]


class WatchDocument(Document, frozen=True, kw_only=True, tag="watch.v1"):
    """What to watch for and how alerts speak (``watch/*.yaml``); several files add up."""

    texts: Annotated[dict[AlertKind, AlertText], Meta(description="By kind of alert.")] = field(default_factory=dict)
    substitutions: Annotated[tuple[SubstitutionText, ...], Meta(description="Coding around a targeted code.")] = ()
    companions: Annotated[tuple[CompanionText, ...], Meta(description="Policies to review separately.")] = ()
    context_reviews: Annotated[tuple[ContextReviewText, ...], Meta(description="Contexts to settle.")] = ()
    service_without_agreement_months: Annotated[
        Months | None,
        Meta(description="How long after the service a missing agreement is worth an open alert."),
    ] = None
    retention_months: Annotated[Months | None, Meta(description="How long a member's timeline is remembered.")] = None
    alerts_from: Annotated[
        date | None,
        Meta(
            description="Services before this day open no alert, so that history can be loaded; but one that was done "
            "and is not billed yet does. None: every service does."
        ),
    ] = None
