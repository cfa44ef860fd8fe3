"""Checks a folder of documents and counts what is in it, for people and for programs.

Knows reports; does not know how documents are checked (:mod:`policywire.rulebook.load`) or a terminal.
"""

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from policywire.errors import Fault
from policywire.resources import shipped
from policywire.rulebook.load import Reading, files_in, read, read_rules
from policywire.rulebook.rulebook import QuarantinedRow
from policywire.workbench.lint.catalogue import BY_SLUG
from policywire.workbench.lint.findings import lint


class Summary(Struct, frozen=True):
    """What a folder of documents holds."""

    documents: int
    policies: int
    versions: int
    rules: int
    procedure_codes: int
    cases: int
    revision: str | None
    """None when there are faults."""

    def __str__(self) -> str:
        """One line."""
        return (
            f"{_count(self.documents, 'document')}: {_count(self.policies, 'policy', 'policies')}, "
            f"{_count(self.versions, 'version')}, {_count(self.rules, 'rule')}, "
            f"{_count(self.procedure_codes, 'procedure code')}, {_count(self.cases, 'case')}"
        )


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def rules_folder(path: Path | None) -> Path:
    """The folder that is meant: the given one, or ``rules`` where one stands, or what ships with policywire."""
    if path is not None:
        return path
    here = Path("rules")
    return here if here.is_dir() else shipped("rules")


def check_rules(path: Path, today: date) -> Reading:
    """Read a folder of documents with every check, the linter's included, which may depend on the day.

    Raises:
        BadInput: there is no such folder, or no document in it.
    """
    return linted(read(files_in(path)), today)


LACKING: Final = frozenset(
    {"no-cases", "rule-without-case", "boundary-without-case", "no-watch-cases", "watch-without-case"}
)
"""Faults that only say that a case is not there: for those who measure cases no reason to stop."""


def with_cases_lacking(path: Path, today: date) -> Reading:
    """The same, but that cases may be lacking: then there is a rulebook all the same, and no fault says so.

    Raises:
        BadInput: there is no such folder, or no document in it.
    """
    reading = check_rules(path, today)
    if not reading.faults or any(fault.code not in LACKING for fault in reading.faults):
        return reading
    return replace(reading, rulebook=read_rules(files_in(path)).rulebook, faults=())


def linted(reading: Reading, today: date) -> Reading:
    """What was read, with what the linter finds beside it; with a fault of its the documents give no rulebook."""
    found = lint(reading, today)
    faults = tuple(sorted((*reading.faults, *(each for each in found if each.severity == "fault"))))
    warnings = tuple(sorted((*reading.warnings, *(each for each in found if each.severity == "warning"))))
    return replace(reading, rulebook=None if faults else reading.rulebook, faults=faults, warnings=warnings)


def summary(reading: Reading) -> Summary:
    """What the documents hold; those that could not be read are not counted."""
    collection = reading.collection
    policies = [draft.policy for draft in collection.drafts.values()]
    versions = [version for policy in policies for version in policy.versions]
    others = [*collection.payers, *collection.contexts, *collection.terms, *collection.watch]
    cases = [len(each.cases) for each in collection.cases.values()]
    cases += [len(each.cases) for each in collection.watch_cases.values()]
    return Summary(
        documents=len(policies) + len(others) + len(cases),
        policies=len(policies),
        versions=len(versions),
        rules=sum(len({rule.id for rules in version.rules.values() for rule in rules}) for version in versions),
        procedure_codes=len({code for version in versions for code in version.rules}),
        cases=sum(cases),
        revision=reading.rulebook.revision if reading.rulebook else None,
    )


def report(reading: Reading, accepted: Iterable[tuple[Fault, str]] = ()) -> dict[str, Any]:
    """Everything as plain values, for ``--json``.

    Args:
        reading: the documents.
        accepted: warnings that a document accepts, with the reason; those of the reading are told as they are.
    """
    return {
        "sound": not reading.faults,
        "faults": [fault_report(fault) for fault in reading.faults],
        "warnings": [fault_report(fault) for fault in reading.warnings],
        "accepted": [fault_report(fault) | {"accepted": why} for fault, why in accepted],
        "quarantined": [
            {"payer": draft.policy.payer, "policy": draft.policy.id, **_row_report(row)}
            for draft in reading.collection.drafts.values()
            for row in draft.policy.quarantined
        ],
        "summary": {field: getattr(summary(reading), field) for field in Summary.__struct_fields__},
    }


def fault_report(fault: Fault) -> dict[str, Any]:
    """A fault as plain values; ``id`` is that of its code in the catalogue."""
    return fault._asdict() | {"id": BY_SLUG[fault.code].id}


def _row_report(row: QuarantinedRow) -> dict[str, Any]:
    return {"text": row.text, "why": row.why}
