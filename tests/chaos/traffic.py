"""Synthetic events for a run: few members with many events each, so that what is remembered decides what is said.

Nobody's data: every id is made up. The mix is not a clinic's (that is ``policywire generate``) but one that
a fault can hurt: a third of the claims listed, claims replaced, voided and sent again, late events, both topics, old
history that is soon forgotten, and events of every class that must become a dead letter. Dates follow the run's clock.
Strangers, of whom nothing is ever remembered, can be most of it, as they are in life.
"""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, Final

import orjson
from msgspec import Struct, field
from tests.chaos.intake import CLAIMS, INPUTS, SCHEDULING
from tests.chaos.spoiled import SPOILED, Message

CLAIMS_PER_MEMBER: Final = 5
SCHEDULING_SHARE: Final = 10
"""One scheduling event for so many claim events."""
LISTED_SHARE: Final = 0.35
DEAD_SHARE: Final = 0.01
HISTORICAL: Final = 8
"""One member of so many has events of two years ago only."""
HISTORY: Final = timedelta(days=722)
"""So long ago that 24 months end within the days by which a run's clock moves."""
LISTED: Final = ("0565T", "0566T", "0717T", "0718T", "38230", "38232", "20999", "20930", " 0565t ")
COMMON: Final = ("99213", "99214", "29881", "73721", "97110", "20610", "01402", "77002")
DIAGNOSES: Final = (("M17.11",), ("C90.00",), ("m75111", "Z51.11"), ("Z00.00",), ("M17.12", "M25.561"))
NARRATIVES: Final = (
    None,
    None,
    "",
    "BMAC injection right knee",
    "no stem cells used",
    "amniotic fluid",
    "ganglion cyst",
)
TAXONOMIES: Final = (None, "207X00000X", "207RH0003X", "208D00000X")
LINES_OF_BUSINESS: Final = (None, None, None, "commercial", "PPO", "medicare_advantage")
FIRST_DAYS: Final = (date(2020, 3, 1), date(2024, 6, 1), date(2025, 12, 1), date(2026, 1, 15))
"""Dates of service lie in the 60 days after one of these: before the first version, in either, and across."""
AGES: Final = (60, 365)
"""Or in the 60 days after so many days ago: of late, and about to be too old to be worked."""


class _Person(Struct):
    member_id: str
    historical: bool
    claims: list[str] = field(default_factory=list)
    appointments: list[str] = field(default_factory=list)
    agreements: list[str] = field(default_factory=list)
    last: dict[str, Any] | None = None


