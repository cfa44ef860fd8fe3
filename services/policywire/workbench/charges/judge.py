"""Judges batches of rows: each is good and becomes a canonical row, or it is bad and told why.

Knows the rules that look at more than one cell; :mod:`policywire.workbench.charges.cells` judges one. Each distinct
value of a batch is judged once. Of the rows that nobody wants, only what may be wrong with them is looked at: their
texts and lists are never built.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from policywire.workbench.charges import cells
from policywire.workbench.charges.columns import BY_NAME, COLUMNS, REQUIRED, REQUIRED_OF_ORDERS, Kind
from policywire.workbench.charges.mapping import ChargeMapping, Resolved
from policywire.workbench.charges.raw import Places, RawBatch, RawColumn
from policywire.workbench.tables.cells import Cell, Problem, is_blank

_TYPES: Final[dict[Kind, pa.DataType]] = {
    "text": pa.string(),
    "payer": pa.string(),
    "code": pa.string(),
    "day": pa.date32(),
    "money": pa.string(),
    "units": pa.float64(),
    "whole": pa.int32(),
    "list": pa.list_(pa.string()),
    "pointers": pa.list_(pa.int32()),
    "subject": pa.string(),
}
SCHEMA: Final = pa.schema([("row", pa.int64()), *((each.name, _TYPES[each.kind]) for each in COLUMNS)])
"""Canonical rows. Codes are in normal form, money is decimal text with two places, the rest is as written."""

_JUDGED: Final = ("payer_id", "line_number", "procedure_code", "units", "charge_amount")
_DAYS: Final = ("service_date", "service_date_end")
_REMEMBERED_MAX: Final = 100_000
"""So many judged values of a kind are kept for the next batch; an adversary's distinct ones are not."""


class Finding(NamedTuple):
    """The same thing said of some rows: a problem that makes them bad, or a note of what was done to read them."""

    column: str
    """As the file calls it; empty for the row as a whole."""
    problem: Problem
    rows: Places
    is_note: bool = False


class Charges(NamedTuple):
    """A batch of rows, judged.

    Attributes:
        lines: the good and wanted rows, by :data:`SCHEMA`.
        good: how many rows are good, wanted or not.
        bad: how many are not.
        findings: what is wrong with the bad ones, and notes.
        days: of each good row of a claim, wanted or not, the day of service as a proleptic ordinal.
        done: how much of the file has been read, from 0 to 1.
    """

    lines: pa.RecordBatch
    good: int
    bad: int
    findings: tuple[Finding, ...]
    days: Places
    done: float

    @property
    def rows(self) -> int:
        """How many rows were read: each is good or bad."""
        return self.good + self.bad


class _Column:
    """A column of a batch, judged: a cell for each distinct value, and for each row the place of its own."""

    def __init__(self, found: Sequence[Cell[Any]], places: Places) -> None:
        self.cells = found
        self.places = places

    def where(self, holds: Callable[[Cell[Any]], bool]) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """For each row whether something holds of its cell."""
        return np.fromiter(map(holds, self.cells), bool, len(self.cells))[self.places]

    def numbers(self, of: Callable[[Any], int]) -> Places:
        """For each row a number made of its value, 0 where there is none."""
        made = (0 if each.value is None else of(each.value) for each in self.cells)
        return np.fromiter(made, np.int64, len(self.cells))[self.places]

    def array(self, kind: pa.DataType, kept: Places) -> pa.Array:
        """The values of the rows to keep."""
        return pa.array([each.value for each in self.cells], kind).take(pa.array(self.places[kept]))


