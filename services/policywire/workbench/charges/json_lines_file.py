"""Reads JSON lines in batches: one object a line, each a charge. Knows JSON; knows no column's meaning.

A line that is no object is told and not read.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from policywire.errors import BadInput
from policywire.workbench.charges.raw import RawBatch, Spoiled, column_of
from policywire.workbench.tables.cells import Problem

LINES_AT_ONCE: Final = 20_000
_HEADER_LINES: Final = 1_000
"""The headers are the names in so many first objects."""
_NOT_JSON: Final = Problem("json", "the line is no JSON object", "Write one JSON object a line, in UTF-8.")
_decode = msgspec.json.Decoder().decode


class JsonLinesFile:
    """A file of JSON lines.

    Args:
        path: the file.
        lines_at_once: how many at most a batch has.

    Raises:
        BadInput: its first lines hold no object.
    """

    notes: Sequence[str] = ()

    def __init__(self, path: Path, lines_at_once: int = LINES_AT_ONCE) -> None:
        self._path = path
        self._lines_at_once = lines_at_once
        with path.open("rb") as file:
            first = [each for _, line in _lines(islice(file, _HEADER_LINES)) if (each := _object(line)) is not None]
        if not first:
            raise BadInput(f"{path} has no JSON object in its first {_HEADER_LINES:,} lines. {_NOT_JSON.mend}")
        self.headers: Sequence[str] = tuple(dict.fromkeys(name for each in first for name in each))

    def batches(self, headers: Sequence[str]) -> Iterator[RawBatch]:
        """All lines but blank ones, with only these columns."""
        reader = _Reader(headers)
        size, read = max(1, self._path.stat().st_size), 0
        with self._path.open("rb", 1 << 20) as file:
            lines = _lines(file)
            while some := list(islice(lines, self._lines_at_once)):
                read += sum(len(line) for _, line in some)
                yield reader.batch(some, min(1.0, read / size))


class _Reader:
    """Reads the fields that are wanted of each object and skips the others."""

    def __init__(self, headers: Sequence[str]) -> None:
        fields = [f"field_{place}" for place, _ in enumerate(headers)]
        self._headers = headers
        record = msgspec.defstruct(
            "Record", [(each, Any, None) for each in fields], rename=dict(zip(fields, headers, strict=True)), gc=False
        )
        self._decoder = msgspec.json.Decoder(record)

    def batch(self, lines: Sequence[tuple[int, bytes]], done: float) -> RawBatch:
        """The lines' objects as columns, and the lines that hold none."""
        try:
            objects = self._decoder.decode_lines(b"\n".join(line for _, line in lines))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            objects = []
        if len(objects) != len(lines):  # some line is no object, or holds several
            objects = [self._one(line) for _, line in lines]
        good = [(row, each) for (row, _), each in zip(lines, objects, strict=True) if each is not None]
        spoiled = [Spoiled(row, _NOT_JSON) for (row, _), each in zip(lines, objects, strict=True) if each is None]
        values = list(zip(*(msgspec.structs.astuple(each) for _, each in good), strict=True))
        columns = {header: column_of(column) for header, column in zip(self._headers, values, strict=False)}
        return RawBatch(np.array([row for row, _ in good], np.int64), columns, spoiled, done)

    def _one(self, line: bytes) -> Any:
        try:
            return self._decoder.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None


def _lines(file: Any) -> Iterator[tuple[int, bytes]]:
    """The lines that say something, by number."""
    for number, line in enumerate(file, 1):
        text = line.removeprefix(b"\xef\xbb\xbf").strip() if number == 1 else line
        if text and not text.isspace():
            yield number, text


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        found = _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
