"""Adds versions to a policy that is there, and its cases; remarks and layout of both files survive.

Knows what of a document changes with a version; knows no list and no terminal.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from policywire.errors import BadInput
from policywire.rulebook.cases import CasesDocument
from policywire.rulebook.document import (
    Citation,
    PolicyDocument,
    QuarantinedRow,
    SourceConflict,
    VersionText,
)
from policywire.rulebook.load import File, document_of
from policywire.workbench.authoring.case_file import cases_of
from policywire.workbench.authoring.naming import unused
from policywire.workbench.authoring.new_policy import Plan, surroundings
from policywire.workbench.authoring.rules_folder import Folder, read_as_rules, read_whole, warnings_of
from policywire.workbench.authoring.splice import Splice
from policywire.workbench.authoring.yaml_text import Remarks


class Addition(Struct, frozen=True, kw_only=True):
    """What is added: versions oldest first, and what they rest on."""

    versions: tuple[VersionText, ...]
    citation: Citation
    conflicts: tuple[SourceConflict, ...] = ()
    quarantined: tuple[QuarantinedRow, ...] = ()
    remarks: Mapping[int, Remarks] = {}
    """By the number of the added version; paths begin at the version."""


def plan_versions(folder: Folder, payer: str, policy: str, added: Addition) -> Plan:
    """Versions for a policy that is there.

    Raises:
        BadInput: there is no such policy, it has a version of that day, or its file is not written so that lines can
            be put into it.
        RulesRefused: the folder would have faults.
    """
    found = folder.policy(payer, policy)
    if found is None:
        raise BadInput(f"{folder.root} has no {policy} of {payer} to add a version to. Leave --add-version away.")
    file, before = found
    beside = folder.cases(payer, policy)
    if file.suffix == ".json" or beside is None or beside.suffix == ".json":
        raise BadInput(f"{file} is a program's document (JSON), or has no cases. Add the version where it is made.")
    after, places = _grown(before, added)
    old = file.read_bytes().decode()
    texts = {file: _spliced(str(file), old, before, after, added, places)}
    if document_of(File(str(file), texts[file].encode())) != after:
        message = f"{file} is written in a way that no lines can be put into"
        raise BadInput(f"{message}. Take its versions, citations and rows apart, one entry below the other.")
    new = [after.versions[place] for place in places]
    cases = cases_of(after, new, surroundings(read_as_rules(folder, texts), after))
    known = {case.name for each in folder_cases(folder, payer, policy) for case in each.cases}
    wanted = [case for case in cases if case.name not in known]
    splice = Splice(str(beside), beside.read_bytes().decode())
    splice.insert("cases", len(known), wanted, {})
    texts[beside] = splice.text()
    whole = read_whole(folder, texts)
    return Plan(folder.root, texts, frozenset(texts), file, len(wanted), warnings_of(folder, whole, texts))


def folder_cases(folder: Folder, payer: str, policy: str) -> Sequence[CasesDocument]:
    """The documents of cases of a policy."""
    cases = folder.reading.collection.cases.values() if folder.reading else ()
    return [each for each in cases if (each.payer, each.policy) == (payer, policy)]


def _grown(before: PolicyDocument, added: Addition) -> tuple[PolicyDocument, list[int]]:
    """The document with the versions, and where they stand in it."""
    days = [each.effective_from for each in before.versions]
    for version in added.versions:
        if version.effective_from in days:
            message = f"{before.policy} already has a version from {version.effective_from}"
            raise BadInput(f"{message}. Edit that one, or give another --effective-from.")
    new = [_as_before(each, before.versions[-1]) for each in added.versions]
    versions = sorted((*before.versions, *new), key=lambda each: each.effective_from)
    places = [versions.index(each) for each in new]
    conflicts, quarantined = unlike(before, added)
    after = replace(
        before,
        change_type="Modified",
        known_from=max(before.known_from, *(each.known_from for each in added.versions)),
        citations=(*before.citations, added.citation),
        source_conflicts=(*before.source_conflicts, *conflicts),
        quarantined_rows=(*before.quarantined_rows, *quarantined),
        versions=tuple(versions),
    )
    return after, places


def _as_before(version: VersionText, latest: VersionText) -> VersionText:
    """A version whose denials read as the latest ones do, where they are denials of the same kind."""
    if version.denial is None or latest.denial is None or version.denial.carc != latest.denial.carc:
        return version
    return replace(version, denial=latest.denial)


def unlike(before: PolicyDocument, added: Addition) -> tuple[tuple[SourceConflict, ...], tuple[QuarantinedRow, ...]]:
    """What is added, with ids that the document does not use yet."""
    taken = {each.id for each in before.source_conflicts}
    conflicts = tuple(replace(each, id=unused(each.id, taken)) for each in added.conflicts)
    taken = {each.id for each in before.quarantined_rows}
    return conflicts, tuple(replace(each, id=unused(each.id, taken)) for each in added.quarantined)


def _spliced(  # noqa: PLR0913, PLR0917  the document before and after, and what lies between
    file: str, text: str, before: PolicyDocument, after: PolicyDocument, added: Addition, places: Sequence[int]
) -> str:
    splice = Splice(file, text)
    for field in ("change_type", "known_from"):
        if getattr(before, field) != getattr(after, field):
            splice.replace((field,), str(getattr(after, field)))
    for field in ("citations", "source_conflicts", "quarantined_rows"):
        count = len(getattr(before, field))
        if new := getattr(after, field)[count:]:
            splice.insert(field, count, new, {})
    for number, place in enumerate(places):
        # Places are counted as the file has them, where the versions put in before are not yet.
        here = place - number
        remarks = {("versions", here, *path): text for path, text in added.remarks.get(number, {}).items()}
        splice.insert("versions", here, [after.versions[place]], remarks)
    return splice.text()
