"""A made-up group of practices that writes one claim after the other.

Knows how a practice bills: orthopaedics has always offered the services of MM 0552, sports medicine takes them up
within the first year, interventional pain in the second; a fifth of the ordering providers is prone to code around
them. Knows no policy and no file.
"""

from collections import deque
from random import Random
from typing import Final, NamedTuple

from policywire.workbench.generate.charge_rows import UNMAPPED, Charge, ChargeMix
from policywire.workbench.generate.pieces import CIGNA_EVERY, Calendar, dollars, member_id, npi, one, some
from policywire.workbench.generate.practice import (
    CIGNA,
    ELSEWHERE,
    LINES_OF_BUSINESS,
    LISTED,
    SITUATIONS,
    SPECIALTIES,
    UNLISTED,
    Service,
    Situation,
    Specialty,
)

_UNMAPPED_EVERY: Final = 50
_LINE_COUNTS: Final = (1, 1, 1, 1, 1, 2, 2, 2, 3, 4)
_EVERYDAY_LINES: Final = sum(_LINE_COUNTS) / len(_LINE_COUNTS)
_CLAIM_LINES: Final = sum(len(each.services) * each.weight for each in SITUATIONS) / sum(s.weight for s in SITUATIONS)
_LISTED_LINES: Final = sum(
    each.weight * sum(service.code in LISTED for service in each.services) for each in SITUATIONS
) / sum(each.weight for each in SITUATIONS)


class _Offer(NamedTuple):
    """A practice line: its name, its specialty, the month of the window in which it takes up listed services."""

    practice_line: str
    specialty: str
    everyday: Specialty
    first_month: int | None
    weight: int = 0
    """Its share of the listed services."""


_LINES: Final = (
    _Offer("Primary care", "family medicine", SPECIALTIES[0], None),
    _Offer("Orthopaedics", "orthopaedic surgery", SPECIALTIES[1], 0, 6),
    _Offer("Sports medicine", "sports medicine", SPECIALTIES[1], 5, 3),
    _Offer("Therapy", "physical therapy", SPECIALTIES[2], None),
    _Offer("Imaging", "diagnostic radiology", SPECIALTIES[3], None),
    _Offer("Cardiology", "cardiovascular disease", SPECIALTIES[4], None),
    _Offer("Oncology", "haematology and oncology", SPECIALTIES[5], None),
    _Offer("Interventional pain", "interventional pain medicine", SPECIALTIES[6], 14, 3),
    _Offer("Emergency", "emergency medicine", SPECIALTIES[7], None),
    _Offer("Behavioural health", "psychology", SPECIALTIES[8], None),
)
_ONCOLOGY: Final = next(each for each in _LINES if each.practice_line == "Oncology")
_PRACTICES_A_LINE: Final = 4


class _Practice:
    """One practice: its line of work, its numbers, its providers."""

    def __init__(self, offer: _Offer, random: Random) -> None:
        self.offer = offer
        self.billing = npi(random)
        self.rendering = [npi(random) for _ in range(4)]
        self.ordering = [npi(random) for _ in range(5)]


class _Sighting(NamedTuple):
    """A member who had a targeted service, and who ordered it where."""

    member: int
    practice: _Practice
    orderer: int


