"""What an upcoming change touches in a practice's own tables: lines billed in the last months, and what is booked.

Knows canonical charges; says nothing of a single line.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import pyarrow as pa
from msgspec import Struct

from policywire.workbench.brief.upcoming import Upcoming
from policywire.workbench.charges.files import find_files
from policywire.workbench.charges.mapping import ChargeMapping
from policywire.workbench.charges.read import read_file

LOOK_BACK: Final = timedelta(days=365)
"""So long before the day of asking a billed line counts: a year has every season once."""

_COLUMNS: Final = ("payer_id", "procedure_code", "service_date", "charge_amount")


class Touched(Struct, frozen=True, kw_only=True):
    """How much of one's own work a change concerns; dollars in cents."""

    lines: int = 0
    charge_cents: int = 0
    booked: int = 0
    estimate_cents: int = 0


class Touch(NamedTuple):
    """What every change touches, in the order in which they were given, and how many rows could not be read."""

    by_change: tuple[Touched, ...]
    bad_rows: int


class _Row(NamedTuple):
    payer_id: str
    code: str
    day: date
    cents: int


def touched(
    changes: list[Upcoming], charges: Iterable[Path], orders: Iterable[Path], mapping: ChargeMapping, as_of: date
) -> Touch:
    """Count what each change concerns.

    Args:
        changes: what is to come.
        charges: tables of charges; lines of the 365 days up to ``as_of`` count.
        orders: tables of booked procedures; those on the change's first day or later count.
        mapping: how the tables are to be read.
        as_of: the day of asking.

    Raises:
        BadInput: a table cannot be read.
    """
    wanted = frozenset(code for change in changes for code in change.codes)
    totals = [Counter[str]() for _ in changes]
    bad = _Bad()
    for row in bad.rows(charges, mapping, wanted, orders=False):
        if as_of - LOOK_BACK < row.day <= as_of:
            for total in _concerned(totals, changes, row):
                total.update(lines=1, charge_cents=row.cents)
    for row in bad.rows(orders, mapping, wanted, orders=True):
        for total in _concerned(totals, changes, row, booked=True):
            total.update(booked=1, estimate_cents=row.cents)
    return Touch(tuple(Touched(**total) for total in totals), bad.count)


class _Bad:
    """Reads tables and counts the rows that cannot be used."""

    def __init__(self) -> None:
        self.count = 0

    def rows(
        self, paths: Iterable[Path], mapping: ChargeMapping, wanted: frozenset[str], *, orders: bool
    ) -> Iterator[_Row]:
        with TemporaryDirectory() as unpacked:
            for file in find_files(paths, Path(unpacked)):
                for batch in read_file(file, mapping, orders=orders, wanted=wanted):
                    self.count += batch.bad
                    yield from _rows(batch.lines)


def _rows(lines: pa.RecordBatch) -> Iterator[_Row]:
    columns = (lines.column(name).to_pylist() for name in _COLUMNS)
    for payer_id, code, day, amount in zip(*columns, strict=True):
        yield _Row(payer_id, code, day, 0 if amount is None else int(amount.replace(".", "")))


def _concerned(
    totals: list[Counter[str]], changes: list[Upcoming], row: _Row, *, booked: bool = False
) -> Iterator[Counter[str]]:
    for total, change in zip(totals, changes, strict=True):
        in_time = not booked or row.day >= change.effective_from
        if in_time and row.payer_id in change.payer_ids and row.code in change.codes:
            yield total
