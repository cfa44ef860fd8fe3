"""A folder on its way to being published: the gate's record, approvals, and changes that undo them. All made up."""

import shutil
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from policywire import __version__
from policywire.rulebook.load import files_in
from policywire.workbench.gate import record as gate
from policywire.workbench.publishing import approvals

SYNTHETIC = Path(__file__).parents[1] / "rules" / "synthetic"
POLICY = "evergreen/syn-100/policy.yaml"
TITLE = "Synthetic policy with criteria"


def folder_in(place: Path) -> Path:
    """Small rules, sound and with cases that hold, to be changed at will."""
    return Path(shutil.copytree(SYNTHETIC, place / "rules"))


def content(rules: Path) -> str:
    """Its name, as the gate gives it."""
    return gate.content_of(files_in(rules))


def pass_gate(rules: Path, **changes: Any) -> None:
    """As if the gate had passed the folder as it is now."""
    passed = gate.GateRecord(
        content=content(rules),
        passed=True,
        policies=1,
        cases=41,
        claims=5000,
        seed=7,
        differences=0,
        faults=(),
        policywire=__version__,
        durable_rules="2.0.28",
        ran_at="2026-11-25T08:00:00Z",
        ran_by="ann",
    )
    gate.save(rules, replace(passed, **changes))


def approve(rules: Path, by: str, at: str = "2026-11-25T09:00:00Z") -> Path:
    """As ``policywire rules approve`` does."""
    record = approvals.ApprovalRecord(content=content(rules), by=by, at=at, note=None, policywire=__version__)
    return approvals.save(rules, record)


def change_meaning(rules: Path) -> None:
    """By one character, and so that everything still holds."""
    text = (rules / POLICY).read_text()
    assert TITLE in text
    (rules / POLICY).write_text(text.replace(TITLE, f"{TITLE}s"))


def change_comment(rules: Path) -> None:
    """By nothing that means anything."""
    (rules / POLICY).write_text((rules / POLICY).read_text() + "\n# seen by nobody\n")
