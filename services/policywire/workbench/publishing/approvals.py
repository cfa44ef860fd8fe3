"""Approvals: that somebody looked at the very content of a rules folder and wants it published.

Knows where they are kept and what they say; does not know whose approval counts.

An approval is a file beside the rules, so it is reviewed and kept where they are. It names its content, so it says
nothing of a content that was changed afterwards; comments and formatting do not count as a change.
"""

import re
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from policywire.errors import BadInput
from policywire.workbench.gate.record import NAME_DIGITS
from policywire.workbench.publishing.person import folded

FOLDER: Final = Path(".policywire", "approvals")
"""Under a rules folder. Folders whose name begins with a dot hold no documents."""

NAME_LENGTH_MAX: Final = 60
"""Of an approver's name in that of a file; the approval itself has all of it."""

PERSON_DIGITS: Final = 8
"""Hex digits behind the name, by which two people whose names read alike in a file's name keep a file each."""


class ApprovalRecord(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One approval."""

    content: str
    """``sha256:`` and the hash of all documents, cases included, as the gate names them."""
    by: str
    at: str
    """RFC 3339, in UTC."""
    note: str | None
    policywire: str
    """Version of this package."""


def save(folder: Path, record: ApprovalRecord) -> Path:
    """Keep an approval under its rules folder, in place of an earlier one by the same person of the same content.

    Returns:
        The file.

    Raises:
        BadInput: nobody is named, or it cannot be written there.
    """
    if not folded(record.by):
        raise BadInput("an approval needs the name of who approves: --by NAME")
    path = folder / FOLDER / f"{_digits(record.content)}-{_slug(record.by)}.json"
    text = msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Beside it first: a disk that is full leaves the former approval, never half of one.
        beside = path.with_suffix(".tmp")
        beside.write_bytes(text)
        beside.replace(path)
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror}. Approve a copy of the folder.") from error
    return path


def approvals_of(folder: Path, content: str) -> tuple[ApprovalRecord, ...]:
    """Every approval of this very content, the earliest first.

    Raises:
        BadInput: a file is no approval, or one of another content than its name says.
    """
    found = []
    for path in sorted((folder / FOLDER).glob(f"{_digits(content)}-*.json")):
        try:
            record = msgspec.json.decode(path.read_bytes(), type=ApprovalRecord)
        except (OSError, msgspec.DecodeError) as error:
            raise BadInput(f"{path} is no approval. Remove it and run policywire rules approve again.") from error
        if record.content != content:
            raise BadInput(f"{path} approves of another content than it is named for. Remove it and approve again.")
        found.append(record)
    return tuple(sorted(found, key=lambda each: (each.at, each.by)))


def others_approved(folder: Path, content: str) -> int:
    """How many approvals there are of other contents: earlier ones, mostly."""
    return sum(1 for path in (folder / FOLDER).glob("*.json") if not path.name.startswith(f"{_digits(content)}-"))


def _digits(content: str) -> str:
    return content.removeprefix("sha256:")[:NAME_DIGITS]


def _slug(name: str) -> str:
    person = folded(name)
    digits = sha256(person.encode(errors="surrogatepass")).hexdigest()[:PERSON_DIGITS]
    return f"{re.sub(r'[^a-z0-9.@_-]+', '-', person)[:NAME_LENGTH_MAX]}-{digits}"
