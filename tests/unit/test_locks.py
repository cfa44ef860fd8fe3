"""The locks hold everything that pyproject.toml asks for, with hashes, and nothing of where it was found."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ROOT / "deploy" / "locks"
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def locked(name: str) -> dict[str, str]:
    """Package to version."""
    text = (LOCKS / name).read_text("utf-8")
    return dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)==([^ ;\\]+)", text, re.MULTILINE))


def asked(requirements: list[str]) -> set[str]:
    names = (re.split(r"[\[<>=;! ]", each, maxsplit=1)[0] for each in requirements)
    return {re.sub(r"[-_.]+", "-", name).lower() for name in names}  # the normal form of PEP 503, which the locks use


def test_the_base_lock_has_what_the_base_install_asks_for() -> None:
    assert asked(PROJECT["dependencies"]) <= locked("base.txt").keys()


def test_the_development_lock_has_what_every_extra_asks_for() -> None:
    extras = [each for extra in PROJECT["optional-dependencies"].values() for each in extra]

    assert asked(PROJECT["dependencies"] + extras) <= locked("dev.txt").keys()


def test_both_locks_agree() -> None:
    development = locked("dev.txt")

    assert {name: development.get(name) for name in locked("base.txt")} == locked("base.txt")


@pytest.mark.parametrize("name", ["base.txt", "dev.txt"])
def test_every_locked_package_has_a_hash_and_no_address(name: str) -> None:
    text = (LOCKS / name).read_text("utf-8")

    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert len(blocks) == len(locked(name))
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in text
    assert "index-url" not in text
