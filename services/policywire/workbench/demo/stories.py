"""The demo's cast: four made-up members, and what the practice's desk and its billing office say of them, day by day.

Knows the events and nothing of what becomes of them: no answer stands here, all of them are read from the topics.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Any, Final

import msgspec
from msgspec import Struct

from policywire.workbench.generate import Published

CLAIMS, SCHEDULING = "claim-events", "scheduling-events"
PAYER_ID: Final = "62308"
ORDERING_NPI: Final = "1245319599"
RENDERING: Final = {"npi": "1234567893", "taxonomy": "207X00000X"}

FIRST_DAY: Final = date(2026, 2, 2)
LAST_DAY: Final = date(2026, 3, 2)
POLICY_DAY: Final = date(2026, 2, 9)
"""A changed policy is published."""
NEW_VERSION_DAY: Final = date(2026, 3, 16)
"""It is in force from then on: later than every day in the cases beside the policy, which go on holding."""
CLOSING: Final = time(18, tzinfo=UTC)
"""The worker's clock stands there on each day, after all that is said on it."""
_OPENING_HOUR: Final = 9


class Story(Struct, frozen=True):
    """One member, and what is said of it: events in the order of their time."""

    member_id: str
    title: str
    events: tuple[dict[str, Any], ...]


def closing(day: date) -> datetime:
    """The instant of a day at which the worker's clock stands."""
    return datetime.combine(day, CLOSING)


def days() -> tuple[date, ...]:
    """The days on which something happens, or on which it tells that nothing did, from the first to the last."""
    spoken = {_day(event) for story in STORIES for event in story.events}
    return tuple(sorted(spoken | {FIRST_DAY, POLICY_DAY, LAST_DAY} | _TELLING_DAYS))


def said_on(day: date, topic: str) -> Iterator[Published]:
    """The events of a day for one topic, in order."""
    for story in STORIES:
        for event in story.events:
            if _day(event) == day and topic_of(event["event_type"]) == topic:
                yield Published(story.member_id.encode(), msgspec.json.encode(event))


def topic_of(event_type: str) -> str:
    """The topic on which events of a type are published."""
    return CLAIMS if event_type.startswith("claim.") else SCHEDULING


def _day(event: dict[str, Any]) -> date:
    return datetime.fromisoformat(event["occurred_at"]).date()


class _Desk:
    """Writes one member's events."""

    def __init__(self, member_id: str, name: str) -> None:
        self._member_id = member_id
        self._name = name
        self._events: list[dict[str, Any]] = []

    def story(self, title: str) -> Story:
        return Story(self._member_id, title, tuple(self._events))

    def books(self, on: str, appointment: str, codes: list[str], for_: str, estimate: str, **more: str) -> None:
        """An appointment; the diagnosis is of a shoulder unless another is given."""
        diagnosis = more.pop("diagnosis", "M75.111")
        self._say(
            on,
            "appointment.booked",
            appointment_id=appointment,
            payer_id=PAYER_ID,
            ordering_provider_npi=ORDERING_NPI,
            rendering_provider=RENDERING,
            service_date=for_,
            procedure_codes=codes,
            diagnoses=[diagnosis],
            estimated_charge_amount=estimate,
            **more,
        )

    def ends(self, on: str, appointment: str, how: str) -> None:
        """How the appointment came to its end."""
        self._say(on, f"appointment.{how}", appointment_id=appointment)

    def signs(self, on: str, agreement: str, codes: list[str], for_: str, cost: str) -> None:
        """An agreement to pay, signed in the practice that day."""
        self._say(
            on,
            "agreement.signed",
            agreement_id=agreement,
            payer_id=PAYER_ID,
            procedure_codes=codes,
            service_date_from=for_,
            service_date_through=for_,
            signed_at=f"{on}T08:30:00-05:00",
            estimated_cost_amount=cost,
        )

    def bills(self, on: str, claim: str, charges: dict[str, str], of: str, diagnosis: str) -> None:
        """A claim with a line for each code."""
        lines = [
            {"line_number": number, "procedure_code": code, "charge_amount": charge, "service_date": of}
            for number, (code, charge) in enumerate(charges.items(), 1)
        ]
        self._say(
            on,
            "claim.submitted",
            claim_id=claim,
            payer_id=PAYER_ID,
            ordering_provider_npi=ORDERING_NPI,
            rendering_provider=RENDERING,
            diagnoses=[diagnosis],
            lines=lines,
        )

    def _say(self, on: str, event_type: str, **fields: Any) -> None:
        number = len(self._events)
        head = {
            "event_id": f"demo-{self._name}-{number + 1}",
            "event_type": event_type,
            "occurred_at": f"{on}T{_OPENING_HOUR + number:02}:00:00Z",
            "member_id": self._member_id,
        }
        self._events.append(head | fields)


def _warned_in_time() -> Story:
    desk = _Desk("M-DEMO-A", "a")
    desk.books("2026-02-02", "APT-A", ["0717T", "0718T"], "2026-02-27", "6500.00")
    desk.signs("2026-02-26", "AGR-A", ["0717T", "0718T"], "2026-02-27", "6500.00")
    desk.ends("2026-02-27", "APT-A", "completed")
    desk.bills("2026-03-02", "CLM-A", {"0717T": "3400.00", "0718T": "3100.00"}, "2026-02-27", "M75.111")
    return desk.story("warned in time")


def _not_warned_in_time() -> Story:
    desk = _Desk("M-DEMO-B", "b")
    desk.books("2026-02-16", "APT-B", ["0565T"], "2026-02-18", "4200.00", diagnosis="M17.11")
    desk.ends("2026-02-18", "APT-B", "completed")
    desk.signs("2026-02-19", "AGR-B", ["0565T"], "2026-02-18", "4200.00")
    desk.bills("2026-02-23", "CLM-B", {"0565T": "4200.00"}, "2026-02-18", "M17.11")
    return desk.story("not warned in time")


def _coding_around() -> Story:
    desk = _Desk("M-DEMO-C", "c")
    desk.books("2026-02-02", "APT-C1", ["0717T"], "2026-02-24", "4800.00")
    desk.ends("2026-02-05", "APT-C1", "cancelled")
    narrative = "Injection of regenerative cells, right shoulder"
    desk.books("2026-02-06", "APT-C2", ["20999"], "2026-02-24", "4800.00", narrative=narrative)
    desk.ends("2026-02-17", "APT-C2", "cancelled")
    return desk.story("coding around")


def _policy_changes() -> Story:
    desk = _Desk("M-DEMO-D", "d")
    desk.books("2026-02-02", "APT-D1", ["0717T"], "2026-03-20", "5200.00")
    desk.books("2026-02-10", "APT-D2", ["0718T"], "2026-03-12", "4900.00")
    desk.books("2026-02-10", "APT-D3", ["0718T"], "2026-03-27", "4900.00")
    return desk.story("a policy changes after the booking")


STORIES: Final = (_warned_in_time(), _not_warned_in_time(), _coding_around(), _policy_changes())
_TELLING_DAYS: Final = {date(2026, 2, 13), date(2026, 2, 24)}
"""Two weeks and three days before a booked service, where how loud a warning is changes."""
