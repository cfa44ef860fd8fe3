"""Reads Parquet files in batches. Knows the format; knows no column's meaning. Row 1 is the first."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from policywire.errors import BadInput
from policywire.workbench.charges.raw import ArrowColumn, RawBatch

ROWS_AT_ONCE: Final = 50_000


class ParquetFile:
    """A Parquet file, or some row groups of it.

    Args:
        path: the file.
        rows_at_once: how many at most a batch has.
        groups: the row groups to read, from the first up to but not including the second; None: all.

    Raises:
        BadInput: it is damaged, or no Parquet.
    """

    notes: Sequence[str] = ()

    def __init__(self, path: Path, rows_at_once: int = ROWS_AT_ONCE, groups: tuple[int, int] | None = None) -> None:
        self._path = path
        self._rows_at_once = rows_at_once
        self._groups = groups
        try:
            with pq.ParquetFile(path) as file:
                self.headers: Sequence[str] = file.schema_arrow.names
                self.group_rows = [file.metadata.row_group(each).num_rows for each in range(file.num_row_groups)]
        except pa.ArrowException as error:
            raise BadInput(_damaged(path, error)) from error

    def batches(self, headers: Sequence[str]) -> Iterator[RawBatch]:
        """All rows of the groups, with only these columns.

        Raises:
            BadInput: it is damaged.
        """
        begin, end = self._groups or (0, len(self.group_rows))
        before = sum(self.group_rows[:begin])
        number, count = 1 + before, max(1, sum(self.group_rows[begin:end]))
        try:
            with pq.ParquetFile(self._path, pre_buffer=False) as file:
                for batch in file.iter_batches(self._rows_at_once, list(range(begin, end)), list(headers)):
                    rows = np.arange(number, number + batch.num_rows)
                    number += batch.num_rows
                    columns = {name: ArrowColumn(batch.column(name)) for name in headers}
                    yield RawBatch(rows, columns, done=(number - 1 - before) / count)
        except pa.ArrowException as error:
            raise BadInput(_damaged(self._path, error)) from error


def _damaged(path: Path, error: Exception) -> str:
    return f"{path} cannot be read as Parquet: {str(error).splitlines()[0].rstrip('.')}. Write it again."
