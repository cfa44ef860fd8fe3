"""What is asked of an audit: its files, its rules, its window of dates. Knows no engine and counts nothing."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from msgspec import Struct

from policywire.errors import BadInput
from policywire.model.calendar import add_months
from policywire.rulebook.rulebook import Rulebook
from policywire.workbench.audit.catalogue_file import Catalogue
from policywire.workbench.charges.files import ChargeFile
from policywire.workbench.charges.mapping import ChargeMapping

WINDOW_MONTHS: Final = 24
"""How far an audit looks back unless told otherwise: as long as payers commonly reach back for money."""


class AuditPlan(Struct, frozen=True, kw_only=True):
    """An audit to be run. ``since`` and ``until`` bound the dates of service of charges, both included."""

    charges: tuple[ChargeFile, ...]
    orders: tuple[ChargeFile, ...] = ()
    agreements: tuple[ChargeFile, ...] = ()
    catalogue: Catalogue | None = None
    rulebook: Rulebook
    mapping: ChargeMapping
    as_of: date
    since: date
    until: date
    threshold_cents: int


def window(as_of: date, since: date | None = None, until: date | None = None) -> tuple[date, date]:
    """The first and the last day of service to look at: unless told otherwise, 24 whole months that end with ``as_of``.

    Raises:
        BadInput: the first is after the last.
    """
    last = until or as_of
    first = since or add_months(last, -WINDOW_MONTHS).replace(day=1)
    if first > last:
        raise BadInput(f"The window ends on {last}, before it begins on {first}: mend --since or --until.")
    return first, last


def by_content(files: Sequence[ChargeFile]) -> tuple[ChargeFile, ...]:
    """The files in an order that does not depend on how or from where they were named."""
    return tuple(sorted(files, key=lambda file: (file.path.name, file.sha256)))


def months_of(since: date, until: date) -> tuple[str, ...]:
    """Every month of a window as ``YYYY-MM``, oldest first."""
    count = (until.year - since.year) * 12 + until.month - since.month
    return tuple(f"{add_months(since.replace(day=1), number):%Y-%m}" for number in range(count + 1))


def options_of(plan: AuditPlan) -> tuple[tuple[str, str], ...]:
    """The options that bear on the result, by name and as written, for whoever wants the same audit again."""
    mapping = plan.mapping
    written = {
        "threshold": f"{plan.threshold_cents // 100}.{plan.threshold_cents % 100:02}",
        **{
            f"column {name}": each if isinstance(each, str) else ",".join(each)
            for name, each in mapping.columns.items()
        },
        **{f"constant {name}": each for name, each in mapping.constants.items()},
        "date-format": mapping.date_format,
        "encoding": mapping.encoding,
        "delimiter": mapping.delimiter,
        "pad-codes": "yes" if mapping.pad_codes else None,
    }
    return tuple(sorted((name, value) for name, value in written.items() if value))
