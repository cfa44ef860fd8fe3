"""A run: broker, topics, workers and traffic are started, faults injected, everything drained, and the audit made.

Each run has its own topics, group, clock and copy of the rules, so that runs on one broker do not meet. ``profiles.py``
says which runs there are, ``python -m tests.chaos`` makes one.
"""

import asyncio
import os
import sys
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Final
from uuid import uuid4

import msgspec
from msgspec import Struct, field
from tests.chaos.faults import Fault, Landing
from tests.chaos.feeder import Feeder
from tests.chaos.findings import Audit
from tests.chaos.fleet import Fleet
from tests.chaos.injector import Injector
from tests.chaos.intake import INPUTS
from tests.chaos.logs import committed_offsets, log_ends
from tests.chaos.observed import OUTPUTS
from tests.chaos.recovery import Recovery, summary
from tests.chaos.runners import FOREVER, Runner, create_changelog
from tests.chaos.stage import IMPORTS, Source, Stage
from tests.chaos.traffic import Traffic
from tests.chaos.workers import DeadlineMissed, Exit, WorkerProcess

from policywire.broker import LocalBroker
from policywire.stream.topic_admin import create_topics
from policywire.stream.topics import load_topics

WORKERS_MAX = 4
STATIC = 3
"""So many workers have an instance id: the fourth leaves at once, the others when their session is over."""
DRAIN_S = 120.0
QUIET_S = 3.0
"""Several ticks, and several looks for changed rules: when nothing was committed for so long, nothing is left to do."""
AUDIT_S = 1_800.0
LOOK_S = 0.2
BROKER: Final = {
    "offsets.topic.segment.bytes": "1048576",
    "transaction.state.log.segment.bytes": "1048576",
    "log.cleaner.backoff.ms": "1000",
    "log.cleaner.delete.retention.ms": "1000",
}
"""Keeps the coordinators' logs small. Seen on Kafka 4.2: after a kill -9 a node loads the log of the group's offsets
twice at once; when that takes a second (54,000 records did) its group coordinator may call itself out of sync, load
again, and so on for ever. A log of some thousand records is loaded before anybody asks.
"""


class Plan(Struct, frozen=True):
    """What a run is made of.

    ``rate`` is in messages a second; ``strangers`` is the share of claims that concern nobody; ``step`` is by how much
    the clock moves after each fault; ``bug`` is planted in every worker; ``topics`` are settings that replace those of
    ``topics.yaml``; ``rules`` is where workers read them from. ``last_move`` is that of the clock when all is drained.
    ``runner`` is which of the two workers it is.
    """

    claims: int
    rate: float
    faults: tuple[Fault, ...]
    workers: int = 3
    seed: int = 1
    strangers: float = 0.0
    events_per_member: int = 20
    step: timedelta = timedelta(hours=30)
    last_move: timedelta = timedelta(days=2)
    session_s: float = 4.0
    rules: Source = "folder"
    bug: str | None = None
    topics: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    runner: Runner = "exactly-once"


class Run(Struct, frozen=True):
    """What came of a run.

    ``drained``: the whole input was taken, and nothing was left to do, before the workers were stopped; ``stops`` are
    the exit codes with which they then ended; ``exits`` are the ends before. ``seconds`` are those of the traffic.
    ``coordinators_mended``: see :class:`tests.chaos.injector.Injector`.
    """

    plan: Plan
    published: int
    landings: list[Landing]
    recoveries: list[Recovery]
    exits: list[Exit]
    drained: bool
    stops: list[int | None]
    audit: Audit
    seconds: float
    folder: str
    coordinators_mended: int = 0

    @property
    def landed(self) -> Counter[str]:
        """How many faults of each kind were injected."""
        return Counter(landing.fault.kind for landing in self.landings)

    def __str__(self) -> str:
        rows = [f"{self.published:,} messages published in {self.seconds:.0f} s; logs in {self.folder}", ""]
        rows += [f"{'fault':<34}{'worker':>7}{'commits':>9}{'to come':>9}  lanes in a transaction"]
        for each in self.landings:
            worker = "-" if each.worker is None else each.worker
            rows += [f"{each.fault!s:<34}{worker:>7}{each.commits:>9,}{each.to_come:>9,}  {each.in_transaction}"]
        inside = sum(bool(landing.in_transaction) for landing in self.landings)
        codes = Counter(each.code for each in self.exits)
        rows += [f"{len(self.landings)} faults, {inside} of them inside an open transaction"]
        rows += [f"lanes after a worker's end: {summary(self.recoveries, 'worker')}"]
        rows += [f"lanes after the broker's end: {summary(self.recoveries, 'broker')}"]
        rows += [f"worker exits by code: {dict(codes)}"]
        rows += [f"drained: {self.drained}; exit codes on SIGTERM: {self.stops}", "", str(self.audit)]
        return "\n".join(rows)


