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
_MONEY: Final = HEADER.index("exposure_amount")
_DAYS: Final = (HEADER.index("date_of_service"), HEADER.index("version"))

WARNING: Final = (
    "Contains protected health information. Expected denials, predicted from published policy: "
    "the payer has the last word."
)


def write_bucket(path: Path, lines: Sequence[BucketLine]) -> None:
    """Write the lines to ``path``; its suffix says how.

    Raises:
        BadInput: the suffix is neither, or the file cannot be written.
    """
    rows = [_row(line) for line in lines]
    if path.suffix == ".csv":
        write_csv(path, HEADER, rows)
    elif path.suffix == ".xlsx":
        write_xlsx(path, [("Lines", HEADER, rows), ("About", ("about",), [(WARNING,)])])
    else:
        raise BadInput(f"{path} has neither of the suffixes .csv and .xlsx. Name it so, as bucket.csv.")


def _row(line: BucketLine) -> list[Value]:
    row: list[Value] = list(astuple(line))
    row[_MONEY] = Decimal(line.exposure_amount)
    for place in _DAYS:
        row[place] = date.fromisoformat(str(row[place])) if row[place] else None
    return row
