"""Everything that the linter finds beyond what loading finds.

Knows the order of the checks; each is in its own module.
"""

from collections.abc import Iterator
from datetime import date

from policywire.errors import Fault
from policywire.rulebook.collection import Located
from policywire.rulebook.load import Reading
from policywire.rulebook.rulebook import Rule
from policywire.rulebook.source import Finding, Path
from policywire.workbench.lint.citations import citation_findings
from policywire.workbench.lint.contradictions import Clash, Side, clash_findings, clashes
from policywire.workbench.lint.listings import case_code_findings, dropped_findings
from policywire.workbench.lint.reach import reach_findings
from policywire.workbench.lint.reviews import first_day_findings, review_findings
from policywire.workbench.lint.subject import Subject, subjects


def lint(reading: Reading, today: date) -> tuple[Fault, ...]:
    """Faults and warnings of documents that were read, with their positions.

    What a single policy says is looked at only where people wrote it, in YAML: a program's policies, in JSON, are held
    to their rules where they are made. That two policies contradict each other is looked at in all.
    """
    by_file: dict[str, list[Located]] = {}
    for located in _findings(reading, tuple(subjects(reading)), today):
        by_file.setdefault(located[0], []).append(located)
    return tuple(
        fault for file, found in by_file.items() for fault in reading.locate(file, (finding for _, finding in found))
    )


def _findings(reading: Reading, policies: tuple[Subject, ...], today: date) -> Iterator[Located]:
    for subject in policies:
        if subject.document is not None:
            yield from ((subject.file, each) for each in reach_findings(subject))
            yield from ((subject.file, each) for each in citation_findings(subject.document))
            yield from ((subject.file, each) for each in review_findings(subject.document, today))
            yield from ((subject.file, each) for each in dropped_findings(subject))
    compiled = reading.collection.policies()
    for file, cases in reading.collection.cases.items():
        policy = compiled.get((cases.payer, cases.policy))
        if policy is not None:
            yield from ((file, each) for each in case_code_findings(cases, policy))
    for file, watch in reading.collection.watch.items():
        yield from ((file, each) for each in first_day_findings(watch, today))
    yield from _contradictions(reading, policies)


def _contradictions(reading: Reading, policies: tuple[Subject, ...]) -> Iterator[Located]:
    found = list(clashes(policies))
    told = [each for each in found if isinstance(each, Clash)]
    places = _places(reading, {_where(*end) for clash in told for end in (clash.one, clash.other)})
    for clash in told:
        yield from clash_findings(clash, (places[_where(*clash.one)], places[_where(*clash.other)]))
    yield from (each for each in found if not isinstance(each, Clash))


def _where(side: Side, rule: Rule) -> tuple[str, Path]:
    return side.subject.file, side.subject.rule_path(side.position, rule.id)


def _places(reading: Reading, wanted: set[tuple[str, Path]]) -> dict[tuple[str, Path], str]:
    """``file:line`` of each; a file is parsed once, whatever stands in it."""
    by_file: dict[str, list[Path]] = {}
    for file, path in wanted:
        by_file.setdefault(file, []).append(path)
    places = {}
    for file, paths in by_file.items():
        for path, fault in zip(paths, reading.locate(file, (Finding(each, "", "", "") for each in paths)), strict=True):
            places[file, path] = f"{fault.file}:{fault.line}"
    return places
