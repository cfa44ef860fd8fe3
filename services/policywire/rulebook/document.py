"""The documents under ``rules/`` as an analyst writes them, typed; ``schemas/`` is made from these types.

Knows the shape and the meaning of each field of a policy, in the words an editor shows, and what every document shares.
Does not know files or positions (:mod:`policywire.rulebook.load`), nor the compiled form
(:mod:`policywire.rulebook.rulebook`). The conditions of a rule are in :mod:`policywire.rulebook.when`, the other kinds
of document in :mod:`policywire.rulebook.reference`, :mod:`policywire.rulebook.watch`, :mod:`policywire.rulebook.cases`.
"""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from policywire.model.records import Flag, Outcome
from policywire.rulebook.when import When

Text = Annotated[str, Meta(min_length=1, max_length=2000)]
Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,62}[A-Za-z0-9])?$")]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
Codes = Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=200)], ...], Meta(min_length=1)]
Months = Annotated[int, Meta(ge=1, le=1200)]
LineOfBusiness = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
Cites = Annotated[tuple[Id, ...], Meta(description="Ids of the document's citations that this rests on.")]
PriorAuthorizationStance = Literal["no_pathway", "required", "not_required", "unknown"]


class Closed(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A part of a document: fields that it does not know are refused."""


class Document(Closed, frozen=True, kw_only=True, tag_field="document"):
    """A whole file; the field ``document`` says which kind and version of the format it is."""


class Citation(Closed, frozen=True, kw_only=True):
    """Where something that the document says comes from."""

    id: Annotated[Id, Meta(description="Short name that cites refers to.")]
    title: Annotated[Text, Meta(description="What the source is called.")]
    source: Annotated[Text, Meta(description="Where it is to be found, and what kind of source it is.")]
    kind: Annotated[
        Literal["primary", "secondary"],
        Meta(description="primary: the payer's own text. secondary: somebody writing about it."),
    ]
    retrieved: Annotated[
        date | None,
        Meta(description="The day on which its text was read, YYYY-MM-DD; null: not recorded."),
    ]
    sha256: Annotated[Sha256 | None, Meta(description="SHA-256 of the source text as retrieved, in hex.")] = None


class Scope(Closed, frozen=True, kw_only=True):
    """What the policy speaks about."""

    lines_of_business: Annotated[
        tuple[LineOfBusiness, ...],
        Meta(min_length=1, description="In the words of the payer's profile; a line outside goes to review."),
    ]
    summary: Annotated[Text | None, Meta(description="What services the policy is about, in own words.")] = None


class CompanionPolicy(Closed, frozen=True, kw_only=True):
    """Another policy of the payer that deserves a look beside this one."""

    policy: Annotated[Id, Meta(description="The other policy's id, as the payer writes it.")]
    title: Annotated[Text, Meta(description="What it is about, in own words.")]
    why: Annotated[Text, Meta(description="Why to look at it, in one sentence.")]
    cites: Cites = ()


class SourceConflict(Closed, frozen=True, kw_only=True):
    """Two statements of the sources that cannot both hold, and which one the rules follow."""

    id: Annotated[Id, Meta(description="Short name of the conflict.")]
    about: Annotated[Text, Meta(description="What the statements are about.")]
    taken: Annotated[Text, Meta(description="The statement that the rules follow, in own words.")]
    set_aside: Annotated[Text, Meta(description="The statement that they do not follow, in own words.")]
    why: Annotated[Text, Meta(description="Why, in one sentence.")]
    cites: Cites = ()


class QuarantinedRow(Closed, frozen=True, kw_only=True):
    """A row of the source that cannot be used; it never becomes a code."""

    id: Annotated[Id, Meta(description="Short name of the row.")]
    text: Annotated[Text | None, Meta(description="The row as the source has it; null when it is not known.")]
    why: Annotated[Text, Meta(description="Why it cannot be used, in one sentence.")]
    cites: Cites = ()


class Rarc(Closed, frozen=True, kw_only=True):
    """Expected remittance remark code numbers by who is liable."""

    provider_liable: Annotated[tuple[Text, ...], Meta(description="When the provider bears the cost.")] = ()
    patient_liable: Annotated[tuple[Text, ...], Meta(description="When the patient agreed in writing to bear it.")] = ()


class DenialTerms(Closed, frozen=True, kw_only=True):
    """How a denial under the version is expected to read, and what to do about it."""

    bucket: Annotated[Text, Meta(description="The work queue that such denials belong to.")]
    reason: Annotated[Text, Meta(description="The reason exactly as determinations give it.")]
    appeal: Annotated[
        Literal["do_not_appeal", "confirm_first", "may_appeal"],
        Meta(description="do_not_appeal only where the payer's position is categorical."),
    ]
    confirm_first_when: Annotated[
        tuple[Flag, ...],
        Meta(description="A determination with one of these flags is confirmed before it is given up."),
    ] = ()
    carc: Annotated[str, Meta(pattern=r"^[A-Z0-9]{1,4}$", description="Expected CARC, number only, quoted.")]
    rarc: Annotated[Rarc, Meta(description="Expected RARC numbers by who is liable.")] = Rarc()


class RuleText(Closed, frozen=True, kw_only=True):
    """One rule: codes and a condition, and what follows. The first rule of a version that matches a line decides it."""

    id: Annotated[Id, Meta(description="Unique in its version; determinations and cases name it.")]
    codes: Annotated[
        Codes,
        Meta(description="CPT or HCPCS codes, each quoted. What has no such shape is quarantined and reported."),
    ]
    indication: Annotated[Text, Meta(description="What is done for what, in own words: no licensed descriptors.")]
    when: Annotated[When | None, Meta(description="The condition; none: the rule always matches its codes.")] = None
    outcome: Annotated[
        Outcome,
        Meta(description="What the policy does to a line that this rule decides; never no_policy_in_force."),
    ]
    flags: Annotated[tuple[Flag, ...], Meta(description="What a reader must know beside the outcome.")] = ()
    handoff: Annotated[Text | None, Meta(description="With other_policy: who decides instead.")] = None
    denial: Annotated[
        DenialTerms | None,
        Meta(description="How this rule's denials read where they do not read as the version's; another CARC, say."),
    ] = None
    rationale: Annotated[Text, Meta(description="Why, in one sentence that a biller understands.")]
    cites: Cites = ()


class VersionText(Closed, frozen=True, kw_only=True):
    """The policy as in force from a day on; the line's date of service chooses the version."""

    effective_from: Annotated[date, Meta(description="First date of service that it decides, YYYY-MM-DD.")]
    effective_through: Annotated[
        date | None,
        Meta(description="Last date of service; none: until the next version, or open."),
    ] = None
    known_from: Annotated[date, Meta(description="The day from which this version can have been known.")]
    basis: Annotated[Text, Meta(description="What the version rests on and what is not known of it.")]
    position: Annotated[
        Literal["not_medically_necessary", "experimental_investigational", "covered", "criteria_required"],
        Meta(description="The payer's position as a whole."),
    ]
    prior_authorization: Annotated[
        PriorAuthorizationStance,
        Meta(description="Whether there is a way to ask first, and whether it must be taken."),
    ]
    review_interval_months: Annotated[
        Months | None,
        Meta(description="How often the payer reviews the policy; none: not known."),
    ] = None
    denial: Annotated[
        DenialTerms | None,
        Meta(description="How its denials read. Needed when a rule denies that does not say so itself."),
    ] = None
    flags: Annotated[tuple[Flag, ...], Meta(description="On every determination that this version's rules make.")] = ()
    unknown: Annotated[
        dict[Text, Flag],
        Meta(description="Facts that may be unknown rather than absent, and the flag that says so."),
    ] = field(default_factory=dict)
    rules: Annotated[tuple[RuleText, ...], Meta(min_length=1, description="In order: the first that matches decides.")]
    cites: Cites = ()


class PolicyDocument(Document, frozen=True, kw_only=True, tag="policy.v1"):
    """A payer's coverage policy with all its versions (``policy.yaml``)."""

    payer: Annotated[Id, Meta(description="Key of the payer's profile.")]
    policy: Annotated[Id, Meta(description="The policy's id as the payer writes it.")]
    title: Annotated[Text, Meta(description="The policy's title.")]
    scope: Annotated[Scope, Meta(description="What the policy speaks about.")]
    specialties: Annotated[tuple[Text, ...], Meta(description="Specialties that it touches most.")] = ()
    change_type: Annotated[Literal["New", "Modified", "Retired"], Meta(description="What the latest change was.")]
    impact: Annotated[Literal["High", "Medium", "Low"], Meta(description="How much the latest change matters.")]
    known_from: Annotated[date, Meta(description="The day from which this state of the document can have been known.")]
    contexts: Annotated[Id | None, Meta(description="Id of the context document that gives clinical_context.")] = None
    terms: Annotated[Id | None, Meta(description="Id of the terms document that reads narratives.")] = None
    companions: Annotated[tuple[CompanionPolicy, ...], Meta(description="Policies to look at beside this one.")] = ()
    citations: Annotated[tuple[Citation, ...], Meta(min_length=1, description="The sources.")]
    source_conflicts: Annotated[tuple[SourceConflict, ...], Meta(description="Where sources disagree.")] = ()
    quarantined_rows: Annotated[tuple[QuarantinedRow, ...], Meta(description="Source rows that cannot be used.")] = ()
    versions: Annotated[tuple[VersionText, ...], Meta(min_length=1, description="Oldest first, without gaps.")]
