"""Each mutant of a policy tried: noticed by a case, without any effect, or survived, with a case that would notice it.

Knows the three ends of a trial; does not know a terminal. A mutant that no line tells from the original, of all lines
that its rules can tell apart, changes nothing and is not held against the cases.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct

from policywire.errors import Fault
from policywire.rulebook.answers import answers_of
from policywire.rulebook.cases import Case, CaseLine
from policywire.rulebook.collection import Key
from policywire.rulebook.compile import Draft
from policywire.rulebook.coverage import boundary_dates, rule_ids
from policywire.rulebook.document import PolicyDocument
from policywire.rulebook.load import File, Reading, document_of
from policywire.rulebook.rulebook import CompiledPolicy, Rule, Rulebook
from policywire.rulebook.source import Finding
from policywire.workbench.casetest import decided, seen
from policywire.workbench.lint.situations import TooMany
from policywire.workbench.mutation.bench import Bench, benches, compiled
from policywire.workbench.mutation.lines import Words, lines, words_of
from policywire.workbench.mutation.mutant import Mutant
from policywire.workbench.mutation.rules import rule_mutants
from policywire.workbench.mutation.skeleton import case_text, unlooked_text
from policywire.workbench.mutation.versions import version_mutants
from policywire.workbench.mutation.watching import watch_trials

End = Literal["noticed", "equivalent", "survived"]

MEND = "Add a case such as the one printed, with what must come out in your judgement."


class Tried(Struct, frozen=True):
    """A mutant and how its trial ended."""

    key: Key
    kind: str
    end: End
    place: Fault
    """Where it is and what was changed, as a finding."""
    by: str | None = None
    """The case that noticed."""
    case: str | None = None
    """Of a survivor: YAML of a case that would notice."""


def try_mutants(reading: Reading) -> Iterator[Tried]:
    """Every mutant of every policy that has cases and of their watch rules, tried.

    Args:
        reading: documents without a fault, whose cases all hold.
    """
    for bench in benches(reading):
        yield from _of_policy(bench)
    for trial in watch_trials(tuple(benches(reading))):
        finding = Finding(trial.path, "mutant-survived", trial.what, MEND)
        (place,) = reading.locate(trial.file, (finding,))
        yield Tried(trial.key, trial.kind, trial.end, place, trial.by, trial.case)


def _of_policy(bench: Bench) -> Iterator[Tried]:
    document = _document(bench)
    original = bench.rulebook()
    words = words_of(bench.reading.collection, bench.draft)
    likely = _likely(bench, original)
    mutants = [*rule_mutants(document), *version_mutants(document)]
    findings = [Finding(each.path, "mutant-survived", each.what, MEND) for each in mutants]
    places = bench.reading.locate(bench.file, findings)
    for mutant, place in zip(mutants, places, strict=True):
        draft = compiled(mutant.document)
        rulebook = bench.rulebook(draft)
        by = bench.noticed_by(rulebook, first=likely.get(_rule_of(mutant, document), ()))
        if by is not None:
            yield Tried(bench.key, mutant.kind, "noticed", place, by=by)
            continue
        end, case = unnoticed(bench, mutant, draft, (original, rulebook), words)
        yield Tried(bench.key, mutant.kind, end, place, case=case)


def _document(bench: Bench) -> PolicyDocument:
    content = bench.reading.contents.get(bench.file)
    if content is None:
        # Of a program's policy the reading keeps no bytes.
        content = Path(bench.file).read_bytes()
    document = document_of(File(bench.file, content))
    assert isinstance(document, PolicyDocument)  # noqa: S101 (a draft was made of it)
    return document


def _likely(bench: Bench, rulebook: Rulebook) -> dict[tuple[object, str | None], list[str]]:
    """The names of the cases that each rule decides, by version and rule."""
    found: dict[tuple[object, str | None], list[str]] = {}
    for case in bench.cases:
        determination = decided(case, bench.key, rulebook)
        if determination is not None:
            policy = determination.policy
            found.setdefault((policy.version, policy.rule), []).append(case.name)
    return found


def _rule_of(mutant: Mutant[PolicyDocument], document: PolicyDocument) -> tuple[object, str | None]:
    match mutant.path:
        case ("versions", int(v), "rules", int(r), *_):
            version = document.versions[v]
            return version.effective_from, version.rules[r].id
        case _:
            return None, None


def unnoticed(
    bench: Bench, mutant: Mutant[PolicyDocument], draft: Draft, rulebooks: tuple[Rulebook, Rulebook], words: Words
) -> tuple[End, str | None]:
    """Whether a mutant that no case notices changes anything, and then a case that would notice it.

    Args:
        bench: the policy.
        mutant: the mistake.
        draft: the policy with it.
        rulebooks: without it and with it.
        words: what lines are read by.
    """
    before, after = bench.draft.policy, draft.policy
    if _says_the_same(before, after):
        return "equivalent", None
    try:
        for line in _lines(before, after, mutant, words):
            told, instead = (_told(line, bench.key, rulebook) for rulebook in rulebooks)
            if told != instead:
                return "survived", case_text(line, told, instead)
    except TooMany:
        return "survived", unlooked_text()
    return "equivalent", None


def _says_the_same(before: CompiledPolicy, after: CompiledPolicy) -> bool:
    rules = [[rule_ids(version) for version in policy.versions] for policy in (before, after)]
    return rules[0] == rules[1] and answers_of(before) == answers_of(after)


def _lines(
    before: CompiledPolicy, after: CompiledPolicy, mutant: Mutant[PolicyDocument], words: Words
) -> Iterator[CaseLine]:
    """Lines that show whatever the two states of a policy tell apart on the days and of the codes concerned."""
    if mutant.version is None:
        days = [day for day in sorted({*boundary_dates(before), *boundary_dates(after)}) if _turns(before, after, day)]
    else:
        days = [before.versions[mutant.version].effective_from]
    versions = [version for policy in (before, after) for day in days if (version := policy.version_on(day))]
    for code in mutant.codes or dict.fromkeys(code for version in versions for code in version.rules):
        rules: dict[int, Rule] = {id(rule): rule for version in versions for rule in version.rules.get(code, ())}
        yield from lines(code, days, rules.values(), words)


def _turns(before: CompiledPolicy, after: CompiledPolicy, day: date) -> bool:
    """Whether another version is in force on a day, or one of another first day, which determinations name."""
    in_force = [(policy.versions, policy.version_on(day)) for policy in (before, after)]
    one, other = ((None, None) if now is None else (all_of.index(now), now.effective_from) for all_of, now in in_force)
    return one != other


def _told(line: CaseLine, key: Key, rulebook: Rulebook) -> dict[str, Any] | None:
    """What a case could look at, or None where the policy says nothing."""
    determination = decided(Case(name="tried", line=line, expect="no_determination"), key, rulebook)
    return None if determination is None else seen(determination)
