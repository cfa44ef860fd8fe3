"""No variable that the code, the Compose file or the chart names is one that a worker would refuse."""

import re
from pathlib import Path

import pytest

from policywire.stream.settings import load_settings

ROOT = Path(__file__).parents[3]
FILES = [
    *(ROOT / "services").rglob("*.py"),
    ROOT / "docker-compose.yml",
    *(each for each in (ROOT / "deploy" / "helm").rglob("*.yaml")),
]
NAMED = {name for each in FILES for name in re.findall(r"POLICYWIRE_[A-Z]\w*[A-Z]\b", each.read_text())}


def test_no_variable_that_is_named_anywhere_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert {"POLICYWIRE_AUTHOR", "POLICYWIRE_VERSION", "POLICYWIRE_SEARCH_CACHE"} <= NAMED
    for name in NAMED:
        if "__" not in name and name not in {"POLICYWIRE_SETTINGS", "POLICYWIRE_SECRETS_DIR"}:
            monkeypatch.setenv(name, "x")
    monkeypatch.setenv("POLICYWIRE_BROKER__JAR_REPOSITORY", "x")
    assert load_settings({"kafka": {"bootstrap_servers": "localhost:1"}})
