"""How fast a worker process is on one core, over a real Kafka, exactly once, and how much memory it takes.

Knows how to run and watch a worker; the figures come from outside: the offsets that its group commits.
"""

import asyncio
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import psutil
from msgspec import Struct

from policywire.workbench.bench.bed import INPUTS, Bed
from policywire.workbench.bench.cores import Cores
from policywire.workbench.receiver import GroupWatch
from policywire.workbench.worker_process import WorkerProcess

_POLL_S: Final = 0.02
_STALL_S: Final = 120.0
_MIB: Final = 2**20
_SETTLED: Final = 0.2
"""Memory is taken as flat from this share of the events on."""


class Run(Struct, frozen=True):
    """One run of a worker over a filled topic.

    Attributes:
        events_a_second: from its first commit that was seen to its last.
        ready_s: from the start of the process to all lanes open.
        rss_max_mib: the most memory that was seen.
        rss_growth_mib: from a fifth of the events to the end.
        cpu_share: processor time by time, from the first commit to the last; 1 is a whole core.
    """

    events_a_second: float
    ready_s: float
    rss_max_mib: float
    rss_growth_mib: float
    cpu_share: float


class Bench(Struct, frozen=True):
    """What every run of a worker needs: the broker, its core, a folder for its log."""

    bed: Bed
    cores: Cores
    folder: Path

    def worker(self, prefix: str, group: str, rules: Path | None = None) -> WorkerProcess:
        """A worker on the measured core."""
        options = ["--topic-prefix", prefix, "--group", group]
        if rules is not None:
            options += ["--rules", str(rules)]
        log = self.folder / f"{group}.log"
        return WorkerProcess(self.bed.bootstrap_servers, log, options, self.cores.under)

    def run(self, prefix: str, events: int, rules: Path | None = None) -> Run:
        """One run over topics that hold that many events; its outputs are empty before.

        Raises:
            PassingFault: the worker ended or stopped moving.
        """
        self.bed.empty_outputs(prefix)
        group = f"bench-{uuid.uuid4().hex[:8]}"
        began = time.monotonic()
        worker = self.worker(prefix, group, rules)
        try:
            looks, ready_s = asyncio.run(self._watch(worker, prefix, group, events, began))
        finally:
            worker.stop()
        return _judge(looks, ready_s)

    async def _watch(
        self, worker: WorkerProcess, prefix: str, group: str, events: int, began: float
    ) -> tuple[Sequence["Look"], float]:
        await asyncio.to_thread(worker.wait_until_ready)
        ready_s = time.monotonic() - began
        process = psutil.Process(worker.pid)
        looks: list[Look] = []
        async with GroupWatch(self.bed.bootstrap_servers, group, *(prefix + name for name in INPUTS)) as watch:
            while not looks or looks[-1].done < events:
                done = await watch.done()
                if done and (not looks or done > looks[-1].done):
                    looks.append(Look.at(done, process))
                elif looks and time.monotonic() - looks[-1].time > _STALL_S:
                    raise worker.fault(f"stopped after {done} of {events} events")
                if not worker.running:
                    raise worker.fault("ended")
                await asyncio.sleep(_POLL_S)
        return looks, ready_s


class Look(Struct, frozen=True):
    """The state of a worker at one moment."""

    time: float
    done: int
    rss: int
    cpu_s: float

    @classmethod
    def at(cls, done: int, process: psutil.Process) -> "Look":
        """Now."""
        times = process.cpu_times()
        return cls(time.monotonic(), done, process.memory_info().rss, times.user + times.system)


def _judge(looks: Sequence[Look], ready_s: float) -> Run:
    first, last = looks[0], looks[-1]
    seconds = max(last.time - first.time, _POLL_S)
    settled = next(look for look in looks if look.done >= _SETTLED * last.done)
    return Run(
        events_a_second=(last.done - first.done) / seconds,
        ready_s=ready_s,
        rss_max_mib=max(look.rss for look in looks) / _MIB,
        rss_growth_mib=(last.rss - settled.rss) / _MIB,
        cpu_share=(last.cpu_s - first.cpu_s) / seconds,
    )
