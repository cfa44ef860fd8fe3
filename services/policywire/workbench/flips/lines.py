"""Flipped lines in a file that somebody asked for by name: CSV or Parquet, readable by its owner only.

Knows the columns; rows are written as they come, so that their number does not matter to memory.
"""

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any, Final

from policywire.errors import BadInput
from policywire.workbench.diff.words import change_in_words
from policywire.workbench.flips.flip import Flip, FlippedLine
from policywire.workbench.tables.written import Value, private_text, write_csv

PLACE: Final = ("source", "row", "subject_id", "line_number", "member_id", "payer_id")
"""What ``FlippedLine.place`` holds: the file or topic, the row in it, and which line of which claim or booking."""

COLUMNS: Final = (
    *PLACE,
    "kind",
    "procedure_code",
    "date_of_service",
    "specialty",
    "rendering_provider_npi",
    "charge_amount",
    "payer",
    "policy",
    "before",
    "after",
    "exposure_before",
    "exposure_after",
    "changes",
)
ROWS_AT_ONCE: Final = 20_000


def writer_of(path: Path) -> Callable[[Iterable[FlippedLine]], None]:
    """What writes lines to a file whose name ends in .csv or .parquet.

    Raises:
        BadInput: its name ends otherwise, or Parquet's package is missing.
    """
    if path.suffix == ".csv":
        return lambda lines: write_csv(path, COLUMNS, _rows(lines))
    if path.suffix != ".parquet":
        raise BadInput(f"{path.name} could be anything: end its name in .csv or .parquet.")
    try:
        import pyarrow.parquet  # noqa: F401, PLC0415  of the extra `workbench`
    except ImportError as error:
        raise BadInput("Parquet needs the extra: pip install 'policywire[workbench]'") from error
    return lambda lines: _write_parquet(path, _rows(lines))


def _rows(lines: Iterable[FlippedLine]) -> Iterator[tuple[Value, ...]]:
    for line in lines:
        for flip in line.flips:
            yield _row(line, flip)


def _row(line: FlippedLine, flip: Flip) -> tuple[Value, ...]:
    return (
        *line.place,
        line.kind,
        line.procedure_code,
        line.date_of_service,
        line.specialty,
        line.provider,
        _decimal(line.charge_cents),
        flip.payer,
        flip.policy,
        flip.before,
        flip.after,
        _decimal(flip.exposure_before_cents),
        _decimal(flip.exposure_after_cents),
        "; ".join(map(change_in_words, flip.changes)),
    )


def _decimal(cents: int | None) -> Decimal | None:
    return None if cents is None else Decimal(cents).scaleb(-2)


def _write_parquet(path: Path, rows: Iterable[tuple[Value, ...]]) -> None:
    import pyarrow as pa  # noqa: PLC0415  of the extra `workbench`
    import pyarrow.parquet as pq  # noqa: PLC0415

    types: dict[str, Any] = {"row": pa.int64(), "line_number": pa.int64(), "date_of_service": pa.date32()}
    money = dict.fromkeys(("charge_amount", "exposure_before", "exposure_after"), pa.decimal128(18, 2))
    schema = pa.schema([(name, (types | money).get(name, pa.string())) for name in COLUMNS])
    with private_text(path):  # made first, so that it is never there for others to read
        pass
    remaining = iter(rows)
    with pq.ParquetWriter(path, schema) as writer:
        while piece := list(islice(remaining, ROWS_AT_ONCE)):
            arrays = [
                pa.array(column, field.type) for column, field in zip(zip(*piece, strict=True), schema, strict=True)
            ]
            writer.write_batch(pa.record_batch(arrays, schema=schema))
