"""A benchmark's result as one Markdown table under the machine that made it. Knows no measurement."""

import platform
import sys
from collections.abc import Iterable, Sequence
from os import cpu_count
from pathlib import Path
from statistics import median
from typing import NamedTuple


class Row(NamedTuple):
    """One line of the table.

    Attributes:
        what: what was measured.
        inputs: on what.
        values: one for each run; none when it was not measured, then ``note`` says why.
        unit: of the values.
        bar: what it must reach, in words; empty when nothing is asked.
        note: what a reader must know.
    """

    what: str
    inputs: str
    values: Sequence[float]
    unit: str
    bar: str = ""
    note: str = ""


HEADER = ("what", "inputs", "median [min - max]", "unit", "runs", "must be", "note")
_WHOLE_FROM = 100
"""From here on decimals say nothing."""


def render(rows: Iterable[Row]) -> str:
    """Machine and table, ready to be pasted into a README."""
    cells = [HEADER, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADER))]
    lines = [_line(line, widths) for line in cells]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join((machine(), "", *lines))


def machine() -> str:
    """The processor, how many, and the Python, in one line."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{_processor()}, {cpu_count()} cores; {python}; {platform.system()} {platform.machine()}"


def spread(values: Sequence[float]) -> str:
    """``median [min - max]``; a single value stands alone."""
    if not values:
        return "-"
    if len(values) == 1:
        return number(values[0])
    return f"{number(median(values))} [{number(min(values))} - {number(max(values))}]"


def number(value: float) -> str:
    """Three significant digits, thousands parted."""
    if abs(value) >= _WHOLE_FROM:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 1 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"  # noqa: PLR2004


def _cells(row: Row) -> tuple[str, ...]:
    return (row.what, row.inputs, spread(row.values), row.unit, str(len(row.values) or "-"), row.bar, row.note)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"


def _processor() -> str:
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
