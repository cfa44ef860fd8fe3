"""Puts a new policy into a rules folder: its document, its cases, and what else the folder needs to be sound.

Knows what a sound folder is made of; knows no terminal. Gives texts, which are written elsewhere
(:mod:`policywire.workbench.authoring.rules_folder`).
"""

from pathlib import Path

from msgspec import Struct

from policywire.errors import BadInput, Fault
from policywire.rulebook.document import PolicyDocument, VersionText
from policywire.rulebook.load import Reading
from policywire.rulebook.reference import PayerDocument
from policywire.workbench.authoring import remarks as said
from policywire.workbench.authoring.case_file import cases_document, cases_of
from policywire.workbench.authoring.rules_folder import (
    Folder,
    read_as_rules,
    read_whole,
    schema_texts,
    warnings_of,
    watch_text,
)
from policywire.workbench.authoring.sample_lines import Surroundings
from policywire.workbench.authoring.yaml_text import Remarks, document_text


class Plan(Struct, frozen=True):
    """Files to write, those of them that may be there, and what the checker warns of in them."""

    root: Path
    """The rules folder."""
    texts: dict[Path, str]
    replaced: frozenset[Path]
    policy_file: Path
    cases: int
    warnings: tuple[Fault, ...]


def plan_policy(folder: Folder, policy: PolicyDocument, payer: PayerDocument | None, remarks: Remarks) -> Plan:
    """A new policy in a folder.

    Args:
        folder: the folder as it is.
        policy: the document.
        payer: the payer's profile, where the folder has none.
        remarks: remarks of this policy's own, beside the usual ones.

    Raises:
        RulesRefused: the folder would have faults.
        BadInput: the policy is there already.
    """
    if there := folder.policy(policy.payer, policy.policy):
        message = f"{policy.policy} of {policy.payer} is there already: {there[0]}"
        raise BadInput(f"{message}. Add a version to it with policywire rules import --add-version, or edit it.")
    place = folder.place_of(policy.payer, policy.policy)
    texts = dict(_around(folder, policy, payer))
    file = place / "policy.yaml"
    texts[file] = document_text(
        policy,
        {**said.POLICY, **remarks},
        modeline=folder.modeline(file, "policy.v1"),
        about=said.ABOUT_POLICY,
    )
    cases = cases_of(policy, policy.versions, surroundings(read_as_rules(folder, texts), policy))
    if cases:
        beside = place / "cases.yaml"
        texts[beside] = document_text(
            cases_document(policy, cases),
            said.CASES,
            modeline=folder.modeline(beside, "cases.v1"),
            about=said.ABOUT_CASES,
        )
    whole = read_whole(folder, texts)
    texts |= schema_texts(folder)
    return Plan(folder.root, texts, frozenset(), file, len(cases), warnings_of(folder, whole, texts))


def surroundings(reading: Reading, policy: PolicyDocument) -> Surroundings:
    """What lines of a policy are read by, in a sound folder that has it."""
    assert reading.rulebook is not None  # noqa: S101  the caller has refused documents with faults
    collection = reading.collection
    return Surroundings(
        rulebook=reading.rulebook,
        payer=next(each for each in collection.payers.values() if each.payer == policy.payer),
        policy=policy.policy,
        contexts=next((each for each in collection.contexts.values() if each.id == policy.contexts), None),
        terms=next((each for each in collection.terms.values() if each.id == policy.terms), None),
    )


def _around(folder: Folder, policy: PolicyDocument, payer: PayerDocument | None) -> list[tuple[Path, str]]:
    """The payer's profile and the words of alerts, where the folder lacks them."""
    found: list[tuple[Path, str]] = []
    if payer is not None:
        file = folder.place_of(policy.payer, policy.policy).parent / "payer.yaml"
        modeline = folder.modeline(file, "payer.v1")
        found.append((file, document_text(payer, said.PAYER, modeline=modeline, about=said.ABOUT_PAYER)))
    if not folder.has_watch_rules():
        found.append((folder.root / "watch" / "alerts.json", watch_text()))
    return found


def codes_of(versions: tuple[VersionText, ...]) -> tuple[str, ...]:
    """Every code that some version lists, in order."""
    return tuple(dict.fromkeys(code for version in versions for rule in version.rules for code in rule.codes))
