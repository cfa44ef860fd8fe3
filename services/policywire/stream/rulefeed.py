"""The rulebook in force, and how a changed one takes its place. Knows the loader; not where documents come from.

Lanes take ``current`` at the start of a batch, so one batch is decided by one rulebook. Loading and compiling run on a
thread, never on the event loop.
"""

import asyncio
from collections.abc import Iterable
from time import perf_counter

from policywire.errors import BadInput, RulesRefused
from policywire.rulebook.load import File, read_rules
from policywire.rulebook.rulebook import Rulebook
from policywire.stream.logs import get_logger
from policywire.stream.metrics import Metrics
from policywire.stream.rulesource import RuleSource

FAULTS_LOGGED_MAX = 20


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
        self._take(*await asyncio.to_thread(_timed_load, await source.changed()))

    async def follow(self) -> None:
        """Take changed rules for ever; bad ones are reported and change nothing."""
        while True:
            await self._reload(await self._source.changed())

    async def _reload(self, files: Iterable[File]) -> None:
        try:
            rulebook, seconds = await asyncio.to_thread(_timed_load, files)
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


def _timed_load(files: Iterable[File]) -> tuple[Rulebook, float]:
    began = perf_counter()
    reading = read_rules(files)
    if reading.rulebook is None:
        raise RulesRefused(reading.faults)
    return reading.rulebook, perf_counter() - began
