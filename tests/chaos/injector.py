"""Injects faults one after the other, each in the midst of traffic and each seen to have landed.

Knows workers by their boards and logs, the broker by its process, rules and clock by their files. A fault waits for
conditions with deadlines; the one random moment is when something is killed.
"""

import asyncio
import signal
from datetime import timedelta
from random import Random
from time import monotonic
from typing import Literal

from tests.chaos.board import OPENING, LaneView, in_transaction
from tests.chaos.editions import BROKEN
from tests.chaos.faults import Fault, Landing
from tests.chaos.feeder import Feeder
from tests.chaos.fleet import Fleet
from tests.chaos.intake import CLAIMS
from tests.chaos.recovery import Stopwatch
from tests.chaos.sayings import partition_of
from tests.chaos.stage import Stage
from tests.chaos.traffic import Traffic
from tests.chaos.workers import UNUSABLE, DeadlineMissed, WorkerProcess, until

from policywire.broker import LocalBroker

PROGRESS_S = 90.0
"""For a worker to get back to work: start, restore, and up to 10 s for a transaction left open to be aborted."""
LANDING_S = 60.0
COMMITS_BEFORE = 3
"""A worker has committed so many batches since its start before something is done to it: it is in traffic."""
TAKEOVER_COMMITS = 3
MOMENT_MAX_S = 0.4
LOOK_AGAIN_S = 0.5
"""A worker needs about that to start."""
COORDINATED_S = 40.0
OUT_OF_SYNC = "out of sync with the underlying log"
"""What Kafka's own log says over and over while its group coordinator cannot be had; only a new start ends that."""
OUT_OF_SYNC_WITHIN = 20_000
SHARE_MAX = "POLICYWIRE_DEAD_LETTERS__SHARE_MAX"


