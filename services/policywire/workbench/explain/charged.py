"""One row of a file of charges becomes the situation to explain. Of the extra ``workbench``: reads with Arrow.

Knows how charges are read (:mod:`policywire.workbench.charges`); decides nothing. Words of refusal name the row and its
column and no value.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from policywire.errors import BadInput
from policywire.model import codes
from policywire.rulebook.rulebook import Rulebook
from policywire.workbench.charges.agreements import read_agreements
from policywire.workbench.charges.decide import items_of
from policywire.workbench.charges.files import find_files
from policywire.workbench.charges.judge import Charges
from policywire.workbench.charges.mapping import ChargeMapping
from policywire.workbench.charges.read import read_file
from policywire.workbench.explain.situation import Situation


def charged(
    charges: Path, row: int, agreements: tuple[str, ...], mapping: ChargeMapping, rulebook: Rulebook
) -> Situation:
    """The line of a row, with its member's agreements.

    Args:
        charges: the file.
        row: its number as the audit tells it, and a spreadsheet or an editor shows it.
        agreements: files of agreements; may be none.
        mapping: how all of them are read.
        rulebook: by which payers' ids are read.

    Raises:
        BadInput: a file cannot be read, or has no good row of that number.
    """
    with tempfile.TemporaryDirectory(prefix="policywire-explain-") as folder:
        (file,) = find_files([charges], Path(folder) / "charges")
        line = _row(row, charges, read_file(file, mapping))
        held, _ = read_agreements(find_files(agreements, Path(folder) / "agreements"), mapping, rulebook)
    fields = line.to_pylist()[0]
    (item,) = items_of(line, fields["service_date"])
    return Situation(
        item=item,
        agreements=held.get(fields["member_id"] or "", ()),
        diagnoses=tuple(dict.fromkeys(codes.diagnosis(each) for each in fields["diagnoses"] or () if each)),
    )


def _row(row: int, file: Path, batches: Iterator[Charges]) -> pa.RecordBatch:
    """The one row of that number.

    Raises:
        BadInput: it is bad, or not there.
    """
    for batch in batches:
        found = batch.lines.filter(pc.equal(batch.lines.column("row"), row))
        if found.num_rows:
            return found
        for finding in batch.findings:
            if not finding.is_note and row in finding.rows:
                column = f", column {finding.column}" if finding.column else ""
                raise BadInput(f"{file}, row {row}{column}: {finding.problem.message}. {finding.problem.mend}")
    raise BadInput(f"{file} has no row of data with the number {row}. Rows are counted from 1, as a spreadsheet does.")
