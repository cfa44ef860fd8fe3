"""One lane on Faust: a partition number of both inputs, decided by the same batches as the exactly-once worker's.

The whole path is :meth:`FaustLane.work`. What it does is four steps, each acknowledged before the next one begins:

1. outputs: determinations, alerts, audit log, dead letters;
2. the changelog of the table: timelines and, with them, the lane's input offsets;
3. the lane's shelf, on disk or in memory;
4. at last, and only now and then, the group's offsets.

Whatever is cut off before step 2 is done is read again and decided anew, so its outputs may be said twice: equal
records with equal ids. Were the state first, an event read again would find itself folded in already and say nothing:
lost. Were the offsets first, it would not be read again. What is read again although step 2 was done is passed over by
the offsets in the state. So nothing is said twice but what a worker had said and not yet remembered when it ended.
"""

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime
from time import monotonic, perf_counter
from typing import Any

from msgspec import Struct

from policywire.cases.codec import TimelineUnreadable, check
from policywire.faust_runner.fetched import Fetched, chunks_of, refuse_a_gap
from policywire.faust_runner.outgoing import LaneOutgoing
from policywire.faust_runner.shelves import Shelf, Timelines
from policywire.faust_runner.table import entry_of
from policywire.faust_runner.writer import FencedWriter
from policywire.stream import changelog
from policywire.stream.batch import Batch, Change
from policywire.stream.clock import LaneClock
from policywire.stream.ending import ClusterFault, LaneStopped
from policywire.stream.flood import FloodGuard
from policywire.stream.lane import DUE_MAX, LOOK_S, Surroundings
from policywire.stream.logs import get_logger
from policywire.stream.offsets import committed_offsets
from policywire.stream.opening import INPUTS
from policywire.stream.outgoing import RecordTooLarge
from policywire.stream.points import Point
from policywire.stream.reader import Chunk, Partition, first_offsets
from policywire.stream.rulechange import RuleChange
from policywire.stream.state import LaneState


class Restored(Struct):
    """What the shelf says of a lane beside its timelines: dues, progress, what was said of policies, the barrier."""

    dues: dict[str, float]
    rest: changelog.Restored
    barrier: bytes | None = None
    timelines: int = 0


