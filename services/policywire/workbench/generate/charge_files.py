"""Writes rows as Parquet, CSV or JSON lines, by the ending of the file's name, in pieces of a bounded size.

Knows the three formats: lists are lists in Parquet and JSON, and joined by ``;`` in CSV. Of columns it knows the types
that they have in Parquet.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any, Final

import msgspec

from policywire.errors import BadInput

ENDINGS: Final = (".parquet", ".csv", ".jsonl")
_ROWS_AT_ONCE: Final = 50_000


def write_rows(path: Path, fields: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> int:
    """Write rows to a file and tell how many.

    Args:
        path: ends in one of :data:`ENDINGS`.
        fields: the columns' names, in the order of each row.
        rows: text, numbers, truths, None, and tuples of text or of whole numbers.

    Raises:
        BadInput: the ending is another, the file cannot be written, or Parquet's package is missing.
    """
    write = {".parquet": _parquet, ".csv": _csv, ".jsonl": _json_lines}.get(path.suffix)
    if write is None:
        raise BadInput(f"{path.name} could be anything: end its name in {', '.join(ENDINGS)}.")
    try:
        return write(path, fields, rows)
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror}.") from error


def _pieces(rows: Iterable[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    remaining = iter(rows)
    while piece := list(islice(remaining, _ROWS_AT_ONCE)):
        yield piece


def _csv(path: Path, fields: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(fields)
        for piece in _pieces(rows):
            writer.writerows([[_as_text(cell) for cell in row] for row in piece])
            count += len(piece)
    return count


def _as_text(cell: Any) -> Any:
    if isinstance(cell, tuple):
        return ";".join(map(str, cell))
    return str(cell).lower() if isinstance(cell, bool) else cell


def _json_lines(path: Path, fields: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> int:
    encode, count = msgspec.json.Encoder().encode_lines, 0
    with path.open("wb") as file:
        for piece in _pieces(rows):
            file.write(encode([dict(zip(fields, row, strict=True)) for row in piece]))
            count += len(piece)
    return count


def _parquet(path: Path, fields: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> int:
    try:
        import pyarrow as pa  # noqa: PLC0415  of the extra `workbench`
        import pyarrow.parquet as pq  # noqa: PLC0415
    except ImportError as error:
        raise BadInput("Parquet needs the extra: pip install 'policywire[workbench]'") from error
    schema = pa.schema([(name, _arrow_type(pa, name)) for name in fields])
    count = 0
    with pq.ParquetWriter(path, schema) as writer:
        for piece in _pieces(rows):
            columns = [list(column) for column in zip(*piece, strict=True)]
            arrays = [_array(pa, column, field.type) for column, field in zip(columns, schema, strict=True)]
            writer.write_batch(pa.record_batch(arrays, schema=schema))
            count += len(piece)
    return count


_TYPES: Final = {
    "line_number": "int64",
    "confirmed_before_service": "bool",
    "service_date_from": "day",
    "service_date_through": "day",
    "diagnosis_pointers": "whole numbers",
    "diagnoses": "texts",
    "modifiers": "texts",
    "procedure_codes": "texts",
}
"""Every other column is text; service_date too, so that bad dates can be written."""


def _arrow_type(pa: Any, name: str) -> Any:
    named = {"day": pa.date32(), "whole numbers": pa.list_(pa.int32()), "texts": pa.list_(pa.string())}
    kind = _TYPES.get(name, "string")
    return named[kind] if kind in named else pa.type_for_alias(kind)


_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")


def _array(pa: Any, column: list[Any], kind: Any) -> Any:
    if pa.types.is_date(kind):
        column = [
            date.fromisoformat(each) if isinstance(each, str) and _DAY.fullmatch(each) else each for each in column
        ]
    return pa.array(column, kind)
