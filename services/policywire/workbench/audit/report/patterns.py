"""What people do around a policy: agreements signed or not, unlisted codes, practice lines that took a service up.

Knows an audit's patterns; does not know HTML.
"""

from collections.abc import Iterator
from typing import Final

from policywire.workbench.audit.report import wording
from policywire.workbench.audit.report.plots import Drawn, Plot, Series, histories
from policywire.workbench.audit.report.rows import Row
from policywire.workbench.audit.report.tables import (
    Header,
    Section,
    Shown,
    ranked_table,
)
from policywire.workbench.audit.result import AgreementTally, AuditResult, PracticeLine


def patterns(result: AuditResult, shown: Shown) -> Iterator[Section]:
    """The sections, where there is something to say."""
    if result.agreements:
        yield _agreements(result, shown)
    if result.unlisted_patterns:
        yield _unlisted(result, shown)
    if result.practice_lines:
        yield _practice_lines(result, shown)


def _agreements(result: AuditResult, shown: Shown) -> Section:
    without = sum(each.lines for each in result.agreements if each.status != "valid")
    says = (
        f"{wording.counted(without, 'denied line')} of {wording.count(result.totals.denied_lines)} had no agreement "
        "that holds: signed before the service, for this payer, code and day. Without one the member need not pay."
    )
    if not result.agreements_given:
        says = (
            "No agreements were given to this audit, so every denied line counts as having none. "
            "Run it again with --agreements to see which members had signed."
        )
    rows = [_agreement_row(each) for each in result.agreements]
    header = Header(("Agreement",), ("Denied lines",), ("Denied", "At risk"))
    table = ranked_table("Denied lines by agreement", header, rows, shown)
    return Section("agreements", "Were members told, and did they sign", says, (), (table,))


def _agreement_row(each: AgreementTally) -> Row:
    return Row(
        (wording.AGREEMENTS[each.problem or each.status],), (each.lines,), (each.denied_cents, each.exposure_cents)
    )


def _unlisted(result: AuditResult, shown: Shown) -> Section:
    after = sum(each.after_targeted_lines for each in result.unlisted_patterns)
    says = (
        f"{wording.counted(after, 'line')} with an unlisted code "
        f"{'follows' if after == 1 else 'follow'} a denied code of the same member. "
        "An unlisted code does not change the outcome where the policy names it too: tell those who order."
    )
    rows = [
        Row(
            (wording.key(each.ordering_provider_npi), each.policy),
            (each.unlisted_lines, each.after_targeted_lines),
            (each.after_targeted_cents,),
        )
        for each in result.unlisted_patterns
    ]
    header = Header(
        ("Ordering NPI", "Policy"), ("Unlisted lines", "After a denied code"), ("Charged after a denied code",)
    )
    table = ranked_table("Unlisted codes by ordering provider", header, rows, shown)
    note = "A pattern is a reason to ask, not a finding of intent: an unlisted code can be the right one."
    return Section("unlisted", "Who uses unlisted codes", says, (), (table,), (note,))


def _practice_lines(result: AuditResult, shown: Shown) -> Section:
    added = [each for each in result.practice_lines if each.added]
    if added:
        names = wording.listed([wording.key(each.practice_line) for each in added[:_NAMED_MAX]])
        more = f" and {len(added) - _NAMED_MAX:,} more" if len(added) > _NAMED_MAX else ""
        says = f"Took these services up within the window: {names}{more}. Review what their contracts say of them."
    else:
        says = "None took these services up within the window; all had them from its first months."
    rows = [_practice_row(each) for each in result.practice_lines]
    header = Header(("Practice line", "First month", "Since"), ("Denied lines",), ("Denied", "At risk"))
    table = ranked_table("Practice lines with denied services", header, rows, shown)
    plots = () if shown.suppress_below else (_growth(result, says),)
    return Section("practice-lines", "Which practice lines added these services", says, plots, (table,))


def _growth(result: AuditResult, says: str) -> Plot:
    """How the first few grew, those with most lines on top."""
    most = sorted(result.practice_lines, key=lambda each: (-each.denied_lines, each.practice_line))[:_PLOTTED_MAX]
    series = [Series(wording.key(each.practice_line), "exposure", each.lines_by_month) for each in most]
    months = [wording.month(each.key) for each in result.by_month]
    return histories(Drawn("growth", "Denied lines by month and practice line", says), months, series)


def _practice_row(each: PracticeLine) -> Row:
    since = "taken up within the window" if each.added else "from the window's first months"
    labels = (wording.key(each.practice_line), wording.month(each.first_month), since)
    return Row(labels, (each.denied_lines,), (each.denied_cents, each.exposure_cents))


_NAMED_MAX: Final = 5
_PLOTTED_MAX: Final = 6
