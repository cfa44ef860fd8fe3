"""Keeps the rows of a list that cannot be used: all of them in a file, some in the document, and how many of what kind.

Knows rejected rows and how they are told; a million of them take no more memory than a hundred. Knows no rule.
"""

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import Final, Self

from msgspec import Struct

from policywire.errors import BadInput
from policywire.rulebook.document import QuarantinedRow
from policywire.workbench.authoring.code_list import RejectedRow
from policywire.workbench.tables.sheet import Sheet
from policywire.workbench.tables.written import guarded, private_text

IN_DOCUMENT_MAX: Final = 50
"""So many rows are spelled out in the document: more would hide its rules."""

PLACES_MAX: Final = 5
"""So many places of each kind of problem are named on the terminal."""

TEXT_MAX: Final = 300
IN_MEMORY_BYTES: Final = 1 << 20
HEAD: Final = ("row", "columns", "problems", "why", "mend")


class Kind(Struct):
    """One kind of problem: how many rows have it, the first ones, and how to mend it."""

    word: str
    count: int
    places: list[str]
    why: str
    mend: str


class RejectedRows:
    """Takes rejected rows as they go by. To be closed, as a context manager.

    Args:
        sheet: the list that they come from.
    """

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.count = 0
        self._kinds: dict[str, Kind] = {}
        self._first: list[RejectedRow] = []
        self._file = SpooledTemporaryFile(  # noqa: SIM115  closed with this object
            IN_MEMORY_BYTES, mode="w+", encoding="utf-8", errors="replace", newline=""
        )
        self._writer = csv.writer(self._file, lineterminator="\n")
        self._writer.writerow((*HEAD, *map(guarded, sheet.header)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def add(self, row: RejectedRow) -> None:
        """Take one row."""
        self.count += 1
        if len(self._first) < IN_DOCUMENT_MAX:
            self._first.append(row)
        for column, problem in row.reasons:
            kind = self._kinds.setdefault(problem.word, Kind(problem.word, 0, [], problem.message, problem.mend))
            kind.count += 1
            if len(kind.places) < PLACES_MAX:
                kind.places.append(self.sheet.place(row.row, column))
        columns = (self._name(column) for column, _ in row.reasons)
        reasons = [problem for _, problem in row.reasons]
        self._writer.writerow(
            (
                row.row,
                "; ".join(columns),
                "; ".join(each.word for each in reasons),
                "; ".join(each.message for each in reasons),
                " | ".join(each.mend for each in reasons),
                *map(guarded, row.cells),
            )
        )

    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of problems, the commonest first."""
        return tuple(sorted(self._kinds.values(), key=lambda kind: (-kind.count, kind.word)))

    def quarantined(self, cites: str, file: str) -> Iterator[QuarantinedRow]:
        """The rows as the document keeps them; of many the first, and one entry that says where the others are."""
        for row in self._first:
            yield QuarantinedRow(id=f"row-{row.row}", text=_text(row), why=self._why(row), cites=(cites,))
        if self.count > len(self._first):
            why = f"{self.count - len(self._first)} more rows cannot be used; all of them are in {file}, with reasons."
            yield QuarantinedRow(id="other-rows", text=None, why=why, cites=(cites,))

    def save(self, path: Path) -> None:
        """Write every row with its reasons.

        Raises:
            BadInput: it cannot be written.
        """
        self._file.seek(0)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadInput(f"{path} cannot be written: {error.strerror}.") from error
        with private_text(path) as opened:
            shutil.copyfileobj(self._file, opened)

    def _name(self, column: int | None) -> str:
        return "" if column is None else self.sheet.header[column]

    def _why(self, row: RejectedRow) -> str:
        said = (
            f"{self._name(column)}: {problem.message}" if column is not None else problem.message
            for column, problem in row.reasons
        )
        return f"Row {row.row} of {self.sheet.path.name}: {'; '.join(said)}."


def _text(row: RejectedRow) -> str | None:
    text = " | ".join(row.cells).strip(" |").encode("utf-8", "replace").decode()
    return text[:TEXT_MAX] or None
