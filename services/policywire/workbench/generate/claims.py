"""Writes synthetic claim events, quickly: the text of a claim is put together from pieces that are rendered once.

Knows how a claim event is written (``schemas/claim-event.v1.schema.json``) and how events follow one another. Knows no
policy and decides nothing. Everything comes from the seed, nothing from a clock.
"""

from collections import deque
from collections.abc import Iterator
from datetime import date
from random import Random
from typing import Any, Final, NamedTuple

from msgspec import Struct

from policywire.workbench.generate.bad import Spoiler
from policywire.workbench.generate.bad_claims import BAD_CLAIM_KINDS
from policywire.workbench.generate.pieces import (
    FIRST_DAY,
    LAST_DAY,
    VARIANTS,
    Calendar,
    Members,
    Published,
    array,
    dollars,
    member_id,
    members_needed,
    npi,
    one,
    payer,
    refuse_impossible,
    rendering_and_ordering,
    some,
)
from policywire.workbench.generate.practice import (
    LISTED,
    SITUATIONS,
    SPECIALTIES,
    UNLISTED,
    Service,
    Situation,
    Specialty,
)

BILLING_LAG_DAYS: Final = 22
"""A claim is sent so many days after the service at most."""
_LINE_COUNTS: Final = (1, 1, 1, 1, 1, 2, 2, 2, 3, 4)
_CORRECTABLE: Final = 256


class ClaimMix(Struct, frozen=True, kw_only=True):
    """What to generate.

    Attributes:
        hits: share of the good events that are about a claim with a listed code under Cigna's payer id.
        bad: share of events that are no good; each kind of ``BAD_KINDS`` in turn.
        corrections: share of the good events that replace or void an earlier claim.
        untidy: share of listed codes written in lower case or with blanks around.
        keyed: whether there are Kafka keys; without, kinds of bad events that need a record do not occur.
        members: how many; None takes as many as give each a few claims, and seldom more than one with a listed code.
        evenly: members take turns instead of coming by chance: with hits of 1, no corrections and 5/3 as many members
            as events (a fifth of them are Cigna's) nobody has more than three claims.
        lines_max: how many lines a claim has at most; of 1 a hit keeps its listed line. None leaves it to the mix.
        start: day of the first event.
        end: day of the last.
    """

    hits: float = 0.03
    bad: float = 0.0
    corrections: float = 0.05
    untidy: float = 0.02
    keyed: bool = True
    members: int | None = None
    evenly: bool = False
    lines_max: int | None = None
    start: date = FIRST_DAY
    end: date = LAST_DAY


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
    refuse_impossible(
        mix.members, mix.start, mix.end, hits=mix.hits, bad=mix.bad, corrections=mix.corrections, untidy=mix.untidy
    )
    random = Random(seed)  # noqa: S311  synthetic data, no secret
    desk = _Desk(count, seed, mix, random)
    spoiler = Spoiler(BAD_CLAIM_KINDS, keyed=mix.keyed)
    for number in range(count):
        if mix.bad and random.random() < mix.bad:
            member, text = desk.claim(number, listed=False)
            yield Published(*spoiler.spoil(member.encode(), text))
            continue
        member, text = desk.event(number)
        yield Published(member.encode(), text.encode())


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
        members = mix.members or members_needed(count, mix.hits)
        self._members = Members(members, random, evenly=mix.evenly)
        self._calendar = Calendar(count, mix.start, mix.end, before=BILLING_LAG_DAYS, after=0)
        self._recent: dict[bool, deque[_Claim]] = {each: deque(maxlen=_CORRECTABLE) for each in (False, True)}
        most = mix.lines_max
        self._practices = [
            made for each in SPECIALTIES for made in [_Practice(each, random, most)] for _ in range(each.weight)
        ]
        self._files = [made for each in SITUATIONS for made in [_File(each, random, most)] for _ in range(each.weight)]

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
        member = self._members.choose(listed=listed)
        claim = _Claim(f"CLM-{self._seed}-{number:08}", member)
        self._recent[listed].append(claim)
        event_type = "claim.drafted" if self._random() < 0.04 else "claim.submitted"  # noqa: PLR2004  a guess
        return self._content(number, event_type, claim, listed=listed)

    def _void(self, number: int, claim: _Claim) -> tuple[str, str]:
        member = member_id(claim.member)
        head = self._head(number, "claim.voided", claim.claim_id)
        return member, f'{head},"member_id":"{member}"}}'

    def _head(self, number: int, event_type: str, claim_id: str) -> str:
        return (
            f'{{"event_id":"evt-{self._seed}-{number:08}","event_type":"{event_type}",'
            f'"occurred_at":"{self._calendar.instant(number)}","claim_id":"{claim_id}"'
        )

    def _content(self, number: int, event_type: str, claim: _Claim, *, listed: bool) -> tuple[str, str]:
        random = self._random
        day = self._calendar.days[self._calendar.today(number) - int(random() * BILLING_LAG_DAYS)]
        if listed:
            body = self._files[int(random() * len(self._files))].body(random, day, self._mix.untidy)
        else:
            body = self._practices[int(random() * len(self._practices))].body(random, day)
        member = member_id(claim.member)
        head = self._head(number, event_type, claim.claim_id)
        return member, f'{head},{payer(claim.member)},"member_id":"{member}",{body}}}'


