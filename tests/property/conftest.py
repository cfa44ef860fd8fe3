import shutil
from pathlib import Path

import pytest

from policywire.rulebook.load import load_rulebook
from policywire.rulebook.rulebook import Rulebook

RULES = Path(__file__).parents[2] / "rules"


@pytest.fixture(scope="session")
def rulebook(tmp_path_factory: pytest.TempPathFactory) -> Rulebook:
    """The rules that ship, twice: a second id for the payer, and a second payer whose policy says the same.

    "Same payer" means the same profile, whichever of its ids was sent, and not the same policy.
    """
    rules = tmp_path_factory.mktemp("rules")
    shutil.copytree(RULES, rules, dirs_exist_ok=True)
    for name in ("payer.yaml", "mm-0552/policy.yaml"):
        said_again(rules / "cigna" / name, rules / "evergreen" / name)
    said_again(rules / "watch/mm-0552.yaml", rules / "watch/evergreen.yaml")
    change(rules / "evergreen/payer.yaml", 'payer_ids: ["62308"]', 'payer_ids: ["SYN01"]')
    change(rules / "cigna/payer.yaml", 'payer_ids: ["62308"]', 'payer_ids: ["62308", "CIGNA2"]')
    return load_rulebook(rules)


def said_again(document: Path, copy: Path) -> None:
    """The same document of the other payer."""
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(document, copy)
    change(copy, "payer: cigna", "payer: evergreen")


def change(document: Path, old: str, new: str) -> None:
    text = document.read_text()
    assert old in text
    document.write_text(text.replace(old, new))
