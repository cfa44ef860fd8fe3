"""What an audit of a million lines takes: a fresh process, its time and its memory, DuckDB's bare reading beside it.

The peer does the least that anybody must do with the same file: read it and count lines and dollars by code. It judges
no row and decides nothing.
"""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final

import msgspec

from policywire.errors import OurBug
from policywire.resources import shipped
from policywire.workbench.bench.table import Row
from policywire.workbench.generate.charge_files import write_rows
from policywire.workbench.generate.charge_rows import Charge, SignedAgreement
from policywire.workbench.generate.charges import generate_agreements, generate_charges

SEED: Final = 1
_FORMATS: Final = (".csv", ".parquet")
_AUDIT: Final = """
import sys
from click.testing import CliRunner
from policywire.cli import main
run = CliRunner().invoke(main, ["audit", *sys.argv[1:]])
assert run.exit_code == 0, run.output
from policywire.workbench.bench.audit import print_peak
print_peak()
"""
_BARE: Final = """
import sys
import duckdb
read = "read_csv(?, all_varchar = true)" if sys.argv[1].endswith(".csv") else "read_parquet(?)"
columns = "procedure_code, count(*), sum(try_cast(charge_amount AS DECIMAL(14, 2)))"
duckdb.execute("SET threads = 2")
duckdb.execute(f"SELECT {columns} FROM {read} GROUP BY ALL", [sys.argv[1]]).fetchall()
from policywire.workbench.bench.audit import print_peak
print_peak()
"""


class Ran(msgspec.Struct):
    """What a process told of itself, and how long it took from its start to its end."""

    kilobytes: int
    seconds: float = 0.0


def measure_audit(runs: int, count: int) -> Iterator[Row]:
    """The rows about the audit; both programs in turn over the same file, a fresh process each.

    Args:
        runs: how often each is measured.
        count: how many lines of charges.
    """
    with TemporaryDirectory(prefix="policywire-bench-") as made:
        folder = Path(made)
        agreements = generate_agreements(generate_charges(count, SEED), SEED)
        write_rows(folder / "agreements.csv", SignedAgreement._fields, agreements)
        for ending in _FORMATS:
            write_rows(folder / f"charges{ending}", Charge._fields, generate_charges(count, SEED))
        for ending in _FORMATS:
            yield from _of_format(folder, ending, runs, count)


def _of_format(folder: Path, ending: str, runs: int, count: int) -> Iterator[Row]:
    charges, report = folder / f"charges{ending}", folder / "report.html"
    agreements = ("--agreements", str(folder / "agreements.csv"))
    command = (str(charges), *agreements, "--rules", str(shipped("rules")), "--as-of", "2026-03-01")
    audits, bare = [], []
    for _ in range(runs):
        audits.append(_run(_AUDIT, (*command, "--json", str(folder / "audit.json"), "--out", str(report))))
        bare.append(_run(_BARE, (str(charges),)))
    inputs = f"{count:,} lines of {ending[1:]}, 3 % hits"
    seconds = [each.seconds for each in audits]
    note = "judged, decided, summed, page with plots"
    yield Row("audit", inputs, seconds, "s", "< 30 with 1,000,000", note)
    yield Row("audit", inputs, [count / each for each in seconds], "lines/s")
    yield Row(
        "audit's memory (peak RSS)", inputs, [each.kilobytes / 2**20 for each in audits], "GiB", "< 1.40 (1.5 GB)"
    )
    yield Row("DuckDB alone: read and count by code", inputs, [each.seconds for each in bare], "s")
    ratios = [mine.seconds / theirs.seconds for mine, theirs in zip(audits, bare, strict=True)]
    yield Row("audit / DuckDB alone", inputs, ratios, "x")


def print_peak() -> None:
    """Print the most memory that this process ever held, for the one that started it."""
    import psutil  # noqa: PLC0415  of the extra `bench`

    own = Path("/proc/self/status")
    if own.exists():  # what the resource module tells on Linux begins with the memory of whoever started us
        line = next(each for each in own.read_text("utf-8").splitlines() if each.startswith("VmHWM"))
        kilobytes = int(line.split()[1])
    else:
        kilobytes = psutil.Process().memory_info().rss // 1024
    print(msgspec.json.encode(Ran(kilobytes)).decode())  # noqa: T201  the other process reads it


def _run(program: str, arguments: Sequence[str]) -> Ran:
    began = perf_counter()
    run = subprocess.run(  # noqa: S603  what policywire composed
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False
    )
    seconds = perf_counter() - began
    if run.returncode:
        raise OurBug(f"what is measured failed: {run.stderr[-2000:]}")
    return msgspec.structs.replace(msgspec.json.decode(run.stdout, type=Ran), seconds=seconds)
