"""Short ways to write a file of charges and read it."""

from pathlib import Path
from typing import Any, NamedTuple

from policywire.workbench.charges.files import ChargeFile, find_files, open_file
from policywire.workbench.charges.judge import Charges
from policywire.workbench.charges.mapping import ChargeMapping
from policywire.workbench.charges.read import read_file

HEADER = "payer_id,procedure_code,charge_amount,service_date"


class Read(NamedTuple):
    """All batches of a file together."""

    lines: list[dict[str, Any]]
    good: int
    bad: int
    problems: dict[tuple[str, str], list[int]]
    """Column and word to row numbers."""
    notes: dict[tuple[str, str], list[int]]


def file_of(path: Path) -> ChargeFile:
    (found,) = find_files([path], path.parent)
    return found


def read(path: Path, mapping: ChargeMapping | None = None, **how: Any) -> Read:
    file, mapping = file_of(path), mapping or ChargeMapping()
    return together(list(read_file(file, mapping, opened=open_file(file, mapping), **how)))


def together(batches: list[Charges]) -> Read:
    found = Read([], sum(each.good for each in batches), sum(each.bad for each in batches), {}, {})
    for batch in batches:
        found.lines.extend(batch.lines.to_pylist())
        for each in batch.findings:
            key = (each.column, each.problem.message if each.is_note else each.problem.word)
            (found.notes if each.is_note else found.problems).setdefault(key, []).extend(each.rows.tolist())
    return found


def written(path: Path, *rows: str, header: str = HEADER, encoding: str = "utf-8") -> Path:
    path.write_bytes("".join(f"{row}\n" for row in (header, *rows)).encode(encoding))
    return path
