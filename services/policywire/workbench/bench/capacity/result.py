"""What a capacity run found: kept as JSON for ``policywire size``, shown as one Markdown table."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

import msgspec
from msgspec import Struct

from policywire.errors import BadInput
from policywire.workbench.bench.table import number, spread


class Taken(Struct, frozen=True):
    """One run.

    Attributes:
        claims_a_second: by the offsets that its group committed.
        core_s: processor time of its processes for a million claims, in seconds.
        broker_core_s: the broker's meanwhile, for a million claims.
        rss_max_mib: the most memory that was seen, of all its processes.
    """

    claims_a_second: float
    core_s: float
    broker_core_s: float
    rss_max_mib: float


class Stored(Struct, frozen=True):
    """A topic on disk, one copy of it.

    Attributes:
        octets: of its segments.
        records: that a reader gets.
        keys: different ones among them; what stays once a compacted topic is compacted.
    """

    octets: int
    records: int
    keys: int

    @property
    def compacted(self) -> float:
        """About the bytes that stay once only the last record of each key is kept."""
        return self.octets * self.keys / self.records


class Commits(Struct, frozen=True):
    """The smallest transactions: as many as some lanes can make of them, one record to each output, without a pause.

    Attributes:
        lanes: that committed beside each other.
        a_second: transactions of all of them.
        core_s: processor time of the one that makes them for a million, in seconds.
        broker_core_s: the broker's processor time for a million, in seconds.
    """

    lanes: int
    a_second: float
    core_s: float
    broker_core_s: float


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
        commits: one a run.
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
    commits: Sequence[Commits]

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
    return "\n".join((about, "", *lines, "", _below(capacity)))


def _below(capacity: Capacity) -> str:
    """What is no column: bytes on disk, and what the smallest transactions cost."""
    octets = "; ".join(
        f"{topic} {each.octets / capacity.stored_claims:,.1f}" for topic, each in capacity.stored.items()
    )
    own = [each.core_s for each in capacity.commits]
    rates, costs = [each.a_second for each in capacity.commits], [each.broker_core_s for each in capacity.commits]
    lanes = capacity.commits[0].lanes
    return (
        f"On a broker's disk, bytes a claim, one copy, not compacted: {octets}. Transactions of one record an output, "
        f"{lanes} lanes without a pause: {spread(rates)} a second; a million of them cost the broker "
        f"{number(median(costs))} core-seconds, the writer {number(median(own))}."
    )


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