class Judge:
    """Judges the rows of one file.

    Args:
        resolved: which headers hold what.
        mapping: how cells are written.
        orders: the rows are of booked procedures where they do not say otherwise.
        wanted: the codes of the rows to keep; None: all good rows. Rows of booked procedures are always kept.
    """

    def __init__(
        self, resolved: Resolved, mapping: ChargeMapping, *, orders: bool, wanted: Collection[str] | None
    ) -> None:
        self._resolved = resolved
        self._readers = cells.readers(mapping)
        self._kind = "appointment" if orders else "claim"
        self._required = REQUIRED_OF_ORDERS if orders else REQUIRED
        self._wanted = None if wanted is None else frozenset(wanted)
        self._remembered: dict[Kind, dict[tuple[type, Any], Cell[Any]]] = {each: {} for each in _TYPES}

    def judge(self, batch: RawBatch) -> Charges:
        """The batch's rows: the good and wanted ones, and what is wrong with the others."""
        judged = {name: self._column(batch, name) for name in (*_JUDGED, *_DAYS, "kind") if self._resolved.has(name)}
        findings = [finding for name, column in judged.items() for finding in self._found(name, column, batch.rows)]
        findings += self._across(batch, judged)
        bad = np.zeros(len(batch.rows), bool)
        for finding in findings:
            if not finding.is_note:
                bad[np.searchsorted(batch.rows, finding.rows)] = True
        booked = self._is_booked(judged, len(batch.rows))
        kept = np.flatnonzero(~bad & (booked | self._is_wanted(judged, len(batch.rows))))
        findings += _of_spoiled(batch)
        return Charges(
            lines=self._lines(batch, judged, kept),
            good=int(len(batch.rows) - bad.sum()),
            bad=int(bad.sum()) + len(batch.spoiled),
            findings=tuple(findings),
            days=judged["service_date"].numbers(date.toordinal)[~bad & ~booked],
            done=batch.done,
        )

    def _column(self, batch: RawBatch, name: str) -> _Column:
        kind = BY_NAME[name].kind
        headers = self._resolved.headers.get(name)
        if headers is None:
            cell = self._cell(kind, self._resolved.constants[name])
            return _Column([cell], np.zeros(len(batch.rows), np.int64))
        return self._of(kind, batch.columns[headers[0]]) if len(batch.rows) else _Column([], batch.rows)

    def _of(self, kind: Kind, raw: RawColumn) -> _Column:
        values, places = raw.distinct()
        return _Column([self._cell(kind, each) for each in values], places)

    def _cell(self, kind: Kind, value: Any) -> Cell[Any]:
        remembered = self._remembered[kind]
        try:
            return remembered[value.__class__, value]
        except (KeyError, TypeError):
            cell = self._readers[kind](value)
        if len(remembered) >= _REMEMBERED_MAX:
            remembered.clear()
        if value.__hash__ is not None:
            remembered[value.__class__, value] = cell
        return cell

    def _found(self, name: str, column: _Column, rows: Places) -> list[Finding]:
        """What is wrong with the cells of one column, and what was done to read them."""
        said: dict[tuple[Problem, bool], int] = {}
        kinds = np.full(len(column.cells), -1, np.int64)
        for place, cell in enumerate(column.cells):
            told = self._told(name, cell)
            if told is not None:
                kinds[place] = said.setdefault(told, len(said))
        if not said:
            return []
        # Sorted once: there may be as many kinds of problem as rows.
        of_rows = kinds[column.places]
        order = np.argsort(of_rows, kind="stable")
        bounds = np.searchsorted(of_rows[order], np.arange(len(said) + 1))
        named = self._resolved.named(name)
        return [
            Finding(named, problem, rows[order[bounds[kind] : bounds[kind + 1]]], is_note)
            for (problem, is_note), kind in said.items()
            if bounds[kind] < bounds[kind + 1]
        ]

    def _told(self, name: str, cell: Cell[Any]) -> tuple[Problem, bool] | None:
        """What is to be said of a cell, and whether it is but a note."""
        if cell.problem is not None:
            return cell.problem, False
        if cell.value is None and name in self._required:
            return cells.MISSING, False
        return (Problem("read-as", cell.note, "Nothing, if that is right."), True) if cell.note else None

    def _across(self, batch: RawBatch, judged: dict[str, _Column]) -> list[Finding]:
        """What is wrong between cells of a row."""
        found = []
        if "service_date_end" in judged:
            first, last = (judged[name].numbers(date.toordinal) for name in _DAYS)
            wrong = (last > 0) & (first > 0) & (last < first)
            named = self._resolved.named("service_date_end")
            found.append(Finding(named, cells.ENDS_BEFORE_IT_BEGINS, batch.rows[wrong]))
        if self._resolved.has("diagnosis_pointers") and self._resolved.has("diagnoses") and len(batch.rows):
            pointers = self._column(batch, "diagnosis_pointers")
            found += self._found("diagnosis_pointers", pointers, batch.rows)
            wrong = pointers.numbers(max) > self._diagnosis_counts(batch)
            found.append(Finding(self._resolved.named("diagnosis_pointers"), cells.POINTS_NOWHERE, batch.rows[wrong]))
        return [each for each in found if len(each.rows)]

    def _diagnosis_counts(self, batch: RawBatch) -> Places:
        headers = self._resolved.headers.get("diagnoses", ())
        if len(headers) < 2:  # noqa: PLR2004  a list in one column, or a constant
            return self._column(batch, "diagnoses").numbers(len)
        counts = np.zeros(len(batch.rows), np.int64)
        for position, header in enumerate(headers, 1):
            values, places = batch.columns[header].distinct()
            says = np.fromiter((not is_blank(each) for each in values), bool, len(values))
            counts = np.where(says[places], position, counts)
        return counts

    def _is_wanted(self, judged: dict[str, _Column], count: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
        wanted = self._wanted
        if wanted is None:
            return np.ones(count, bool)
        return judged["procedure_code"].where(lambda cell: cell.value in wanted)

    def _is_booked(self, judged: dict[str, _Column], count: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
        if "kind" not in judged:
            return np.full(count, self._kind == "appointment")
        return judged["kind"].where(lambda cell: (cell.value or self._kind) == "appointment")

    def _lines(self, batch: RawBatch, judged: dict[str, _Column], kept: Places) -> pa.RecordBatch:
        arrays = [pa.array(batch.rows[kept])]
        for column in COLUMNS:
            kind = _TYPES[column.kind]
            if column.name == "kind":
                arrays.append(self._kinds(judged, kept))
            elif column.name in judged:
                arrays.append(judged[column.name].array(kind, kept))
            elif self._resolved.has(column.name) and len(kept):
                arrays.append(self._kept(batch, column.name, kept))
            else:
                arrays.append(pa.nulls(len(kept), kind))
        return pa.record_batch(arrays, schema=SCHEMA)

    def _kinds(self, judged: dict[str, _Column], kept: Places) -> pa.Array:
        if "kind" not in judged:
            return pa.repeat(self._kind, len(kept))
        return judged["kind"].array(pa.string(), kept).fill_null(self._kind)

    def _kept(self, batch: RawBatch, name: str, kept: Places) -> pa.Array:
        """A column that is only read where somebody wants the row."""
        kind = BY_NAME[name].kind
        headers = self._resolved.headers.get(name, ())
        everywhere = np.arange(len(kept))
        if len(headers) > 1:
            parts = [
                self._of("text", batch.columns[header].at(kept)).array(pa.string(), everywhere) for header in headers
            ]
            rows = zip(*(part.to_pylist() for part in parts), strict=True)
            return pa.array([_without_last_blanks(row) for row in rows], _TYPES[kind])
        if not headers:
            return self._column(batch, name).array(_TYPES[kind], kept)
        return self._of(kind, batch.columns[headers[0]].at(kept)).array(_TYPES[kind], everywhere)


def _without_last_blanks(row: tuple[str | None, ...]) -> list[str] | None:
    parts = [part or "" for part in row]
    while parts and not parts[-1]:
        parts.pop()
    return parts or None


def _of_spoiled(batch: RawBatch) -> list[Finding]:
    by_problem: dict[Problem, list[int]] = {}
    for spoiled in batch.spoiled:
        by_problem.setdefault(spoiled.problem, []).append(spoiled.row)
    return [Finding("", problem, np.array(rows, np.int64)) for problem, rows in by_problem.items()]
