"""Makes versions of a policy from a payer's list of codes, with what a person has to settle.

Knows how rows become periods and periods versions; knows no rules folder and no terminal.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from policywire.errors import BadInput
from policywire.rulebook.document import PolicyDocument, QuarantinedRow, SourceConflict, VersionText
from policywire.workbench.authoring.code_list import ListedCode, Reading, RejectedRow, read_list
from policywire.workbench.authoring.listed_rules import Conflict, Names, Ruled, Unsettled, rules_of
from policywire.workbench.authoring.periods import periods_of
from policywire.workbench.authoring.rejected_rows import RejectedRows
from policywire.workbench.authoring.terms import Terms, version_of
from policywire.workbench.authoring.yaml_text import Remarks
from policywire.workbench.plain_words import OUTCOMES
from policywire.workbench.tables.sheet import Sheet

ROWS_NAMED_MAX: Final = 10
CONFLICTS_MAX: Final = 50
"""So many codes with two statuses are spelled out; more are a list of something else, and the rule names them all."""


class CodeList(Struct, frozen=True):
    """What was read of a list: its codes, each way of listing one once, and how many rows there were."""

    listed: tuple[ListedCode, ...]
    rows: int
    good_rows: int
    repeated_rows: int
    """Rows that say what a row above them says, word by word."""


class Imported(Struct, frozen=True, kw_only=True):
    """Versions of a policy, oldest first, and what a person has to settle."""

    versions: tuple[VersionText, ...]
    conflicts: tuple[SourceConflict, ...]
    quarantined: tuple[QuarantinedRow, ...]
    unsettled: tuple[Unsettled, ...]
    conflicting_codes: tuple[str, ...]
    repeated: tuple[ListedCode, ...]
    remarks: dict[int, Remarks]
    """By the number of the version; paths begin at the version."""


def take_list(sheet: Sheet, how: Reading, rejected: RejectedRows) -> CodeList:
    """Read a list to its end; rows that cannot be used go to ``rejected``.

    Raises:
        BadInput: no row can be used.
    """
    seen: dict[ListedCode, ListedCode] = {}
    rows = good = repeated = 0
    for found in read_list(sheet, how):
        rows += 1
        if isinstance(found, RejectedRow):
            rejected.add(found)
            continue
        good += 1
        new = [each for each in found if replace(each, row=0) not in seen]
        seen |= {replace(each, row=0): each for each in new}
        repeated += not new
    if not seen:
        raise BadInput(_nothing(sheet, rows, rejected))
    return CodeList(tuple(seen.values()), rows, good, repeated)


def _nothing(sheet: Sheet, rows: int, rejected: RejectedRows) -> str:
    if not rows:
        return f"{sheet.path} has no row below its header (row {sheet.header_row})."
    usual = rejected.kinds()[0]
    found = f"none of the {rows} rows of {sheet.path} can be used"
    return f"{found}: {usual.why} ({usual.count} rows, first: {usual.places[0]}). {usual.mend}"


def import_list(
    found: CodeList, terms: Terms, rejected: tuple[QuarantinedRow, ...], today: date, how: "Handling"
) -> Imported:
    """The versions that a list gives.

    Args:
        found: the list.
        terms: what the document says beside its rules.
        rejected: the rows that cannot be used.
        today: the day of the import.
        how: what the user chose.

    Raises:
        BadInput: the dates of the list give no policy.
    """
    periods = periods_of(found.listed, how.where)
    ruled = [rules_of(each.listed, terms.citation.id, how.names, as_listed=how.as_listed) for each in periods]
    versions = tuple(
        version_of(terms, period.effective_from, period.effective_through, rules.rules, today)
        for period, rules in zip(periods, ruled, strict=True)
    )
    conflicts = {each.code: each for rules in ruled for each in rules.conflicts}
    return Imported(
        versions=versions,
        conflicts=tuple(_source_conflicts(tuple(conflicts.values()), terms.citation.id)),
        quarantined=rejected,
        unsettled=tuple({each: None for rules in ruled for each in rules.unsettled}),
        conflicting_codes=tuple(conflicts),
        repeated=tuple({each: None for rules in ruled for each in rules.repeated}),
        remarks={number: _remarks(rules, as_listed=how.as_listed) for number, rules in enumerate(ruled)},
    )


class Handling(Struct, frozen=True):
    """How a list is handled: its name in errors, names of rules to keep, and whether limited statuses are taken."""

    where: str
    names: Names = {}
    as_listed: bool = False


def names_in(policy: PolicyDocument | None) -> dict[frozenset[str], str]:
    """What rules of the latest version are called, by their codes; two rules of the same codes have no one name."""
    names: dict[frozenset[str], str] = {}
    rules = policy.versions[-1].rules if policy else ()
    several = [frozenset(rule.codes) for rule in rules]
    for rule, codes in zip(rules, several, strict=True):
        if several.count(codes) == 1:
            names[codes] = rule.id
    return names


def _source_conflicts(conflicts: Sequence[Conflict], cites: str) -> Iterator[SourceConflict]:
    for each in conflicts[:CONFLICTS_MAX]:
        said = (
            f"row {row.row} says {OUTCOMES[row.outcome]}{f' ({row.limit})' if row.limit else ''}" for row in each.said
        )
        yield SourceConflict(
            id=f"status-of-{each.code}",
            about=f"What the list says of {each.code}.",
            taken="Neither: a person must settle it, so its lines go to review.",
            set_aside=f"{'; '.join(said)}.",
            why="The list contradicts itself, and to choose one of its statuses would be a guess.",
            cites=(cites,),
        )
    if len(conflicts) > CONFLICTS_MAX:
        yield SourceConflict(
            id="other-statuses",
            about=f"What the list says of {len(conflicts) - CONFLICTS_MAX} more codes.",
            taken="Neither: a person must settle it, so their lines go to review.",
            set_aside="Two statuses for each of them.",
            why="The list contradicts itself; the rule conflicting-status names every code.",
            cites=(cites,),
        )


def _remarks(ruled: Ruled, *, as_listed: bool) -> Remarks:
    """What is said above rules that need a condition."""
    places = {rule.id: place for place, rule in enumerate(ruled.rules)}
    return {("rules", places[each.rule]): _needs_a_condition(each, as_listed=as_listed) for each in ruled.unsettled}


def _needs_a_condition(each: Unsettled, *, as_listed: bool) -> str:
    rows = ", ".join(map(str, each.rows[:ROWS_NAMED_MAX]))
    said = f"Needs a condition. The list says (row {rows}): {each.says}."
    if as_listed:
        return f"{said} Until when: says so, every line with these codes is decided like this."
    return f"{said} Listed as {each.listed_as.value}: write when: and that outcome; until then its lines go to review."


def differences(before: VersionText | None, after: VersionText) -> Mapping[str, tuple[str, ...]]:
    """Codes that a version adds, removes and gives other outcomes than the one before it."""
    old, new = _outcomes(before), _outcomes(after)
    return {
        "added": tuple(code for code in new if code not in old),
        "removed": tuple(code for code in old if code not in new),
        "changed": tuple(code for code in new if code in old and old[code] != new[code]),
    }


def _outcomes(version: VersionText | None) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for rule in version.rules if version else ():
        for code in rule.codes:
            found[code] = found.get(code, frozenset()) | {rule.outcome.value}
    return found
