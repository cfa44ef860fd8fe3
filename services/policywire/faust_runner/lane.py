"""One lane on Faust: a partition number of both inputs, decided by the same batches as the exactly-once worker's.

The whole path is :meth:`FaustLane.work`. What it does is four steps, each acknowledged before the next one begins:

1. the changelog of the table, as one record batch: timelines, the lane's input offsets, and the *outbox*, which holds
   the outputs of this batch;
2. the lane's shelf, on disk or in memory;
3. the outputs: determinations, alerts, audit log, dead letters;
4. at last, and only now and then, the group's offsets.

Cut off before step 1 is done, a batch has left no trace; its events are read again. Cut off after it, whoever opens the
lane next finds the outbox and says all of it again, byte for byte: a duplicate is always an equal record with an equal
id. Events that are read again are passed over by the offsets in the table, whatever the group's offsets say.

The other order, outputs before state, would lose nothing either. But what was said and then not remembered would be
decided anew, by a later clock or by other rules, and need not be said again: an alert that was opened a minute before
midnight and no longer holds a minute after it would stay open for ever.
"""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from time import monotonic, perf_counter
from typing import Final

from policywire.faust_runner.fetched import Fetched
from policywire.faust_runner.inbox import Inbox, show_lag
from policywire.faust_runner.outgoing import OUTBOX_KEY, LaneOutgoing, outputs_in
from policywire.faust_runner.restoring import agreed_positions, as_entry, restore
from policywire.faust_runner.shelves import Shelf, Timelines
from policywire.faust_runner.writer import FencedWriter
from policywire.stream import changelog
from policywire.stream.batch import Batch, Change
from policywire.stream.clock import LaneClock
from policywire.stream.counting import count_members
from policywire.stream.ending import ClusterFault, LaneStopped
from policywire.stream.flood import FloodGuard, stop_in_a_flood
from policywire.stream.lane import DUE_MAX, LOOK_S, Surroundings
from policywire.stream.logs import get_logger
from policywire.stream.opening import INPUTS
from policywire.stream.outgoing import RecordTooLarge
from policywire.stream.points import Point
from policywire.stream.reader import Chunk, Partition
from policywire.stream.rulechange import RuleChange
from policywire.stream.state import LaneState
from policywire.stream.totals import LaneTotals, Standing

EVENTS_MAX: Final = 4_000
"""Of one batch: should all of them be hits, their outputs are some 30 MB before they are packed, and 1.5 after."""
LINGER_S: Final = 0.02
"""For more events to arrive: Faust hands them over one by one, and a lane that took each at once wrote a batch of the
changelog for every second one."""


