"""What one version of a policy changes against the one before it, in a few lines. Knows versions; no reader."""

from collections.abc import Iterable
from datetime import date

from msgspec import Struct

from policywire.model.records import Outcome
from policywire.rulebook.answers import Answers, answers_of, changes
from policywire.rulebook.rulebook import CompiledPolicy, Version
from policywire.workbench.plain_words import outcome_in_words


class CodeChange(Struct, frozen=True):
    """Codes for which the same changes."""

    codes: tuple[str, ...]
    change: str


class VersionChange(Struct, frozen=True, kw_only=True):
    """What a version changes: by codes that share the change, and for all codes."""

    by_codes: tuple[CodeChange, ...]
    general: tuple[str, ...]

    @property
    def changes_answers(self) -> bool:
        """Whether anything that the policy answers is another."""
        return bool(self.by_codes or self.general)


def change_of(policy: CompiledPolicy, version: Version) -> VersionChange:
    """What a version of a policy changes against the version in force just before it; all of it where there is none."""
    answers = answers_of(policy)
    former = _former(policy, version)
    before = None if former is None else answers[former.effective_from.isoformat()]
    after = answers[version.effective_from.isoformat()]
    by_code, general = changes(before, after)
    told = {code: _told(change, code, before, after) for code, change in by_code.items()}
    return VersionChange(by_codes=tuple(grouped(told)), general=tuple(each for each in general if not _is_end(each)))


def ending_of(version: Version) -> VersionChange:
    """What the end of a version changes when no other follows: nothing is in force any more."""
    told = dict.fromkeys(version.rules, f"{_outcomes(version)} becomes {outcome_in_words(Outcome.NO_POLICY_IN_FORCE)}")
    return VersionChange(by_codes=tuple(grouped(told)), general=())


def grouped(told: dict[str, str]) -> Iterable[CodeChange]:
    """Codes of which the same is told, together, in the order in which something is first told."""
    for change in dict.fromkeys(told.values()):
        yield CodeChange(tuple(code for code, each in told.items() if each == change), change)


def _former(policy: CompiledPolicy, version: Version) -> Version | None:
    """The version that decides the day before."""
    for each in reversed(policy.versions):
        if each.effective_from < version.effective_from:
            through = each.effective_through
            return each if through is None or (version.effective_from - through).days <= 1 else None
    return None


def _told(change: str, code: str, before: Answers | None, after: Answers) -> str:
    if change == "added":
        return f"new: {_words(after.codes[code][0])}"
    if change == "removed":
        return "no longer listed"
    if before is not None and " becomes " in change:
        return _becomes(before.codes[code][0].split(", "), after.codes[code][0].split(", "))
    return change


def _becomes(former: list[str], now: list[str]) -> str:
    """What of the possible answers goes and what comes; what stays is not repeated."""
    gone = " / ".join(outcome_in_words(each) for each in former if each not in now)
    come = " / ".join(outcome_in_words(each) for each in now if each not in former)
    if gone and come:
        return f"{gone} becomes {come}"
    return f"{come} comes in" if come else f"{gone} is no longer answered" if gone else "the order of answers changes"


def _words(outcomes: str) -> str:
    return " / ".join(outcome_in_words(each) for each in outcomes.split(", "))


def _outcomes(version: Version) -> str:
    outcomes = {rule.outcome: None for rules in version.rules.values() for rule in rules}
    return " / ".join(map(outcome_in_words, outcomes))


def _is_end(general: str) -> bool:
    """Whether it only says how long the former version lasts, which the new one's first day says already."""
    return general.startswith("in force through")


def days_until(day: date, as_of: date) -> int:
    """Days from ``as_of`` to ``day``; none when it is past."""
    return max(0, (day - as_of).days)
