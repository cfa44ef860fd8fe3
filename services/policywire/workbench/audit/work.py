"""The work on one piece of one file: read it, judge it, decide it. Both engines run it; so their answers are equal.

Knows which rows an audit wants. Sums nothing beyond its batch and writes nothing.
"""

from collections.abc import Iterator
from datetime import date
from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct

from policywire.rulebook.rulebook import Rulebook
from policywire.workbench.charges.decide import Agreements, decide
from policywire.workbench.charges.files import ChargeFile, open_file
from policywire.workbench.charges.judge import Charges, Finding
from policywire.workbench.charges.mapping import ChargeMapping
from policywire.workbench.charges.parquet_file import ParquetFile
from policywire.workbench.charges.read import read_file


class Piece(Struct, frozen=True):
    """A part of a file that is read by itself: all of it, or some row groups of a Parquet file."""

    number: int
    """The file's place among those of the audit."""
    role: Literal["charges", "orders"]
    file: ChargeFile
    groups: tuple[int, int] | None = None


class Task(Struct, frozen=True):
    """What is the same for every piece."""

    rulebook: Rulebook
    agreements: Agreements
    mapping: ChargeMapping
    as_of: date
    since: date
    until: date


class Batch(NamedTuple):
    """What came of some rows.

    Attributes:
        file: the file's place among those of the audit.
        decided: by :data:`policywire.workbench.charges.decide.DECIDED`.
        orders: the ids of good booked procedures for ``as_of`` or later, decided or not.
        good: how many rows are good.
        bad: how many are not.
        outside: how many good rows of claims were served outside the window.
        findings: what is wrong with the bad ones, and notes.
        done: how much of the piece has been read, from 0 to 1.
    """

    file: int
    decided: pa.RecordBatch
    orders: pa.Array
    good: int
    bad: int
    outside: int
    findings: tuple[Finding, ...]
    done: float


def work(piece: Piece, task: Task) -> Iterator[Batch]:
    """What comes of a piece, batch by batch.

    Raises:
        BadInput: the file cannot be read, or does not say what a charge must say.
    """
    part = ParquetFile(piece.file.content, groups=piece.groups) if piece.groups else None
    charges = read_file(
        piece.file,
        task.mapping,
        orders=piece.role == "orders",
        wanted=task.rulebook.listed_codes,
        opened=part or open_file(piece.file, task.mapping),
    )
    for each in charges:
        yield _batch(piece.number, each, task)


def _batch(file: int, charges: Charges, task: Task) -> Batch:
    outside = (charges.days < task.since.toordinal()) | (charges.days > task.until.toordinal())
    return Batch(
        file=file,
        decided=decide(charges.lines, task.rulebook, task.agreements, task.as_of),
        orders=_orders(charges.lines, task.as_of, file),
        good=charges.good,
        bad=charges.bad,
        outside=int(np.count_nonzero(outside)),
        findings=charges.findings,
        done=charges.done,
    )


def _orders(lines: pa.RecordBatch, as_of: date, file: int) -> pa.Array:
    """What names the order of each booked procedure ahead: its id, or else its row and file."""
    is_booked = pc.equal(lines.column("kind"), "appointment")
    ahead = lines.filter(pc.and_(is_booked, pc.greater_equal(lines.column("service_date"), pa.scalar(as_of))))
    rows = pc.binary_join_element_wise("row ", ahead.column("row").cast(pa.string()), f" of {file}", "")
    return pc.coalesce(ahead.column("claim_id"), rows)
