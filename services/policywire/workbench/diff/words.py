"""A comparison in words: plain text for a terminal, Markdown for a pull request. Knows what was found, not how."""

from collections.abc import Iterator, Sequence
from typing import Final

from policywire.model.records import Outcome
from policywire.workbench.diff.answer import Change
from policywire.workbench.diff.days import FIRST_DAY, LAST_DAY, Window
from policywire.workbench.diff.report import Diff, Difference, PolicyDiff, ReadingDiff
from policywire.workbench.plain_words import OUTCOMES, PRIOR_AUTHORIZATION

LISTED_MAX: Final = 12
"""So many moved codes or phrases are listed in words; ``--json`` has all."""

_TERMS: Final = {
    "reason": "reason of the denial",
    "bucket": "denial bucket",
    "appeal": "appeal",
    "carc": "CARC",
    "rarc_provider_liable": "RARC, provider liable",
    "rarc_patient_liable": "RARC, member liable",
    "handoff": "handed to",
    "prior_authorization": "prior authorization",
    "scope": "line of business",
    "span": "lines of several days",
    "outcome": "outcome",
    "liable": "who is liable",
}


def text(diff: Diff) -> Iterator[str]:
    """Lines for a terminal."""
    yield " and ".join(f"{each.name} ({_revision(each.revision)})" for each in (diff.before, diff.after))
    for policy in diff.policies:
        yield ""
        yield f"{policy.payer} {policy.policy}, {policy.title}: {policy.status}"
        yield from (f"  {name}: {told}" for name, told in _facts(policy))
        for difference in policy.differences:
            yield f"  {_where(difference)}"
            yield from (f"      {change_in_words(change)}" for change in difference.changes)
    yield from _section(
        "Payer ids", [f"{each.payer}: {_moved(each.ids_added, each.ids_removed)}" for each in diff.payers]
    )
    yield from _section("What facts are read with", list(map(_reading, diff.readings)))
    yield from _section(
        "Alerts",
        [f"{each.about}: {each.before or 'nothing'} becomes {each.after or 'nothing'}" for each in diff.alerts],
    )
    yield ""
    yield verdict(diff)


def markdown(diff: Diff) -> Iterator[str]:
    """Lines of Markdown."""
    yield f"### What changes from `{diff.before.name}` to `{diff.after.name}`"
    for policy in diff.policies:
        yield ""
        yield f"**{_cell(f'{policy.payer} {policy.policy}, {policy.title}')}**: {policy.status}"
        facts = [f"- {name}: {_cell(told)}" for name, told in _facts(policy)]
        yield from ["", *facts] if facts else []
        yield ""
        yield "| codes | date of service | when | what changes |"
        yield "|---|---|---|---|"
        for each in policy.differences:
            changes = "<br>".join(_cell(change_in_words(change)) for change in each.changes)
            when = _cell("; ".join(each.when)) or "always"
            yield f"| {', '.join(each.codes)} | {_cell(_days(each))} | {when} | {changes} |"
    others = [f"payer ids of {each.payer}: {_moved(each.ids_added, each.ids_removed)}" for each in diff.payers]
    others += map(_reading, diff.readings)
    others += [f"alerts, {each.about}: {each.before or '-'} becomes {each.after or '-'}" for each in diff.alerts]
    if others:
        yield ""
        yield from (f"- {_cell(each)}" for each in others)
    yield ""
    yield verdict(diff)


def verdict(diff: Diff) -> str:
    """The whole in a sentence or two."""
    if diff.differs:
        count = len(diff.policies)
        found = [f"{count} {'policy answers' if count == 1 else 'policies answer'} otherwise"] if count else []
        if diff.payers:
            found.append("payer ids changed")
        if diff.alerts:
            found.append("alerts open otherwise")
        said = f"{', '.join(found).capitalize()}."
    else:
        said = "No answer is known to change." if diff.left_out else "No answer changes."
    if diff.left_out:
        said += f" {diff.left_out:,} kinds of lines were too many to decide: there may be more differences."
    return said


def change_in_words(change: Change) -> str:
    """One change, as ``outcome: covered becomes needs review``."""
    before, after = (_value(change, each) for each in (change.before, change.after))
    match change.facet:
        case "added":
            return f"now answered: {after}"
        case "removed":
            return f"no longer answered; it was: {before}"
        case "flags":
            return f"flag added: {after}" if after else f"flag dropped: {before}"
        case _:
            return f"{_TERMS[change.field]}: {before or 'none'} becomes {after or 'none'}"


def _value(change: Change, value: str | None) -> str | None:
    if value is None:
        return None
    if change.field == "outcome":
        outcome, parenthesis, handoff = value.partition(" (")
        return OUTCOMES[Outcome(outcome)] + parenthesis + handoff
    return PRIOR_AUTHORIZATION[value] if change.field == "prior_authorization" else value


def _facts(policy: PolicyDiff) -> Iterator[tuple[str, str]]:
    if policy.versions_before != policy.versions_after and policy.status == "changed":
        yield "versions", f"{_windows(policy.versions_before)} become {_windows(policy.versions_after)}"
    if policy.codes_added:
        yield "codes added", ", ".join(policy.codes_added)
    if policy.codes_removed:
        yield "codes removed", ", ".join(policy.codes_removed)


def _where(difference: Difference) -> str:
    when = f", when {' and '.join(difference.when)}" if difference.when else ""
    return f"{', '.join(difference.codes)}: {_days(difference)}{when}"


def _days(difference: Difference) -> str:
    spans = [f"lines from {_days_of(each.first_day)} into {_days_of(each.last_day)}" for each in difference.spans]
    return ", ".join(filter(None, (_windows(difference.dates), *spans)))


def _days_of(window: Window) -> str:
    if window.first == FIRST_DAY:
        return f"{window.last} or earlier" if window.last != LAST_DAY else "any day"
    return f"{window.first} or later" if window.last == LAST_DAY else str(window)


def _windows(windows: Sequence[Window]) -> str:
    return ", ".join(map(str, windows))


def _reading(reading: ReadingDiff) -> str:
    return f"{reading.id}, {reading.part.replace('_', ' ')}: {_moved(reading.added, reading.removed)}"


def _moved(added: Sequence[str], removed: Sequence[str]) -> str:
    return "; ".join(f"{word} {_listed(each)}" for word, each in (("now also", added), ("no longer", removed)) if each)


def _listed(values: Sequence[str]) -> str:
    more = f" and {len(values) - LISTED_MAX} more" if len(values) > LISTED_MAX else ""
    return ", ".join(values[:LISTED_MAX]) + more


def _section(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield ""
        yield title
        yield from (f"  {line}" for line in lines)


def _revision(revision: str) -> str:
    return revision.removeprefix("sha256:")[:12]


def _cell(value: str) -> str:
    """Text that stays within a cell of a Markdown table."""
    return value.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")
