"""The same job in Kafka Streams, beside our worker: ``tests/bench/kafka-streams-peer``, built once, run as a process.

Knows Maven's and Java's command lines. Only in a checkout, and only where Maven is installed.
"""

import re
import shutil
import subprocess
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

from policywire.broker.java import find_java
from policywire.broker.release import jar_cache
from policywire.errors import PassingFault

_SOURCE: Final = Path(__file__).resolve().parents[4] / "tests" / "bench" / "kafka-streams-peer"
_SAYS: Final = re.compile(r"(\d+) claims in, (\d+) determinations out, ([\d.]+) s, ")
_BUILD_TIMEOUT_S: Final = 900
_RUN_TIMEOUT_S: Final = 330
"""The peer gives up by itself after 300 s."""


class StreamsPeer:
    """Built when made.

    Attributes:
        missing: why it cannot run; None when it can.
    """

    def __init__(self) -> None:
        self.missing: str | None = None
        self._class_path = ""
        if not _SOURCE.is_dir():
            self.missing = "not run: only in a checkout"
        elif shutil.which("mvn") is None or shutil.which("javac") is None:
            self.missing = "not run: no Maven, or no javac"
        else:
            self._class_path = _built()

    def run(self, bootstrap_servers: str, source: str, sink: str, claims: int, under: Sequence[str]) -> float:
        """Claims a second, as the peer measures itself: from its first record to its last.

        Raises:
            PassingFault: it did not come to its end.
        """
        command = [*under, *self._java(bootstrap_servers, source, sink), str(claims)]
        run = subprocess.run(  # noqa: S603  what policywire composed
            command, capture_output=True, text=True, timeout=_RUN_TIMEOUT_S, check=False
        )
        said = _SAYS.search(run.stdout)
        if said is None:
            raise PassingFault(f"the Kafka Streams peer failed: {run.stdout[-500:]}{run.stderr[-1500:]}")
        return int(said[1]) / float(said[3])

    def command(self, bootstrap_servers: str, source: str, sink: str, group: str) -> list[str]:
        """Runs it as that group, until it is ended."""
        return [*self._java(bootstrap_servers, source, sink), "0", group]

    def _java(self, *where: str) -> list[str]:
        return [str(find_java().executable), "-Xmx1g", "-cp", self._class_path, "Peer", *where]


def _built() -> str:
    """The class path, after a build if the sources are new."""
    source, pom = _SOURCE / "src" / "Peer.java", _SOURCE / "pom.xml"
    digest = sha256(source.read_bytes() + pom.read_bytes()).hexdigest()[:16]
    folder = jar_cache().parent / f"kafka-streams-peer-{digest}"
    libraries, classes = folder / "libraries", folder / "classes"
    if not (classes / "Peer.class").exists():
        folder.mkdir(parents=True, exist_ok=True)
        _run("mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies", f"-DoutputDirectory={libraries}")
        _run("javac", "-cp", f"{libraries}/*", "-d", str(classes), str(source))
    return f"{classes}:{libraries}/*"


def _run(*command: str) -> None:
    run = subprocess.run(  # noqa: S603  what policywire composed
        command, capture_output=True, text=True, timeout=_BUILD_TIMEOUT_S, check=False
    )
    if run.returncode:
        raise PassingFault(f"the Kafka Streams peer cannot be built: {run.stdout[-1500:]}{run.stderr[-1500:]}")
