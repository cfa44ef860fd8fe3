"""The rulebook in force, and how a changed one takes its place. Knows the loader; not where documents come from.

Lanes take ``current`` at the start of a batch, so one batch is decided by one rulebook. Loading and compiling run on a
thread, never on the event loop.
"""

import asyncio
from collections.abc import Iterable
from time import perf_counter

from msgspec import Struct

from policywire.errors import BadInput, RulesRefused
from policywire.rulebook.load import File, read_rules
from policywire.rulebook.rulebook import Rulebook
from policywire.stream.logs import get_logger
from policywire.stream.metrics import Metrics
from policywire.stream.rulesource import RuleSource

FAULTS_LOGGED_MAX = 20


class Loaded(Struct, frozen=True):
    """A rulebook that was just loaded, how many policies it has, and the seconds it took."""

    rulebook: Rulebook
    policies: int
    seconds: float


class RuleFeed:
    """Holds the rulebook in force and follows a source of documents.

    Attributes:
        current: the rulebook that decides.
        refused: why the source's documents are refused while an older rulebook serves, else None.
    """

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._source: RuleSource
        self.refused: BadInput | None = None
        self.current: Rulebook

    async def start(self, source: RuleSource) -> None:
        """Load the first rulebook.

        Raises:
            BadInput: there are no rules, or they cannot be used; a worker does not start on bad rules.
        """
        self._source = source
        self._take(await asyncio.to_thread(_load, await source.changed()))

    async def follow(self) -> None:
        """Take changed rules for ever; bad ones are reported and change nothing."""
        while True:
            await self._reload(await self._source.changed())

    async def _reload(self, files: Iterable[File]) -> None:
        try:
            loaded = await asyncio.to_thread(_load, files)
        except BadInput as refused:
            faults = refused.faults if isinstance(refused, RulesRefused) else (refused,)
            self.refused = refused
            self._metrics.reloads.labels(result="refused").inc()
            self._metrics.rulebook_stale.set(1)
            get_logger().error(
                "changed rules refused, the former stay in force",
                faults=[str(fault) for fault in faults[:FAULTS_LOGGED_MAX]],
                count=len(faults),
                revision=self.current.revision,
            )
            return
        self.refused = None
        self._metrics.reloads.labels(result="taken").inc()
        self._take(loaded)

    def _take(self, loaded: Loaded) -> None:
        self.current = loaded.rulebook
        revision = loaded.rulebook.revision
        self._metrics.rulebook_stale.set(0)
        self._metrics.rulebook_in_force(revision, loaded.policies)
        get_logger().info("rulebook in force", revision=revision, seconds=round(loaded.seconds, 3))


def _load(files: Iterable[File]) -> Loaded:
    began = perf_counter()
    reading = read_rules(files)
    if reading.rulebook is None:
        raise RulesRefused(reading.faults)
    return Loaded(reading.rulebook, len(reading.rulebook.policies()), perf_counter() - began)
