"""Short ways to say what happened to one synthetic member, and to ask what holds then."""

import datetime as dt
from functools import cache
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from tests.property.folding import Folding

from policywire.model.records import Alert, Determination, Record
from policywire.rulebook.load import load_rulebook
from policywire.rulebook.rulebook import Rulebook

Event = dict[str, Any]
RULES = Path(__file__).parents[2] / "rules"


@cache
def shipped() -> Rulebook:
    """The rules that ship."""
    return load_rulebook(RULES)


@cache
def synthetic() -> Rulebook:
    """The rules that the tests made up, which know more kinds of conditions and outcomes."""
    return load_rulebook(Path(__file__).parents[1] / "rules" / "synthetic")


def alerting_from(day: str | None, rulebook: Rulebook | None = None) -> Rulebook:
    """Rules with this ``alerts_from``, which are other rules: their revision tells."""
    rulebook = rulebook or shipped()
    first = None if day is None else dt.date.fromisoformat(day)
    return replace(
        rulebook,
        revision=f"sha256:{(day or 'none').replace('-', ''):0<64}",
        watch=replace(rulebook.watch, alerts_from=first),
    )


def instant(text: str) -> dt.datetime:
    """An instant; a date alone is its first moment in UTC."""
    return dt.datetime.fromisoformat(text if "T" in text else f"{text}T00:00:00+00:00")


def line(code: str = "0565T", day: str = "2026-01-02", number: int = 1, **fields: Any) -> Event:
    """One service line."""
    given = {"line_number": number, "procedure_code": code, "service_date": day, "charge_amount": "1000.00"}
    return given | fields


def claim(*lines: Event, at: str = "2026-01-05T14:00:00Z", kind: str = "submitted", **fields: object) -> Event:
    """A claim C1 of member M-1 with one line that is denied, unless something else is said."""
    given = {"event_id": f"{kind}-{at}", "event_type": f"claim.{kind}", "occurred_at": at, "claim_id": "C1"}
    return given | {"member_id": "M-1", "payer_id": "62308", "lines": list(lines) or [line()]} | fields


def voided(at: str = "2026-01-08T15:00:00Z", **fields: object) -> Event:
    """A void of claim C1."""
    given = {"event_id": f"voided-{at}", "event_type": "claim.voided", "occurred_at": at, "claim_id": "C1"}
    return given | {"member_id": "M-1"} | fields


def visit(*codes: str, day: str = "2026-02-10", at: str = "2026-01-05T15:00:00Z", **fields: object) -> Event:
    """A booking A1 of member M-1."""
    given = {"event_id": f"booked-{at}", "event_type": "appointment.booked", "occurred_at": at, "appointment_id": "A1"}
    given |= {"member_id": "M-1", "payer_id": "62308", "service_date": day}
    return given | {"procedure_codes": list(codes) or ["0565T"], "estimated_charge_amount": "5000.00"} | fields


def ended(how: str, at: str = "2026-01-08T15:00:00Z", **fields: object) -> Event:
    """An ending of appointment A1: cancelled, completed or no_show."""
    given = {"event_id": f"{how}-{at}", "event_type": f"appointment.{how}", "occurred_at": at, "appointment_id": "A1"}
    return given | {"member_id": "M-1"} | fields


def signed(*codes: str, at: str = "2026-01-01T15:00:00Z", **fields: object) -> Event:
    """An agreement G1 for January and February 2026, signed on 2025-12-20."""
    given = {"event_id": f"signed-{at}", "event_type": "agreement.signed", "occurred_at": at, "agreement_id": "G1"}
    given |= {"member_id": "M-1", "payer_id": "62308", "signed_at": "2025-12-20T10:00:00-05:00"}
    window = {"service_date_from": "2026-01-01", "service_date_through": "2026-02-28"}
    return given | window | {"procedure_codes": list(codes) or ["0565T"]} | fields


def revoked(at: str, **fields: object) -> Event:
    """A revocation of agreement G1."""
    given = {"event_id": f"revoked-{at}", "event_type": "agreement.revoked", "occurred_at": at, "agreement_id": "G1"}
    return given | {"member_id": "M-1"} | fields


class Scene:
    """What holds after some events, in the order given."""

    def __init__(self, *events: Event, now: str | None = None, rulebook: Rulebook | None = None) -> None:
        self.folding = Folding(rulebook or shipped()).feed_all(list(events))
        if now is not None:
            self.at(now)

    def at(self, now: str) -> "Scene":
        """The same later on."""
        self.folding.advance(instant(now))
        return self

    def then(self, *events: Event) -> tuple[Record, ...]:
        """Feed more events; the records that these alone gave."""
        return tuple(record for event in events for record in self.folding.feed(event))

    @property
    def determinations(self) -> tuple[Determination, ...]:
        """The latest determination of each id, withdrawn ones included, in the order of first emission."""
        latest = {each.determination_id: each for each in self.folding.records if isinstance(each, Determination)}
        return tuple(latest.values())

    @property
    def determination(self) -> Determination:
        """The only one."""
        (only,) = self.determinations
        return only

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """The latest state of each alert, resolved ones included."""
        latest = {each.alert_id: each for each in self.folding.records if isinstance(each, Alert)}
        return tuple(latest.values())

    def open(self, kind: str) -> tuple[Alert, ...]:
        """The open alerts of a kind."""
        return tuple(each for each in self.alerts if each.kind == kind and each.status == "open")

    def alert(self, kind: str) -> Alert:
        """The only alert of a kind, open or resolved."""
        (only,) = (each for each in self.alerts if each.kind == kind)
        return only


def decide(
    code: str = "0565T", day: str = "2026-01-02", *, of_claim: Event | None = None, **fields: Any
) -> Determination:
    """The determination of a claim with one line."""
    return Scene(claim(line(code, day, **fields), **(of_claim or {}))).determination