class Injector:
    """Injects faults into a running system, and moves its clock on after each.

    Attributes:
        landings: what was injected so far.
        coordinators_mended: how often the broker had to be started once more before it coordinated the group again.

    Args:
        stage: rules, clock and offsets of the run.
        faults: how many there will be; each has its share of the traffic.
        step: by how much the clock moves after each fault.
    """

    def __init__(  # noqa: PLR0913  a fault may hit any part of a run
        self,
        seed: int,
        fleet: Fleet,
        *,
        broker: LocalBroker,
        feeder: Feeder,
        traffic: Traffic,
        stage: Stage,
        faults: int,
        step: timedelta,
    ) -> None:
        self._random = Random(seed)  # noqa: S311  repeatable, not secret
        self._fleet = fleet
        self._broker = broker
        self._feeder = feeder
        self._traffic = traffic
        self._stage = stage
        self._step = step
        self.stopwatch = Stopwatch(fleet)
        self.landings: list[Landing] = []
        self.coordinators_mended = 0
        self._share = feeder.total / (faults + 2)
        feeder.allowance = int(self._share)

    async def run(self, faults: list[Fault]) -> None:
        """Inject all of them in this order, each when everybody works and as the feeder begins a share at full rate.

        At the end everybody works again.

        Raises:
            DeadlineMissed: a fault did not land, or the system did not recover from the one before.
        """
        for number, fault in enumerate(faults, 1):
            await self._share_is_published()
            await self._everybody_works()
            self._feeder.allowance = int(self._share * (number + 1))
            await self._inject(fault)
            print(f"{number} of {len(faults)}: {fault}", flush=True)  # noqa: T201  a run may take an hour
            self._stage.move_clock(self._step)
        await self._everybody_works()
        await self.stopwatch.finish()
        self._feeder.allowance = self._feeder.total

    async def _share_is_published(self) -> None:
        wanted = self._feeder.allowance
        await until(f"{wanted} messages are published", lambda: self._feeder.published >= wanted, PROGRESS_S)

    async def _everybody_works(self, deadline_s: float = PROGRESS_S) -> None:
        """Every worker has committed batches since it last started, and again since this was asked."""
        before = {worker.number: (len(worker.exits), worker.board.commits) for worker in self._fleet.active}

        def works(worker: WorkerProcess) -> bool:
            lives, commits = before[worker.number]
            wanted = max(COMMITS_BEFORE, commits + 1) if len(worker.exits) == lives else COMMITS_BEFORE
            return worker.pid is not None and worker.board.commits >= wanted

        await until("every worker works", lambda: all(map(works, self._fleet.active)), deadline_s)

    async def _inject(self, fault: Fault) -> None:
        match fault.kind:
            case "kill_broker":
                await self._kill_broker(fault)
            case "scale":
                await self._fleet.scale(fault.workers)
                self._record(fault)
            case "swap":
                await self._swap(fault)
            case "clock_back":
                self._stage.move_clock(-timedelta(hours=fault.hours))
                self._record(fault)
                await self._everybody_works()
            case "burst":
                await self._published(self._feeder.add(self._traffic.burst(fault.messages)))
                self._record(fault)
            case "flood":
                await self._flood(fault)
            case _:
                await self._hurt(fault, self._random.choice(self._fleet.active))

    async def _hurt(self, fault: Fault, worker: WorkerProcess) -> None:
        count = len(worker.exits)
        match fault.kind:
            case "kill":
                await asyncio.sleep(self._random.uniform(0, MOMENT_MAX_S))
                worker.send(signal.SIGKILL)
                await self._killed(fault, worker, count + 1)
            case "kill_at":
                self._order(worker, "kill", fault)
                if fault.point in OPENING:
                    worker.send(signal.SIGKILL)
                    count += 1
                await self._killed(fault, worker, count + 1)
            case "fail_at":
                self._order(worker, "fail", fault)
                await until(f"{fault} lands", lambda: not worker.board.has_order, LANDING_S)
                self._record(fault, worker, worker.board.lanes())
            case "stop_at":
                self._order(worker, "stop", fault)
                await self._hold(fault, worker)

    def _order(self, worker: WorkerProcess, action: Literal["kill", "stop", "fail"], fault: Fault) -> None:
        assert fault.point is not None
        worker.board.order(action, fault.point, fault.passes)
        self._stage.move_clock(self._step)  # so that what time makes due is among what is hit

    async def _killed(self, fault: Fault, worker: WorkerProcess, count: int) -> None:
        """Wait for the process' death; it left its board as it was at that instant."""
        await until(f"{fault} lands", lambda: len(worker.exits) >= count, LANDING_S)
        end = worker.exits[count - 1]
        before = worker.exits[count - 2].lanes if fault.point in OPENING else end.lanes
        self.stopwatch.start("worker", self._fleet.moved_with(worker, before), end.at)
        self._record(fault, worker, end.lanes)

    async def _hold(self, fault: Fault, worker: WorkerProcess) -> None:
        """Let others take the held worker's lanes and work on them; then it wakes, believing them its own."""
        await until(f"{fault} lands", lambda: worker.is_stopped, LANDING_S)
        views = worker.board.lanes()
        self._record(fault, worker, views)
        lanes = self._fleet.moved_with(worker, views)
        before = self._fleet.commits_of_others(worker, lanes)
        await until(
            f"others take over lanes {sorted(lanes)}",
            lambda: all(
                commits >= before[lane] + TAKEOVER_COMMITS
                for lane, commits in self._fleet.commits_of_others(worker, lanes).items()
            ),
            LANDING_S,
        )
        worker.send(signal.SIGCONT)

    async def _kill_broker(self, fault: Fault) -> None:
        await asyncio.sleep(self._random.uniform(0, MOMENT_MAX_S))
        await asyncio.to_thread(self._broker.kill)
        self.stopwatch.start("broker", range(self._fleet.lanes), monotonic())
        hit = [lane for worker in self._fleet.active for lane in in_transaction(worker.board.lanes())]
        self.landings.append(Landing(fault, self._to_come, in_transaction=hit))
        await self._start_broker()
        try:
            await self._everybody_works(COORDINATED_S)
        except DeadlineMissed:
            if OUT_OF_SYNC not in self._broker.log.read_text("utf-8", "replace")[-OUT_OF_SYNC_WITHIN:]:
                raise
            self.coordinators_mended += 1
            await asyncio.to_thread(self._broker.kill)
            await self._start_broker()

    async def _start_broker(self) -> None:
        published = self._feeder.published
        await asyncio.to_thread(self._broker.start)
        await until("the broker takes messages again", lambda: self._feeder.published > published, PROGRESS_S)

    async def _swap(self, fault: Fault) -> None:
        """Put another edition in place; a broken one is seen to change nothing, then what it replaced comes back."""
        former = self._stage.edition
        await self._answered(fault.edition)
        self._record(fault)
        if fault.edition == BROKEN:
            await self._everybody_works()
            await self._answered(former)

    async def _answered(self, edition: str) -> None:
        """Put an edition in place, and wait until every worker has taken it, or said why not."""
        places = {worker.number: worker.log_size for worker in self._fleet.active}
        words = await self._stage.put(edition)
        await until(
            f"every worker answers to the rules {edition}",
            lambda: all(words in each.log_since(places[each.number]) for each in self._fleet.active),
            LANDING_S,
        )

    async def _flood(self, fault: Fault) -> None:
        """Flood a lane until its worker stops loudly; then be the operator who lets the flood pass, once."""
        lane = self._random.randrange(self._fleet.lanes)
        worker = self._fleet.owner(lane)
        place, views = worker.log_size, worker.board.lanes()
        flood = self._traffic.flood(fault.messages, lambda key: partition_of(key, self._fleet.lanes) == lane)
        wanted = self._feeder.add(flood)
        await until(f"{fault} stops a worker", lambda: worker.pid is None, LANDING_S)
        assert worker.exits[-1].code == UNUSABLE
        assert "would be dead letters" in worker.log_since(place)
        self._record(fault, worker, views)
        await self._published(wanted)
        await self._let_pass(lane, await self._stage.end(CLAIMS, lane))

    async def _let_pass(self, lane: int, end: int) -> None:
        """Start whoever stopped, with the guard off, until a lane's claims are taken up to an offset."""
        for each in self._fleet.workers:
            each.environment[SHARE_MAX] = "1"
        try:
            async with asyncio.timeout(PROGRESS_S):
                while await self._stage.committed(CLAIMS, lane) < end:
                    for each in self._fleet.active:
                        if each.pid is None and each.exits[-1].code == UNUSABLE:
                            self._fleet.start(each)
                    await asyncio.sleep(LOOK_AGAIN_S)
        finally:
            for each in self._fleet.workers:
                del each.environment[SHARE_MAX]

    async def _published(self, extra: int) -> None:
        await until("a burst is published", lambda: self._feeder.extra >= extra, PROGRESS_S)

    @property
    def _to_come(self) -> int:
        return self._feeder.total - self._feeder.published

    def _record(
        self, fault: Fault, worker: WorkerProcess | None = None, lanes: dict[int, LaneView] | None = None
    ) -> None:
        views = lanes or {}
        self.landings.append(
            Landing(
                fault,
                self._to_come,
                None if worker is None else worker.number,
                sum(view.commits for view in views.values()),
                {number: view.point or "" for number, view in views.items()},
                in_transaction(views),
            )
        )
