"""What payers' policies ask of a charge master, preference list or order set, row by row.

Knows codes and versions of policies; does not know how a table is written (:mod:`policywire.workbench.tables`) nor any
claim. A code that nobody lists, or that a policy covers without conditions, gives no finding.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from itertools import zip_longest
from typing import Final

from msgspec import Struct

from policywire.model.records import DENIED, Outcome
from policywire.rulebook.rulebook import CompiledPolicy, Rule, Rulebook, Version
from policywire.workbench.audit.result import CatalogueAct, CatalogueFinding


class CatalogueRow(Struct, frozen=True):
    """A code as a catalogue has it: the file's name, the row as a spreadsheet counts it, the code in normal form."""

    file: str
    row: int
    code: str


def catalogue_findings(rows: Iterable[CatalogueRow], rulebook: Rulebook, as_of: date) -> tuple[CatalogueFinding, ...]:
    """What to do with each row, in the order of the rows; for one row by payer, policy and version.

    A row has a finding for every version that is in force on ``as_of`` or begins later: what is over asks nothing.
    """
    asked = _asked_by_code(rulebook, as_of)
    return tuple(_finding(row, demand) for row in rows for demand in asked.get(row.code, ()))


class _Span(Struct, frozen=True):
    """A version of a policy and its last day; None: open."""

    policy: CompiledPolicy
    version: Version
    through: date | None


class _Demand(Struct, frozen=True):
    """What one version of a policy asks of a code."""

    span: _Span
    outcomes: tuple[Outcome, ...]
    act: CatalogueAct
    what_to_do: str


def _asked_by_code(rulebook: Rulebook, as_of: date) -> Mapping[str, list[_Demand]]:
    names = {profile.key: profile.name for profile in rulebook.payers.values()}
    asked: dict[str, list[_Demand]] = {}
    for policy in rulebook.policies():
        for span in _spans(policy):
            if span.through is None or span.through >= as_of:
                for code, demand in _demands(span, names[policy.payer], as_of):
                    asked.setdefault(code, []).append(demand)
    return asked


def _spans(policy: CompiledPolicy) -> Iterator[_Span]:
    """Each version with its last day: its own, or the day before the next one's first."""
    for version, following in zip_longest(policy.versions, policy.versions[1:]):
        through: date | None = version.effective_through
        if following is not None:
            day_before = following.effective_from - timedelta(days=1)
            through = day_before if through is None else min(through, day_before)
        yield _Span(policy, version, through)


def _demands(span: _Span, payer: str, as_of: date) -> Iterator[tuple[str, _Demand]]:
    first_day = span.version.effective_from
    when = "now" if first_day <= as_of else f"from {first_day}"
    for code, rules in span.version.rules.items():
        outcomes = tuple(dict.fromkeys(rule.outcome for rule in rules))
        act = _act(outcomes)
        if act is not None:
            words = _WORDS[act].format(payer=payer, policy=span.policy.id, when=when, handoff=_handoffs(rules))
            yield code, _Demand(span, outcomes, act, words)


def _act(outcomes: tuple[Outcome, ...]) -> CatalogueAct | None:
    """The strictest thing that is right for every use of the code; None: nothing is asked."""
    if all(outcome in DENIED for outcome in outcomes):
        return "remove"
    if Outcome.OTHER_POLICY in outcomes:
        return "route"
    if not DENIED.isdisjoint(outcomes):
        return "require_agreement"
    return "check" if {Outcome.REVIEW, Outcome.CRITERIA_REQUIRED} & set(outcomes) else None


_WORDS: Final[Mapping[CatalogueAct, str]] = {
    "remove": "Remove it for {payer} {when}, or let nobody order it without a signed financial responsibility "
    "agreement: {policy} denies every use.",
    "route": "Keep it, and ask for the clinical context before it is ordered for {payer} {when}: some uses belong to "
    "{handoff}, others {policy} denies or sends to review.",
    "require_agreement": "Keep it, and for {payer} {when} ask what exactly is done, and for a signed financial "
    "responsibility agreement before a use that {policy} denies.",
    "check": "Keep it, and check the criteria of {policy} before it is ordered for {payer} {when}.",
}


def _handoffs(rules: tuple[Rule, ...]) -> str:
    return ", ".join(dict.fromkeys(rule.handoff for rule in rules if rule.handoff)) or "another policy"


def _finding(row: CatalogueRow, demand: _Demand) -> CatalogueFinding:
    return CatalogueFinding(
        file=row.file,
        row=row.row,
        code=row.code,
        payer=demand.span.policy.payer,
        policy=demand.span.policy.id,
        version=demand.span.version.effective_from,
        through=demand.span.through,
        outcomes=demand.outcomes,
        act=demand.act,
        what_to_do=demand.what_to_do,
    )
