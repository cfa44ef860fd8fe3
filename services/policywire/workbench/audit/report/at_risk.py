"""How much is at risk and where: by month, code, policy, payer, specialty, provider and contract.

Knows an audit's tallies; does not know HTML, nor what is to be done.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from policywire.workbench.audit.report import wording
from policywire.workbench.audit.report.plots import Drawn, Plot, Series, bars, columns
from policywire.workbench.audit.report.rows import Row, coarser, guarded, ranked
from policywire.workbench.audit.report.tables import Header, Section, Shown, Table, plain_table, ranked_table
from policywire.workbench.audit.result import AuditResult, Contract, PolicyTally, Tally
from policywire.workbench.plain_words import outcome_in_words

COUNTS: Final = ("Lines", "Denied lines", "To look at")
CENTS: Final = ("Charged", "Denied", "Member owes", "At risk")
AT_RISK: Final = "At risk"
MEMBER_OWES: Final = "Member owes, by a valid agreement"
PLOTTED_MAX: Final = 12
"""More bars are a table, not a picture."""


def at_risk(result: AuditResult, shown: Shown) -> Iterator[Section]:
    """The sections; without a decided line only that on payers, where some are unknown."""
    if not result.totals.lines_decided:
        if result.unknown_payers:
            yield _by_payer(result, shown)
        return
    yield _by_month(result, shown)
    yield _by_code(result, shown)
    yield _by_policy(result, shown)
    yield _by_payer(result, shown)
    yield _by_specialty(result, shown)
    yield _by_provider(result, shown)
    if result.contracts:
        yield _by_contract(result, shown)


def row_of(tally: Tally, label: str | None = None) -> Row:
    """A tally as a row of :data:`COUNTS` and :data:`CENTS`."""
    counts = (tally.lines, tally.denied_lines, tally.review_lines)
    cents = (tally.charge_cents, tally.denied_cents, tally.patient_cents, tally.exposure_cents)
    return Row((wording.key(tally.key) if label is None else label,), counts, cents)


def payer_names(result: AuditResult) -> Mapping[str, str]:
    """By the payer's key, its name."""
    return {policy.payer: policy.payer_name for policy in result.policies}


def _lead(rows: Sequence[Row], result: AuditResult, shown: Shown) -> str:
    """A sentence on the row with most at risk, among those that may be shown by themselves."""
    total = result.totals.exposure_cents
    if not rows or not total:
        return "Nothing of it is at risk."
    most = ranked(guarded(rows, shown.suppress_below))[0]
    if most.summed:
        return "No single one can be named: their counts are too small."
    part = wording.share(most.cents[-1], total)
    return f"Most at risk: {most.labels[0]}, {wording.rounded(most.cents[-1])} ({part} of all)."


def _by_month(result: AuditResult, shown: Shown) -> Section:
    rows = coarser([row_of(tally) for tally in result.by_month], shown.suppress_below)
    rows = [row._replace(labels=(_months(row.labels[0]),)) for row in rows]
    says = _lead(rows, result, shown)
    plot = columns(
        Drawn("months", "Denied dollars by month of service", says), _ticks(rows), _stacked(rows), money=True
    )
    table = plain_table("By month of service", Header(("Month",), COUNTS, CENTS), rows)
    return Section("months", "When", says, (plot,), (table,))


def _months(label: str) -> str:
    return " to ".join(map(wording.month, label.split(" to ")))


def _by_code(result: AuditResult, shown: Shown) -> Section:
    rows = [row_of(tally) for tally in result.by_code]
    says = _lead(rows, result, shown)
    table = _table("By procedure code", "Code", rows, shown)
    return Section(
        "codes", "Which codes", says, _picture("codes", "Denied dollars by code", says, rows, shown), (table,)
    )


def _by_policy(result: AuditResult, shown: Shown) -> Section:
    names = payer_names(result)
    header = Header(("Policy", "Payer", "Version from", "Code", "What it says"), ("Lines",), ("Charged", "At risk"))
    rows = [_policy_row(tally, names) for tally in result.by_policy]
    table = ranked_table("By policy, version, code and outcome", header, rows, shown)
    by_outcome = [row_of(each, outcome_in_words(each.key)) for each in result.by_outcome]
    outcomes = _table("By outcome", "What the policy says", by_outcome, shown)
    says = (
        "Each line is read by the version that is in force on its day. A line whose code several policies name stands "
        "under each of them here, and once everywhere else."
    )
    return Section(
        "policies", "Which policies, and what they say", says, (), (outcomes, table), tuple(_of_sources(result))
    )


