"""That a policy was read again when the payer's review was due, and that alerts begin no later than today.

Knows dates in documents; the day is an argument.
"""

from collections.abc import Iterator
from datetime import date

from policywire.model.calendar import add_months
from policywire.rulebook.document import PolicyDocument
from policywire.rulebook.source import Finding
from policywire.rulebook.watch import WatchDocument


def review_findings(policy: PolicyDocument, today: date) -> Iterator[Finding]:
    """Versions that are not over, and that nobody read again since the payer's review was due.

    A day to come on which a source is said to have been read puts no review off.
    """
    read = [each.retrieved for each in policy.citations if each.retrieved is not None and each.retrieved <= today]
    for position, version in enumerate(policy.versions):
        months = version.review_interval_months
        if months is None or _is_over(policy, position, today):
            continue
        last = max(policy.known_from, version.known_from, *read)
        due = add_months(last, months)
        if due <= today:
            message = f"the payer's review was due on {due}, {months} months after {last}"
            mend = "Read the payer's text again, mend what has changed, and give the citation's new retrieved day."
            path = ("versions", position, "review_interval_months")
            yield Finding(path, "review-due", message, mend, "warning")


def first_day_findings(watch: WatchDocument, today: date) -> Iterator[Finding]:
    """A first day of alerts that is still to come."""
    if watch.alerts_from is not None and watch.alerts_from > today:
        message = f"{watch.alerts_from} is still to come: nobody is warned of what is booked before it"
        mend = "Give the day from which on alerts are wanted, today or earlier."
        yield Finding(("alerts_from",), "alerts-from", message, mend, "warning")


def _is_over(policy: PolicyDocument, position: int, today: date) -> bool:
    version = policy.versions[position]
    if position + 1 < len(policy.versions):
        return policy.versions[position + 1].effective_from <= today
    return version.effective_through is not None and version.effective_through < today