class _Practice:
    """A specialty's everyday claims, from rendered pieces."""

    def __init__(self, specialty: Specialty, random: Random, lines_max: int | None) -> None:
        pick = random.random
        self._line_counts = [min(each, lines_max or each) for each in _LINE_COUNTS]
        self._providers = [_providers(one(specialty.taxonomies, pick()), random) for _ in range(VARIANTS)]
        self._diagnoses = [array(some(specialty.diagnoses, 3, pick)) for _ in range(VARIANTS)]
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
                for number in range(1, 1 + one(self._line_counts, random()))
            ]
        )
        providers = self._providers[int(random() * VARIANTS)]
        return f'{providers},"diagnoses":{self._diagnoses[int(random() * VARIANTS)]},"lines":[{lines}]'


class _File:
    """A situation's claims, from rendered pieces."""

    def __init__(self, situation: Situation, random: Random, lines_max: int | None) -> None:
        self._situation = situation
        self._services = situation.services[:lines_max]
        self._providers = [_providers(situation.taxonomy, random) for _ in range(VARIANTS)]
        self._diagnoses = array(situation.diagnoses)

    def body(self, random: Any, day: str, untidy: float) -> str:
        """Providers, diagnoses and lines of a claim of that day, unless the situation has days of its own."""
        lines = ",".join(
            [
                f'{{"line_number":{number},{self._line(service, random, day, untidy)}}}'
                for number, service in enumerate(self._services, 1)
            ]
        )
        return f'{self._providers[int(random() * VARIANTS)]},"diagnoses":{self._diagnoses},"lines":[{lines}]'

    def _line(self, service: Service, random: Any, day: str, untidy: float) -> str:
        situation = self._situation
        last, narrative = None, None
        if service.code in LISTED:
            if random() < untidy:
                service = service._replace(code=f" {service.code.lower()}")
            if situation.span:
                day, last = situation.span
        if service.code == UNLISTED:
            narrative = one(situation.narratives, random())
        text = f'{_service_text(service)},{_rest_text(service, situation.pointers, random())},"service_date":"{day}"'
        ends = f',"service_date_end":"{last}"' if last else ""
        return f"{text}{ends}" if narrative is None else f'{text}{ends},"narrative":"{narrative}"'


def _service_text(service: Service) -> str:
    if not service.modifiers:
        return f'"procedure_code":"{service.code}"'
    return f'"procedure_code":"{service.code}","modifiers":{array(service.modifiers)}'


def _rest_text(service: Service, pointers: tuple[int, ...], chance: float) -> str:
    cents = int(100 * (service.dollars_min + chance * (service.dollars_max - service.dollars_min)))
    points = f'"diagnosis_pointers":[{",".join(map(str, pointers))}],' if pointers else ""
    return f'{points}"units":1,"charge_amount":"{dollars(cents)}"'


def _providers(taxonomy: str, random: Random) -> str:
    return f'"billing_provider_npi":"{npi(random)}",{rendering_and_ordering(taxonomy, random)}'