async def run(plan: Plan, broker: LocalBroker, folder: Path) -> Run:
    """Carry a plan out on a running broker.

    Args:
        folder: for logs, boards, clock, rules and the audit; kept.

    Raises:
        DeadlineMissed: a fault did not land, or the workers did not come back.
    """
    prefix, servers = f"chaos-{uuid4().hex[:8]}.", broker.bootstrap_servers
    await create_topics(servers, prefix=prefix, config=_keep_everything(plan.topics))
    stage = Stage(servers, prefix, plan.rules, folder)
    await stage.set_up()
    if plan.runner == "faust":
        await create_changelog(servers, prefix, stage.group, load_topics()[INPUTS[0]].partitions)
    traffic = Traffic(
        plan.seed, plan.claims, stage.clock, strangers=plan.strangers, events_per_member=plan.events_per_member
    )
    feeder = Feeder(servers, prefix, traffic, rate=plan.rate, total=traffic.total)
    fleet = Fleet(_workers(plan, stage, folder), load_topics()[INPUTS[0]].partitions)
    injector = Injector(
        plan.seed,
        fleet,
        broker=broker,
        feeder=feeder,
        traffic=traffic,
        stage=stage,
        faults=len(plan.faults),
        step=plan.step,
    )
    began = monotonic()
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(feeder.run())
            await fleet.scale(plan.workers)
            tasks.create_task(injector.run(list(plan.faults)))
        seconds = monotonic() - began
        drained = await _drained(servers, prefix, stage, fleet, plan.last_move)
        exits = fleet.exits
        stops = await fleet.stop()
    finally:
        await fleet.kill()
    audit = await _audit(servers, prefix, stage, folder, plan.runner)
    return Run(
        plan,
        feeder.published + feeder.extra,
        injector.landings,
        injector.stopwatch.recoveries,
        exits,
        drained,
        stops,
        audit,
        seconds,
        str(folder),
        injector.coordinators_mended,
    )


def _workers(plan: Plan, stage: Stage, folder: Path) -> list[WorkerProcess]:
    return [
        WorkerProcess(
            number,
            stage.settings(number, session_s=plan.session_s, instance=number < STATIC),
            folder,
            plan.bug,
            plan.runner,
        )
        for number in range(WORKERS_MAX)
    ]


def _keep_everything(settings: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """Let no output be compacted or deleted: the auditor asks about every record that was ever committed.

    Kafka would, and soon: the run's clock gives records a time long before that of the transactions' markers.
    """
    return {topic: {**FOREVER, **settings.get(topic, {})} for topic in OUTPUTS}


async def _drained(servers: str, prefix: str, stage: Stage, fleet: Fleet, last_move: timedelta) -> bool:
    """Wait until every input is taken; then move the clock once more and wait until nobody has anything left to do.

    False when that does not happen in time, or no worker is left.
    """
    deadline = monotonic() + DRAIN_S
    ends = await log_ends(servers, prefix, INPUTS)
    while await committed_offsets(servers, prefix, stage.group) != {each: end for each, end in ends.items() if end}:
        if monotonic() > deadline or fleet.is_gone:
            return False
        await asyncio.sleep(LOOK_S)
    stage.move_clock_beyond(last_move)
    moved, deadline = monotonic(), monotonic() + DRAIN_S
    while monotonic() - max(moved, *fleet.committed().values()) < QUIET_S:
        if monotonic() > deadline or fleet.is_gone:
            return False
        await asyncio.sleep(LOOK_S)
    return True


async def _audit(servers: str, prefix: str, stage: Stage, folder: Path, runner: Runner) -> Audit:
    """Let a process of its own audit the run.

    Raises:
        DeadlineMissed: it did not end in time.
        RuntimeError: it ended without an outcome.
    """
    outcome = folder / "audit.json"
    arguments = {
        "--bootstrap-servers": servers,
        "--prefix": prefix,
        "--group": stage.group,
        "--runner": runner,
        "--editions": str(stage.editions),
        "--last": stage.edition,
        "--clock": ",".join(each.isoformat() for each in stage.shown),
        "--json": str(outcome),
    }
    flat = [part for pair in arguments.items() for part in pair]
    with (folder / "audit.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.chaos.auditor", *flat, env={**os.environ, **IMPORTS}, stdout=log, stderr=log
        )
    try:
        async with asyncio.timeout(AUDIT_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        raise DeadlineMissed(f"the audit: not within {AUDIT_S:.0f} s") from None
    if not outcome.exists():
        raise RuntimeError((folder / "audit.log").read_text("utf-8"))
    return msgspec.json.decode(outcome.read_bytes(), type=Audit)
