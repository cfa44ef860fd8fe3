"""A line described by options becomes the events that a practice would have sent: judged and decided like those.

Knows the event contracts; decides nothing.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

import msgspec
from msgspec import Struct

from policywire.errors import BadInput
from policywire.model.decode import EVENT_DECODER
from policywire.model.events import EVENT_TYPES, AnyEvent
from policywire.model.faults import judge
from policywire.model.records import Stage

_NOON: Final = "T12:00:00Z"
_NAMES: Final = {
    "payer_id": "--payer-id",
    "procedure_code": "--code",
    "procedure_codes": "--code",
    "service_date": "--on",
    "service_date_end": "--through",
    "diagnosis_pointers": "--pointer",
    "charge_amount": "--charge",
    "estimated_charge_amount": "--charge",
    "units": "--units",
}
"""The option that gives a field of an event."""


class Described(Struct, frozen=True, kw_only=True):
    """A line as somebody describes it on a command line; codes and words as typed."""

    payer_id: str
    code: str
    on: date
    through: date | None = None
    diagnoses: tuple[str, ...] = ()
    pointers: tuple[int, ...] = ()
    narrative: str | None = None
    taxonomy: str | None = None
    line_of_business: str | None = None
    modifiers: tuple[str, ...] = ()
    units: float | None = None
    charge: str | None = None
    stage: Stage = "submitted"
    agreement_signed: date | None = None
    agreement_codes: tuple[str, ...] = ()
    """None: the code itself."""
    agreement_confirmed: bool = False
    agreement_revoked: date | None = None


def described_events(line: Described) -> tuple[AnyEvent, ...]:
    """The events that say this of a member: a claim or an appointment, and an agreement with its revocation.

    Raises:
        BadInput: no event can be so; it says which options are to be mended.
    """
    return tuple(map(_event, _values(line)))


def _values(line: Described) -> Iterator[dict[str, Any]]:
    yield _appointment(line) if line.stage == "scheduled" else _claim(line)
    if line.agreement_signed is None:
        if line.agreement_codes or line.agreement_confirmed or line.agreement_revoked:
            raise BadInput("What is said of an agreement needs --agreement-signed, the day on which it was signed.")
        return
    yield _stamped("agreement.signed", line.agreement_signed) | {
        "agreement_id": "agreement",
        "payer_id": line.payer_id,
        "procedure_codes": list(line.agreement_codes or (line.code,)),
        "service_date_from": line.on,
        "service_date_through": line.through or line.on,
        "signed_at": f"{line.agreement_signed}{_NOON}",
        "confirmed_before_service": line.agreement_confirmed,
    }
    if line.agreement_revoked is not None:
        yield _stamped("agreement.revoked", line.agreement_revoked) | {"agreement_id": "agreement"}


def _stamped(event_type: str, day: date) -> dict[str, Any]:
    return {
        "event_id": event_type,
        "event_type": event_type,
        "occurred_at": f"{day}{_NOON}",
        "member_id": "described",
    }


def _claim(line: Described) -> dict[str, Any]:
    event = _stamped(f"claim.{line.stage}", line.on)
    return event | {
        "claim_id": "described",
        "payer_id": line.payer_id,
        "line_of_business": line.line_of_business,
        "rendering_provider": {"taxonomy": line.taxonomy},
        "diagnoses": list(line.diagnoses),
        "lines": [
            {
                "line_number": 1,
                "procedure_code": line.code,
                "charge_amount": _money(line.charge or "0"),
                "service_date": line.on,
                "service_date_end": line.through,
                "modifiers": list(line.modifiers),
                "diagnosis_pointers": list(line.pointers),
                "units": line.units,
                "narrative": line.narrative,
            }
        ],
    }


def _appointment(line: Described) -> dict[str, Any]:
    given = {"--through": line.through, "--pointer": line.pointers, "--modifier": line.modifiers, "--units": line.units}
    for option, value in given.items():
        if value:
            raise BadInput(f"An appointment has no {option}: leave it out, or give another --stage.")
    return _stamped("appointment.booked", line.on) | {
        "appointment_id": "described",
        "payer_id": line.payer_id,
        "line_of_business": line.line_of_business,
        "rendering_provider": {"taxonomy": line.taxonomy},
        "service_date": line.on,
        "procedure_codes": [line.code],
        "diagnoses": list(line.diagnoses),
        "estimated_charge_amount": None if line.charge is None else _money(line.charge),
        "narrative": line.narrative,
    }


def _money(typed: str) -> str:
    """Money as the contract has it, where somebody typed ``$4,200`` or ``4200``."""
    plain = typed.strip().removeprefix("$").replace(",", "")
    return plain if "." in plain else f"{plain}.00"


def _event(value: dict[str, Any]) -> AnyEvent:
    encoded = msgspec.json.encode(value)
    faults = judge(encoded, EVENT_TYPES).faults
    if faults:
        told = "\n".join(f"{_option(fault.pointer)}: {fault.mend}" for fault in faults)
        raise BadInput(f"The line cannot be so.\n{told}")
    return EVENT_DECODER.decode(encoded)


def _option(pointer: str) -> str:
    names = [part for part in pointer.split("/") if part and not part.isdigit()]
    return _NAMES.get(names[-1], names[-1].replace("_", " ")) if names else "the options together"
