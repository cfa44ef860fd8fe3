"""What a worker's memory of a million members weighs: a fresh process fills the state of its lanes as commits do."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Final

import msgspec

from policywire.errors import OurBug
from policywire.resources import shipped
from policywire.rulebook.load import load_rulebook
from policywire.stream.batch import Change
from policywire.stream.state import LaneState
from policywire.workbench.bench.members import histories, members
from policywire.workbench.bench.table import Row

LANES: Final = 4
MEMBERS_A_COMMIT: Final = 2_000
_PROGRAM: Final = """
import gc, json, sys
import psutil
import policywire.stream.worker
from policywire.workbench.bench.memory import fill
states, octets = fill(int(sys.argv[1]))
gc.collect()
print(json.dumps({"resident": psutil.Process().memory_info().rss, "octets": octets}))
"""


def fill(count: int) -> tuple[list[LaneState], int]:
    """The state of every lane after so many members' events were committed, and the bytes of their timelines."""
    states, octets = [LaneState({}, {}) for _ in range(LANES)], 0
    changes = [Change({}) for _ in range(LANES)]
    for number, (member, timeline, due) in enumerate(members(count, histories(load_rulebook(shipped("rules")))), 1):
        change = changes[number % LANES]
        change.timelines[member], change.dues[member] = timeline, due
        octets += len(timeline)
        if not number % MEMBERS_A_COMMIT or number == count:
            for state, folded in zip(states, changes, strict=True):
                state.fold(folded)
            changes = [Change({}) for _ in range(LANES)]
    return states, octets


class Filled(msgspec.Struct):
    """What the process told: resident bytes with everything that a worker imports, and bytes of encoded timelines."""

    resident: int
    octets: int


def measure_memory(runs: int, count: int) -> Iterator[Row]:
    """The row about memory; a fresh process a run."""
    filled = [_filled(count) for _ in range(runs)]
    each = sum(one.octets for one in filled) / runs / count
    yield Row(
        "memory of a worker with its members' timelines (RSS)",
        f"{count:,} members of 1 to 3 subjects, {LANES} lanes",
        [one.resident / 2**30 for one in filled],
        "GiB",
        "< 1.86 (2 GB) with 1,000,000",
        f"a timeline is {each:,.0f} bytes",
    )


def _filled(count: int) -> Filled:
    command = [sys.executable, "-c", _PROGRAM, str(count)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  what policywire composed
    if run.returncode:
        raise OurBug(f"the state could not be filled: {run.stderr[-2000:]}")
    return msgspec.json.decode(run.stdout, type=Filled)
