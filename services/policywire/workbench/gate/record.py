"""What a run of the gate leaves behind: a record under the name of the very content that was run.

Knows how the content of a rules folder is named and where records are kept; does not know how the gate decides
(:mod:`policywire.workbench.gate.run`), nor who asks for a record (publishing does).
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from policywire.errors import BadInput
from policywire.rulebook.compile import fingerprint, revision_of
from policywire.rulebook.load import File, document_of

FOLDER: Final = Path(".policywire", "gate")
"""Under a rules folder. Folders whose name begins with a dot hold no documents."""

NAME_DIGITS: Final = 16
"""Hex digits of the content in a record's file name: short enough to read, and the record holds the whole of it."""


class GateRecord(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One run of the gate over the whole content of a rules folder."""

    content: str
    """``sha256:`` and the hash of all documents, cases included, as :func:`content_of` gives it."""
    passed: bool
    policies: int
    cases: int
    claims: int
    """Generated claim lines and appointments that both engines decided, over all policies."""
    seed: int
    """Of this run; policies that passed before may have been tried with another."""
    differences: int
    """Items that the two engines decided differently."""
    faults: tuple[str, ...]
    """Everything for which it did not pass, one sentence each, without the items' details."""
    policywire: str
    """Version of this package."""
    durable_rules: str
    """Version of the second engine."""
    ran_at: str
    """RFC 3339, in UTC."""
    ran_by: str


def content_of(files: Iterable[File]) -> str:
    """The name of a content: ``sha256:`` and hex, the same whatever the order, comments, formatting or file names.

    Args:
        files: every document of a rules folder, cases included, as ``rulebook.load.files_in`` gives them.

    Raises:
        RulesRefused: one of them is no document.
    """
    return revision_of(fingerprint(document_of(each)) for each in files)


def save(folder: Path, record: GateRecord) -> Path:
    """Keep a record under its rules folder, in place of an earlier one of the same content.

    Returns:
        The file.

    Raises:
        BadInput: it cannot be written there.
    """
    path = _path(folder, record.content)
    text = msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Beside it first: who looks meanwhile sees the former record or this one, never half of one.
        beside = path.with_suffix(".tmp")
        beside.write_bytes(text)
        beside.replace(path)
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror}. Run it on a copy of the folder.") from error
    return path


def load(folder: Path, content: str) -> GateRecord | None:
    """The record of this very content, or None when it never went through the gate.

    Raises:
        BadInput: there is a file for it that is no record, or one of another content.
    """
    path = _path(folder, content)
    try:
        record = msgspec.json.decode(path.read_bytes(), type=GateRecord)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        raise BadInput(f"{path} is no record of the gate. Remove it and run policywire rules gate again.") from error
    if record.content != content:
        raise BadInput(f"{path} is the record of another content. Remove it and run policywire rules gate again.")
    return record


def _path(folder: Path, content: str) -> Path:
    return folder / FOLDER / f"{content.removeprefix('sha256:')[:NAME_DIGITS]}.json"
