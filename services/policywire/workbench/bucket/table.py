"""A denial bucket as a file: CSV, or XLSX for a spreadsheet. Knows the columns; not where the lines come from."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final

from msgspec.structs import astuple, fields

from policywire.errors import BadInput
from policywire.workbench.bucket.lines import BucketLine
from policywire.workbench.tables.written import Value, write_csv, write_xlsx

HEADER: Final = tuple(field.name for field in fields(BucketLine))
_KINDS: Final = (".csv", ".xlsx")
_MONEY: Final = HEADER.index("exposure_amount")
_DAYS: Final = (HEADER.index("date_of_service"), HEADER.index("version"))

WARNING: Final = (
    "Contains protected health information. Expected denials, predicted from published policy: "
    "the payer has the last word."
)


def refuse_other_kinds(path: Path) -> None:
    """Look at a file's name before anything is read for it.

    Raises:
        BadInput: the suffix says of neither kind that it is one.
    """
    if path.suffix.lower() not in _KINDS:
        raise BadInput(f"{path} has neither of the suffixes .csv and .xlsx. Name it so, as bucket.csv.")


def write_bucket(path: Path, lines: Sequence[BucketLine]) -> None:
    """Write the lines to ``path``; its suffix, one of the two, says how.

    Raises:
        BadInput: the file cannot be written.
    """
    rows = [_row(line) for line in lines]
    if path.suffix.lower() == ".csv":
        write_csv(path, HEADER, rows)
    else:
        write_xlsx(path, [("Lines", HEADER, rows), ("About", ("about",), [(WARNING,)])])


def _row(line: BucketLine) -> list[Value]:
    row: list[Value] = list(astuple(line))
    row[_MONEY] = Decimal(line.exposure_amount)
    for place in _DAYS:
        row[place] = date.fromisoformat(str(row[place])) if row[place] else None
    return row
