"""Writes synthetic claim events, quickly: the text of a claim is put together from pieces that are rendered once.

Knows how a claim event is written (``schemas/claim-event.v1.schema.json``) and how events follow one another. Knows no
policy and decides nothing. Everything comes from the seed: no clock, and of ``random`` only ``Random.random``, whose
sequence Python keeps the same in all versions.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from json import dumps
from random import Random
from typing import Any, Final, NamedTuple, TypeVar

from msgspec import Struct

from policywire.errors import BadInput
from policywire.workbench.generate.bad import Spoiler
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

T = TypeVar("T")

FIRST_DAY, LAST_DAY = date(2025, 11, 1), date(2026, 2, 28)
"""Around 2025-12-16, so that both versions of MM 0552 decide."""
BILLING_LAG_DAYS: Final = 22
"""A claim is sent so many days after the service at most."""
CIGNA_EVERY: Final = 5
"""One member in so many is Cigna's."""
_LINE_COUNTS: Final = (1, 1, 1, 1, 1, 2, 2, 2, 3, 4)
_CORRECTABLE: Final = 256
_VARIANTS: Final = 32
_DAY_SECONDS: Final = 86_400


class ClaimMix(Struct, frozen=True, kw_only=True):
    """What to generate.

    Attributes:
        hits: share of the good events that are about a claim with a listed code under Cigna's payer id.
        bad: share of events that are no good; each kind of ``BAD_KINDS`` in turn.
        corrections: share of the good events that replace or void an earlier claim.
        untidy: share of listed codes written in lower case or with blanks around.
        keyed: whether there are Kafka keys; without, kinds of bad events that need a record do not occur.
        members: how many; None takes as many as give each a few claims, and seldom more than one with a listed code.
        start: day of the first event.
        end: day of the last.
    """

    hits: float = 0.03
    bad: float = 0.0
    corrections: float = 0.05
    untidy: float = 0.02
    keyed: bool = True
    members: int | None = None
    start: date = FIRST_DAY
    end: date = LAST_DAY


class Published(NamedTuple):
    """One record: what a sender would publish. ``bad`` names the kind of fault that it has, None: it is good."""

    key: bytes | None
    value: bytes | None
    bad: str | None = None


def generate_claims(count: int, seed: int, mix: ClaimMix | None = None) -> Iterator[Published]:
    """Synthetic claim events in the order of their time.

    Args:
        count: how many, the bad ones included.
        seed: the same seed, count and mix give the same bytes.
        mix: what they are like.

    Raises:
        BadInput: the mix asks for what cannot be.
    """
    mix = mix or ClaimMix()
    _refuse(mix)
    random = Random(seed)  # noqa: S311  synthetic data, no secret
    desk = _Desk(count, seed, mix, random)
    spoiler = Spoiler(keyed=mix.keyed)
    for number in range(count):
        if mix.bad and random.random() < mix.bad:
            member, text = desk.claim(number, listed=False)
            yield Published(*spoiler.spoil(member.encode(), text))
            continue
        member, text = desk.event(number)
        yield Published(member.encode(), text.encode())


def _refuse(mix: ClaimMix) -> None:
    for name in ("hits", "bad", "corrections", "untidy"):
        if not 0 <= getattr(mix, name) <= 1:
            raise BadInput(f"{name} is a share: give a number from 0 to 1.")
    if mix.members is not None and mix.members < CIGNA_EVERY:
        raise BadInput(f"There must be at least {CIGNA_EVERY} members, for one in so many is Cigna's.")
    if mix.end < mix.start:
        raise BadInput("The last day is before the first.")


class _Claim(NamedTuple):
    """What a correction needs of the claim that it corrects."""

    claim_id: str
    member: int


