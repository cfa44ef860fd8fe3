"""One lane: a partition number of both inputs with its state and its writing end, worked on by one owner at a time.

This is where a newcomer sees the whole path: :meth:`Lane.run` opens, then reads ahead and decides at the same time;
:meth:`Lane._work` is one batch from fetched records to the committed and folded change. Whatever raises here ends the
process.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from time import monotonic, perf_counter

from msgspec import Struct, field

from policywire.stream import changelog
from policywire.stream.batch import Batch, Decode, Outlets
from policywire.stream.clock import LaneClock
from policywire.stream.cluster import Cluster
from policywire.stream.counting import count_members
from policywire.stream.ending import ClusterFault, LaneStopped
from policywire.stream.flood import FloodGuard, stop_in_a_flood
from policywire.stream.logs import get_logger
from policywire.stream.metrics import Metrics
from policywire.stream.opening import INPUTS, Opening
from policywire.stream.outgoing import Outgoing, RecordTooLarge
from policywire.stream.points import Passing, Point
from policywire.stream.reader import Chunk, Partition, Reader
from policywire.stream.rulechange import RuleChange
from policywire.stream.rulefeed import RuleFeed
from policywire.stream.settings import Settings
from policywire.stream.state import LaneState
from policywire.stream.totals import LaneTotals, Standing
from policywire.stream.transactions import Transactions

LOOK_S = 1.0
"""How often an idle lane shows that it is alive."""

DUE_MAX = 2_000
"""Members looked at in one batch because of time: as much work as a usual batch of events."""


class Surroundings(Struct, frozen=True):
    """What all lanes of a worker share.

    ``clock`` gives now, with its time zone. Who decides holds ``turn``: one after the other each batch is done sooner,
    and the event loop never waits for more than one slice however many lanes there are. For the same reason only the
    one that holds ``counting`` counts its members.
    """

    cluster: Cluster
    settings: Settings
    outlets: Outlets
    decoders: Mapping[str, Decode]
    rules: RuleFeed
    metrics: Metrics
    clock: Callable[[], datetime]
    passing: Passing
    turn: asyncio.Lock
    counting: asyncio.Lock = field(default_factory=asyncio.Lock)


class Lane:
    """One lane of this worker, from its opening to its end.

    Attributes:
        number: the partition number.
        is_open: whether it has its state and works.
        progress: when it last showed that it lives, on the monotonic clock.
    """

    def __init__(self, number: int, surroundings: Surroundings) -> None:
        self.number = number
        self.is_open = False
        self.progress = monotonic()
        self._around = surroundings
        settings = surroundings.settings
        self._batches = settings.batches
        self._names = {settings.topic(name): name for name in INPUTS}
        self._transactions = Transactions(
            surroundings.cluster,
            transactional_id=f"{settings.kafka.topic_prefix}{settings.kafka.group}-lane-{number}",
            group=settings.kafka.group,
            timeout_s=settings.kafka.transaction_timeout_s,
            name=f"lane {number}",
            passing=self._pass,
        )
        guard = settings.dead_letters
        self._flood = FloodGuard(guard.share_max, guard.window_s, guard.events_min)
        self._state = LaneState({}, {})
        self._totals = LaneTotals(())
        self._clock = LaneClock(number, surroundings.clock, None)
        self._today = date.min
        self._rulechange = RuleChange(number, changelog.Restored({}, {}, None, 0))
        self._reader: Reader
        self._fetched: list[Chunk] = []
        self._committed: dict[Partition, int] = {}
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._go = asyncio.Event()
        self._go.set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._ticked = 0.0

    async def run(self) -> None:
        """Open the lane and work until cancelled.

        Raises:
            LaneStopped: somebody must look first.
            LaneLost: another worker has it.
            ClusterFault: the cluster does not answer as it should, or not in time.
        """
        await self._open()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._read_ahead())
            tasks.create_task(self._decide())
            tasks.create_task(count_members(self.number, self._totals, self._state.timelines, self._around.counting))

    def pause(self) -> None:
        """Begin no further batch."""
        self._go.clear()

    def resume(self) -> None:
        """Go on after a pause: the lane stayed this worker's, or else its fence will tell."""
        self._go.set()

    async def until_idle(self) -> None:
        """Return once no batch is running; call after :meth:`pause`."""
        await self._idle.wait()

    async def _open(self) -> None:
        began = perf_counter()
        around = self._around
        opening = Opening(
            self.number,
            cluster=around.cluster,
            settings=around.settings,
            transactions=self._transactions,
            timestamp=_milliseconds(around.clock()),
            passing=self._pass,
        )
        opened = await opening.open()
        self._state = LaneState(opened.restored.timelines, opened.restored.dues)
        self._totals = LaneTotals(opened.restored.timelines)
        self._clock = LaneClock(self.number, around.clock, opened.restored.now)
        self._rulechange = RuleChange(self.number, opened.restored)
        self._flood.resume(monotonic(), opened.restored.flood)
        self._committed = dict(opened.positions)
        self._reader = Reader(
            around.cluster,
            opened.positions,
            channel=f"lane-{self.number}-read",
            partition_bytes=self._batches.partition_bytes,
            wait_ms=int(self._batches.fetch_max_wait_s * 1000),
        )
        self.is_open = True
        self.progress = monotonic()
        seconds = perf_counter() - began
        around.metrics.timelines_restored.inc(opened.restored.records)
        around.metrics.restoring.observe(seconds)
        around.metrics.lane_open.labels(lane=str(self.number)).set(1)
        self._show()
        around.metrics.lanes.show(self.number, self)
        get_logger().info(
            "lane open",
            lane=self.number,
            timelines=len(opened.restored.timelines),
            records_restored=opened.restored.records,
            offsets={f"{topic}-{partition}": offset for (topic, partition), offset in opened.positions.items()},
            seconds=round(seconds, 3),
        )

    async def _read_ahead(self) -> None:
        """Fetch for ever, about ``buffered_bytes`` ahead. What waits is the next batch: batches grow with the load."""
        while True:
            await self._room.wait()
            chunks = await self._reader.fetch()
            if chunks:
                self._fetched += chunks
                self._arrived.set()
                if sum(chunk.octets for chunk in self._fetched) >= self._batches.buffered_bytes:
                    self._room.clear()

    async def _decide(self) -> None:
        while True:
            await self._something_to_do()
            await self._go.wait()
            self._idle.clear()
            await self._work()
            self._idle.set()
            self.progress = monotonic()

    async def _something_to_do(self) -> None:
        """Return when records have come, instants are due, or other rules are in force."""
        while not (await self._rules_want_it() or self._arrived.is_set()):
            self.progress = monotonic()
            if self._tick_is_due():
                return
            self._show()
            try:
                async with asyncio.timeout(LOOK_S):
                    await self._arrived.wait()
            except TimeoutError:
                continue

    async def _rules_want_it(self) -> bool:
        return await self._rulechange.wants_a_batch(self._around.rules.current, self._state.timelines.keys())

    def _tick_is_due(self) -> bool:
        if monotonic() - self._ticked < self._batches.tick_s:
            return False
        if not self._state.has_due(self._clock().timestamp()):
            self._ticked = monotonic()
            return False
        return True

    async def _work(self) -> None:
        """One batch: decide over an overlay, commit with its offsets, fold."""
        async with self._around.turn:
            if not self._go.is_set():
                return  # paused while others decided; nothing is taken yet
            began = perf_counter()
            batch, chunks = self._begin_batch(), list[Chunk]()
            try:
                await self._in_slices(self._decisions(batch, chunks))
            except RecordTooLarge as error:
                raise LaneStopped(
                    f"lane {self.number}: {error}; raise its max.message.bytes and POLICYWIRE_BATCHES__RECORD_BYTES_MAX"
                ) from None
        decided = perf_counter()
        stop_in_a_flood(self._flood, self.number, monotonic(), batch.tally)
        await self._pass("batch_decided")
        await self._commit(batch, chunks)
        batch.tally.seconds_deciding = decided - began
        batch.tally.seconds_committing = perf_counter() - decided
        self._fold(batch)
        await self._pass("after_fold")

    def _begin_batch(self) -> Batch:
        around, now = self._around, self._clock()
        compression, octets_max = around.settings.kafka.compression, self._batches.record_bytes_max
        batch = Batch(
            self.number,
            self._state.timelines,
            around.rules.current,
            now,
            decoders=around.decoders,
            outlets=around.outlets,
            outgoing=Outgoing(compression, _milliseconds(now), octets_max),
            log_bug=self._log_bug,
        )
        self._rulechange.begin(batch, self._state.timelines.keys())
        return batch

    async def _in_slices(self, work: Iterator[None]) -> None:
        """Do work that pauses now and then, and let others run after each slice."""
        began = perf_counter()
        for _ in work:
            if perf_counter() - began > self._batches.slice_s:
                await asyncio.sleep(0)
                began = perf_counter()

    def _decisions(self, batch: Batch, taken: list[Chunk]) -> Iterator[None]:
        """All that makes up a batch: its events, what is due by time, what other rules touch, then the state's records.

        Args:
            batch: decides.
            taken: gets the chunks whose events are in the batch; the others wait for the next one.
        """
        enough = perf_counter() + self._batches.decide_s
        while self._fetched and perf_counter() < enough:
            taken.append(self._fetched.pop(0))
            self._make_room()
            yield from batch.take(taken[-1])
        if monotonic() - self._ticked >= self._batches.tick_s:
            members = self._state.take_due(batch.now.timestamp(), DUE_MAX)
            for member in members:
                batch.tick(member)
                yield
            if len(members) < DUE_MAX:
                self._ticked = monotonic()
        yield from self._rulechange.add_to(batch)
        yield from batch.finish()

    def _make_room(self) -> None:
        """Let reading ahead go on for what was taken; what was not makes the next batch begin at once."""
        if not self._fetched:
            self._arrived.clear()
        if sum(chunk.octets for chunk in self._fetched) < self._batches.buffered_bytes:
            self._room.set()

    async def _commit(self, batch: Batch, chunks: list[Chunk]) -> None:
        offsets = dict(self._committed)
        for chunk in chunks:
            offsets[chunk.topic, chunk.partition] = chunk.next_offset
        named = {self._names[topic]: offset for (topic, _), offset in offsets.items()}
        batch.add_offsets(named, self._rulechange.swept, self._rulechange.said, self._flood.remembered(monotonic()))
        try:
            async with asyncio.timeout(self._batches.deadline_s):
                await self._transactions.commit(batch.outgoing, offsets)
        except TimeoutError:
            raise ClusterFault(
                f"lane {self.number}: a batch was not committed within {self._batches.deadline_s:g} s"
            ) from None
        self._committed = offsets

    def _fold(self, batch: Batch) -> None:
        self._state.fold(batch.change)
        self._totals.fold(batch.change.figures)
        self._rulechange.fold()
        self._around.metrics.count(batch.tally, self._around.clock().timestamp())
        self._show()

    def _show(self) -> None:
        """Set the lane's gauges: after each batch, and every second when there is none."""
        metrics, label = self._around.metrics, str(self.number)
        metrics.waiting.labels(lane=label).set(self._rulechange.waiting)
        metrics.timelines.labels(lane=label).set(len(self._state.timelines))
        metrics.dead_letter_share.labels(lane=label).set(self._flood.share(monotonic()))
        self._today = self._clock().astimezone(UTC).date()
        self._show_lag(label)

    def _show_lag(self, label: str) -> None:
        metrics = self._around.metrics
        # With nothing waiting, what is behind the reader is control records, which no batch commits.
        done = self._committed if self._fetched else self._reader.positions
        for partition, position in done.items():
            behind = max(0, self._reader.high_watermarks.get(partition, position) - position)
            metrics.lag_records.labels(topic=partition[0], lane=label).set(behind)
        oldest = min((chunk.timestamp for chunk in self._fetched), default=None)
        age = 0.0 if oldest is None else max(0.0, self._around.clock().timestamp() - oldest / 1000)
        metrics.lag_seconds.labels(lane=label).set(age)

    def progress_age_s(self) -> float:
        """Since the lane last showed progress; asked from the HTTP server's thread: it reads one number."""
        return monotonic() - self.progress

    def standing(self) -> Standing | None:
        """How things stand with the lane's members; asked from that thread too: the totals have a lock of their own."""
        return self._totals.standing(self._today)

    async def _pass(self, point: Point) -> None:
        await self._around.passing(point, self.number)

    def _log_bug(self, place: str) -> None:
        get_logger().error(
            "an event could not be processed; it is a dead letter, nothing else is affected",
            lane=self.number,
            error=place,
        )

    def forget_metrics(self) -> None:
        """Take the lane's gauges away when it is closed."""
        if self.is_open:
            self._around.metrics.lane_closed(self.number, list(self._names))


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
