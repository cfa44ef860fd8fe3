"""The worker: a member of the group that runs the lanes it is given. Crash-only.

Knows how the parts fit together, and how a worker ends: on a signal it finishes running batches and leaves; on any
error it logs what and which lane and ends the process at once, for whatever is half done is settled by the next owner.
"""

import asyncio
import gc
import signal
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from time import monotonic
from typing import Any, NoReturn

import uvloop

from policywire import __version__
from policywire.errors import BadInput, OurBug, PolicywireError
from policywire.model.decode import CLAIM_DECODER, SCHEDULING_DECODER
from policywire.resources import shipped
from policywire.stream import changelog
from policywire.stream.batch import Outlets
from policywire.stream.clock import SteadyClock
from policywire.stream.cluster import Cluster
from policywire.stream.deadletters import place_of
from policywire.stream.documents import TOPIC as DOCUMENTS
from policywire.stream.documents import PolicyDocuments, refuse_several_partitions
from policywire.stream.ending import ClusterFault, exit_now
from policywire.stream.health import Condition, HealthServer
from policywire.stream.lane import Lane, Surroundings
from policywire.stream.logs import get_logger
from policywire.stream.membership import Membership
from policywire.stream.metrics import Metrics
from policywire.stream.opening import INPUTS
from policywire.stream.points import Passing, pass_by
from policywire.stream.rulefeed import RuleFeed
from policywire.stream.rulesource import FolderSource, RuleSource, TopicSource
from policywire.stream.settings import Settings

OUTPUTS = ("determinations", "alerts", "audit-log", "dead-letters", changelog.TOPIC)
LAG_LOOK_S = 0.1

CANCEL_S = 1.0
"""Nothing that is cancelled takes longer, unless it is broken."""


