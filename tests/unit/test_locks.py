"""The locks hold everything that pyproject.toml asks for, with hashes, and nothing of where it was found."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ROOT / "deploy" / "locks"
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def locked(name: str) -> dict[str, list[str]]:
    """Package to its versions: one, or several for different Pythons."""
    text = (LOCKS / name).read_text("utf-8")
    found: dict[str, list[str]] = {}
    for package, version in re.findall(r"^([a-z0-9][a-z0-9._-]*)==([^ ;\\]+)", text, re.MULTILINE):
        found.setdefault(package, []).append(version)
    return found


def asked(requirements: list[str]) -> set[str]:
    names = (re.split(r"[\[<>=;! ]", each, maxsplit=1)[0] for each in requirements)
    return {re.sub(r"[-_.]+", "-", name).lower() for name in names}  # the normal form of PEP 503, which the locks use


def test_the_base_lock_has_what_the_base_install_asks_for() -> None:
    assert asked(PROJECT["dependencies"]) <= locked("base.txt").keys()


def test_the_locks_have_what_every_extra_asks_for() -> None:
    extras = dict(PROJECT["optional-dependencies"])
    engines = extras.pop("faust") + extras.pop("gate") + extras.pop("spark")
    others = [each for extra in extras.values() for each in extra]

    assert asked(PROJECT["dependencies"] + others) <= locked("dev.txt").keys()
    assert asked(engines) - {"policywire"} <= locked("engines.txt").keys()


@pytest.mark.parametrize(("smaller", "larger"), [("base.txt", "dev.txt"), ("base.txt", "engines.txt")])
def test_a_lock_agrees_with_the_one_that_it_builds_on(smaller: str, larger: str) -> None:
    assert {name: locked(larger).get(name) for name in locked(smaller)} == locked(smaller)


def test_what_two_locks_name_has_one_version() -> None:
    both = locked("dev.txt").keys() & locked("engines.txt").keys()
    assert {name: locked("dev.txt")[name] for name in both} == {name: locked("engines.txt")[name] for name in both}


@pytest.mark.parametrize("name", ["base.txt", "dev.txt", "engines.txt", "peers.txt"])
def test_every_locked_package_has_a_hash_and_no_address(name: str) -> None:
    text = (LOCKS / name).read_text("utf-8")

    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert len(blocks) == sum(map(len, locked(name).values()))
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in text
    assert "index-url" not in text
