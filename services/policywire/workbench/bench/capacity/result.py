"""What a capacity run found: kept as JSON for ``policywire size``, shown as one Markdown table."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

import msgspec
from msgspec import Struct

from policywire.errors import BadInput
from policywire.workbench.bench.capacity.disk import Stored
from policywire.workbench.bench.capacity.subject import Taken
from policywire.workbench.bench.table import number, spread


class Line(Struct, frozen=True):
    """One that was measured: how often and on how many claims, or why not (``note``)."""

    name: str
    claims: int
    taken: Sequence[Taken]
    note: str = ""

    @property
    def rate(self) -> float:
        """Its median of claims a second; 0 when it was not measured."""
        return median(each.claims_a_second for each in self.taken) if self.taken else 0.0


class Capacity(Struct, frozen=True, kw_only=True):
    """All of it.

    Attributes:
        measured_on: the day, as ``2026-12-01``.
        machine: in one line.
        command: that measures it again.
        pinned: what ran where.
        hits: share of claims with a listed line.
        lines: in the order of the table; the floor and the worker are named.
        floor: the name of the line with the least that any worker must do.
        worker: the name of the worker's line.
        stored: what a broker had on disk of one copy, by topic, after ``stored_claims`` claims.
    """

    measured_on: str
    machine: str
    command: str
    pinned: str
    hits: float
    lines: Sequence[Line]
    floor: str
    worker: str
    stored_claims: int
    stored: Mapping[str, Stored]

    def line(self, name: str) -> Line:
        """One line by its name."""
        return next(each for each in self.lines if each.name == name)


HEADER = (
    "runner",
    "claims",
    "claims/s, median [min - max]",
    "of the floor",
    "of the worker",
    "core-s a million",
    "broker's core-s a million",
    "memory, MiB",
    "note",
)


def render(capacity: Capacity) -> str:
    """The table under a line on where it comes from."""
    floor, worker = capacity.line(capacity.floor).rate, capacity.line(capacity.worker).rate
    cells = [HEADER, *(_cells(line, floor, worker) for line in capacity.lines)]
    lines = ["| " + " | ".join(each) + " |" for each in cells]
    lines.insert(1, "|" + "---|" * len(HEADER))
    runs = max(len(line.taken) for line in capacity.lines)
    about = (
        f"Measured on {capacity.measured_on}, {runs} run{'s' * (runs > 1)} each, in turn, {capacity.pinned}; "
        f"{capacity.hits:.0%} of the claims are hits. The floor is `{capacity.floor}`."
    )
    return "\n".join((about, "", *lines))


def _cells(line: Line, floor: float, worker: float) -> tuple[str, ...]:
    if not line.taken:
        return (line.name, f"{line.claims:,}", *["-"] * (len(HEADER) - 3), line.note)
    return (
        line.name,
        f"{line.claims:,}",
        spread([each.claims_a_second for each in line.taken]),
        f"{line.rate / floor:.2f}",
        f"{line.rate / worker:.2f}",
        number(median(each.core_s for each in line.taken)),
        number(median(each.broker_core_s for each in line.taken)),
        number(median(each.rss_max_mib for each in line.taken)),
        line.note,
    )


def write(capacity: Capacity, file: Path) -> None:
    """Keep it as JSON that people can read."""
    file.write_bytes(msgspec.json.format(msgspec.json.encode(capacity), indent=2) + b"\n")


def read(file: Path) -> Capacity:
    """What :func:`write` kept.

    Raises:
        BadInput: it is something else.
    """
    try:
        return msgspec.json.decode(file.read_bytes(), type=Capacity)
    except (OSError, msgspec.DecodeError) as error:
        raise BadInput(f"{file} is no result of policywire bench capacity: {error}") from None
