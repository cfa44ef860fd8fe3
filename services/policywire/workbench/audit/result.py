"""What an audit found, as one value: what its JSON holds, its report shows and its workbook repeats.

Knows the shape, and the order of the rows; does not know how charges are read or counted, nor how a report looks. No
claim, member or date of service is in it, only months. Money is in whole cents, so that sums are exact. Equal inputs,
rules and dates give equal bytes, whatever engine counted: so no engine, clock or folder is in it.
"""

from datetime import date
from typing import Literal

import msgspec
from msgspec import Struct

from policywire.model.records import Outcome

NOT_SAID = ""
"""The key of a row for lines whose charges do not say it (no specialty, no ordering provider)."""

Role = Literal["charges", "orders", "agreements", "catalogue"]


class InputFile(Struct, frozen=True, kw_only=True):
    """A file that was read; every row of it is good or bad: ``rows`` is the sum of both."""

    role: Role
    name: str
    """Without its folder."""
    sha256: str
    """Of the file's bytes, 64 hex digits."""
    rows: int
    good: int
    bad: int


class Reproduction(Struct, frozen=True, kw_only=True):
    """What it takes to get the same audit again. ``since`` and ``until`` bound the dates of service, both included."""

    policywire: str
    rulebook_revision: str
    as_of: date
    since: date
    until: date
    inputs: tuple[InputFile, ...]
    options: tuple[tuple[str, str], ...]
    """The options that bear on the result, by name and as written."""


class Totals(Struct, frozen=True, kw_only=True):
    """Charge lines, each counted once however many policies name its code, and their dollars."""

    lines_read: int
    """Good and bad rows of all charges."""
    lines_bad: int
    lines_outside_window: int
    """Good, but served before ``since`` or after ``until``."""
    lines_repeated: int = 0
    """Good and in the window, but the same claim line was there already with the same content: counted once."""
    lines_decided: int
    """Good, in the window, and decided by a policy of their payer."""
    denied_lines: int
    review_lines: int
    charge_cents: int
    """Of the decided lines; likewise below, of the denied lines and of those in review."""
    denied_cents: int
    review_cents: int
    exposure_cents: int
    """Of the denied lines, what the provider stands to lose: no valid agreement moves it to the member."""
    patient_cents: int
    """Of the denied lines, what the member owes by a valid agreement. With exposure_cents it makes denied_cents."""


class Tally(Struct, frozen=True, kw_only=True):
    """Decided lines that share a key; the columns mean what they mean in :class:`Totals`."""

    key: str
    lines: int
    denied_lines: int
    review_lines: int
    charge_cents: int
    denied_cents: int
    exposure_cents: int
    patient_cents: int


class PolicyTally(Struct, frozen=True, kw_only=True):
    """Determinations that one version of a policy gave one code with one outcome.

    A line that several policies name has a determination of each, so these do not add up to the totals.
    """

    payer: str
    policy: str
    version: date | None
    """None: no version was in force."""
    code: str
    outcome: Outcome
    lines: int
    charge_cents: int
    exposure_cents: int


class AuditedPolicy(Struct, frozen=True, kw_only=True):
    """A policy that decided something, for readers of the report."""

    payer: str
    payer_name: str
    policy: str
    title: str
    versions: tuple[date, ...]
    """First days, oldest first."""
    bucket: str | None
    """Where billing keeps its denials: of the version in force on ``as_of``, as the next two; None when it has none."""
    denial_reason: str | None
    appeal: Literal["do_not_appeal", "confirm_first", "may_appeal"] | None
    quarantined_rows: int
    """Rows of its source that are no procedure code and were left out."""
    source_conflicts: int
    """Statements of its sources that cannot both hold."""


class DenialTally(Struct, frozen=True, kw_only=True):
    """Denied lines that read alike, so that one way of working them is right for all of them."""

    payer: str
    policy: str
    bucket: str
    reason: str
    appeal: Literal["do_not_appeal", "confirm_first", "may_appeal"]
    lines: int
    denied_cents: int
    exposure_cents: int


class AgreementTally(Struct, frozen=True, kw_only=True):
    """Denied lines by whether a signed agreement stood before the service; ``problem`` says why one is invalid."""

    status: Literal["valid", "missing", "invalid"]
    problem: str | None
    lines: int
    denied_cents: int
    exposure_cents: int


class UnlistedPattern(Struct, frozen=True, kw_only=True):
    """How one ordering provider uses the unlisted codes that may stand for a denied one."""

    ordering_provider_npi: str
    payer: str
    policy: str
    unlisted_lines: int
    """Denied, or in review for what their narrative says."""
    after_targeted_lines: int
    """Of these, those whose member had a targeted code within the policy's days before, or on the same day."""
    after_targeted_cents: int


