"""Mistakes in the watch rules, tried by the watch cases of the policies that they concern.

Knows watch rules and their windows; does not know when an alert opens.
"""

from collections.abc import Iterator
from typing import Any, Final, Literal, get_args

from msgspec import Struct
from msgspec.structs import replace

from policywire.model.records import Outcome, Severity
from policywire.rulebook.collection import Collection, Key
from policywire.rulebook.rulebook import CompiledPolicy
from policywire.rulebook.source import Path
from policywire.rulebook.watch import WatchDocument
from policywire.rulebook.watch_coverage import ALWAYS_WATCHED
from policywire.workbench.mutation.bench import Bench
from policywire.workbench.mutation.watch_skeleton import watch_case_text

SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)

OPENS: Final = {
    "substitutions": "unlisted_substitution",
    "companions": "companion_policy_review",
    "context_reviews": "context_review",
}
"""The kind of alert that the entries of each list open."""


class WatchMutant(Struct, frozen=True):
    """A mistake in a watch document. ``key`` is the policy that it concerns; None: every one."""

    kind: str
    path: Path
    what: str
    document: WatchDocument
    key: Key | None = None
    flag: str | None = None
    """The flag that it takes from a list of flags of reviews."""


class WatchTrial(Struct, frozen=True):
    """How the trial of a mistake in a watch document ended, and for which policy it was tried."""

    file: str
    key: Key
    kind: str
    path: Path
    what: str
    end: Literal["noticed", "equivalent", "survived"]
    by: str | None = None
    case: str | None = None


def watch_trials(benches: tuple[Bench, ...]) -> Iterator[WatchTrial]:
    """Every mistake in the watch documents written by hand, tried by the watch cases there are."""
    watched = tuple(bench for bench in benches if bench.watch_cases)
    if not watched:
        return
    collection = watched[0].reading.collection
    kinds = _kinds(collection)
    for file, document in collection.watch.items():
        for mutant in watch_mutants(document, kinds):
            concerned = tuple(each for each in watched if mutant.key in (None, each.key))
            if concerned:
                yield _tried(file, mutant, concerned, collection)


def _kinds(collection: Collection) -> frozenset[str]:
    """The kinds of alerts about members that the watch rules can open."""
    kinds: set[str] = set(ALWAYS_WATCHED)
    for each in collection.watch.values():
        kinds.update(kind for field, kind in OPENS.items() if getattr(each, field))
    return frozenset(kinds)


def _tried(file: str, mutant: WatchMutant, concerned: tuple[Bench, ...], collection: Collection) -> WatchTrial:
    document = collection.watch[file]
    documents = [mutant.document if name == file else each for name, each in collection.watch.items()]
    trial = WatchTrial(file, concerned[0].key, mutant.kind, mutant.path, mutant.what, "survived")
    for bench in concerned:
        by = bench.alerted_by(bench.rulebook(watch=documents))
        if by is not None:
            return replace(trial, key=bench.key, end="noticed", by=by)
    if mutant.flag is not None and all(mutant.flag not in review_flags(each.draft.policy) for each in concerned):
        return replace(trial, end="equivalent")
    return replace(trial, case=watch_case_text(mutant.path, concerned[0].draft.policy, document))


def review_flags(policy: CompiledPolicy) -> frozenset[str]:
    """The flags that a review of a policy can carry, of those that its rules and facts give."""
    found: set[str] = set()
    for version in policy.versions:
        found.update(version.flags, version.unknown_flags.values())
        for rules in version.rules.values():
            found.update(flag for rule in rules if rule.outcome is Outcome.REVIEW for flag in rule.flags)
    return frozenset(found)


def watch_mutants(document: WatchDocument, kinds: frozenset[str]) -> Iterator[WatchMutant]:
    """Every mistake in a watch document.

    Args:
        document: the document.
        kinds: kinds of alerts that can open; the words of others are nobody's to try.
    """
    yield from _entries(document, "substitutions", ("unlisted", "targeted"), ("review_flags",))
    yield from _entries(document, "companions", ("codes",), ())
    yield from _entries(document, "context_reviews", ("codes",), ("flags",))
    for position, each in enumerate(document.substitutions):
        for moved in (each.within_days + 1, each.within_days - 1):
            changed = _at(document.substitutions, position, replace(each, within_days=moved))
            path: Path = ("substitutions", position, "within_days")
            what = f"within_days {each.within_days} becomes {moved}"
            made = replace(document, substitutions=changed)
            yield WatchMutant("window-moved", path, what, made, (each.payer, each.policy))
    for field in ("service_without_agreement_months", "retention_months"):
        months = getattr(document, field)
        for moved in (months + 1, months - 1) if months is not None else ():
            what = f"{field} {months} becomes {moved}"
            yield WatchMutant("window-moved", (field,), what, replace(document, **{field: moved}))
    yield from _texts(document, kinds)


def _entries(
    document: WatchDocument, field: str, lists_of_codes: tuple[str, ...], lists_of_flags: tuple[str, ...]
) -> Iterator[WatchMutant]:
    entries: tuple[Any, ...] = getattr(document, field)
    for position, entry in enumerate(entries):
        key = (entry.payer, entry.policy)
        path: Path = (field, position)
        rest = (*entries[:position], *entries[position + 1 :])
        yield WatchMutant("watch-dropped", path, "the entry is dropped", replace(document, **{field: rest}), key)
        for name in (*lists_of_codes, *lists_of_flags):
            for place, value in enumerate(getattr(entry, name)):
                values = getattr(entry, name)
                shorter = replace(entry, **{name: (*values[:place], *values[place + 1 :])})
                made = replace(document, **{field: _at(entries, position, shorter)})
                flag = str(value) if name in lists_of_flags else None
                kind = "flag-flipped" if flag else "code-removed"
                yield WatchMutant(kind, (*path, name, place), f"{name}: {value} is left out", made, key, flag)


def _texts(document: WatchDocument, kinds: frozenset[str]) -> Iterator[WatchMutant]:
    for kind, texts in document.texts.items():
        if kind not in kinds:
            continue
        path: Path = ("texts", kind)
        for where, what, changed in (*_severities(texts), *_steps(texts)):
            made = replace(document, texts=document.texts | {kind: changed})
            mutant_kind = "window-moved" if where[-1] == "days_at_most" else "severity-flipped"
            yield WatchMutant(mutant_kind, (*path, *where), f"{kind}: {what}", made)


def _severities(texts: Any) -> Iterator[tuple[Path, str, Any]]:
    other = _other(texts.severity)
    yield ("severity",), f"severity {texts.severity} becomes {other}", replace(texts, severity=other)


def _steps(texts: Any) -> Iterator[tuple[Path, str, Any]]:
    for position, step in enumerate(texts.severity_by_days):
        for moved in (step.days_at_most + 1, step.days_at_most - 1):
            changed = _at(texts.severity_by_days, position, replace(step, days_at_most=moved))
            what = f"days_at_most {step.days_at_most} becomes {moved}"
            yield ("severity_by_days", position, "days_at_most"), what, replace(texts, severity_by_days=changed)


def _other(severity: Severity) -> Severity:
    return SEVERITIES[(SEVERITIES.index(severity) + 1) % len(SEVERITIES)]


def _at(values: tuple[Any, ...], position: int, value: Any) -> tuple[Any, ...]:
    return (*values[:position], value, *values[position + 1 :])
