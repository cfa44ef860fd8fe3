"""Which policies went through the gate before, so that what did not change need not be run again.

One JSON object a line, added at the end as each policy is done: a run that is broken off keeps what it had. Knows the
file; does not know what a pass means for publishing (:mod:`policywire.workbench.gate.record`).
"""

from pathlib import Path
from threading import Lock
from typing import Final

import msgspec
from msgspec import Struct

from policywire.errors import BadInput
from policywire.workbench.gate.record import FOLDER

NAME: Final = "policies.jsonl"


class Entry(Struct, frozen=True, kw_only=True):
    """One policy's run."""

    digest: str
    """What :meth:`policywire.workbench.gate.documents.Documents.digest` names."""
    payer: str
    policy: str
    passed: bool
    cases: int
    claims: int
    seed: int
    ran_at: str
    ran_by: str


class Ledger:
    """The entries of a rules folder; of several of one digest the last holds. No pass takes a larger one's place."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FOLDER / NAME
        self._lock = Lock()
        self._entries = {each.digest: each for each in _read(self._path)}

    def passed(self, digest: str, claims: int) -> Entry | None:
        """The entry by which this very content passed with at least so many generated lines."""
        entry = self._entries.get(digest)
        return entry if entry is not None and entry.passed and entry.claims >= claims else None

    def add(self, entry: Entry) -> None:
        """Note a run.

        Raises:
            BadInput: it cannot be written.
        """
        if entry.passed and self.passed(entry.digest, entry.claims) is not None:
            return
        with self._lock:
            self._entries[entry.digest] = entry
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                with self._path.open("ab") as file:
                    file.write(msgspec.json.encode(entry) + b"\n")
            except OSError as error:
                mend = "Run it on a copy of the folder."
                raise BadInput(f"{self._path} cannot be written: {error.strerror}. {mend}") from error


def _read(path: Path) -> list[Entry]:
    try:
        lines = path.read_bytes().splitlines()
    except OSError:
        return []
    entries = []
    for line in lines:
        try:
            entries.append(msgspec.json.decode(line, type=Entry))
        except msgspec.DecodeError:
            # Half a line that a broken-off run left: what it noted is run again.
            continue
    return entries