class Group:
    """The practices of the group, writing one claim after the other."""

    def __init__(self, count: int, seed: int, mix: ChargeMix, random: Random) -> None:
        self._random = random.random
        self._mix, self._seed = mix, seed
        self._calendar = Calendar(count, mix.start, mix.end, before=0, after=0)
        self._members = max(CIGNA_EVERY, count // 8)
        self._practices = {each: [_Practice(each, random) for _ in range(_PRACTICES_A_LINE)] for each in _LINES}
        self._everyday = [p for each in _LINES for p in self._practices[each] for _ in range(each.everyday.weight)]
        self._situations = [each for each in SITUATIONS for _ in range(each.weight)]
        self._sightings: deque[_Sighting] = deque(maxlen=400)
        self._listed_claims = self._share_of_claims(mix.hits)
        self._listed_so_far = 0

    @staticmethod
    def _share_of_claims(hits: float) -> float:
        """The share of claims with a listed code that makes the share of listed lines come out."""
        per_claim = _LISTED_LINES - hits * (_CLAIM_LINES - _EVERYDAY_LINES)
        return min(1.0, hits * _EVERYDAY_LINES / per_claim)

    def claim(self, number: int) -> list[Charge]:
        """The lines of a new claim; ``number`` is that of its first line."""
        day = self._calendar.days[self._calendar.today(number)]
        if self._random() < self._listed_claims:
            return self._listed(number, day)
        return self._unremarkable(number, day)

    def _unremarkable(self, number: int, day: str) -> list[Charge]:
        pick = self._random
        practice = one(self._everyday, pick())
        everyday = practice.offer.everyday
        member = int(pick() * self._members)
        diagnoses = tuple(some(everyday.diagnoses, 3, pick))
        taxonomy = one(everyday.taxonomies, pick())
        base = self._base(number, _Sighting(member, practice, int(pick() * 5)), taxonomy, diagnoses)
        services = [one(everyday.services, pick()) for _ in range(one(_LINE_COUNTS, pick()))]
        return [self._line(base, line, service, (1,), day) for line, service in enumerate(services, 1)]

    def _listed(self, number: int, day: str) -> list[Charge]:
        pick = self._random
        situation = one(self._situations, pick())
        whom = self._whom(situation, day)
        unlisted = any(service.code == UNLISTED for service in situation.services)
        base = self._base(number, whom, situation.taxonomy, situation.diagnoses)
        self._listed_so_far += 1
        if self._listed_so_far % _UNMAPPED_EVERY == 0:
            base = base._replace(payer_id=UNMAPPED)
        if not unlisted:
            self._sightings.append(whom)
        return [
            self._situated(base, line, service, situation, day) for line, service in enumerate(situation.services, 1)
        ]

    def _whom(self, situation: Situation, day: str) -> _Sighting:
        """Whose claim it is: of one who codes around, a member who had the targeted service."""
        pick = self._random
        if situation.taxonomy.startswith("207R"):
            practice = one(self._practices[_ONCOLOGY], pick())
        else:
            month = (int(day[:4]) - self._mix.start.year) * 12 + int(day[5:7]) - self._mix.start.month
            offers = [
                x for x in _LINES if x.first_month is not None and x.first_month <= month for _ in range(x.weight)
            ]
            practice = one(self._practices[one(offers, pick())], pick())
            earlier = one(self._sightings, pick()) if self._sightings else None
            is_unlisted = situation.services[0].code == UNLISTED
            if is_unlisted and earlier and pick() < (0.8 if earlier.orderer == 0 else 0.1):
                return earlier
        return _Sighting(int(pick() * (self._members // CIGNA_EVERY)) * CIGNA_EVERY, practice, int(pick() * 5))

    def _base(self, number: int, whom: _Sighting, taxonomy: str, diagnoses: tuple[str, ...]) -> Charge:
        """What all lines of a claim share."""
        member, practice, orderer = whom
        place = member % CIGNA_EVERY
        return Charge(
            claim_id=f"CLM-{self._seed}-{number:08}",
            line_number=1,
            payer_id=ELSEWHERE[place - 1] if place else CIGNA,
            line_of_business="commercial" if place else LINES_OF_BUSINESS[member // 5 % len(LINES_OF_BUSINESS)],
            member_id=member_id(member),
            billing_provider_npi=practice.billing,
            rendering_provider_npi=one(practice.rendering, self._random()),
            rendering_taxonomy=taxonomy,
            ordering_provider_npi=practice.ordering[orderer],
            specialty=practice.offer.specialty,
            practice_line=practice.offer.practice_line,
            diagnoses=diagnoses,
            diagnosis_pointers=(),
            procedure_code="",
            modifiers=(),
            units="1",
            charge_amount="",
            service_date="",
            service_date_end=None,
            narrative=None,
            kind="claim",
        )

    def _situated(self, base: Charge, line: int, service: Service, situation: Situation, day: str) -> Charge:
        """A line of a claim with a listed code."""
        first, last = situation.span if situation.span and service.code in LISTED else (day, None)
        narrative = one(situation.narratives, self._random()) if service.code == UNLISTED else None
        charge = self._line(base, line, service, situation.pointers, first)
        charge = charge._replace(service_date_end=last, narrative=narrative)
        if service.code in LISTED and self._random() < self._mix.untidy:
            charge = charge._replace(procedure_code=f" {service.code.lower()}")
        return charge

    def _line(self, base: Charge, line: int, service: Service, pointers: tuple[int, ...], day: str) -> Charge:
        cents = int(100 * (service.dollars_min + self._random() * (service.dollars_max - service.dollars_min)))
        return base._replace(
            line_number=line,
            procedure_code=service.code,
            modifiers=service.modifiers,
            diagnosis_pointers=pointers,
            charge_amount=dollars(cents),
            service_date=day,
        )