class _Desk:
    """Writes one event after the other and remembers the last claims, to correct some of them."""

    def __init__(self, count: int, seed: int, mix: ClaimMix, random: Random) -> None:
        self._random = random.random
        self._mix = mix
        self._seed = seed
        self._members = mix.members or max(CIGNA_EVERY, count // 4, int(CIGNA_EVERY * count * mix.hits))
        self._calendar = [
            (mix.start + timedelta(days)).isoformat()
            for days in range(-BILLING_LAG_DAYS, (mix.end - mix.start).days + 1)
        ]
        self._step_s = (len(self._calendar) - BILLING_LAG_DAYS) * _DAY_SECONDS / max(1, count)
        self._recent: dict[bool, deque[_Claim]] = {each: deque(maxlen=_CORRECTABLE) for each in (False, True)}
        self._practices = [
            made for each in SPECIALTIES for made in [_Practice(each, random)] for _ in range(each.weight)
        ]
        self._files = [made for each in SITUATIONS for made in [_File(each, random)] for _ in range(each.weight)]

    def event(self, number: int) -> tuple[str, str]:
        """The member and the text of a good event."""
        listed = self._random() < self._mix.hits
        recent = self._recent[listed]
        if recent and self._random() < self._mix.corrections:
            claim = recent[int(self._random() * len(recent))]
            if self._random() < 0.3:  # noqa: PLR2004  a guess
                return self._void(number, claim)
            return self._content(number, "claim.replaced", claim, listed=listed)
        return self.claim(number, listed=listed)

    def claim(self, number: int, *, listed: bool) -> tuple[str, str]:
        """The member and the text of a new claim."""
        random = self._random
        if listed:
            member = int(random() * (self._members // CIGNA_EVERY)) * CIGNA_EVERY
        else:
            member = int(random() * self._members)
        claim = _Claim(f"CLM-{self._seed}-{number:08}", member)
        self._recent[listed].append(claim)
        event_type = "claim.drafted" if random() < 0.04 else "claim.submitted"  # noqa: PLR2004  a guess
        return self._content(number, event_type, claim, listed=listed)

    def _void(self, number: int, claim: _Claim) -> tuple[str, str]:
        member_id = _member_id(claim.member)
        head = self._head(number, "claim.voided", claim.claim_id)
        return member_id, f'{head},"member_id":"{member_id}"}}'

    def _head(self, number: int, event_type: str, claim_id: str) -> str:
        seconds = int(number * self._step_s)
        minutes = seconds // 60
        clock = f"{minutes // 60 % 24:02}:{minutes % 60:02}:{seconds % 60:02}"
        day = self._calendar[BILLING_LAG_DAYS + seconds // _DAY_SECONDS]
        return (
            f'{{"event_id":"evt-{self._seed}-{number:08}","event_type":"{event_type}",'
            f'"occurred_at":"{day}T{clock}Z","claim_id":"{claim_id}"'
        )

    def _content(self, number: int, event_type: str, claim: _Claim, *, listed: bool) -> tuple[str, str]:
        random = self._random
        today = int(number * self._step_s) // _DAY_SECONDS + BILLING_LAG_DAYS
        day = self._calendar[today - int(random() * BILLING_LAG_DAYS)]
        if listed:
            body = self._files[int(random() * len(self._files))].body(random, day, self._mix.untidy)
        else:
            body = self._practices[int(random() * len(self._practices))].body(random, day)
        member_id = _member_id(claim.member)
        head = self._head(number, event_type, claim.claim_id)
        return member_id, f'{head},{_payer(claim.member)},"member_id":"{member_id}",{body}}}'


def _member_id(member: int) -> str:
    return f"M-{member:07}"


def _payer(member: int) -> str:
    """A member's payer and line of business: always the same."""
    if member % CIGNA_EVERY:
        return _PAYERS[member % CIGNA_EVERY]
    return _CIGNA_LINES[member // CIGNA_EVERY % len(_CIGNA_LINES)]


def _payer_text(payer_id: str, line_of_business: str | None) -> str:
    stated = f',"line_of_business":"{line_of_business}"' if line_of_business else ""
    return f'"payer_id":"{payer_id}"{stated}'


_PAYERS: Final = ("", *(_payer_text(payer_id, "commercial") for payer_id in ELSEWHERE))
_CIGNA_LINES: Final = tuple(_payer_text(CIGNA, each) for each in LINES_OF_BUSINESS)


class _Practice:
    """A specialty's everyday claims, from rendered pieces."""

    def __init__(self, specialty: Specialty, random: Random) -> None:
        pick = random.random
        self._providers = [_providers(_one(specialty.taxonomies, pick()), random) for _ in range(_VARIANTS)]
        self._diagnoses = [
            dumps(
                sorted({_one(specialty.diagnoses, pick()) for _ in range(1 + int(pick() * 3))}), separators=(",", ":")
            )
            for _ in range(_VARIANTS)
        ]
        self._services = [
            f"{_service_text(service)},{_rest_text(service, (1,), pick())}"
            for service in specialty.services
            for _ in range(4)
        ]

    def body(self, random: Any, day: str) -> str:
        """Providers, diagnoses and lines of a claim, all of the lines served that day."""
        services = self._services
        lines = ",".join(
            [
                f'{{"line_number":{number},{services[int(random() * len(services))]},"service_date":"{day}"}}'
                for number in range(1, 1 + _LINE_COUNTS[int(random() * len(_LINE_COUNTS))])
            ]
        )
        providers = self._providers[int(random() * _VARIANTS)]
        return f'{providers},"diagnoses":{self._diagnoses[int(random() * _VARIANTS)]},"lines":[{lines}]'


class _File:
    """A situation's claims, from rendered pieces."""

    def __init__(self, situation: Situation, random: Random) -> None:
        self._situation = situation
        self._providers = [_providers(situation.taxonomy, random) for _ in range(_VARIANTS)]
        self._diagnoses = dumps(situation.diagnoses, separators=(",", ":"))

    def body(self, random: Any, day: str, untidy: float) -> str:
        """Providers, diagnoses and lines of a claim of that day, unless the situation has days of its own."""
        situation = self._situation
        lines = ",".join(
            [
                f'{{"line_number":{number},{self._line(service, random, day, untidy)}}}'
                for number, service in enumerate(situation.services, 1)
            ]
        )
        return f'{self._providers[int(random() * _VARIANTS)]},"diagnoses":{self._diagnoses},"lines":[{lines}]'

    def _line(self, service: Service, random: Any, day: str, untidy: float) -> str:
        situation = self._situation
        last, narrative = None, None
        if service.code in LISTED:
            if random() < untidy:
                service = service._replace(code=f" {service.code.lower()}")
            if situation.span:
                day, last = situation.span
        if service.code == UNLISTED:
            narrative = _one(situation.narratives, random())
        text = f'{_service_text(service)},{_rest_text(service, situation.pointers, random())},"service_date":"{day}"'
        ends = f',"service_date_end":"{last}"' if last else ""
        return f"{text}{ends}" if narrative is None else f'{text}{ends},"narrative":"{narrative}"'


def _one(of: Sequence[T], chance: float) -> T:
    return of[int(chance * len(of))]


def _service_text(service: Service) -> str:
    if not service.modifiers:
        return f'"procedure_code":"{service.code}"'
    modifiers = dumps(service.modifiers, separators=(",", ":"))
    return f'"procedure_code":"{service.code}","modifiers":{modifiers}'


def _rest_text(service: Service, pointers: tuple[int, ...], chance: float) -> str:
    cents = int(100 * (service.dollars_min + chance * (service.dollars_max - service.dollars_min)))
    points = f'"diagnosis_pointers":[{",".join(map(str, pointers))}],' if pointers else ""
    return f'{points}"units":1,"charge_amount":"{cents // 100}.{cents % 100:02}"'


def _providers(taxonomy: str, random: Random) -> str:
    billing, rendering, ordering = (_npi(random) for _ in range(3))
    return (
        f'"billing_provider_npi":"{billing}","rendering_provider":{{"npi":"{rendering}","taxonomy":"{taxonomy}"}},'
        f'"ordering_provider_npi":"{ordering}"'
    )


def _npi(random: Random) -> str:
    """A made-up NPI with its check digit: Luhn's over the prefix 80840, whose own part of the sum is 24."""
    digits = [1, *(int(random.random() * 10) for _ in range(8))]
    doubled = [2 * digit if place % 2 == 0 else digit for place, digit in enumerate(digits)]
    total = 24 + sum(digit // 10 + digit % 10 for digit in doubled)
    return "".join(map(str, digits)) + str(-total % 10)
