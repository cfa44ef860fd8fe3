"""What is still to come and can be changed: booked procedures, and what the organisation's own lists offer.

Knows an audit's orders and catalogue findings; does not know HTML.
"""

from collections.abc import Iterator

from policywire.workbench.audit.report import wording
from policywire.workbench.audit.report.plots import Drawn, Series, columns
from policywire.workbench.audit.report.rows import Row, coarser
from policywire.workbench.audit.report.tables import Header, Section, Shown, plain_table, ranked_table, word_table
from policywire.workbench.audit.result import AuditResult, CatalogueFinding, Scheduled


def ahead(result: AuditResult, shown: Shown) -> Iterator[Section]:
    """The sections for which orders or a catalogue were given."""
    if result.scheduled is not None:
        yield _scheduled(result.scheduled, shown)
    if result.catalogue is not None:
        yield _catalogue(result.catalogue, shown)


def _scheduled(scheduled: Scheduled, shown: Shown) -> Section:
    if not scheduled.denied_orders:
        says = f"None of {wording.counted(scheduled.orders, 'order')} ahead has a code that a policy denies."
        return Section("scheduled", "What is booked", says)
    says = (
        f"{wording.count(scheduled.denied_orders)} of {wording.counted(scheduled.orders, 'order')} ahead have a code "
        f"that a policy denies; {wording.count(scheduled.without_agreement_orders)} of them without a valid agreement, "
        f"estimated at {wording.rounded(scheduled.estimate_cents)}."
    )
    missing = wording.counted(scheduled.orders_without_estimate, "order")
    notes = (f"{missing} gave no estimate: the dollars are too few.",) if scheduled.orders_without_estimate else ()
    by_week = [
        Row((wording.day(each.week),), (each.procedures, each.without_agreement), (each.estimate_cents,))
        for each in scheduled.by_week
    ]
    weeks = coarser(by_week, shown.suppress_below)
    codes = [Row((each.code,), (each.procedures, each.without_agreement)) for each in scheduled.by_code]
    drawn = Drawn("weeks", "Booked procedures that will be denied, by week", says)
    plot = columns(drawn, [row.labels[0] for row in weeks], _agreed(weeks), money=False)
    counts = ("Procedures", "Without agreement")
    tables = (
        plain_table(
            "Booked, by week of service", Header(("Week from",), counts, ("Estimated, without agreement",)), weeks
        ),
        ranked_table("Booked, by procedure code", Header(("Code",), counts), codes, shown),
    )
    return Section("scheduled", "What is booked", says, (plot,), tables, notes)


def _agreed(weeks: list[Row]) -> tuple[Series, Series]:
    return (
        Series("Without agreement", "exposure", [row.counts[1] for row in weeks]),
        Series("With a valid agreement", "patient", [row.counts[0] - row.counts[1] for row in weeks]),
    )


def _catalogue(findings: tuple[CatalogueFinding, ...], shown: Shown) -> Section:
    rows = len({(each.file, each.row) for each in findings})
    if not findings:
        says = "No policy asks anything of the codes in it."
        return Section("catalogue", "What your lists offer", says)
    says = f"{wording.counted(rows, 'row')} to mend, by payer and day. Days are dates of service."
    listed = [_finding(each) for each in findings[: shown.top]]
    more = len(findings) - shown.top
    notes = (f"And {more:,} more: the workbook and the JSON name every row.",) if more > 0 else ()
    header = ("Code", "Row", "File", "Policy", "From", "Through", "Do", "How")
    caption = "Rows of the charge master, preference list or order set to mend"
    return Section("catalogue", "What your lists offer", says, (), (word_table(caption, header, listed),), notes)


def _finding(each: CatalogueFinding) -> tuple[str, ...]:
    through = "further notice" if each.through is None else wording.day(each.through)
    act = wording.ACTS[each.act]
    return (each.code, str(each.row), each.file, each.policy, wording.day(each.version), through, act, each.what_to_do)