class PracticeLine(Struct, frozen=True, kw_only=True):
    """A practice line (or specialty, where charges name none) and when these services began in it."""

    practice_line: str
    first_month: str
    """``YYYY-MM`` of the first denied line in the window."""
    added: bool
    """The first months of the window had none, so the service was taken up within it."""
    lines_by_month: tuple[int, ...]
    """Denied lines, one number for each month of the window, oldest first."""
    denied_lines: int
    denied_cents: int
    exposure_cents: int


class Contract(Struct, frozen=True, kw_only=True):
    """What a billing provider's contract with a payer has at stake."""

    billing_provider_npi: str
    payer: str
    denied_lines: int
    denied_cents: int
    exposure_cents: int


class UnknownPayer(Struct, frozen=True, kw_only=True):
    """A payer id that no profile has, though its lines hold listed codes: the silent way to miss every denial."""

    payer_id: str
    lines: int
    charge_cents: int


class ScheduledWeek(Struct, frozen=True, kw_only=True):
    """Booked procedures ahead that are expected to be denied, of one calendar week."""

    week: date
    """Its Monday."""
    procedures: int
    without_agreement: int
    estimate_cents: int
    """Of the procedures without a valid agreement; one that gives no estimate adds nothing."""


class ScheduledCode(Struct, frozen=True, kw_only=True):
    """Booked procedures ahead that are expected to be denied, of one code."""

    code: str
    procedures: int
    without_agreement: int


class Scheduled(Struct, frozen=True, kw_only=True):
    """Orders for ``as_of`` or later. ``orders`` counts all good ones, ``denied_orders`` those with a denied code."""

    orders: int
    denied_orders: int
    without_agreement_orders: int
    estimate_cents: int
    """Of the denied orders without a valid agreement."""
    orders_without_estimate: int
    """Of these, those that give none, so that the dollars are too few."""
    by_week: tuple[ScheduledWeek, ...]
    by_code: tuple[ScheduledCode, ...]


class InputProblem(Struct, frozen=True, kw_only=True):
    """One kind of problem in one file: how often, where first, and how to mend it. Never a value that was read."""

    file: str
    problem: str
    """A stable word, such as ``date-shape``."""
    effect: Literal["rejected", "noted"]
    """The rows were not used, or were used as said."""
    count: int
    places: tuple[str, ...]
    """The first few, as ``row 17, column DOS``."""
    mend: str


CatalogueAct = Literal["remove", "require_agreement", "route", "check"]


class CatalogueFinding(Struct, frozen=True, kw_only=True):
    """What to do with one row of a charge master, preference list or order set, because of one version of a policy."""

    file: str
    row: int
    """1-based, as a spreadsheet shows it."""
    code: str
    payer: str
    policy: str
    version: date
    """Its first day: the row is to be mended from then on."""
    through: date | None
    outcomes: tuple[Outcome, ...]
    """What the version's rules can say of the code, in their order."""
    act: CatalogueAct
    what_to_do: str


class Compliance(Struct, frozen=True, kw_only=True):
    """Whether the exposure calls for the compliance officer."""

    threshold_cents: int
    exposure_cents: int
    exceeded: bool


class AuditResult(Struct, frozen=True, kw_only=True):
    """An audit. Rows stand in the order of their keys, months first to last; a reader sorts by dollars."""

    format: Literal["audit.v1"] = "audit.v1"
    reproduction: Reproduction
    totals: Totals
    policies: tuple[AuditedPolicy, ...] = ()
    by_policy: tuple[PolicyTally, ...] = ()
    by_outcome: tuple[Tally, ...] = ()
    by_code: tuple[Tally, ...] = ()
    by_month: tuple[Tally, ...] = ()
    """Every month of the window, ``YYYY-MM``, those without lines too."""
    by_payer: tuple[Tally, ...] = ()
    """By the payer's key in the rules."""
    by_specialty: tuple[Tally, ...] = ()
    by_ordering_provider: tuple[Tally, ...] = ()
    by_rendering_provider: tuple[Tally, ...] = ()
    denials: tuple[DenialTally, ...] = ()
    agreements: tuple[AgreementTally, ...] = ()
    agreements_given: bool = False
    """Whether agreements were read: without them every denied line counts as having none."""
    unlisted_patterns: tuple[UnlistedPattern, ...] = ()
    practice_lines: tuple[PracticeLine, ...] = ()
    contracts: tuple[Contract, ...] = ()
    unknown_payers: tuple[UnknownPayer, ...] = ()
    scheduled: Scheduled | None = None
    """None: no orders were given."""
    catalogue: tuple[CatalogueFinding, ...] | None = None
    """None: no catalogue was given."""
    problems: tuple[InputProblem, ...] = ()
    compliance: Compliance


def encode(result: AuditResult) -> bytes:
    """The result as indented JSON that ends with a line end; equal results give equal bytes."""
    return msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n"


def decode(content: bytes) -> AuditResult:
    """The result again, from the JSON of :func:`encode`.

    Raises:
        msgspec.ValidationError: it is JSON, but no ``audit.v1``.
        msgspec.DecodeError: it is no JSON.
    """
    return msgspec.json.decode(content, type=AuditResult)
