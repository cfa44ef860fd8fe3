"""Bugs to plant that forget something: state, time, rules, ownership. Each replaces named parts of the worker."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Final

from msgspec.structs import replace
from tests.chaos.planting import Bug, put
from tests.chaos.sayings import partition_of

from policywire.cases.timeline import Timeline
from policywire.model.events import AnyEvent
from policywire.rulebook.rulebook import Rulebook
from policywire.step import Step
from policywire.step import step as right_step
from policywire.stream import batch as batches
from policywire.stream import changelog
from policywire.stream import opening as openings
from policywire.stream import worker as workers
from policywire.stream.batch import Batch
from policywire.stream.lane import Lane
from policywire.stream.offsets import committed_offsets
from policywire.stream.opening import Opening
from policywire.stream.outgoing import Outgoing
from policywire.stream.points import Point
from policywire.stream.reader import Chunk, Partition
from policywire.stream.rulechange import Sweep
from policywire.stream.rulefeed import Loaded, RuleFeed
from policywire.stream.worker import Worker

LATE = 400
"""So many batches take some seconds: a kill lands before."""
Restore = Callable[[Opening, int], Awaitable[changelog.Restored]]


async def _pass_by(point: Point) -> None:
    """Nothing happens."""


def _restored(change: Callable[[changelog.Restored], changelog.Restored]) -> None:
    """A lane opens with something other than its changelog says."""
    restore: Restore = Opening._restore

    async def restore_in_part(this: Opening, barrier: int) -> changelog.Restored:
        return change(await restore(this, barrier))

    put(Opening, "_restore", restore_in_part)


def _restore_skipped() -> None:
    _restored(lambda restored: replace(restored, timelines={}, dues={}))


def _dues_not_restored() -> None:
    _restored(lambda restored: replace(restored, dues={}))


def _policies_not_restored() -> None:
    _restored(lambda restored: replace(restored, policies={}, said=""))


def _group_offsets_trusted() -> None:
    """The group's offsets are committed when a batch begins, as an auto commit does, and taken for true."""
    commit = Lane._commit

    async def commit_group_first(this: Lane, batch: Batch, chunks: list[Chunk]) -> None:
        offsets = {**this._committed, **{(chunk.topic, chunk.partition): chunk.next_offset for chunk in chunks}}
        passing, this._transactions._passing = this._transactions._passing, _pass_by
        await this._transactions.commit(Outgoing("none", 0, 1_000_000), offsets)
        this._transactions._passing = passing
        await commit(this, batch, chunks)

    async def group_positions(this: Opening, _remembered: Mapping[str, int] | None) -> dict[Partition, int]:
        inputs: list[Partition] = [(this._settings.topic(name), this._lane) for name in openings.INPUTS]
        group = this._settings.kafka.group
        committed = await committed_offsets(this._cluster, group, inputs, this._channel)
        return {partition: committed.get(partition) or 0 for partition in inputs}

    put(Lane, "_commit", commit_group_first)
    put(Opening, "_agreed_positions", group_positions)


def _timer_outside() -> None:
    """What time makes to be said is committed before the state that says so, in a transaction of its own."""
    tick, commit = Batch.tick, Lane._commit
    apart: dict[int, list[tuple[str, bytes, bytes]]] = {}

    def tick_apart(this: Batch, member: str) -> None:
        count = len(this._said)
        tick(this, member)
        apart.setdefault(this._lane, []).extend(this._said[count:])
        del this._said[count:]

    async def commit_ticks_first(this: Lane, batch: Batch, chunks: list[Chunk]) -> None:
        if ticks := apart.pop(this.number, []):
            outgoing, outlets = Outgoing("none", batch.outgoing._timestamp, 1_000_000), batch._outlets
            for topic, key, value in ticks:
                for name in (topic, outlets.audit_log):
                    outgoing.add(name, partition_of(key, outlets.partitions[name]), key, value)
            await this._transactions.commit(outgoing, {})
        passing, this._transactions._passing = this._transactions._passing, _pass_by
        await commit(this, batch, chunks)
        this._transactions._passing = passing

    put(Batch, "tick", tick_apart)
    put(Lane, "_commit", commit_ticks_first)


def _sweep_taken_for_done() -> None:
    """The changelog says that all was looked at with the new rules when that has hardly begun; it begins late."""
    take, calls = Sweep.take, [0]

    def take_late(this: Sweep) -> list[str]:
        calls[0] += bool(this.waiting)
        return [] if calls[0] < LATE else take(this)

    put(Sweep, "take", take_late)
    put(Sweep, "swept", property(lambda this: this._revision))


def _revision_mislabelled() -> None:
    """A changed rulebook's revision is taken over, its content is not."""
    take = RuleFeed._take

    def take_the_name(this: RuleFeed, loaded: Loaded) -> None:
        former = getattr(this, "current", loaded.rulebook)
        take(this, replace(loaded, rulebook=replace(former, revision=loaded.rulebook.revision)))

    put(RuleFeed, "_take", take_the_name)


def _rulebooks_mixed() -> None:
    """Events are decided by the rulebook of the worker's start, looks because of time and rules by the one in force."""
    first = list[Rulebook]()

    def step_by_the_first(event: AnyEvent, timeline: Timeline | None, rulebook: Rulebook, now: datetime) -> Step:
        if not first:
            first.append(rulebook)
        return right_step(event, timeline, first[0], now)

    put(batches, "step", step_by_the_first)


def _wall_clock_believed() -> None:
    put(workers, "SteadyClock", lambda wall: wall)


def _lane_kept_warm() -> None:
    """A lane that went is kept, with what it had fetched, and is fenced and gone on with when it returns."""
    assigned = Worker._assigned
    kept: dict[int, tuple[Lane, Any]] = {}

    async def keep(this: Worker, number: int) -> None:
        kept[number] = this._lanes.pop(number), this._tasks.pop(number)

    async def assigned_warm(this: Worker, numbers: set[int], halves: set[int]) -> None:
        for number in numbers & kept.keys():
            lane, this._tasks[number] = kept.pop(number)
            await lane._transactions.fence()
            this._lanes[number] = lane
        await assigned(this, numbers, halves)

    put(Worker, "_close", keep)
    put(Worker, "_assigned", assigned_warm)


LAPSES: Final[dict[str, Bug]] = {
    "restore_skipped": Bug("opens a lane without its members' timelines", _restore_skipped),
    "dues_not_restored": Bug("opens a lane without the instants at which members are due", _dues_not_restored),
    "policies_not_restored": Bug("opens a lane without what was said of policies", _policies_not_restored),
    "group_offsets_trusted": Bug(
        "commits the group's offsets when a batch begins, and goes on from them", _group_offsets_trusted
    ),
    "timer_outside": Bug("commits what time makes to be said in a transaction of its own", _timer_outside),
    "sweep_taken_for_done": Bug("remembers a sweep of changed rules as done when it begins", _sweep_taken_for_done),
    "revision_mislabelled": Bug("names the new rulebook and decides by the old one", _revision_mislabelled),
    "rulebooks_mixed": Bug(
        "decides events by the rulebook of its start, the rest by the one in force", _rulebooks_mixed
    ),
    "wall_clock_believed": Bug("lets now go back when the wall clock does", _wall_clock_believed),
    "lane_kept_warm": Bug("goes on where it stood with a lane that others had in between", _lane_kept_warm),
}
