"""Everything that the linter finds beyond what loading finds.

Knows the order of the checks; each is in its own module.
"""

from collections.abc import Iterator
from datetime import date

from policywire.errors import Fault
from policywire.rulebook.collection import Located
from policywire.rulebook.load import Reading
from policywire.rulebook.rulebook import Rule
from policywire.rulebook.source import Finding
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
    for clash in clashes(policies):
        if isinstance(clash, Clash):
            yield from clash_findings(clash, (_place(reading, *clash.one), _place(reading, *clash.other)))
        else:
            yield clash


def _place(reading: Reading, side: Side, rule: Rule) -> str:
    """``file:line`` of a rule."""
    path = side.subject.rule_path(side.position, rule.id)
    (fault,) = reading.locate(side.subject.file, (Finding(path, "", "", ""),))
    return f"{fault.file}:{fault.line}"
