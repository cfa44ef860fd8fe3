"""Editions of the rules that somebody names to compare them: a folder, a file, one version, a commit, a publication.

Knows how an edition is named and what it is read from; is handed what was published, for it knows no Kafka.

=============================  =====================================================================
``rules``                      a folder
``drafts/policy.yaml``         one policy, read with the documents around it, else with the other side's
``rules:MM 0552@2025-12-16``   the version of a policy in force on a date of service, as if it always were
``git:main``                   the folder ``rules`` of a commit
``git:v1.2:my/rules``          another folder of a commit
``topic``                      what is published and in force now
``publication:7``              what a publication put in force
``revision:sha256:0123...``    what was published under a revision, or the beginning of one
=============================  =====================================================================
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from policywire.errors import BadInput, RulesRefused
from policywire.rulebook.document import PolicyDocument
from policywire.rulebook.load import SUFFIXES, File, document_of, files_in, read_rules
from policywire.rulebook.publication import published_files
from policywire.rulebook.reference import PayerDocument
from policywire.rulebook.rulebook import CompiledPolicy, PolicyKey, Rulebook
from policywire.workbench.check import rules_folder
from policywire.workbench.diff import git
from policywire.workbench.diff.days import FIRST_DAY
from policywire.workbench.documents import find_policy

Published = Callable[[str], Mapping[str, bytes]]
"""Gives the documents of ``topic``, ``publication:...`` or ``revision:...``, by key. Raises BadInput."""

_PUBLISHED: Final = re.compile(r"topic|(?:publication|revision):.+")
_VERSION: Final = re.compile(r"(?P<where>.+):(?P<policy>[^:]+)@(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})")


class Edition(Struct, frozen=True):
    """One side of a comparison: what it is called, its rulebook, and the one policy that it is about, if it is."""

    name: str
    rulebook: Rulebook
    only: PolicyKey | None = None


class _Named(Struct, frozen=True):
    """An edition before it is read: the version asked for, the file of one policy, and where everything else is."""

    name: str
    where: str
    policy: str | None = None
    day: date | None = None
    file: File | None = None


def editions(before: str, after: str, published: Published) -> tuple[Edition, Edition]:
    """Both sides of a comparison.

    Args:
        before: the name of one, as the table above has it.
        after: the name of the other.
        published: gives what was published.

    Raises:
        BadInput: a name means nothing, or what it means is not there.
        RulesRefused: its documents have faults.
    """
    named = (_named(before), _named(after))
    return _read(named[0], named[1], published), _read(named[1], named[0], published)


def is_published(name: str) -> bool:
    """Whether an edition is read from the topics."""
    return _PUBLISHED.fullmatch(name) is not None


def at_version(edition: Edition, policy: str | None, day: date) -> Edition:
    """One version of a policy as if it were in force on every day, with no other policy beside it.

    Args:
        edition: that has the policy.
        policy: its id; None: the only one there is.
        day: a date of service on which the version is in force.

    Raises:
        BadInput: there is no such policy, or none of its versions is in force that day.
    """
    policies = {(each.payer, each.id): each for each in edition.rulebook.policies()}
    key = _key_of(edition, policies, policy)
    version = policies[key].version_on(day)
    if version is None:
        known = ", ".join(each.effective_from.isoformat() for each in policies[key].versions)
        raise BadInput(f"{edition.name} has no version of {key[1]} in force on {day}; its versions begin {known}.")
    alone = replace(policies[key], versions=(replace(version, effective_from=FIRST_DAY, effective_through=None),))
    index = {
        payer_id: dict.fromkeys(version.rules, (alone,)) if profile.key == key[0] else {}
        for payer_id, profile in edition.rulebook.payers.items()
    }
    return Edition(
        f"{edition.name}:{key[1]}@{version.effective_from}",
        replace(edition.rulebook, index=index, listed_codes=frozenset(version.rules)),
        key,
    )


def _key_of(edition: Edition, policies: Mapping[PolicyKey, CompiledPolicy], named: str | None) -> PolicyKey:
    if named is not None:
        payer, slash, policy = named.rpartition("/")
        return find_policy(policies, policy if slash else named, payer or None)
    if edition.only is not None:
        return edition.only
    if len(policies) != 1:
        raise BadInput(f"{edition.name} has {len(policies)} policies; say which one with --policy.")
    return next(iter(policies))


def _named(name: str) -> _Named:
    version = None if Path(name).exists() else _VERSION.fullmatch(name)
    if version is not None:
        try:
            day = date.fromisoformat(version["day"])
        except ValueError:
            raise BadInput(f"{name}: {version['day']} is no day. Write it as 2025-12-16.") from None
        return replace(_named(version["where"]), name=name, policy=version["policy"], day=day)
    if not is_published(name) and not name.startswith("git:") and Path(name).is_file():
        try:
            return _Named(name, name, file=File(name, Path(name).read_bytes()))
        except OSError as error:
            raise BadInput(f"{name} cannot be read: {error.strerror}.") from error
    return _Named(name, name)


def _read(named: _Named, other: _Named, published: Published) -> Edition:
    if named.file is not None:
        edition = _of_file(named.name, named.file, other, published)
    else:
        edition = Edition(named.where, _rulebook(_files(named.where, published)))
    if named.day is not None:
        edition = at_version(edition, named.policy, named.day)
    return replace(edition, name=named.name)


def _of_file(name: str, file: File, other: _Named, published: Published) -> Edition:
    """A policy's file with the documents around it, or the other side's, or those at hand."""
    document = document_of(file)
    if not isinstance(document, PolicyDocument):
        raise BadInput(f"{name} is no policy. Give the folder of its documents, or a policy's file.")
    folder = _folder_around(Path(name), document.payer)
    if folder is not None:
        around = tuple(files_in(folder))
    elif other.file is None:
        around = tuple(_files(other.where, published))
    else:
        around = tuple(files_in(rules_folder(None)))
    beside = [each for each in around if not _is_policy(each, (document.payer, document.policy))]
    return Edition(name, _rulebook([*beside, file]), (document.payer, document.policy))


def _folder_around(file: Path, payer: str) -> Path | None:
    """The rules folder that a policy's file lies in: the one above the folder with its payer's profile."""
    for folder in file.resolve().parents[:2]:
        for path in sorted(each for each in folder.iterdir() if each.suffix in SUFFIXES and each.is_file()):
            try:
                document = document_of(File(str(path), path.read_bytes()))
            except (RulesRefused, OSError):
                continue
            if isinstance(document, PayerDocument) and document.payer == payer:
                return folder.parent
    return None


def _is_policy(file: File, key: PolicyKey) -> bool:
    if b"policy.v1" not in file.content or key[1].encode() not in file.content:
        return False
    try:
        document = document_of(file)
    except RulesRefused:
        return False
    return isinstance(document, PolicyDocument) and (document.payer, document.policy) == key


def _files(where: str, published: Published) -> Iterable[File]:
    if is_published(where):
        return published_files(published(where))
    if where.startswith("git:"):
        ref, _, folder = where.removeprefix("git:").partition(":")
        return git.files_of(ref, folder or git.FOLDER)
    return files_in(Path(where))


def _rulebook(files: Iterable[File]) -> Rulebook:
    reading = read_rules(files)
    if reading.rulebook is None:
        raise RulesRefused(reading.faults)
    return reading.rulebook
