"""Which core measures and which cores serve: the measured process has one to itself, everything else shares the rest.

Knows Linux' CPU affinity. Where there is none, or one core only, nothing is pinned and the table says so.
"""

import os
import shutil
from typing import Final


class Cores:
    """Takes this process off the measured core, and with it every process that it starts afterwards.

    Attributes:
        under: the command that puts a process on the measured core; empty where nothing is pinned.
        note: what the table says of it.
    """

    def __init__(self) -> None:
        self.under: tuple[str, ...] = ()
        self.note = "not pinned"
        if not hasattr(os, "sched_setaffinity") or shutil.which("taskset") is None:
            return
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) < _CORES_MIN:
            return
        measured = cores[-1]
        os.sched_setaffinity(0, cores[:-1])
        self.under = ("taskset", "-c", str(measured))
        self.note = f"on core {measured}, Kafka and clients on the rest"


_CORES_MIN: Final = 2
