"""The worker on Faust: start, health, rules and end as the exactly-once worker's, group and table by Faust.

Crash-only as well: whatever a lane, the rules or Faust itself raises ends the process. Faust alone would log an agent's
exception and go on behind the event, which would be lost.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from time import monotonic
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code
from faust.types import TP

from policywire import __version__
from policywire.errors import BadInput
from policywire.faust_runner.app import PolicywireApp
from policywire.faust_runner.fetched import fetched_from
from policywire.faust_runner.lane import FaustLane
from policywire.faust_runner.outgoing import CHANGELOG_OCTETS_MAX
from policywire.faust_runner.recovery import RecoveryWatch
from policywire.faust_runner.table import TimelineTable, changelog_name
from policywire.stream import changelog
from policywire.stream.cluster import Cluster, TopicMissing
from policywire.stream.ending import ClusterFault
from policywire.stream.lane import Surroundings
from policywire.stream.login import client_arguments
from policywire.stream.logs import get_logger
from policywire.stream.opening import INPUTS
from policywire.stream.reader import Partition
from policywire.stream.settings import Settings
from policywire.stream.topic_admin import fitting_config
from policywire.stream.topics import load_topics
from policywire.stream.worker import CANCEL_S, Worker, run_and_exit

LOOK_S = 0.1
VISIBLE_S = 30.0
LEAVE_S = 5.0
"""Faust's threads end one after the other; what is not ended then ends with the process."""


class FaustWorker(Worker):
    """One worker process' work, on Faust. Takes what :class:`policywire.stream.worker.Worker` takes."""

    runner = "faust"
    _lanes: dict[int, FaustLane]  # type: ignore[assignment]  # the same face, another way of writing

    def __init__(self, settings: Settings, **injected: Any) -> None:
        super().__init__(settings, **injected)
        self._app: PolicywireApp
        self._table: TimelineTable
        self._done: dict[Partition, int] = {}
        self._committed: dict[Partition, int] = {}

    async def _surroundings(self, cluster: Cluster) -> Surroundings:
        around = await super()._surroundings(cluster)
        kafka = self._settings.kafka
        name = changelog_name(kafka.topic_prefix, kafka.group)
        lanes = around.outlets.partitions[self._settings.topic(INPUTS[0])]
        try:
            await cluster.partition_counts([name])
        except TopicMissing:  # asked first: who may not create topics may have been given one
            await create_changelog(self._settings, name, lanes)
        # Asked for once more and together: the client follows the leaders of the topics that it was asked of last.
        counts = await _counts_once_visible(cluster, [*around.outlets.partitions, name])
        if counts[name] != lanes:
            raise BadInput(
                f"{name} has {counts[name]} partitions, not the {lanes} of the inputs; a lane has one of each"
            )
        around.outlets.changelog = name
        around.outlets.partitions[name] = lanes
        return around

    async def _take_part(self, stop: asyncio.Event) -> None:
        self._build()
        background = [
            self._watched("faust", self._run_app()),
            self._watched("rules", self._rules.follow()),
            self._watched("loop lag", self._measure_loop_lag()),
            self._watched("offsets", self._commit_now_and_then()),
        ]
        stopping: asyncio.Future[Any] = asyncio.ensure_future(stop.wait())
        get_logger().info("worker started", version=__version__, group=self._settings.kafka.group, runner="faust")
        try:
            await asyncio.wait([stopping, self._failed], return_when=asyncio.FIRST_COMPLETED)
            if self._failed.done():
                self._failed.result()
            await self._drain()
            await self._commit()
        finally:
            tasks = [*background, *self._tasks.values(), stopping]
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=CANCEL_S)
            with contextlib.suppress(TimeoutError, Exception):
                async with asyncio.timeout(LEAVE_S):
                    await self._app.stop()

    def _build(self) -> None:
        settings = self._settings
        folder = settings.faust.folder / settings.kafka.group / (settings.kafka.instance_id or "worker")
        folder.mkdir(parents=True, exist_ok=True)
        app = self._app = PolicywireApp(settings, folder)
        outlets = self._around.outlets
        self._table = TimelineTable(
            app,
            lanes=outlets.partitions[outlets.changelog],
            changelog=outlets.changelog,
            folder=folder if settings.faust.store == "rocksdb" else None,
            on_assigned=self._partitions_assigned,
            on_recovered=self._table_recovered,
        )
        app.tables.add(self._table)
        inputs = app.topic(
            *(settings.topic(name) for name in INPUTS),
            key_type=bytes,
            value_type=bytes,
            key_serializer="raw",
            value_serializer="raw",
            acks=False,  # see the offsets: they follow the changelog, not Faust's count of events
            allow_empty=True,
        )
        app.agent(inputs, name="events")(self._read)
        app.on_partitions_revoked.connect(self._partitions_revoked, weak=False)  # type: ignore[arg-type]

    async def _run_app(self) -> None:
        """Start Faust and watch it: a part of it that crashed would leave the rest standing about."""
        await self._app.start()
        idle_s = self._settings.deadlines.restore_idle_s
        tables: Any = self._app.tables
        watch = RecoveryWatch(tables.recovery, idle_s)
        while not (self._app.crashed or self._app.should_stop):
            await asyncio.sleep(LOOK_S)
            waiting = [lane for lane in self._lanes.values() if lane.mark >= 0 and not lane.is_recovered]
            watch.look({TP(self._around.outlets.changelog, lane.number): lane.mark for lane in waiting})
        reason = getattr(self._app, "_crash_reason", None)
        raise ClusterFault(f"Faust has stopped: {type(reason).__name__}")

    async def _read(self, stream: Any) -> None:
        """The agent: hand every event to its lane. It decides nothing and raises nothing."""
        async for event in stream.events():
            message = event.message
            lane = self._lanes.get(message.partition)
            if lane is not None and message.generation_id == self._app.consumer_generation_id:
                await lane.take(fetched_from(message))

    async def _partitions_revoked(self, _app: Any, revoked: Any, **_: Any) -> None:  # noqa: ARG002  Faust's signature
        await self._revoked()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.deadlines.revoke_s):
                await self._commit()

    async def _partitions_assigned(self, assigned: set[Any]) -> None:
        """Before the table is recovered: close lanes that went, shut others out of those that came."""
        try:
            topics = [self._settings.topic(name) for name in INPUTS]
            numbers = [{part.partition for part in assigned if part.topic == topic} for topic in topics]
            whole = set.intersection(*numbers)
            await self._assigned(whole, set.union(*numbers) - whole)
            fresh = [lane for lane in self._lanes.values() if not lane.is_open]
            await asyncio.gather(*(lane.shut_others_out() for lane in fresh))
        except Exception as error:
            self._fail(error)
            raise

    async def _assigned(self, numbers: set[int], halves: set[int]) -> None:
        self._halves = halves
        if halves:
            get_logger().error("half a lane was assigned, and nobody will work on it", lanes=sorted(halves))
        for number in [number for number in self._lanes if number not in numbers]:
            await self._close(number)
            self._table.store.close(number)
        if self._draining:
            return
        self._refuse_new_partitions(numbers)
        for number in sorted(numbers - self._lanes.keys()):
            lane = FaustLane(
                number,
                self._around,
                shelf=self._table.store.shelf(number),
                done=self._done.update,
                highwater=self._highwater,
            )
            self._lanes[number] = lane
            self._tasks[number] = self._watched(f"lane {number}", lane.run())
        get_logger().info("lanes assigned", lanes=sorted(numbers))

    def _refuse_new_partitions(self, numbers: set[int]) -> None:
        lanes = self._around.outlets.partitions[self._settings.topic(changelog.TOPIC)]
        if max(numbers, default=0) >= lanes:
            raise ClusterFault(f"the input topics have more partitions than the {lanes} of the start; start again")

    def _highwater(self, place: Partition) -> int | None:
        with contextlib.suppress(Exception):  # not assigned at this moment, or nothing was fetched yet
            return int(self._app.consumer.highwater(TP(*place)))
        return None

    async def _table_recovered(self) -> None:
        self._member = True
        failure = self._table.store.failure
        if failure is not None:
            self._fail(failure)
            return
        for lane in self._lanes.values():
            lane.recovered()

    def _fail(self, error: BaseException) -> None:
        if not self._failed.done():
            self._failed.set_exception(error)

    async def _commit_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(self._settings.faust.commit_s)
            await self._commit()

    async def _commit(self) -> None:
        """Commit the group's offsets, as far as the changelog has acknowledged."""
        done = {part: offset for part, offset in self._done.items() if self._committed.get(part) != offset}
        mine = {part: offset for part, offset in done.items() if offset and (part[1] in self._lanes or self._draining)}
        if mine and await self._commit_offsets(mine):
            self._committed |= mine

    async def _commit_offsets(self, offsets: dict[Partition, int]) -> bool:
        """Not by Faust's public ``commit``, which commits what Faust has counted."""
        consumer: Any = self._app.consumer
        committed: bool = await consumer._commit({TP(*part): offset for part, offset in offsets.items()})  # noqa: SLF001
        return committed