class FaustLane:
    """One lane of this worker. The same face as :class:`policywire.stream.lane.Lane`, which works with transactions.

    Args:
        shelf: its part of the table.
        done: told of the next offset wanted of each input, once all before it is remembered and said.
        highwater: gives where an input ends, as far as Faust knows.

    Attributes:
        number: the partition number.
        mark: the offset of the record up to which its changelog must be read; -1 while there is none.
        is_open: whether it has its state and works.
        progress: when it last showed that it lives, on the monotonic clock.
    """

    def __init__(
        self,
        number: int,
        surroundings: Surroundings,
        *,
        shelf: Shelf,
        done: Callable[[dict[Partition, int]], None],
        highwater: Callable[[Partition], int | None],
    ) -> None:
        self.number = number
        self.mark = -1
        self.is_open = False
        self.progress = monotonic()
        self._around = surroundings
        self._shelf = shelf
        self._done = done
        self._highwater = highwater
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
        self._writer.deadline_s = self._batches.deadline_s
        guard = settings.dead_letters
        self._flood = FloodGuard(guard.share_max, guard.window_s, guard.events_min)
        self._state = LaneState({}, {})
        self._timelines = Timelines(shelf)
        self._totals = LaneTotals(())
        self._today = date.min
        self._count = 0
        self._outbox_full = False
        self._clock = LaneClock(number, surroundings.clock, None)
        self._rulechange = RuleChange(number, changelog.Restored({}, {}, None, 0))
        self._next: dict[Partition, int] = {}
        self._inbox = Inbox(number, surroundings.cluster, self._batches.buffered_bytes)
        self._barrier = b""
        self._recovered = asyncio.Event()
        self._go = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._ticked = 0.0

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
            self._shelf.apply(map(as_entry, outgoing.remembered), offset)
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
        await self._inbox.put(fetched)

    def pause(self) -> None:
        """Begin no further batch, and drop what was fetched: Faust reads it again from the group's offsets."""
        self._go.clear()
        self._inbox.clear()

    async def until_idle(self) -> None:
        """Return once no batch is running and all is known to be said; call after :meth:`pause`."""
        await self._idle.wait()
        if self._outbox_full:
            await self._empty_outbox()

    def forget_metrics(self) -> None:
        """Take the lane's gauges away when it is closed."""
        if self.is_open:
            self._around.metrics.lane_closed(self.number, list(self._names))

    async def run(self) -> None:
        """Open the lane once its table is recovered, and work until cancelled.

        Raises:
            LaneStopped: somebody must look first.
            LaneLost: another worker has it.
            ClusterFault: the cluster does not answer as it should, or not in time.
        """
        await self._recovered.wait()
        await self._open()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._work_on())
            tasks.create_task(count_members(self.number, self._totals, self._timelines, self._around.counting))

    async def _work_on(self) -> None:
        while True:
            await self._something_to_do()
            if len(self._inbox) < EVENTS_MAX:
                await asyncio.sleep(LINGER_S)
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
        await self._say_again()
        self._done(self._next)  # all before it is remembered and said, though the former owner did not commit it
        self._count = len(restored.members)
        self._state = LaneState({}, restored.dues)
        self._totals = LaneTotals(restored.members)
        self._clock = LaneClock(self.number, self._around.clock, restored.rest.now)
        self._rulechange = RuleChange(self.number, restored.rest)
        self._flood.resume(monotonic(), restored.rest.flood)
        self.is_open = True
        self.progress = monotonic()
        metrics, seconds = self._around.metrics, perf_counter() - began
        metrics.timelines_restored.inc(restored.rest.records)
        metrics.restoring.observe(seconds)
        metrics.lane_open.labels(lane=str(self.number)).set(1)
        self._show()
        metrics.lanes.show(self.number, self)
        await self._pass("open_done")
        offsets = {f"{topic}-{partition}": offset for (topic, partition), offset in self._next.items()}
        get_logger().info(
            "lane open", lane=self.number, timelines=self._count, offsets=offsets, seconds=round(seconds, 3)
        )

    async def _agree(self, remembered: dict[str, int] | None) -> None:
        self._next = await agreed_positions(self.number, self._around, remembered)

    async def _say_again(self) -> None:
        """Say what the former owner had remembered and may not have said: all of its last batch, the very records."""
        if (outbox := self._shelf.get(OUTBOX_KEY)) is None:
            return
        compression, octets_max = self._around.settings.kafka.compression, self._batches.record_bytes_max
        outgoing = outputs_in(outbox, compression, octets_max, self._changelog)
        await self._writer.in_time(self._writer.write_outputs(outgoing))
        get_logger().info("said again what may not have been said", lane=self.number, records=len(outgoing.outputs))
        await self._empty_outbox()

    async def _empty_outbox(self) -> None:
        """Remember that all was said, so that it is not said again at the next opening."""
        outgoing = self._new_outgoing(self._clock())
        outgoing.empty_outbox()
        last = await self._writer.in_time(self._writer.write_changelog(outgoing))
        self._shelf.apply(map(as_entry, outgoing.remembered), last if last >= 0 else None)
        self._outbox_full = False

    async def _something_to_do(self) -> None:
        """Return when records have come, instants are due, other rules are in force, or the fence is old."""
        rules = self._around.rules
        while not (
            await self._rulechange.wants_a_batch(rules.current, self._timelines) or self._inbox.arrived.is_set()
        ):
            self.progress = monotonic()
            if self._tick_is_due() or self._writer.wants_its_fence_renewed:
                return
            self._show()
            try:
                async with asyncio.timeout(LOOK_S):
                    await self._inbox.arrived.wait()
            except TimeoutError:
                await self._inbox.look_for_what_was_left_out(self._next)

    def _tick_is_due(self) -> bool:
        if monotonic() - self._ticked < self._batches.tick_s:
            return False
        if not self._state.has_due(self._clock().timestamp()):
            self._ticked = monotonic()
            return False
        return True

    async def work(self) -> None:
        """One batch: decide, remember, say. See the module for why in this order."""
        if self._writer.wants_its_fence_renewed:
            await self._raise_fence()
        async with self._around.turn:
            if not self._go.is_set():
                return  # paused while others decided; nothing is taken yet
            began = perf_counter()
            batch, chunks = self._begin_batch(), await self._inbox.take(self._next, EVENTS_MAX)
            outgoing = batch.outgoing
            assert isinstance(outgoing, LaneOutgoing)  # noqa: S101  it was made by this lane
            await self._decide(batch, chunks)
        decided = perf_counter()
        stop_in_a_flood(self._flood, self.number, monotonic(), batch.tally)
        await self._pass("batch_decided")
        offsets = self._offsets_after(chunks)
        outgoing.remember_outputs(is_full=self._outbox_full)
        change = self._rulechange
        named = {self._names[topic]: offset for (topic, _), offset in offsets.items()}
        batch.add_offsets(named, change.swept, change.said, self._flood.remembered(monotonic()))
        last = await self._writer.in_time(self._writer.write_changelog(outgoing))
        self._remember(batch, outgoing, last, offsets)
        await self._pass("before_commit")
        await self._writer.in_time(self._writer.write_outputs(outgoing))
        self._outbox_full = bool(outgoing.outputs)
        self._done(offsets)
        batch.tally.seconds_deciding = decided - began
        batch.tally.seconds_committing = perf_counter() - decided
        self._around.metrics.count(batch.tally, self._around.clock().timestamp())
        self._show()
        await self._pass("after_fold")

    def _remember(self, batch: Batch, outgoing: LaneOutgoing, last: int, offsets: dict[Partition, int]) -> None:
        """The changelog has it; now the shelf, the due list and what was read may have it too."""
        before = {member: member in self._timelines for member in batch.change.timelines}
        self._shelf.apply(map(as_entry, outgoing.remembered), last if last >= 0 else None)
        for member, timeline in batch.change.timelines.items():
            self._count += (timeline is not None) - before[member]
        self._state.fold(Change(batch.change.dues))
        self._totals.fold(batch.change.figures)
        self._rulechange.fold()
        self._next = offsets

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
        return LaneOutgoing(compression, milliseconds, self._batches.record_bytes_max, self._changelog)

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

    def _offsets_after(self, chunks: list[Chunk]) -> dict[Partition, int]:
        return self._next | {(chunk.topic, chunk.partition): chunk.next_offset for chunk in chunks}

    def _show(self) -> None:
        """Set the lane's gauges: after each batch, and every second when there is none."""
        metrics, label = self._around.metrics, str(self.number)
        metrics.waiting.labels(lane=label).set(self._rulechange.waiting)
        metrics.timelines.labels(lane=label).set(self._count)
        metrics.dead_letter_share.labels(lane=label).set(self._flood.share(monotonic()))
        self._today = self._clock().astimezone(UTC).date()
        show_lag(metrics, label, self._next, self._inbox, self._highwater, self._around.clock())

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
