"""Reads files of charges, batch by batch, into canonical rows; nothing is lost: every row is good, or told why not.

The whole path of a row to its judgement is :func:`read_file`. Knows neither rules nor members.
"""

from collections.abc import Collection, Iterator

from policywire.errors import BadInput
from policywire.workbench.charges.files import ChargeFile, open_file
from policywire.workbench.charges.judge import Charges, Judge
from policywire.workbench.charges.mapping import ChargeMapping, Resolved, resolve
from policywire.workbench.charges.raw import RawFile


def read_file(
    file: ChargeFile,
    mapping: ChargeMapping,
    *,
    orders: bool = False,
    wanted: Collection[str] | None = None,
    opened: RawFile | None = None,
) -> Iterator[Charges]:
    """The rows of a file in batches of some ten thousand.

    Args:
        file: from :func:`policywire.workbench.charges.files.find_files`.
        mapping: how it is to be read.
        orders: its rows are booked procedures where they do not say otherwise.
        wanted: the procedure codes of the rows to give, in normal form; the others are only judged, but
            for booked procedures. None: all.
        opened: the file or a part of it, already open; None: all of it.

    Raises:
        BadInput: the file cannot be read, or does not say what a charge must say.
    """
    raw = opened or open_file(file, mapping)
    resolved = check_headers(file, raw, mapping, orders=orders)
    judge = Judge(resolved, mapping, orders=orders, wanted=wanted)
    for batch in raw.batches(resolved.needed()):
        yield judge.judge(batch)


def check_headers(file: ChargeFile, raw: RawFile, mapping: ChargeMapping, *, orders: bool) -> Resolved:
    """Which headers of a file hold which canonical column.

    Raises:
        BadInput: required ones are missing, or the file holds events.
    """
    if "event_type" in raw.headers:
        raise BadInput(
            f"{file.path} holds events, not lines of charges: decide them with `policywire replay`, "
            "or make a table with one row a line."
        )
    return resolve(mapping, raw.headers, file.path, orders=orders)