class Worker:
    """One worker process' work.

    Args:
        clock: the wall clock, with its time zone; tests inject one. Now never goes back, even when it does.
        passing: called at every named point of every lane; tests stop the world there.
    """

    runner = "exactly-once"
    """As metrics name it."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        passing: Passing = pass_by,
    ) -> None:
        self._settings = settings
        self._clock = SteadyClock(clock)
        self._passing = passing
        self.metrics = Metrics(self.runner)
        self._rules = RuleFeed(self.metrics)
        self._lanes: dict[int, Lane] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._failed: asyncio.Future[None]
        self._around: Surroundings
        self._draining = False
        self._member = False
        self._halves: set[int] = set()
        self.health_port = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set; then finish running batches, leave the group and return.

        Raises:
            PolicywireError: of the three kinds, whatever ended the work.
        """
        self._failed = asyncio.get_running_loop().create_future()
        health = self._settings.health
        async with Cluster(self._settings.kafka, unanswered=self.metrics.unanswered.inc) as cluster:
            self._around = await self._surroundings(cluster)
            await self._rules.start(self._source(cluster))
            _freeze_rulebook()
            with HealthServer(
                health.host, health.port, metrics=self.metrics, alive=self._alive, ready=self._ready
            ) as server:
                self.health_port = server.port
                await self._take_part(stop)

    def _source(self, cluster: Cluster) -> RuleSource:
        rules = self._settings.rules
        if rules.source == "topic":
            return TopicSource(PolicyDocuments(cluster, self._settings), rules.poll_s, self._clock)
        return FolderSource(rules.path or shipped("rules"), rules.poll_s)

    async def _surroundings(self, cluster: Cluster) -> Surroundings:
        settings = self._settings
        # Asked for once and together: a cluster's client follows the leaders of the topics that it was asked of last.
        names = [*INPUTS, *OUTPUTS, *([DOCUMENTS] if settings.rules.source == "topic" else [])]
        counts = await cluster.partition_counts([settings.topic(name) for name in names])
        partitions = {name: counts[settings.topic(name)] for name in names}
        self.metrics.lane_count.set(partitions[changelog.TOPIC])
        _refuse_unequal_counts({name: partitions[name] for name in (*INPUTS, changelog.TOPIC)})
        refuse_several_partitions(partitions.get(DOCUMENTS, 1))
        decoders = dict(zip(INPUTS, (CLAIM_DECODER.decode, SCHEDULING_DECODER.decode), strict=True))
        return Surroundings(
            cluster=cluster,
            settings=settings,
            outlets=Outlets(settings.kafka.topic_prefix, partitions),
            decoders={settings.topic(name): decode for name, decode in decoders.items()},
            rules=self._rules,
            metrics=self.metrics,
            clock=self._clock,
            passing=self._passing,
            turn=asyncio.Lock(),
        )

    async def _take_part(self, stop: asyncio.Event) -> None:
        membership = Membership(
            self._settings.kafka,
            [self._settings.topic(name) for name in INPUTS],
            on_revoked=self._revoked,
            on_assigned=self._assigned,
        )
        background = [
            self._watched("group membership", membership.run()),
            self._watched("rules", self._rules.follow()),
            self._watched("loop lag", self._measure_loop_lag()),
        ]
        stopping: asyncio.Future[Any] = asyncio.ensure_future(stop.wait())
        get_logger().info("worker started", version=__version__, group=self._settings.kafka.group)
        try:
            await asyncio.wait([stopping, self._failed], return_when=asyncio.FIRST_COMPLETED)
            if self._failed.done():
                self._failed.result()
            await self._drain()
        finally:
            tasks = [*background, *self._tasks.values(), stopping]
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=CANCEL_S)
            await membership.leave()

    def _watched(self, name: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something that must not end by itself; its failure is the worker's, and is logged by name."""
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or self._failed.done():
            return
        error = task.exception()
        if error is not None:
            cause = _innermost(error)
            get_logger().critical("a part of the worker failed", part=task.get_name(), error=place_of(cause))
            self._failed.set_exception(cause)

    async def _revoked(self) -> None:
        """A rebalance begins: finish running batches, begin none, and drop what is not done in time.

        A lane whose batch is done keeps its state; should the lane come back, it goes on. That is safe because of the
        fence: had another worker opened the lane in between, our next commit is refused and this process ends. A lane
        that is still being opened is dropped, for its fence could hit the next owner.
        """
        for lane in self._lanes.values():
            lane.pause()
        late = [number for number, lane in self._lanes.items() if not lane.is_open]
        waits = {number: asyncio.create_task(lane.until_idle()) for number, lane in self._lanes.items() if lane.is_open}
        if waits:
            await asyncio.wait(waits.values(), timeout=self._settings.deadlines.revoke_s)
        late += [number for number, wait in waits.items() if not wait.done()]
        for wait in waits.values():
            wait.cancel()
        for number in late:
            await self._close(number)

    async def _assigned(self, numbers: set[int], halves: set[int]) -> None:
        """Close lanes that went, go on with those that stayed, open those that came; half a lane is nobody's."""
        self._member, self._halves = True, halves
        self.metrics.half_lanes.set(len(halves))
        if halves:  # partitions were added to one input only, or a member of the group has another subscription
            get_logger().error("half a lane was assigned, and nobody will work on it", lanes=sorted(halves))
        for number in [number for number in self._lanes if number not in numbers]:
            await self._close(number)
        if self._draining:
            return
        self._refuse_new_partitions(numbers)
        for number in sorted(numbers):
            if number in self._lanes:
                self._lanes[number].resume()
            else:
                lane = self._lanes[number] = Lane(number, self._around)
                self._tasks[number] = self._watched(f"lane {number}", lane.run())
        get_logger().info("lanes assigned", lanes=sorted(numbers))

    def _refuse_new_partitions(self, numbers: set[int]) -> None:
        """Partitions were counted at the start; a new start counts them again and refuses what does not fit."""
        lanes = self._around.outlets.partitions[self._settings.topic(changelog.TOPIC)]
        if max(numbers, default=0) >= lanes:
            raise ClusterFault(f"the input topics have more partitions than the {lanes} of the start; start again")

    async def _close(self, number: int) -> None:
        """Drop a lane where it stands: an open transaction of it is aborted by the next owner's fence."""
        task = self._tasks.pop(number)
        lane = self._lanes.pop(number)
        task.cancel()
        await asyncio.wait([task])
        lane.forget_metrics()
        get_logger().info("lane closed", lane=number)

    async def _drain(self) -> None:
        """Finish running batches; whatever takes longer than the deadline is left where it is."""
        self._draining = True
        get_logger().info("draining", lanes=sorted(self._lanes))
        try:
            async with asyncio.timeout(self._settings.deadlines.drain_s * 0.8):
                for lane in self._lanes.values():
                    lane.pause()
                await asyncio.gather(*(lane.until_idle() for lane in self._lanes.values() if lane.is_open))
                for number in list(self._lanes):
                    await self._close(number)
        except TimeoutError:
            get_logger().warning("drained in part: the next owner will redo what was not committed")
        get_logger().info("drained")

    async def _measure_loop_lag(self) -> None:
        while True:
            began = monotonic()
            await asyncio.sleep(LAG_LOOK_S)
            self.metrics.loop_lag.observe(max(0.0, monotonic() - began - LAG_LOOK_S))

    def _alive(self) -> Condition:
        """Every open lane has shown progress lately; called from the health thread."""
        now = monotonic()
        silent = {
            str(number): round(now - lane.progress, 1) for number, lane in list(self._lanes.items()) if lane.is_open
        }
        limit = self._settings.health.progress_s
        return Condition(all(age <= limit for age in silent.values()), {"seconds_since_progress": silent})

    def _ready(self) -> Condition:
        """A member of the group whose lanes are all open; called from the health thread."""
        lanes = {str(number): "open" if lane.is_open else "opening" for number, lane in list(self._lanes.items())}
        refused = self._rules.refused
        details = {
            "lanes": lanes,
            "member_of_group": self._member,
            "draining": self._draining,
            "half_lanes": sorted(self._halves),
            "rules_from": self._settings.rules.source,
            "rulebook_revision": self._rules.current.revision,
            "rules_refused": str(refused) if refused else None,
        }
        works = self._member and not self._draining and not self._halves
        ready = works and all(state == "open" for state in lanes.values())
        return Condition(ready, details)


def run_worker(settings: Settings) -> NoReturn:
    """Run a worker in this process until SIGTERM or SIGINT, and end the process: 0, 2 for BadInput, else 1."""
    run_and_exit(Worker(settings))


def run_and_exit(worker: Worker) -> NoReturn:
    """The same with a worker that is made already, such as one with another clock."""
    uvloop.run(_run_and_exit(worker))
    raise OurBug("a worker does not return")


async def _run_and_exit(worker: Worker) -> NoReturn:
    """End the process inside the loop: what a client does while the loop shuts down could hang, or send something."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        await worker.run(stop)
    except PolicywireError as error:
        get_logger().critical("worker ended", error=str(error), kind=type(error).__name__)
        exit_now(2 if isinstance(error, BadInput) else 1)
    except BaseException as error:  # noqa: BLE001  the end of the line; the text of a foreign error may hold a value
        get_logger().critical("worker ended by a bug", kind=type(error).__name__, place=place_of(error))
        exit_now(1)
    exit_now(0)


def _refuse_unequal_counts(partitions: dict[str, int]) -> None:
    if len(set(partitions.values())) > 1:
        each = ", ".join(f"{name} {count}" for name, count in partitions.items())
        raise BadInput(
            f"the topics of a lane have different numbers of partitions ({each}); a member's claims and appointments "
            "would meet in no lane. Give all of them the same number"
        )


def _innermost(error: BaseException) -> BaseException:
    """The error itself, out of the groups that task groups wrap it in."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _freeze_rulebook() -> None:
    """Take what lives as long as the process out of the collector's sight, so that no full collection walks through it.

    Its thresholds are Python's own: events are values that it does not track, and 60,000 claims gave 5 collections;
    raising the thresholds to 100,000 changed nothing that could be measured.
    """
    gc.collect()
    gc.freeze()