class Traffic:
    """A stream of messages; for the same seed and clock the same.

    Args:
        claims: how many messages go to claim-events; a tenth as many again go to scheduling-events.
        clock: gives the run's now; events are of that time.
        strangers: the share of the claims that are of members who are never remembered.
        events_per_member: of the others, roughly.
    """

    def __init__(
        self,
        seed: int,
        claims: int,
        clock: Callable[[], datetime],
        *,
        strangers: float = 0.0,
        events_per_member: int = 20,
    ) -> None:
        self._random = Random(seed)  # noqa: S311  repeatable, not secret
        self._claims = claims
        self._clock = clock
        self._strangers = strangers
        self._number = 0
        members = max(20, int(claims * (1 - strangers)) // events_per_member)
        self._people = [_Person(f"M-{number:06}", not number % HISTORICAL) for number in range(members)]

    @property
    def total(self) -> int:
        """How many messages there are."""
        return self._claims + self._claims // SCHEDULING_SHARE

    def __iter__(self) -> Iterator[Message]:
        chance = self._random
        for number in range(1, self._claims + 1):
            if chance.random() < self._strangers:
                yield self._strange()
            else:
                yield self._dead() if chance.random() < DEAD_SHARE else self._claim()
            if not number % SCHEDULING_SHARE:
                yield self._appointment()

    def burst(self, count: int) -> Iterator[Message]:
        """Messages that must become dead letters, of every class in turn, in both topics."""
        for number in range(count):
            event = self._claim_content(self._random.choice(self._people), 1.0)
            topic = INPUTS[number // len(SPOILED) % len(INPUTS)]
            yield SPOILED[number % len(SPOILED)](_message(topic, event), event)

    def flood(self, count: int, fits: Callable[[bytes], bool]) -> Iterator[Message]:
        """The same of members whose key fits; none of the largest."""
        people = [person for person in self._people if fits(person.member_id.encode())]
        for number in range(count):
            event = self._claim_content(self._random.choice(people), 1.0)
            yield SPOILED[number % (len(SPOILED) - 1)](_message(CLAIMS, event), event)

    def _claim(self) -> Message:
        chance = self._random
        person = chance.choice(self._people)
        throw = chance.random()
        if person.last is not None and throw < 0.02:
            return _message(CLAIMS, person.last)  # sent twice, word for word
        if person.claims and throw < 0.10:
            event = self._event("claim.voided", person, claim_id=chance.choice(person.claims))
        else:
            event = self._claim_content(person, throw)
        person.last = event
        return _message(CLAIMS, event)

    def _claim_content(self, person: _Person, throw: float) -> dict[str, Any]:
        chance = self._random
        if person.claims and (throw < 0.40 or len(person.claims) == CLAIMS_PER_MEMBER):
            kind, claim_id = "claim.replaced", chance.choice(person.claims)
        else:
            kind, claim_id = ("claim.drafted" if throw < 0.5 else "claim.submitted"), f"CLM-{self._number}"
            person.claims.append(claim_id)
        return self._event(
            kind,
            person,
            claim_id=claim_id,
            payer_id="62308" if chance.random() < 0.95 else "99999",
            line_of_business=chance.choice(LINES_OF_BUSINESS),
            ordering_provider_npi="1245319599",
            rendering_provider={"npi": "1234567893", "taxonomy": chance.choice(TAXONOMIES)},
            diagnoses=chance.choice(DIAGNOSES),
            lines=[self._line(number, person) for number in range(1, chance.randint(2, 4))],
        )

    def _line(self, number: int, person: _Person) -> dict[str, Any]:
        chance = self._random
        first = self._first_day(person) + timedelta(days=chance.randrange(60))
        return {
            "line_number": number,
            "procedure_code": self._code(),
            "modifiers": chance.choice((["RT"], ["LT"], None)),
            "diagnosis_pointers": chance.choice((None, [1])),
            "units": 1,
            "charge_amount": f"{chance.randrange(90, 9000)}.{chance.randrange(100):02}",
            "service_date": first.isoformat(),
            "service_date_end": chance.choice((None, None, (first + timedelta(days=2)).isoformat())),
            "narrative": chance.choice(NARRATIVES),
        }

    def _first_day(self, person: _Person) -> date:
        if person.historical:
            return FIRST_DAYS[0]
        today = self._clock().date()
        return self._random.choice((*FIRST_DAYS, *(today - timedelta(days=age) for age in AGES)))

    def _code(self) -> str:
        return self._random.choice(LISTED if self._random.random() < LISTED_SHARE / 2 else COMMON)

    def _appointment(self) -> Message:
        chance = self._random
        person = chance.choice(self._people)
        throw = chance.random()
        if throw < 0.35:
            event = self._agreement(person)
        elif person.appointments and throw < 0.55:
            kind = chance.choice(("appointment.cancelled", "appointment.completed", "appointment.no_show"))
            event = self._event(kind, person, appointment_id=chance.choice(person.appointments))
        else:
            event = self._booking(person, throw)
        return _message(SCHEDULING, event)

    def _booking(self, person: _Person, throw: float) -> dict[str, Any]:
        chance = self._random
        if person.appointments and throw < 0.75:
            kind, appointment_id = "appointment.rescheduled", chance.choice(person.appointments)
        else:
            kind, appointment_id = "appointment.booked", f"APT-{self._number}"
            person.appointments.append(appointment_id)
        near = self._clock() - (HISTORY if person.historical else timedelta())
        return self._event(
            kind,
            person,
            appointment_id=appointment_id,
            payer_id="62308",
            service_date=(near.date() + timedelta(days=chance.randrange(-20, 40))).isoformat(),
            procedure_codes=chance.sample(LISTED, chance.randint(1, 2)),
            diagnoses=chance.choice(DIAGNOSES),
            estimated_charge_amount="6500.00",
            narrative=chance.choice(NARRATIVES),
        )

    def _agreement(self, person: _Person) -> dict[str, Any]:
        chance, now = self._random, self._clock()
        if person.agreements and chance.random() < 0.3:
            return self._event("agreement.revoked", person, agreement_id=chance.choice(person.agreements))
        person.agreements.append(f"AGR-{self._number}")
        return self._event(
            "agreement.signed",
            person,
            agreement_id=person.agreements[-1],
            payer_id="62308",
            procedure_codes=chance.sample(LISTED[:7], 3),
            service_date_from=chance.choice(FIRST_DAYS).isoformat(),
            service_date_through=(now.date() + timedelta(days=60)).isoformat(),
            signed_at=(now - timedelta(days=chance.randrange(400))).isoformat(),
        )

    def _event(self, kind: str, person: _Person, **rest: Any) -> dict[str, Any]:
        """An event of now, or one in ten late by up to three days, or of long ago."""
        self._number += 1
        at = self._clock() - timedelta(seconds=self._random.randrange(3_600))
        if self._random.random() < 0.1:
            at -= timedelta(hours=self._random.randrange(1, 72))
        if person.historical:
            at -= HISTORY
        return {
            "event_id": f"evt-{self._number}",
            "event_type": kind,
            "occurred_at": at.isoformat(),
            "member_id": person.member_id,
            **rest,
        }

    def _strange(self) -> Message:
        """A claim of nothing that is listed, of somebody who is never remembered."""
        chance = self._random
        person = _Person(f"S-{chance.randrange(100_000):06}", historical=False)
        event = self._claim_content(person, 1.0)
        for line in event["lines"]:
            line["procedure_code"] = chance.choice(COMMON)
        return _message(CLAIMS, event)

    def _dead(self) -> Message:
        """A record of a member that cannot be used."""
        event = self._claim_content(self._random.choice(self._people), 1.0)
        return self._random.choice(SPOILED)(_message(CLAIMS, event), event)


def _message(topic: str, event: dict[str, Any]) -> Message:
    return Message(topic, event["member_id"].encode(), orjson.dumps(event))
