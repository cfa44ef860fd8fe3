"""Runs something that reads claims on one core, and watches what it gets done, what it costs and what it holds.

Everybody is measured alike and from outside: by the offsets that its group commits, by the processor time of its
processes and of the broker, and by its memory. Until a share of the input is done nothing counts, for compilers and
caches warm up.
"""

import asyncio
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import psutil
from aiokafka.errors import GroupCoordinatorNotAvailableError
from msgspec import Struct

from policywire.broker.process import KeptProcess
from policywire.errors import PassingFault
from policywire.workbench.bench.bed import INPUTS, Bed
from policywire.workbench.bench.capacity.result import Taken
from policywire.workbench.receiver import GroupWatch

_POLL_S: Final = 0.02
_FIRST_S: Final = 90.0
"""From the start to the first commit: a rebalance of a group whose members are new takes seconds, not minutes."""
_STALL_S: Final = 60.0
_STOP_S: Final = 15.0
_MIB: Final = 2**20
_TAIL_LINES: Final = 12
_SHARE_MIN: Final = 0.2
"""Of the processor time of all processes: one that has less did not take part."""


class Subject(Struct, frozen=True):
    """Something to measure.

    Attributes:
        name: in the table.
        claims: it is measured over so many, the first of its input; the slow would take an hour over all.
        commands: for a group's name, one command a process; each goes on until it is ended.
        missing: why it cannot run; None when it can.
        settled: measured from this share of the input on.
        note: what a reader must know.
    """

    name: str
    claims: int
    commands: Callable[[str], Sequence[Sequence[str]]]
    missing: str | None = None
    settled: float = 0.2
    note: str = ""


class Look(Struct, frozen=True):
    """How things stand at one moment; processor time in seconds, of each process and of the broker."""

    time: float
    done: int
    cpu: tuple[float, ...]
    broker_cpu: float
    rss: int


def take(subject: Subject, bed: Bed, prefix: str, log: Path) -> Taken:
    """One run over the topics of a prefix, which hold enough; the outputs are empty before.

    Raises:
        PassingFault: a process ended, nothing moved, or one of several did not take part.
    """
    bed.empty_outputs(prefix)
    group = f"capacity-{uuid.uuid4().hex[:8]}"
    processes = [KeptProcess(command, log) for command in subject.commands(group)]
    try:
        looks = asyncio.run(_watch(processes, bed, prefix, group, subject.claims))
    except PassingFault as fault:
        tail = log.read_text("utf-8", "replace").splitlines()[-_TAIL_LINES:]
        raise PassingFault("\n".join((f"{subject.name}: {fault}. Its log ends with:", *tail))) from None
    finally:
        for process in processes:
            process.end(_STOP_S)
    return judge(looks, subject.settled)


async def _watch(processes: Sequence[KeptProcess], bed: Bed, prefix: str, group: str, claims: int) -> list[Look]:
    own, broker = [psutil.Process(each.pid) for each in processes], psutil.Process(bed.broker_pid)
    began, looks = time.monotonic(), list[Look]()
    async with GroupWatch(bed.bootstrap_servers, group, *(prefix + name for name in INPUTS)) as watch:
        while not looks or looks[-1].done < claims:
            if any(each.status is not None for each in processes):
                raise PassingFault("a process ended")
            done = await so_far(watch)
            if done and (not looks or done > looks[-1].done):
                looks.append(_look(done, own, broker))
            elif time.monotonic() > (looks[-1].time + _STALL_S if looks else began + _FIRST_S):
                raise PassingFault(f"stopped after {done} of {claims} claims")
            await asyncio.sleep(_POLL_S)
    return looks


async def so_far(watch: GroupWatch) -> int:
    """What a group has done; nothing while the broker has not even its topic of offsets."""
    try:
        return await watch.done()
    except GroupCoordinatorNotAvailableError:
        return 0  # it is made when somebody first asks for a group


def _look(done: int, own: Sequence[psutil.Process], broker: psutil.Process) -> Look:
    rss = sum(each.memory_info().rss for each in own)
    return Look(time.monotonic(), done, tuple(map(_seconds, own)), _seconds(broker), rss)


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def judge(looks: Sequence[Look], settled: float) -> Taken:
    """What the looks come to, from the settled share on.

    Raises:
        PassingFault: they are too few to tell, or one of several processes did next to nothing.
    """
    last = looks[-1]
    first = next(look for look in looks if look.done >= settled * last.done)
    claims, seconds = last.done - first.done, last.time - first.time
    if claims < last.done * (1 - settled) / 2 or not seconds:
        raise PassingFault(f"{len(looks)} commits were seen, too few for a rate; give it more claims")
    cpu = [after - before for before, after in zip(first.cpu, last.cpu, strict=True)]
    if len(cpu) > 1 and min(cpu) < sum(cpu) * _SHARE_MIN:
        raise PassingFault(f"one of {len(cpu)} processes had next to nothing to do; give them more claims")
    return Taken(
        claims_a_second=claims / seconds,
        core_s=sum(cpu) * 1e6 / claims,
        broker_core_s=(last.broker_cpu - first.broker_cpu) * 1e6 / claims,
        rss_max_mib=max(look.rss for look in looks) / _MIB,
    )
