"""What to do next, the most urgent first: each with its figure, for whom, and where in the report it comes from.

Knows an audit's result and what MM 0552's article asks of a practice, said for any policy; does not know HTML.
"""

from collections.abc import Iterator
from typing import NamedTuple

from policywire.workbench.audit.report import wording
from policywire.workbench.audit.result import AuditResult, CatalogueFinding, DenialTally, Scheduled


class Action(NamedTuple):
    """One thing to do. ``section`` is the id of the section that shows why."""

    title: str
    figure: str
    who: str
    how: str
    section: str


def actions(result: AuditResult) -> Iterator[Action]:
    """What this audit calls for: what can still be prevented before what can only be worked off or asked."""
    yield from _to_prevent(result)
    yield from _to_work_off(result)
    yield from _to_ask(result)


def _to_prevent(result: AuditResult) -> Iterator[Action]:
    if result.compliance.exceeded:
        yield _compliance(result)
    if result.scheduled is not None and result.scheduled.without_agreement_orders:
        yield _booked(result.scheduled)
    if result.catalogue:
        yield _own_lists(result.catalogue)
    elif result.totals.denied_lines:
        yield _charge_capture(result)


def _to_work_off(result: AuditResult) -> Iterator[Action]:
    if result.totals.denied_lines:
        yield from map(_bucket, result.denials)
    if any(each.status != "valid" for each in result.agreements):
        yield _agreements(result)
    if result.totals.review_lines:
        yield _contexts(result)


def _to_ask(result: AuditResult) -> Iterator[Action]:
    if any(each.after_targeted_lines for each in result.unlisted_patterns):
        yield _ordering(result)
    if any(each.added for each in result.practice_lines):
        yield _practice_lines(result)
    if result.unknown_payers:
        yield _unknown_payers(result)
    if any(each.bad for each in result.reproduction.inputs):
        yield _bad_rows(result)


def _compliance(result: AuditResult) -> Action:
    limit = wording.rounded(result.compliance.threshold_cents)
    how = (
        f"What is at risk is over the {limit} that was set for this audit. Let the compliance officer read this report "
        "before more of these services are booked or billed."
    )
    return Action(
        "Bring in the compliance officer",
        f"over {limit}",
        "billing manager",
        how,
        "agreements",
    )


def _booked(scheduled: Scheduled) -> Action:
    how = (
        "Tell these members before their service that the payer will not pay. Have each who wants it anyway sign an "
        "agreement for the code and the day, on an earlier day; cancel the others."
    )
    return Action(
        "Speak with members who are booked",
        wording.counted(scheduled.without_agreement_orders, "order"),
        "scheduling",
        how,
        "scheduled",
    )


def _own_lists(findings: tuple[CatalogueFinding, ...]) -> Action:
    rows = wording.counted(len({(each.file, each.row) for each in findings}), "row")
    codes = _codes(sorted({each.code for each in findings}))
    how = f"Mend the rows of your lists that are named here, so that nobody orders or charges {codes} unwarned."
    return Action("Mend charge capture", rows, "charge master", how, "catalogue")


def _charge_capture(result: AuditResult) -> Action:
    codes = [tally.key for tally in result.by_code if tally.denied_lines]
    how = (
        f"Take {_codes(codes)} out of charge capture, preference lists and order sets for the payers that deny them, "
        "or let them be ordered only with an agreement. --catalogue names the rows of yours."
    )
    return Action("Mend charge capture", wording.counted(len(codes), "code"), "charge master", how, "codes")


def _codes(codes: list[str]) -> str:
    more = len(codes) - _CODES_MAX
    return f"{', '.join(codes[:_CODES_MAX])} and {more:,} more" if more > 1 else wording.listed(codes)


def _bucket(denial: DenialTally) -> Action:
    how = (
        f"Keep these denials of {denial.policy} in the bucket {denial.bucket}, with the reason “{denial.reason}”. "
        f"{wording.APPEALS[denial.appeal]}"
    )
    return Action(
        "Work the denials in one place", wording.counted(denial.lines, "line"), "denial team", how, "policies"
    )


def _agreements(result: AuditResult) -> Action:
    lines = sum(each.lines for each in result.agreements if each.status != "valid")
    how = (
        "Have members sign before the service, for this payer, code and day: only then do they owe the cost. One "
        "that is signed afterwards, or names no code, protects nobody."
    )
    return Action(
        "Get agreements before the service", wording.counted(lines, "denied line"), "front desk", how, "agreements"
    )


def _contexts(result: AuditResult) -> Action:
    how = (
        "These lines are neither denied nor safe: their diagnoses, narrative, days or line of business leave it open. "
        "Say what is done and why before they are billed, and route what belongs to another policy there."
    )
    return Action("Settle what is open", wording.counted(result.totals.review_lines, "line"), "coding", how, "policies")


def _ordering(result: AuditResult) -> Action:
    providers = sum(1 for each in result.unlisted_patterns if each.after_targeted_lines)
    how = (
        "Tell those who order that an unlisted code in place of a denied one gets the same answer, and ask what was "
        "done where one followed the other."
    )
    return Action(
        "Brief ordering providers", wording.counted(providers, "provider"), "medical director", how, "unlisted"
    )


def _practice_lines(result: AuditResult) -> Action:
    added = sum(1 for each in result.practice_lines if each.added)
    how = "Read the contracts and payer agreements of the practice lines that took these services up within the window."
    return Action(
        "Review contracts of new practice lines",
        wording.counted(added, "practice line"),
        "contracting",
        how,
        "practice-lines",
    )


def _unknown_payers(result: AuditResult) -> Action:
    how = (
        "Listed codes were billed to payer ids that no profile has, so nobody knows what their policies say. Add each "
        "id to the payer it belongs to and run the audit again."
    )
    return Action(
        "Name unknown payers", wording.counted(len(result.unknown_payers), "payer id"), "policy analyst", how, "payers"
    )


def _bad_rows(result: AuditResult) -> Action:
    bad = sum(each.bad for each in result.reproduction.inputs)
    how = "Mend the rows in the file of rejects and run the audit again: what they hold is in no figure here."
    return Action("Mend bad rows", wording.counted(bad, "row"), "whoever exported them", how, "not-used")


_CODES_MAX = 8
"""More codes make a sentence unreadable; the table has them all."""
