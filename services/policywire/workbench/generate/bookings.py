"""What is booked, rendered once and chosen from: everyday visits of each specialty, and the situations of MM 0552.

Knows the fields of an appointment that do not depend on member and day, and the agenda of what is to happen when.
"""

from collections import deque
from collections.abc import Sequence
from random import Random
from typing import Final, Generic, NamedTuple, TypeVar

from policywire.workbench.generate.pieces import VARIANTS, array, dollars, one, rendering_and_ordering, some
from policywire.workbench.generate.practice import (
    LISTED,
    SITUATIONS,
    SPECIALTIES,
    UNLISTED,
    Service,
    Situation,
    Specialty,
)

T = TypeVar("T")

_CODE_COUNTS: Final = (1, 1, 1, 2)


class Plan(NamedTuple):
    """What is to be done.

    Attributes:
        body: the fields of the event from the providers on.
        codes: the codes alone, as a JSON array.
        estimate: what it is estimated to cost.
        listed: whether MM 0552 lists one of the codes.
    """

    body: str
    codes: str
    estimate: str
    listed: bool


class Visit:
    """One appointment: its name in ids, whose it is, what is planned, its day in the calendar, whether it is over."""

    __slots__ = ("day", "ended", "member", "name", "plan")

    def __init__(self, name: str, member: int, plan: Plan, day: int) -> None:
        self.name = name
        self.member = member
        self.plan = plan
        self.day = day
        self.ended = False


class Agenda(Generic[T]):
    """What is to happen from a day on, in the order of the days.

    Args:
        days: how many there are; what falls on a later one never happens.
    """

    def __init__(self, days: int) -> None:
        self._on: list[list[T]] = [[] for _ in range(days)]
        self._opened = 0
        self._ready: deque[T] = deque()

    def put(self, day: int, what: T) -> None:
        """Note it for that day, or at once if that has begun."""
        if day < self._opened:
            self._ready.append(what)
        elif day < len(self._on):
            self._on[day].append(what)

    def open(self, today: int) -> bool:
        """Begin the days up to today; whether anything is ready."""
        while self._opened <= today:
            self._ready.extend(self._on[self._opened])
            self._on[self._opened].clear()
            self._opened += 1
        return bool(self._ready)

    def take(self) -> T:
        """The one that has been ready for longest."""
        return self._ready.popleft()


class Bookings:
    """Chooses what is booked.

    Args:
        random: the chances.
        untidy: share of listed codes written in lower case and with a blank.
        codes_max: how many codes an appointment has at most; None leaves it to the mix.
    """

    def __init__(self, random: Random, *, untidy: float, codes_max: int | None) -> None:
        self._random = random.random
        self._untidy = untidy
        everyday = [
            (each.weight, [_everyday(each, random, codes_max) for _ in range(2 * VARIANTS)]) for each in SPECIALTIES
        ]
        self._everyday = [plans for weight, plans in everyday for _ in range(weight)]
        self._hits = {untidy: _hits(random, codes_max, untidy=untidy) for untidy in (False, True)}

    def plan(self, *, listed: bool) -> Plan:
        """A plan with a listed code, or one without."""
        random = self._random
        if not listed:
            return one(one(self._everyday, random()), random())
        untidy = bool(self._untidy) and random() < self._untidy
        return one(one(self._hits[untidy], random()), random())


def _everyday(specialty: Specialty, random: Random, codes_max: int | None) -> Plan:
    pick = random.random
    count = min(one(_CODE_COUNTS, pick()), codes_max or len(_CODE_COUNTS))
    services = list(dict.fromkeys(one(specialty.services, pick()) for _ in range(count)))
    taxonomy = one(specialty.taxonomies, pick())
    return _plan([each.code for each in services], services, some(specialty.diagnoses, 3, pick), taxonomy, random)


def _hits(random: Random, codes_max: int | None, *, untidy: bool) -> list[list[Plan]]:
    """Plans of every situation that is one of a single day, as often as it occurs."""
    booked = [each for each in SITUATIONS if each.span is None]
    made = [(each.weight, [_hit(each, random, codes_max, untidy=untidy) for _ in range(VARIANTS)]) for each in booked]
    return [plans for weight, plans in made for _ in range(weight)]


def _hit(situation: Situation, random: Random, codes_max: int | None, *, untidy: bool) -> Plan:
    services = situation.services[:codes_max]
    codes = [f" {each.code.lower()}" if untidy and each.code in LISTED else each.code for each in services]
    unlisted = any(each.code == UNLISTED for each in services)
    narrative = one(situation.narratives, random.random()) if unlisted else None
    plan = _plan(codes, services, situation.diagnoses, situation.taxonomy, random)
    stated = "" if narrative is None else f',"narrative":"{narrative}"'
    return plan._replace(body=plan.body + stated, listed=True)


def _plan(
    codes: list[str],
    services: Sequence[Service],
    diagnoses: Sequence[str],
    taxonomy: str,
    random: Random,
) -> Plan:
    chance = random.random()
    cents = sum(int(100 * (each.dollars_min + chance * (each.dollars_max - each.dollars_min))) for each in services)
    listed, estimate = array(codes), dollars(cents)
    body = (
        f'{rendering_and_ordering(taxonomy, random)},"procedure_codes":{listed},"diagnoses":{array(diagnoses)},'
        f'"estimated_charge_amount":"{estimate}"'
    )
    return Plan(body, listed, estimate, listed=False)
