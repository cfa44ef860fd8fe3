"""Decides canonical rows with the pure core: one decided row for each row and policy that names its code.

Knows how a row becomes an item, and how verdicts become columns. Reads no file and counts nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

import pyarrow as pa

from policywire.decision.agreement import Agreement
from policywire.decision.determine import determine
from policywire.decision.item import Item
from policywire.decision.verdict import Verdict
from policywire.model import codes
from policywire.model.records import DENIED, Outcome
from policywire.rulebook.rulebook import Rulebook
from policywire.workbench.charges.judge import SCHEMA

Agreements = Mapping[str, Sequence[Agreement]]
"""By member id."""

_VERDICT: Final = pa.schema(
    [
        ("payer", pa.string()),
        ("policy", pa.string()),
        ("version", pa.date32()),
        ("rule", pa.string()),
        ("outcome", pa.string()),
        ("reason", pa.string()),
        ("flags", pa.list_(pa.string())),
        ("bucket", pa.string()),
        ("appeal", pa.string()),
        ("group_code", pa.string()),
        ("carc", pa.string()),
        ("rarc", pa.list_(pa.string())),
        ("agreement_status", pa.string()),
        ("agreement_id", pa.string()),
        ("agreement_problem", pa.string()),
        ("liable", pa.string()),
        ("next_action", pa.string()),
        ("charge_cents", pa.int64()),
        ("exposure_cents", pa.int64()),
        ("counts", pa.bool_()),
    ]
)
DECIDED: Final = pa.unify_schemas([SCHEMA, _VERDICT])
"""A canonical row and what a policy says of it.

``payer`` is the key in the rules, null where no profile has the row's payer id: then nothing is decided, and the rest
is null too. A code that is only watched for has a payer and no outcome. ``counts`` is true for one row of each line,
the one that counts in sums over lines. ``exposure_cents`` is null for booked procedures; ``charge_cents`` is then an
estimate, null where none is given.
"""


def items_of(lines: pa.RecordBatch, as_of: date) -> list[Item]:
    """The items that canonical rows are, in their order.

    Args:
        lines: by :data:`policywire.workbench.charges.judge.SCHEMA`.
        as_of: what the items are said to be decided for.
    """
    moment = f"{as_of}T00:00:00Z"
    columns = (lines.column(name).to_pylist() for name in _READ)
    return [_item(moment, *row) for row in zip(*columns, strict=True)]


_READ: Final = (
    *("row", "claim_id", "line_number", "payer_id", "line_of_business", "rendering_taxonomy", "diagnoses"),
    *("diagnosis_pointers", "procedure_code", "modifiers", "units", "charge_amount", "service_date"),
    *("service_date_end", "narrative", "kind"),
)


def _item(  # noqa: PLR0913, PLR0917  the columns of a row, read in one pass
    moment: str,
    row: int,
    claim_id: str | None,
    line_number: int | None,
    payer_id: str,
    line_of_business: str | None,
    taxonomy: str | None,
    diagnoses: list[str] | None,
    pointers: list[int] | None,
    procedure_code: str,
    modifiers: list[str] | None,
    units: float | None,
    charge: str | None,
    first_day: date,
    last_day: date | None,
    narrative: str | None,
    kind: str,
) -> Item:
    is_claim = kind == "claim"
    concerning = [diagnoses[each - 1] for each in pointers] if pointers and diagnoses else diagnoses or ()
    return Item(
        owner_id=claim_id or f"row {row}",
        line_number=(line_number or row) if is_claim else None,
        event_id="",
        decided_for=moment,
        payer_id=payer_id,
        line_of_business=line_of_business,
        procedure_code=procedure_code,
        first_day=first_day,
        last_day=last_day or first_day,
        diagnoses=tuple([codes.diagnosis(each) for each in concerning if each]),
        taxonomy=codes.taxonomy(taxonomy) if taxonomy else None,
        narrative=narrative,
        modifiers=tuple(map(codes.procedure_code, modifiers or ())),
        units=units,
        charge=charge if is_claim else None,
        stage="submitted" if is_claim else "scheduled",
    )


def decide(lines: pa.RecordBatch, rulebook: Rulebook, agreements: Agreements, as_of: date) -> pa.RecordBatch:
    """What the policies say of canonical rows.

    Args:
        lines: by :data:`policywire.workbench.charges.judge.SCHEMA`.
        rulebook: the policies.
        agreements: those of the members.
        as_of: the day of the question; no answer depends on it.

    Returns:
        Rows by :data:`DECIDED`. A row whose code its payer's policies do not name gives none.
    """
    members = lines.column("member_id").to_pylist()
    charges = lines.column("charge_amount").to_pylist()
    places: list[int] = []
    said: list[tuple[Any, ...]] = []
    for place, item in enumerate(items_of(lines, as_of)):
        cents = _cents(charges[place])
        if item.payer_id not in rulebook.payers:
            if item.procedure_code in rulebook.listed_codes:
                places.append(place)
                said.append((*_NOTHING, cents, None, True))
            continue
        verdicts = determine(item, agreements.get(members[place] or "", ()), rulebook)
        payer = rulebook.payers[item.payer_id].key
        if not verdicts and item.procedure_code in rulebook.watch.targeted.get(payer, ()):
            places.append(place)
            said.append((payer, *_NOTHING[1:], cents, None, True))
        weightiest = max(verdicts, key=_weight, default=None)
        for verdict in verdicts:
            places.append(place)
            said.append((*_told(verdict), cents, _cents(verdict.exposure_amount), verdict is weightiest))
    columns = list(zip(*said, strict=True)) or [()] * len(_VERDICT)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, _VERDICT, strict=True)]
    return pa.record_batch([*lines.take(pa.array(places, pa.int64())).columns, *arrays], schema=DECIDED)


_NOTHING: Final = (None,) * (len(_VERDICT) - 3)


def _weight(verdict: Verdict) -> tuple[bool, bool]:
    """The greatest decides what a line counts as; among equals the first. Who is liable is the same for all denials."""
    return (verdict.outcome in DENIED, verdict.outcome is Outcome.REVIEW)


def _cents(amount: str | None) -> int | None:
    return None if amount is None else int(amount.replace(".", ""))


def _told(verdict: Verdict) -> tuple[Any, ...]:
    denial = verdict.denial
    liable = verdict.liable
    remittance: Iterable[Any] = (None,) * 5
    if denial is not None:
        remittance = (denial.bucket, denial.appeal, "PR" if liable == "patient" else "CO", denial.carc, denial.rarc)
    return (
        verdict.payer,
        verdict.policy_id,
        verdict.version,
        verdict.rule,
        str(verdict.outcome),
        verdict.reason,
        verdict.flags,
        *remittance,
        verdict.agreement_status,
        verdict.agreement_id,
        verdict.agreement_problem,
        liable,
        verdict.next_action,
    )