async def create_changelog(settings: Settings, name: str, lanes: int) -> None:
    """Create the table's changelog, with the settings of ``member-timelines`` but for larger batches.

    Raises:
        ClusterFault: the cluster refuses it.
    """
    admin = AIOKafkaAdminClient(**client_arguments(settings.kafka))
    await admin.start()
    try:
        brokers = len((await admin.describe_cluster())["brokers"])
        topic = load_topics(lanes)[changelog.TOPIC]
        config = fitting_config(topic, brokers) | {"max.message.bytes": str(CHANGELOG_OCTETS_MAX)}
        new = NewTopic(name, lanes, min(topic.replication_factor, brokers), topic_configs=config)
        answer = await admin.create_topics([new])
        for _, code, _detail in answer.topic_errors:
            error = for_code(code)
            if code and error is not TopicAlreadyExistsError:
                raise ClusterFault(f"the topic {name} cannot be created: {error.__name__}")
    finally:
        await admin.close()


async def _counts_once_visible(cluster: Cluster, names: list[str]) -> Mapping[str, int]:
    """How many partitions each topic has; one that was just created may not be seen by every broker yet."""
    deadline = monotonic() + VISIBLE_S
    while True:
        try:
            return await cluster.partition_counts(names)
        except TopicMissing:
            if monotonic() > deadline:
                raise
            await asyncio.sleep(LOOK_S)
            await cluster.refresh()


def run_faust_worker(settings: Settings) -> None:
    """Run a worker on Faust in this process until SIGTERM or SIGINT, and end the process as ``run_worker`` does."""
    run_and_exit(FaustWorker(settings))
