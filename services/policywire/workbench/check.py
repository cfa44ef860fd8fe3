"""Checks a folder of documents and counts what is in it, for people and for programs.

Knows reports; does not know how documents are checked (:mod:`policywire.rulebook.load`) or a terminal.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from policywire.errors import Fault
from policywire.resources import shipped
from policywire.rulebook.load import Reading, files_in, read
from policywire.rulebook.rulebook import QuarantinedRow
from policywire.rulebook.source import Finding
from policywire.rulebook.watch import WatchDocument


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
    """Read a folder of documents with every check, those included that depend on the day.

    Raises:
        BadInput: there is no such folder, or no document in it.
    """
    reading = read(files_in(path))
    early = (
        warning
        for name, watch in reading.collection.watch.items()
        for warning in reading.locate(name, _still_to_come(watch, today))
    )
    return replace(reading, warnings=tuple(sorted((*reading.warnings, *early))))


def _still_to_come(watch: WatchDocument, today: date) -> Iterator[Finding]:
    if watch.alerts_from is not None and watch.alerts_from > today:
        message = f"{watch.alerts_from} is still to come: nobody is warned of what is booked before it"
        mend = "Give the day from which on alerts are wanted, today or earlier."
        yield Finding(("alerts_from",), "alerts-from", message, mend, "warning")


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


def report(reading: Reading) -> dict[str, Any]:
    """Everything as plain values, for ``--json``."""
    return {
        "sound": not reading.faults,
        "faults": [fault_report(fault) for fault in reading.faults],
        "warnings": [fault_report(fault) for fault in reading.warnings],
        "quarantined": [
            {"payer": draft.policy.payer, "policy": draft.policy.id, **_row_report(row)}
            for draft in reading.collection.drafts.values()
            for row in draft.policy.quarantined
        ],
        "summary": {field: getattr(summary(reading), field) for field in Summary.__struct_fields__},
    }


def fault_report(fault: Fault) -> dict[str, Any]:
    """A fault as plain values."""
    return fault._asdict()


def _row_report(row: QuarantinedRow) -> dict[str, Any]:
    return {"text": row.text, "why": row.why}
