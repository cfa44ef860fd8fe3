"""The events that a watch case stands for: what it says, with synthetic values for what every event needs.

Knows the event contracts; does not know what an event leads to.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, get_args

import msgspec
from msgspec import UNSET

from policywire.model.decode import EVENT_DECODER
from policywire.model.events import EVENT_TYPES, AnyEvent
from policywire.model.faults import judge
from policywire.rulebook.checks import YEARS
from policywire.rulebook.source import Finding, Path
from policywire.rulebook.watch_cases import EventText, WatchCase

BOOKED_AHEAD: Final = timedelta(days=30)
NEXT: Final = timedelta(minutes=1)
START: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""Only a case with a fault has an event that nothing dates."""

_EVENTS: Final[Mapping[str, Any]] = {str(each.__struct_config__.tag): each for each in get_args(AnyEvent)}
_NAMES: Final = {"at": "occurred_at", "event": "event_type", "rendering_taxonomy": "rendering_provider"}
"""Fields of a case that the contracts call otherwise."""
_DEFAULTS: Final = {
    "claim_id": "C1",
    "appointment_id": "A1",
    "agreement_id": "G1",
    "estimated_charge_amount": "5000.00",
}


def case_events(case: WatchCase, payer_id: str) -> tuple[AnyEvent, ...]:
    """The events of a case that :func:`event_findings` finds no fault in, in order of arrival.

    Args:
        case: the case.
        payer_id: what senders write of the payer that is meant.
    """
    return tuple(EVENT_DECODER.decode(value) for value in event_values(case, payer_id))


def event_values(case: WatchCase, payer_id: str) -> Iterator[bytes]:
    """The events of a case as JSON, as a topic would have them."""
    before = START
    for number, event in enumerate(case.events, 1):
        before = _at(event, before)
        yield msgspec.json.encode(_value(event, number, before, payer_id))


def far_dates(case: WatchCase) -> Iterator[Finding]:
    """Dates that cannot be computed with; a case with one is looked at no further. Paths begin at the case."""
    dates: list[tuple[Path, object]] = [(("as_of",), case.as_of), (("alerts_from",), case.alerts_from)]
    if case.published is not None:
        dates += [(("published", name), getattr(case.published, name)) for name in ("version", "at")]
    for e, event in enumerate(case.events):
        dates += [(("events", e, name), value) for name, value in msgspec.structs.asdict(event).items()]
        for x, line in enumerate(event.lines or ()):
            below = ("events", e, "lines", x)
            dates += [((*below, name), value) for name, value in msgspec.structs.asdict(line).items()]
    for path, day in dates:
        if isinstance(day, date) and day.year not in YEARS:
            yield Finding(path, "date", f"{day.isoformat()} lies outside 1900 to 2199", "Mend the year.")


def event_findings(case: WatchCase, payer_id: str) -> Iterator[Finding]:
    """Events of a case that do not fit the contracts; paths begin at the case."""
    for position, event in enumerate(case.events):
        path = ("events", position)
        if event.at is UNSET and (why := _timeless(event, position)):
            yield Finding((*path, "at"), "event", why, "Say when it happened.")
        known = _fields(event)
        for name, value in msgspec.structs.asdict(event).items():
            if value is not UNSET and _NAMES.get(name, name) not in known:
                message = f"{event.event} has no {name}"
                yield Finding((*path, name), "event-field", message, "Take it away, or mend the event.")
    if case.as_of is not None and any(each.at is not UNSET and each.at > case.as_of for each in case.events):
        message = "it is looked at before an event of it happens"
        yield Finding(("as_of",), "as-of", message, "Give a later instant, or take it away.")
    for position, value in enumerate(event_values(case, payer_id)):
        for fault in judge(value, EVENT_TYPES)[1]:
            where: Path = ("events", position, *_path(fault.pointer))
            yield Finding(where, "event", f"no sound event: {fault.detail}", fault.mend)


def _timeless(event: EventText, position: int) -> str:
    """Why nobody can tell when an event happened; empty when it can be told."""
    if event.event == "appointment.booked":
        return "" if event.service_date is not UNSET else "neither a time nor a day of service"
    if event.event in ("claim.drafted", "claim.submitted"):
        return "" if event.lines is not UNSET else "neither a time nor a line with a day of service"
    if event.event == "agreement.signed":
        return "" if event.signed_at is not UNSET else "neither a time nor signed_at"
    return "" if position else "no time, and no event above it"


def _at(event: EventText, before: datetime) -> datetime:
    """When an event happened, given when the one above it did."""
    if event.at is not UNSET:
        return event.at
    if event.event == "appointment.booked" and event.service_date is not UNSET:
        return datetime.combine(event.service_date, time(12), UTC) - BOOKED_AHEAD
    if event.event in ("claim.drafted", "claim.submitted") and event.lines is not UNSET:
        return datetime.combine(event.lines[0].service_date, time(12), UTC)
    if event.event == "agreement.signed" and event.signed_at is not UNSET:
        return event.signed_at
    return before + NEXT


def _fields(event: EventText) -> frozenset[str]:
    return frozenset((*_EVENTS[event.event].__struct_fields__, "event_type"))


def _value(event: EventText, number: int, at: datetime, payer_id: str) -> dict[str, Any]:
    given = msgspec.structs.asdict(event)
    given |= {"event_type": given.pop("event"), "occurred_at": at}
    taxonomy = given.pop("rendering_taxonomy")
    if taxonomy is not UNSET:
        given["rendering_provider"] = {"taxonomy": taxonomy}
    known = _fields(event)
    defaults = {**_DEFAULTS, "payer_id": payer_id, "event_id": f"event-{number}"}
    value = {name: each for name, each in (defaults | _said(given)).items() if name in known}
    if event.lines is not UNSET:
        value["lines"] = [
            {"line_number": place} | _said(msgspec.structs.asdict(line)) for place, line in enumerate(event.lines, 1)
        ]
    return value


def _said(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not UNSET}


def _path(pointer: str) -> Path:
    return tuple(int(part) if part.isdigit() else part for part in pointer.split("/")[1:])
