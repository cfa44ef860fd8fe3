"""One thing that could be otherwise about a line, and the line with it so.

Knows what a change does to an item and its agreements; does not know which changes are worth trying
(:mod:`policywire.workbench.explain.candidates`) or what comes of them.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, Final, Literal, get_args

from msgspec import Struct
from msgspec.structs import replace

from policywire.decision.agreement import Agreement
from policywire.workbench.explain.situation import Situation

Kind = Literal[
    "agreement",
    "pointers",
    "narrative",
    "date",
    "span",
    "diagnosis",
    "line_of_business",
    "taxonomy",
    "modifiers",
    "units",
    "charge",
    "stage",
]
"""What is changed. In the order in which changes of equal number are told: what is nearest to the practice first."""

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

_DIMENSIONS: Final[dict[Kind, str]] = {"pointers": "diagnoses", "diagnosis": "diagnoses", "span": "date"}
_APPLIED_LAST: Final = "agreement"
NEW: Final = "new"
"""In the place of an agreement's id: one that the member has yet to sign."""
NONE: Final = "none"
"""In the place of an agreement's id: there is none at all."""

_DAY: Final = timedelta(days=1)


class Change(Struct, frozen=True, kw_only=True):
    """A change. ``to`` is the fact's new value; of an agreement its id, NEW or NONE.

    ``mend`` is the problem that an agreement then no longer has; of a NEW one it is the payer that it names.
    """

    kind: Kind
    words: str
    """What would be otherwise, as a clause: "the date of service were 2025-12-15"."""
    to: Any
    mend: str | None = None

    @property
    def dimension(self) -> str:
        """What two changes cannot both be about."""
        return _DIMENSIONS.get(self.kind, self.kind)


def changed(situation: Situation, changes: Iterable[Change]) -> Situation:
    """The situation with all these changes; agreements are made for the day that the others leave."""
    for change in sorted(changes, key=lambda each: each.kind == _APPLIED_LAST):
        situation = _changed(situation, change)
    return situation


def _changed(situation: Situation, change: Change) -> Situation:
    item = situation.item
    match change.kind:
        case "agreement":
            return replace(situation, agreements=_agreements(situation, change))
        case "date":
            day: date = change.to
            fields: dict[str, Any] = {"first_day": day, "last_day": day + (item.last_day - item.first_day)}
        case "span":
            fields = {"first_day": change.to, "last_day": change.to}
        case "pointers" | "diagnosis":
            fields = {"diagnoses": change.to}
        case kind:
            fields = {kind: change.to}
    return replace(situation, item=replace(item, **fields))


def _agreements(situation: Situation, change: Change) -> tuple[Agreement, ...]:
    if change.to == NONE:
        return ()
    item = situation.item
    if change.to == NEW:
        return (*situation.agreements, signed_before(situation, change.mend or ""))
    code, day = item.procedure_code, item.first_day
    mended = []
    for agreement in situation.agreements:
        if agreement.agreement_id != change.to:
            mended.append(agreement)
            continue
        match change.mend:
            case "wrong_service":
                mended.append(replace(agreement, procedure_codes=(*agreement.procedure_codes, code)))
            case "wrong_date":
                first, last = agreement.service_date_from, agreement.service_date_through
                mended.append(
                    replace(agreement, service_date_from=min(first, day), service_date_through=max(last, day))
                )
            case "signed_after_service":
                mended.append(replace(agreement, signed_on=day - _DAY))
            case "signed_on_service_day":
                mended.append(replace(agreement, confirmed_before_service=True))
            case _:
                mended.append(replace(agreement, revoked_on=None))
    return tuple(mended)


def signed_before(situation: Situation, payer: str) -> Agreement:
    """An agreement as it should be: for this code and day, signed the day before."""
    item = situation.item
    return Agreement(
        agreement_id=NEW,
        payer=payer,
        procedure_codes=(item.procedure_code,),
        service_date_from=item.first_day,
        service_date_through=item.last_day,
        signed_at=max((each.signed_at for each in situation.agreements), default=0) + 1,
        signed_on=item.first_day - _DAY,
        confirmed_before_service=False,
        revoked_on=None,
    )
