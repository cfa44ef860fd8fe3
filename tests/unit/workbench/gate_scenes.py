"""The shipped rules and the synthetic ones on trial before the gate, whole or with one thing changed."""

from functools import cache
from pathlib import Path

from policywire.rulebook.load import files_in, load_rulebook
from policywire.rulebook.rulebook import Rulebook
from policywire.workbench.gate.documents import Documents
from policywire.workbench.gate.trial import Effort, Trial, try_policy

ROOT = Path(__file__).parents[3]
RULES = ROOT / "rules"
SYNTHETIC = ROOT / "tests" / "rules" / "synthetic"
MM_0552 = ("cigna", "MM 0552")
SYN_100 = ("evergreen", "SYN 100")
QUICK = Effort(claims=600, seed=1)


@cache
def documents(folder: Path = RULES) -> Documents:
    return Documents(files_in(folder))


@cache
def rulebook(folder: Path = RULES) -> Rulebook:
    return load_rulebook(folder)


def tried(changed: Rulebook | None = None, effort: Effort = QUICK) -> Trial:
    """MM 0552 on trial, our engine with another rulebook if one is given."""
    return try_policy(documents(), changed or rulebook(), MM_0552, effort)


def tried_synthetic(effort: Effort = QUICK) -> Trial:
    return try_policy(documents(SYNTHETIC), rulebook(SYNTHETIC), SYN_100, effort)
