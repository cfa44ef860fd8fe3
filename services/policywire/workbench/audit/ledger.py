"""Where an audit's batches go while it runs: decided rows to disk, bad rows to their file, counts in memory.

Memory does not grow with the number of lines: what grows is written at once. Knows files; knows no policy.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from policywire.errors import BadInput
from policywire.workbench.audit.result import InputProblem
from policywire.workbench.audit.work import Batch
from policywire.workbench.charges.decide import DECIDED
from policywire.workbench.charges.judge import Finding
from policywire.workbench.tables.written import guarded, private_text

PLACES_MAX: Final = 5
"""So many places of a problem are named; a reader needs the first to find the others."""
_ROWS_A_GROUP: Final = 50_000
"""Decided rows are written when so many have come together: some 30 MB."""

SPILLED: Final = DECIDED.append(pa.field("file", pa.int32()))
_ORDERS: Final = pa.schema([("name", pa.string()), ("file", pa.int32())])
_REJECTS: Final = ("file", "row", "column", "problem", "mend")


class Counts:
    """How the reading of one file went."""

    __slots__ = ("bad", "good", "outside")

    def __init__(self) -> None:
        self.good = self.bad = self.outside = 0


class _Spill:
    """A Parquet file that grows by whole row groups."""

    def __init__(self, path: Path, schema: pa.Schema, stack: ExitStack) -> None:
        self._writer = stack.enter_context(pq.ParquetWriter(path, schema, compression="zstd"))
        self._schema = schema
        self._waiting: list[pa.RecordBatch] = []
        self._rows = 0

    def add(self, batch: pa.RecordBatch) -> None:
        self._waiting.append(batch)
        self._rows += batch.num_rows
        if self._rows >= _ROWS_A_GROUP:
            self.flush()

    def flush(self) -> None:
        self._writer.write_table(pa.Table.from_batches(self._waiting, self._schema))
        self._waiting, self._rows = [], 0


class Ledger:
    """Takes an audit's batches in.

    Args:
        folder: an empty folder of the caller's for what is spilled.
        names: the files' names, by their place among those of the audit.
        rejects: where bad rows are told; is only there afterwards when there are any.
    """

    def __init__(self, folder: Path, names: tuple[str, ...], rejects: Path | None) -> None:
        self.decided: Final = folder / "decided.parquet"
        self.orders: Final = folder / "orders.parquet"
        self.counts: Final = [Counts() for _ in names]
        self.names: Final = names
        self._rejects_path = rejects
        self._rejects: Path | None = None
        self._problems: dict[tuple[int, bool, str], _Problem] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._decided = _Spill(self.decided, SPILLED, self._stack)
        self._orders = _Spill(self.orders, _ORDERS, self._stack)
        if self._rejects_path is not None:
            self._rejects_path.unlink(missing_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._decided.flush()
            self._orders.flush()
        self._stack.close()

    @property
    def rejects(self) -> Path | None:
        """The file of bad rows, if there are any and somebody wants it."""
        return self._rejects

    def take(self, batch: Batch) -> None:
        """Write a batch away and count it."""
        self._decided.add(_of_file(batch.decided, batch.file, SPILLED))
        if len(batch.orders):
            self._orders.add(_of_file(pa.record_batch([batch.orders], names=["name"]), batch.file, _ORDERS))
        counts = self.counts[batch.file]
        counts.good += batch.good
        counts.bad += batch.bad
        counts.outside += batch.outside
        self.find(batch.file, batch.findings)

    def find(self, file: int, findings: tuple[Finding, ...]) -> None:
        """Tell what is wrong with rows of a file, and count it."""
        for each in findings:
            key = (file, each.is_note, each.problem.message if each.is_note else each.problem.word)
            mend = f"Know that: {each.problem.message}." if each.is_note else each.problem.mend
            self._problems.setdefault(key, _Problem(each.problem.word, mend)).add(each)
        rejected = [each for each in findings if not each.is_note and len(each.rows)]
        if rejected and self._rejects_path is not None:
            self._write(_table(self.names[file], rejected))

    def reject(self, rows: Sequence[tuple[str, int, str, str, str]]) -> None:
        """Tell bad rows of a file that was read elsewhere: file, row, column, problem and mend of each."""
        if rows and self._rejects_path is not None:
            columns = [pa.array(each) for each in zip(*rows, strict=True)]
            names = [guarded(each) for each in columns[0].to_pylist()]
            headers = [guarded(each) for each in columns[2].to_pylist()]
            arrays = [pa.array(names), columns[1], pa.array(headers), *columns[3:]]
            self._write(pa.table(arrays, names=list(_REJECTS)))

    def note(self, file: int, words: str) -> None:
        """Note something of how a file as a whole was read."""
        noted = self._problems[file, True, words] = _Problem("read-as", f"Know that: {words}.")
        noted.count = 1

    def problems(self) -> tuple[InputProblem, ...]:
        """Every kind of problem of every file, in the order of files, problems before notes, by their words."""
        return tuple(
            problem.told(self.names[file], is_note=is_note)
            for (file, is_note, _), problem in sorted(self._problems.items(), key=lambda each: each[0])
        )

    def _write(self, table: pa.Table) -> None:
        if self._rejects is None:
            self._rejects = self._rejects_path
            assert self._rejects is not None  # noqa: S101  our caller looked
            with private_text(self._rejects) as opened:
                opened.write(",".join(_REJECTS) + "\n")
            try:
                sink = self._stack.enter_context(self._rejects.open("ab"))
            except OSError as error:
                raise BadInput(f"{self._rejects} cannot be written: {error.strerror}.") from error
            options = pacsv.WriteOptions(include_header=False)
            self._sink = self._stack.enter_context(pacsv.CSVWriter(sink, table.schema, write_options=options))
        self._sink.write_table(table)


class _Problem:
    """One kind of problem in one file, or one kind of note about it."""

    def __init__(self, word: str, mend: str) -> None:
        self._word, self._mend = word, mend
        self.count = 0
        self._places: list[tuple[int, str]] = []

    def add(self, finding: Finding) -> None:
        """Count its rows, and keep the first places."""
        self.count += len(finding.rows)
        named = f", column {finding.column}" if finding.column else ""
        first = sorted(finding.rows.tolist())[:PLACES_MAX]
        self._places = sorted([*self._places, *((row, f"row {row}{named}") for row in first)])[:PLACES_MAX]

    def told(self, file: str, *, is_note: bool) -> InputProblem:
        """It, for the result."""
        places = tuple(place for _, place in self._places)
        effect: Literal["noted", "rejected"] = "noted" if is_note else "rejected"
        return InputProblem(
            file=file, problem=self._word, effect=effect, count=self.count, places=places, mend=self._mend
        )


def _of_file(batch: pa.RecordBatch, file: int, schema: pa.Schema) -> pa.RecordBatch:
    return pa.record_batch([*batch.columns, pa.repeat(pa.scalar(file, pa.int32()), batch.num_rows)], schema=schema)


def _table(file: str, findings: Sequence[Finding]) -> pa.Table:
    """A row for each thing that is wrong with a row, in the order of the rows."""
    parts = [
        pa.table(
            {
                "file": pa.repeat(guarded(file), len(each.rows)),
                "row": pa.array(each.rows),
                "column": pa.repeat(guarded(each.column), len(each.rows)),
                "problem": pa.repeat(each.problem.word, len(each.rows)),
                "mend": pa.repeat(each.problem.mend, len(each.rows)),
            }
        )
        for each in findings
    ]
    return pa.concat_tables(parts).sort_by([("row", "ascending"), ("column", "ascending"), ("problem", "ascending")])
