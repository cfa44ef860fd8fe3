"""What ``rules import`` says of what it made, for programs and for people. Knows the terminal only."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import click
from msgspec import Struct

from policywire.cli.rules.authored import many, print_plan, print_warnings
from policywire.rulebook.document import PolicyDocument
from policywire.workbench.authoring.code_list_import import CodeList, Imported, differences
from policywire.workbench.authoring.new_policy import Plan, codes_of
from policywire.workbench.authoring.rejected_rows import RejectedRows
from policywire.workbench.check import fault_report
from policywire.workbench.tables.sheet import Sheet

NAMED_MAX: Final = 12
"""So many codes or rules are named in a line; the document and ``--json`` have all of them."""

SAID_BEFORE: Final = frozenset({"quarantined-row", "source-conflict"})
"""What the checker warns of and the summary of the list has said already."""


class Made(Struct, frozen=True, kw_only=True):
    """What a list gives in a folder: the plan of its documents, and all there is to say of it."""

    sheet: Sheet
    found: CodeList
    rejected: RejectedRows
    rejects_file: Path
    sha256: str
    before: PolicyDocument | None
    """The policy that versions are added to."""
    imported: Imported
    plan: Plan

    def report(self, *, is_written: bool) -> dict[str, Any]:
        """Everything, as plain values."""
        imported = self.imported
        return {
            "written": is_written,
            "policy_file": str(self.plan.policy_file),
            "files": [str(path) for path in self.plan.texts],
            "rejects_file": str(self.rejects_file) if is_written and self.rejected.count else None,
            "list": self._list(),
            "procedure_codes": list(codes_of(imported.versions)),
            "versions": [str(each.effective_from) for each in imported.versions],
            "rules": sum(len(each.rules) for each in imported.versions),
            "cases": self.plan.cases,
            "rejected": [
                {"problem": each.word, "rows": each.count, "first": each.places, "why": each.why, "mend": each.mend}
                for each in self.rejected.kinds()
            ],
            "needs_condition": [
                {
                    "rule": each.rule,
                    "codes": list(each.codes),
                    "listed_as": each.listed_as.value,
                    "says": each.says,
                    "rows": list(each.rows),
                }
                for each in imported.unsettled
            ],
            "conflicting_codes": list(imported.conflicting_codes),
            "listed_again": [{"row": each.row, "code": each.code} for each in imported.repeated],
            "against_version_before": self.differences(),
            "warnings": [fault_report(each) for each in self.plan.warnings],
        }

    def _list(self) -> dict[str, Any]:
        return {
            "file": str(self.sheet.path),
            "sha256": self.sha256,
            "header_row": self.sheet.header_row,
            "notes": list(self.sheet.notes),
            "rows": self.found.rows,
            "good_rows": self.found.good_rows,
            "repeated_rows": self.found.repeated_rows,
            "rejected_rows": self.rejected.count,
        }

    def differences(self) -> dict[str, list[str]] | None:
        """What the first added version changes; None: the policy is new."""
        if self.before is None:
            return None
        first = self.imported.versions[0]
        earlier = [each for each in self.before.versions if each.effective_from < first.effective_from]
        return {what: list(codes) for what, codes in differences(earlier[-1] if earlier else None, first).items()}


def print_made(made: Made, *, is_written: bool) -> None:
    """What came of the list, what a person has to settle, and what to do next."""
    for note in made.sheet.notes:
        click.echo(f"{made.sheet.path.name}: {note}.")
    for line in _said(made):
        click.echo(line)
    if is_written:
        print_plan(made.plan)
        if made.rejected.count:
            click.echo(f"Wrote {made.rejects_file}: the rows that cannot be used, with reasons")
        _print_warnings(made)
        click.echo(f"{many(made.plan.cases, 'case')}. Next: policywire rules test {made.plan.root}")
    else:
        _print_warnings(made)
        click.echo("Nothing is written: --strict refuses a list with rows or codes that a person has to settle.")


def _print_warnings(made: Made) -> None:
    print_warnings([each for each in made.plan.warnings if each.code not in SAID_BEFORE])


def _said(made: Made) -> Iterator[str]:
    found, imported = made.found, made.imported
    yield f"{many(found.rows, 'row')}: {found.good_rows} good, {made.rejected.count} rejected. {_rules_in(made)}."
    for kind in made.rejected.kinds():
        places = "; ".join(kind.places)
        yield f"  {kind.word}: {kind.count}: {places}{', ...' if kind.count > len(kind.places) else ''}"
        yield f"    {kind.why}. {kind.mend}"
    if found.repeated_rows:
        again = "says again what a row above it says" if found.repeated_rows == 1 else "say again what rows above say"
        yield f"{many(found.repeated_rows, 'row')} {again}, word by word; taken once."
    if imported.repeated:
        codes = _some(each.code for each in imported.repeated)
        yield f"Listed again with the same status for another indication, and taken once: {codes}."
    for each in imported.unsettled:
        yield f"Rule {each.rule} ({_some(each.codes)}) needs a condition: {each.says}"
    if imported.conflicting_codes:
        yield f"Listed with two statuses, so their lines go to review: {_some(imported.conflicting_codes)}."
    for what, changed in (made.differences() or {}).items():
        if changed:
            yield f"Against the version before, {what}: {_some(changed)}."


def _rules_in(made: Made) -> str:
    versions = made.imported.versions
    days = _some(str(each.effective_from) for each in versions)
    rules = many(sum(len(each.rules) for each in versions), "rule")
    return f"{many(len(codes_of(versions)), 'procedure code')} in {rules}; in force from {days}"


def _some(values: Iterable[str]) -> str:
    known = list(dict.fromkeys(values))
    more = f" and {len(known) - NAMED_MAX} more" if len(known) > NAMED_MAX else ""
    return f"{', '.join(known[:NAMED_MAX])}{more}"
