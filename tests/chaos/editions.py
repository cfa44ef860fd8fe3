"""The rules of a run in several editions: as they ship, with other answers, reworded, and broken.

Knows which sentences of a document are replaced; a document in which they no longer stand is refused, so that an
edition never silently is what ships. No edition lists another code: who is remembered does not depend on it.
"""

import shutil
from pathlib import Path
from typing import Final

from policywire.resources import shipped
from policywire.rulebook.load import load_rulebook
from policywire.rulebook.rulebook import Rulebook

SHIPPED: Final = "shipped"
BROKEN: Final = "broken"
POLICY: Final = Path("cigna") / "mm-0552" / "policy.yaml"
_VERSION: Final = '  - effective_from: "2025-12-16"'
_ROTATOR_CUFF: Final = "        indication: regenerative cells from fat for a partial rotator cuff tear\n"
_CHANGES: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    SHIPPED: (),
    "covered": (
        (_ROTATOR_CUFF + "        outcome: not_medically_necessary", _ROTATOR_CUFF + "        outcome: covered"),
    ),
    "reviewed": (
        (
            "        when: {narrative: hint}\n        outcome: review",
            "        when: {narrative: hint}\n        outcome: covered",
        ),
        (
            _ROTATOR_CUFF + "        outcome: not_medically_necessary",
            _ROTATOR_CUFF + "        outcome: criteria_required",
        ),
    ),
    "reworded": (
        ("Not medically necessary under this version, whatever the diagnosis.", "Never necessary by this version."),
    ),
    BROKEN: (("        outcome: not_medically_necessary", "        outcome: perhaps"),),
}
"""What is replaced in the policy's newest version, the first occurrence each."""

EDITIONS: Final = tuple(_CHANGES)


def write_editions(folder: Path) -> None:
    """Write every edition, each a rules folder of its name; without cases, which hold for one edition only."""
    for name, changes in _CHANGES.items():
        shutil.copytree(shipped("rules"), folder / name, ignore=shutil.ignore_patterns("cases.yaml"))
        document = folder / name / POLICY
        older, start, newest = document.read_text("utf-8").rpartition(_VERSION)
        for former, new in changes:
            if former not in newest:
                raise LookupError(f"the edition {name!r} replaces words that the policy no longer has")
            newest = newest.replace(former, new, 1)
        document.write_text(older + start + newest, "utf-8")


def load_editions(folder: Path) -> dict[str, Rulebook]:
    """The rulebook of each edition that is one, by name."""
    return {name: load_rulebook(folder / name) for name in EDITIONS if name != BROKEN}