def _policy_row(tally: PolicyTally, names: Mapping[str, str]) -> Row:
    version = "none in force" if tally.version is None else wording.day(tally.version)
    payer = names.get(tally.payer, tally.payer)
    labels = (tally.policy, payer, version, tally.code, outcome_in_words(tally.outcome))
    return Row(labels, (tally.lines,), (tally.charge_cents, tally.exposure_cents))


def _of_sources(result: AuditResult) -> Iterator[str]:
    for policy in result.policies:
        if policy.quarantined_rows:
            count = wording.counted(policy.quarantined_rows, "row")
            yield f"{policy.policy}: {count} of its source left out: no procedure code. See policywire rules check."
        if policy.source_conflicts:
            count = wording.counted(policy.source_conflicts, "contradiction")
            yield f"{policy.policy}: {count} in its sources. Its document says which statement was taken, and why."


def _by_payer(result: AuditResult, shown: Shown) -> Section:
    names = payer_names(result)
    rows = [row_of(tally, names.get(tally.key)) for tally in result.by_payer]
    tables = [_table("By payer", "Payer", rows, shown)] if rows else []
    if result.unknown_payers:
        header = Header(("Payer id",), ("Lines with listed codes",), ("Charged",))
        unknown = [Row((each.payer_id,), (each.lines,), (each.charge_cents,)) for each in result.unknown_payers]
        tables.append(ranked_table("Payer ids that no payer's profile has", header, unknown, shown))
    notes = (_UNKNOWN_PAYERS,) if result.unknown_payers else ()
    says = _lead(rows, result, shown)
    return Section("payers", "Which payers", says, (), tuple(tables), notes)


_UNKNOWN_PAYERS: Final = (
    "Lines of unknown payer ids were not decided and are in no other figure. If one of these ids is a payer whose "
    "policies are here, add it to that payer's profile and run the audit again."
)


def _by_specialty(result: AuditResult, shown: Shown) -> Section:
    rows = [row_of(tally) for tally in result.by_specialty]
    says = _lead(rows, result, shown)
    picture = _picture("specialties", "Denied dollars by specialty", says, rows, shown)
    return Section(
        "specialties", "Which specialties", says, picture, (_table("By specialty", "Specialty", rows, shown),)
    )


def _by_provider(result: AuditResult, shown: Shown) -> Section:
    ordering = [row_of(tally) for tally in result.by_ordering_provider]
    rendering = [row_of(tally) for tally in result.by_rendering_provider]
    tables = (
        _table("By ordering provider", "Ordering NPI", ordering, shown),
        _table("By rendering provider", "Rendering NPI", rendering, shown),
    )
    says = "Those who order decide what is done; those who render it are the ones not paid."
    return Section("providers", "Which providers", says, (), tables)


def _by_contract(result: AuditResult, shown: Shown) -> Section:
    names = payer_names(result)
    rows = [_contract_row(contract, names) for contract in result.contracts]
    header = Header(("Billing NPI", "Payer"), ("Denied lines",), ("Denied", "At risk"))
    table = ranked_table("By billing provider and payer", header, rows, shown)
    says = (
        f"{wording.counted(len(rows), 'contract')} of a billing provider with a payer "
        f"{'is' if len(rows) == 1 else 'are'} touched. Read what they say of services that the payer does not cover."
    )
    return Section("contracts", "Which contracts", says, (), (table,))


def _contract_row(contract: Contract, names: Mapping[str, str]) -> Row:
    labels = (wording.key(contract.billing_provider_npi), names.get(contract.payer, contract.payer))
    return Row(labels, (contract.denied_lines,), (contract.denied_cents, contract.exposure_cents))


def _table(caption: str, key: str, rows: Sequence[Row], shown: Shown) -> Table:
    return ranked_table(caption, Header((key,), COUNTS, CENTS), rows, shown)


def _picture(name: str, title: str, says: str, rows: Sequence[Row], shown: Shown) -> tuple[Plot, ...]:
    """The first rows as bars; none where there is nothing to compare."""
    single = [row for row in ranked(guarded(rows, shown.suppress_below)) if not row.summed and row.cents[1]]
    plotted = single[:PLOTTED_MAX]
    if len(plotted) <= 1:
        return ()
    if len(plotted) < len(single):
        title = f"{title}, the first {len(plotted)}"
    return (bars(Drawn(name, title, says), _ticks(plotted), _stacked(plotted)),)


def _ticks(rows: Sequence[Row]) -> list[str]:
    return [row.labels[0] for row in rows]


def _stacked(rows: Sequence[Row]) -> tuple[Series, Series]:
    return (
        Series(AT_RISK, "exposure", [row.cents[3] for row in rows]),
        Series(MEMBER_OWES, "patient", [row.cents[2] for row in rows]),
    )
