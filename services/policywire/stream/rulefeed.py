"""The rulebook in force, and how a changed one takes its place. Knows the rules folder and the loader.

Lanes take ``current`` at the start of a batch, so one batch is decided by one rulebook. Loading and compiling run on a
thread, never on the event loop.
"""

import asyncio
from hashlib import sha256
from pathlib import Path
from time import perf_counter

from policywire.errors import BadInput, RulesRefused
from policywire.rulebook.load import load_rulebook
from policywire.rulebook.rulebook import Rulebook
from policywire.stream.logs import get_logger
from policywire.stream.metrics import Metrics

FAULTS_LOGGED_MAX = 20


class RuleFeed:
    """Holds the rulebook in force and follows its folder.

    Attributes:
        current: the rulebook that decides.
        refused: why the rules on disk are refused while an older rulebook serves, else None.

    Args:
        poll_s: how often the folder is looked at.
    """

    def __init__(self, path: Path, poll_s: float, metrics: Metrics) -> None:
        self._path = path
        self._poll_s = poll_s
        self._metrics = metrics
        self._seen = b""
        self.refused: BadInput | None = None
        self.current: Rulebook

    async def start(self) -> None:
        """Load the first rulebook.

        Raises:
            RulesRefused: the rules cannot be used; a worker does not start on bad rules.
        """
        self._seen = await asyncio.to_thread(_fingerprint, self._path)
        self._take(*await asyncio.to_thread(_timed_load, self._path))

    async def follow(self) -> None:
        """Take changed rules for ever; bad ones are reported and change nothing."""
        while True:
            await asyncio.sleep(self._poll_s)
            seen = await asyncio.to_thread(_fingerprint, self._path)
            if seen != self._seen:
                self._seen = seen
                await self._reload()

    async def _reload(self) -> None:
        try:
            rulebook, seconds = await asyncio.to_thread(_timed_load, self._path)
        except BadInput as refused:
            faults = refused.faults if isinstance(refused, RulesRefused) else (refused,)
            self.refused = refused
            self._metrics.reloads.labels("refused").inc()
            self._metrics.rulebook_stale.set(1)
            get_logger().error(
                "changed rules refused, the former stay in force",
                faults=[str(fault) for fault in faults[:FAULTS_LOGGED_MAX]],
                count=len(faults),
                revision=self.current.revision,
            )
            return
        self.refused = None
        self._metrics.reloads.labels("taken").inc()
        self._take(rulebook, seconds)

    def _take(self, rulebook: Rulebook, seconds: float) -> None:
        self.current = rulebook
        self._metrics.rulebook_stale.set(0)
        self._metrics.revision_in_force(rulebook.revision)
        get_logger().info("rulebook in force", revision=rulebook.revision, seconds=round(seconds, 3))


def _timed_load(path: Path) -> tuple[Rulebook, float]:
    began = perf_counter()
    return load_rulebook(path), perf_counter() - began


def _fingerprint(path: Path) -> bytes:
    """Changes when a file comes, goes or is written; reads no content, for there may be 10,000 files."""
    digest = sha256()
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        try:
            status = file.stat()
        except FileNotFoundError:  # gone between listing and looking: the next look will differ
            continue
        digest.update(f"{file}\0{status.st_mtime_ns}\0{status.st_size}\n".encode())
    return digest.digest()