class FaustLane:
    """One lane of this worker. The same face as :class:`policywire.stream.lane.Lane`, which works with transactions.

    Args:
        shelf: its part of the table.
        done: told of the next offset wanted of each input, once all before it is remembered.

    Attributes:
        number: the partition number.
        mark: the offset of the record up to which its changelog must be read; -1 while there is none.
        is_open: whether it has its state and works.
        progress: when it last showed that it lives, on the monotonic clock.
    """

    def __init__(
        self, number: int, surroundings: Surroundings, shelf: Shelf, done: Callable[[dict[Partition, int]], None]
    ) -> None:
        self.number = number
        self.mark = -1
        self.is_open = False
        self.progress = monotonic()
        self._around = surroundings
        self._shelf = shelf
        self._done = done
        settings = surroundings.settings
        self._batches = settings.batches
        self._names = {settings.topic(name): name for name in INPUTS}
        self._changelog: Partition = (surroundings.outlets.changelog, number)
        self._writer = FencedWriter(
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
        self._timelines = Timelines(shelf)
        self._count = 0
        self._clock = LaneClock(number, surroundings.clock, None)
        self._rulechange = RuleChange(number, changelog.Restored({}, {}, None, 0))
        self._next: dict[Partition, int] = {}
        self._fetched: list[Fetched] = []
        self._octets = 0
        self._barrier = b""
        self._recovered = asyncio.Event()
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._go = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._ticked = 0.0

    # --- what Faust's side tells it

    async def shut_others_out(self) -> None:
        """Fence, then mark the changelog's end; the table's recovery, which comes next, must find the mark."""
        fence_s = self._around.settings.deadlines.fence_s
        try:
            async with asyncio.timeout(fence_s):
                await self._pass("open_before_fence")
                await self._raise_fence()
                await self._pass("open_after_barrier")
        except TimeoutError:
            raise ClusterFault(f"lane {self.number} was not fenced within {fence_s:g} s") from None

    async def _raise_fence(self) -> None:
        outlets = self._around.outlets
        outputs = (outlets.determinations, outlets.alerts, outlets.audit_log, outlets.dead_letters)
        said = [(topic, number) for topic in outputs for number in range(outlets.partitions[topic])]
        await self._writer.raise_fence([*said, self._changelog])
        await self._pass("open_after_fence")
        barrier = b"%d-%d" % self._writer.identity
        outgoing = self._new_outgoing(self._around.clock())
        outgoing.add(*self._changelog, changelog.BARRIER_KEY, barrier)
        offset = await self._writer.write_changelog(outgoing)
        if self.is_open:  # the fence was renewed: the shelf has all that stands before the mark
            self._shelf.apply(map(_entry, outgoing.remembered), offset)
        self._barrier, self.mark = barrier, offset

    @property
    def is_recovered(self) -> bool:
        """Whether its part of the table has been read."""
        return self._recovered.is_set()

    def recovered(self) -> None:
        """The lane's part of the table has been read; work may begin, or go on."""
        self._recovered.set()
        self._go.set()

    async def take(self, fetched: Fetched) -> None:
        """An event was read; waits while too much waits already."""
        await self._room.wait()
        self._fetched.append(fetched)
        self._octets += fetched.octets
        if self._octets >= self._batches.buffered_bytes:
            self._room.clear()
        self._arrived.set()

    def pause(self) -> None:
        """Begin no further batch, and drop what was fetched: Faust reads it again from the group's offsets."""
        self._go.clear()
        self._fetched.clear()
        self._octets = 0
        self._arrived.clear()
        self._room.set()

    async def until_idle(self) -> None:
        """Return once no batch is running; call after :meth:`pause`."""
        await self._idle.wait()

    def forget_metrics(self) -> None:
        """Take the lane's gauges away when it is closed."""
        if self.is_open:
            self._around.metrics.lane_closed(self.number, list(self._names))

    # --- its work

    async def run(self) -> None:
        """Open the lane once its table is recovered, and work until cancelled.

        Raises:
            LaneStopped: somebody must look first.
            LaneLost: another worker has it.
            ClusterFault: the cluster does not answer as it should, or not in time.
        """
        await self._recovered.wait()
        await self._open()
        while True:
            await self._something_to_do()
            await self._go.wait()
            self._idle.clear()
            await self.work()
            self._idle.set()
            self.progress = monotonic()

    async def _open(self) -> None:
        began = perf_counter()
        await self._pass("restore_midway")
        restored = await asyncio.to_thread(restore, self._shelf, self.number)
        if restored.barrier != self._barrier:
            raise ClusterFault(f"lane {self.number}: its table was not read up to the mark that was just written")
        await self._pass("restore_done")
        await self._agree(restored.rest.offsets)
        self._count = restored.timelines
        self._state = LaneState({}, restored.dues)
        self._clock = LaneClock(self.number, self._around.clock, restored.rest.now)
        self._rulechange = RuleChange(self.number, restored.rest)
        self._flood.resume(monotonic(), restored.rest.flood)
        self.is_open = True
        self.progress = monotonic()
        metrics, seconds = self._around.metrics, perf_counter() - began
        metrics.timelines_restored.inc(restored.rest.records)
        metrics.restoring.observe(seconds)
        metrics.lane_open.labels(str(self.number)).set(1)
        self._show_lag()
        await self._pass("open_done")
        offsets = {f"{topic}-{partition}": offset for (topic, partition), offset in self._next.items()}
        get_logger().info(
            "lane open", lane=self.number, timelines=self._count, offsets=offsets, seconds=round(seconds, 3)
        )

    async def _agree(self, remembered: dict[str, int] | None) -> None:
        """Go on where the state says; refuse a group that was further: events would be missing from the state."""
        settings = self._around.settings
        wanted = {(settings.topic(name), self.number): offset for name, offset in (remembered or {}).items()}
        inputs: list[Partition] = [(topic, self.number) for topic in self._names]
        channel = f"lane-{self.number}-open"
        committed = await committed_offsets(self._around.cluster, settings.kafka.group, inputs, channel)
        for partition, offset in committed.items():
            if offset is not None and offset > wanted.get(partition, 0):
                raise LaneStopped(
                    f"lane {self.number}: group {settings.kafka.group} has read {partition[0]} up to {offset}, the "
                    f"table has {wanted.get(partition, 'nothing')}. If the exactly-once worker had this group, its "
                    "state is in another topic: take another group, which reads the inputs from their start, or copy "
                    f"the state. Else somebody deleted {self._changelog[0]}"
                )
        missing = [partition for partition in inputs if partition not in wanted]
        self._next = {**await first_offsets(self._around.cluster, missing, channel), **wanted}

    async def _something_to_do(self) -> None:
        """Return when records have come, instants are due, other rules are in force, or the fence is old."""
        while not (await self._rules_want_it() or self._arrived.is_set()):
            self.progress = monotonic()
            if self._tick_is_due() or self._writer.wants_its_fence_renewed:
                return
            self._show_lag()
            try:
                async with asyncio.timeout(LOOK_S):
                    await self._arrived.wait()
            except TimeoutError:
                continue

    async def _rules_want_it(self) -> bool:
        return await self._rulechange.wants_a_batch(self._around.rules.current, self._timelines)

    def _tick_is_due(self) -> bool:
        if monotonic() - self._ticked < self._batches.tick_s:
            return False
        if not self._state.has_due(self._clock().timestamp()):
            self._ticked = monotonic()
            return False
        return True

    async def work(self) -> None:
        """One batch: decide, say, remember. See the module for why in this order."""
        if self._writer.wants_its_fence_renewed:
            await self._raise_fence()
        async with self._around.turn:
            if not self._go.is_set():
                return  # paused while others decided; nothing is taken yet
            began = perf_counter()
            batch, chunks = self._begin_batch(), await self._take_fetched()
            outgoing = batch.outgoing
            assert isinstance(outgoing, LaneOutgoing)  # noqa: S101  it was made by this lane
            await self._decide(batch, chunks)
        decided = perf_counter()
        self._stop_in_a_flood(batch)
        await self._pass("batch_decided")
        offsets = self._offsets_after(chunks)
        change = self._rulechange
        batch.add_offsets(self._named(offsets), change.swept, change.said, self._flood.remembered(monotonic()))
        last = await self._in_time(outgoing)
        self._remember(batch, outgoing, last, offsets)
        batch.tally.seconds_deciding = decided - began
        batch.tally.seconds_committing = perf_counter() - decided
        self._show(batch)
        await self._pass("after_fold")

    async def _in_time(self, outgoing: LaneOutgoing) -> int:
        """Outputs, then the changelog; a batch that takes too long, or whose process was held, is not begun again."""
        try:
            async with asyncio.timeout(self._batches.deadline_s):
                await self._writer.write_outputs(outgoing)
                return await self._writer.write_changelog(outgoing)
        except TimeoutError:
            raise ClusterFault(
                f"lane {self.number}: a batch was not acknowledged within {self._batches.deadline_s:g} s"
            ) from None

    def _remember(self, batch: Batch, outgoing: LaneOutgoing, last: int, offsets: dict[Partition, int]) -> None:
        """The changelog has it; now the shelf, the due list and what was read may have it too."""
        before = {member: member in self._timelines for member in batch.change.timelines}
        self._shelf.apply(map(_entry, outgoing.remembered), last if last >= 0 else None)
        for member, timeline in batch.change.timelines.items():
            self._count += (timeline is not None) - before[member]
        self._state.fold(Change(batch.change.dues))
        self._rulechange.fold()
        self._next = offsets
        self._done(offsets)

    def _begin_batch(self) -> Batch:
        around, now = self._around, self._clock()
        batch = Batch(
            self.number,
            self._timelines,
            around.rules.current,
            now,
            decoders=around.decoders,
            outlets=around.outlets,
            outgoing=self._new_outgoing(now),
            log_bug=self._log_bug,
        )
        self._rulechange.begin(batch, self._timelines)
        return batch

    def _new_outgoing(self, now: datetime) -> LaneOutgoing:
        compression = self._around.settings.kafka.compression
        milliseconds = int(now.timestamp() * 1000)
        return LaneOutgoing(compression, milliseconds, self._batches.record_bytes_max, self._changelog[0])

    async def _take_fetched(self) -> list[Chunk]:
        """Everything that waits, but for what was decided before; Faust may have left nothing out."""
        fetched, self._fetched, self._octets = self._fetched, [], 0
        self._arrived.clear()
        self._room.set()
        chunks = chunks_of(fetched, self._next)
        for chunk in chunks:
            await refuse_a_gap(chunk, self._around.cluster, f"lane-{self.number}-gap")
        return chunks

    async def _decide(self, batch: Batch, chunks: list[Chunk]) -> None:
        """Decide in slices, and let others run after each."""
        began = perf_counter()
        try:
            for _ in self._decisions(batch, chunks):
                if perf_counter() - began > self._batches.slice_s:
                    await asyncio.sleep(0)
                    began = perf_counter()
        except RecordTooLarge as error:
            raise LaneStopped(
                f"lane {self.number}: {error}; raise its max.message.bytes and POLICYWIRE_BATCHES__RECORD_BYTES_MAX"
            ) from None

    def _decisions(self, batch: Batch, chunks: list[Chunk]) -> Iterator[None]:
        for chunk in chunks:
            yield from batch.take(chunk)
        if monotonic() - self._ticked >= self._batches.tick_s:
            members = self._state.take_due(batch.now.timestamp(), DUE_MAX)
            for member in members:
                batch.tick(member)
                yield
            if len(members) < DUE_MAX:
                self._ticked = monotonic()
        yield from self._rulechange.add_to(batch)
        yield from batch.finish()

    def _stop_in_a_flood(self, batch: Batch) -> None:
        if self._flood.trips(monotonic(), batch.tally.events, batch.tally.dead_letters):
            events, dead = self._flood.counts
            codes = sorted({code for _, code in batch.tally.rejected})
            raise LaneStopped(
                f"lane {self.number}: {dead} of the last {events} would be dead letters ({', '.join(codes)}), so "
                "it stops. Mend the sender, or allow it with POLICYWIRE_DEAD_LETTERS__SHARE_MAX"
            )

    def _offsets_after(self, chunks: list[Chunk]) -> dict[Partition, int]:
        return self._next | {(chunk.topic, chunk.partition): chunk.next_offset for chunk in chunks}

    def _named(self, offsets: dict[Partition, int]) -> dict[str, int]:
        return {self._names[topic]: offset for (topic, _), offset in offsets.items()}

    # --- what it shows

    def _show(self, batch: Batch) -> None:
        metrics, label = self._around.metrics, str(self.number)
        metrics.waiting.labels(label).set(self._rulechange.waiting)
        metrics.count(batch.tally, self._around.clock().timestamp())
        metrics.timelines.labels(label).set(self._count)
        self._show_lag()

    def _show_lag(self) -> None:
        metrics, label = self._around.metrics, str(self.number)
        waiting = [fetched.topic for fetched in self._fetched]
        for topic in self._names:
            metrics.lag_records.labels(topic, label).set(waiting.count(topic))
        oldest = min((fetched.record.timestamp for fetched in self._fetched), default=None)
        age = 0.0 if oldest is None else max(0.0, self._around.clock().timestamp() - oldest / 1000)
        metrics.lag_seconds.labels(label).set(age)

    async def _pass(self, point: Point) -> None:
        await self._around.passing(point, self.number)

    def _log_bug(self, place: str) -> None:
        get_logger().error(
            "an event could not be processed; it is a dead letter, nothing else is affected",
            lane=self.number,
            error=place,
        )


def restore(shelf: Shelf, lane: int) -> Restored:
    """Look at all of a lane's shelf: every timeline's checksum, the dues, and the lane's own records.

    Raises:
        LaneStopped: something cannot be read.
    """
    restored = Restored({}, changelog.Restored({}, {}, None, 0))
    rest = restored.rest
    for key, value, due in shelf.entries():
        rest.records += 1
        if key == changelog.OFFSETS_KEY:
            last = changelog.read_offsets(value, lane)
            rest.offsets, rest.swept, rest.said, rest.now = last.offsets, last.swept, last.said, last.now
            rest.flood = last.flood
        elif key == changelog.BARRIER_KEY:
            restored.barrier = value
        elif key.startswith(changelog.POLICY_KEY):
            changelog.take_policy(key, value, rest.policies, lane)
        else:
            restored.timelines += 1
            try:
                check(value or b"")
            except TimelineUnreadable as error:
                raise changelog.unreadable(lane, error) from None
            if due is not None:
                restored.dues[key.decode()] = float(due)
    return restored


def _entry(remembered: Any) -> Any:
    return entry_of(remembered.key, remembered.value, remembered.headers)
