import shutil
from pathlib import Path

import pytest

from policywire.rulebook.load import load_rulebook
from policywire.rulebook.rulebook import Rulebook

RULES = Path(__file__).parents[2] / "rules"


@pytest.fixture(scope="session")
def rulebook(tmp_path_factory: pytest.TempPathFactory) -> Rulebook:
    """The rules that ship, with a second id for the payer, because "same payer" means the same profile."""
    rules = tmp_path_factory.mktemp("rules")
    shutil.copytree(RULES, rules, dirs_exist_ok=True)
    payer = rules / "cigna" / "payer.yaml"
    text = payer.read_text()
    assert 'payer_ids: ["62308"]' in text
    payer.write_text(text.replace('payer_ids: ["62308"]', 'payer_ids: ["62308", "CIGNA2"]'))
    return load_rulebook(rules)
