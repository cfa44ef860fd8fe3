"""How long a fresh process needs to load rules, and how much memory it then has."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from policywire.errors import OurBug
from policywire.workbench.bench.table import Row
from policywire.workbench.generate_policies import write_policies

SEED: Final = 1
_PROGRAM: Final = """
import gc, json, sys, time
from pathlib import Path
import psutil
from policywire.rulebook.load import load_rulebook
before = psutil.Process().memory_info().rss
began = time.perf_counter()
rulebook = load_rulebook(Path(sys.argv[1]))
seconds = time.perf_counter() - began
gc.collect()
print(json.dumps({"seconds": seconds, "before": before, "after": psutil.Process().memory_info().rss}))
"""


class Loaded(msgspec.Struct):
    """What a fresh process told; memory is resident bytes."""

    seconds: float
    before: int
    after: int


def measure_loading(runs: int, sizes: tuple[int, ...]) -> Iterator[Row]:
    """The rows about loading; one fresh process a run."""
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="policywire-bench-") as folder:
            rules = Path(folder) / "rules"
            write_policies(rules, size, SEED)
            loads = [_load(rules) for _ in range(runs)]
        inputs = f"{size:,} policies and MM 0552, JSON"
        yield Row("load the rules, from files to rulebook", inputs, [each.seconds for each in loads], "s", "<= 15")
        memory = [each.after / 2**20 for each in loads]
        yield Row("memory of the process then (RSS)", inputs, memory, "MiB", "< 300")


def _load(folder: Path) -> Loaded:
    command = [sys.executable, "-c", _PROGRAM, str(folder)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  what policywire composed
    if run.returncode:
        raise OurBug(f"the rules could not be loaded: {run.stderr[-2000:]}")
    return msgspec.json.decode(run.stdout, type=Loaded)
