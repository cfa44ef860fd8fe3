"""Some rows of a file as they stand in it: columns of values that nobody has judged yet, and rows that are no rows.

Knows how to name the distinct values of a column, so that each is judged once however often it stands there: a batch of
a hundred thousand lines has some hundreds of days and codes. Knows no format and no column's meaning.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from policywire.workbench.tables.cells import Problem

Places = npt.NDArray[np.int64]
"""Positions of rows in a batch, or row numbers of a file."""


class RawColumn(Protocol):
    """One column of a batch."""

    def distinct(self) -> tuple[list[Any], Places]:
        """The distinct values, None among them, and for each row the place of its own."""

    def at(self, places: Places) -> "RawColumn":
        """The column with only these rows."""


class Spoiled(NamedTuple):
    """A row that could not be taken apart."""

    row: int
    problem: Problem


class RawBatch(NamedTuple):
    """Rows of one file.

    Attributes:
        rows: the number of each row in its file, from 1 as a spreadsheet or an editor shows it.
        columns: by the header that the file gives them.
        spoiled: rows of the same part of the file that are in no column.
        done: how much of the file has been read, from 0 to 1.
    """

    rows: Places
    columns: Mapping[str, RawColumn]
    spoiled: Sequence[Spoiled] = ()
    done: float = 1.0


class RawFile(Protocol):
    """A file that can be read in batches."""

    headers: Sequence[str]
    notes: Sequence[str]
    """What its reader should know of how it is read."""

    def batches(self, headers: Sequence[str]) -> Iterator[RawBatch]:
        """All rows, with only these columns."""


class ArrowColumn:
    """A column that Arrow read; a list is its parts with ``;`` between them."""

    __slots__ = ("_array",)

    def __init__(self, array: pa.Array) -> None:
        self._array = _flat(array)

    def distinct(self) -> tuple[list[Any], Places]:
        """The distinct values, None last, and for each row the place of its own."""
        array = self._array
        encoded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
        values = [*encoded.dictionary.to_pylist(), None]
        places = encoded.indices.cast(pa.int64()).fill_null(len(values) - 1)
        return values, places.to_numpy(zero_copy_only=False)

    def at(self, places: Places) -> "ArrowColumn":
        """The column with only these rows."""
        return ArrowColumn(self._array.take(pa.array(places)))


def _flat(array: pa.Array) -> pa.Array:
    kind = array.type
    if pa.types.is_struct(kind) or pa.types.is_map(kind):
        return pa.array([None if each is None else str(each) for each in array.to_pylist()], pa.string())
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        texts = array.cast(pa.list_(pa.string()))
        return pc.binary_join(_with_blanks(texts), ";")
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return array.cast(pa.string(), safe=False)
    return array


def _with_blanks(lists: pa.Array) -> pa.Array:
    """The lists with a blank for each null, for a join with a null in it is null."""
    if not lists.values.null_count:
        return lists
    return pa.ListArray.from_arrays(lists.offsets, lists.values.fill_null(""), mask=lists.is_null())


class ObjectColumn:
    """A column of Python values of any types, such as JSON has."""

    __slots__ = ("_values",)

    def __init__(self, values: Sequence[Any]) -> None:
        self._values = values

    def distinct(self) -> tuple[list[Any], Places]:
        """The distinct values, those of other types apart (1 is not true), and for each row the place of its own."""
        places: dict[tuple[type, Any], int] = {}
        found = np.empty(len(self._values), np.int64)
        for row, value in enumerate(self._values):
            flat = ";".join("" if each is None else str(each) for each in value) if isinstance(value, list) else value
            key = (flat.__class__, str(flat) if isinstance(flat, dict) else flat)
            found[row] = places.setdefault(key, len(places))
        return [value for _, value in places], found

    def at(self, places: Places) -> "ObjectColumn":
        """The column with only these rows."""
        return ObjectColumn([self._values[place] for place in places])


def column_of(values: Sequence[Any]) -> RawColumn:
    """A column of Python values; Arrow holds it where they are of one type, for it is ten times as fast."""
    try:
        return ArrowColumn(pa.array(values))
    except (pa.ArrowException, OverflowError, UnicodeEncodeError):
        return ObjectColumn(values)
