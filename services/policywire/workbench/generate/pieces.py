"""The pieces that claims and appointments share: who the members are, what day it is, who treats whom.

A member of a number is the same in every generator: the same id, payer and line of business, so that claims and
appointments meet. Knows how the pieces are written in an event; knows neither events nor policies. Of ``random`` only
``Random.random`` is used, whose sequence Python keeps the same in all versions.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from json import dumps
from random import Random
from typing import Any, Final, NamedTuple, TypeVar

from policywire.errors import BadInput
from policywire.workbench.generate.practice import CIGNA, ELSEWHERE, LINES_OF_BUSINESS

T = TypeVar("T")

FIRST_DAY, LAST_DAY = date(2025, 11, 1), date(2026, 2, 28)
"""Around 2025-12-16, so that both versions of MM 0552 decide."""
CIGNA_EVERY: Final = 5
"""One member in so many is Cigna's."""
VARIANTS: Final = 32
"""So many different providers and diagnoses are rendered of each kind of practice."""
DAY_SECONDS: Final = 86_400


class Published(NamedTuple):
    """One record: what a sender would publish. ``bad`` names the kind of fault that it has, None: it is good."""

    key: bytes | None
    value: bytes | None
    bad: str | None = None


class Members:
    """Chooses members by their number.

    Args:
        count: how many there are.
        random: the chances.
        evenly: they take turns instead, so that no member comes more often than another.
    """

    def __init__(self, count: int, random: Random, *, evenly: bool) -> None:
        self._random = random.random
        self._count = count
        self._evenly = evenly
        self._turns = {False: 0, True: 0}

    def choose(self, *, listed: bool) -> int:
        """A member: anybody, or for a listed code one of Cigna's."""
        step = CIGNA_EVERY if listed else 1
        count = self._count // step
        if not self._evenly:
            return int(self._random() * count) * step
        turn = self._turns[listed]
        self._turns[listed] = turn + 1
        return turn % count * step


class Calendar:
    """Spreads events evenly over the days from the first to the last, both included; days are written once.

    Args:
        count: how many events there will be.
        before: how many days before the first can be asked for.
        after: how many days after the last.
    """

    def __init__(self, count: int, first: date, last: date, *, before: int, after: int) -> None:
        span = (last - first).days + 1
        self.days: Final = [(first + timedelta(each)).isoformat() for each in range(-before, span + after)]
        self._before = before
        self._step_s = span * DAY_SECONDS / max(1, count)

    def today(self, number: int) -> int:
        """The place in ``days`` of the day of the event of that number."""
        return int(number * self._step_s) // DAY_SECONDS + self._before

    def instant(self, number: int) -> str:
        """When the event of that number happens, in UTC."""
        seconds = int(number * self._step_s)
        minutes = seconds // 60
        clock = f"{minutes // 60 % 24:02}:{minutes % 60:02}:{seconds % 60:02}"
        return f"{self.days[self._before + seconds // DAY_SECONDS]}T{clock}Z"


DAY_MIN, DAY_MAX = date(1901, 1, 1), date(2198, 12, 31)
"""Services are billed after their day and booked ahead of it, and the contract's dates lie in 1900 to 2199."""


def refuse_impossible(members: int | None, start: date, end: date, **shares: float) -> None:
    """Refuse a mix that asks for what cannot be.

    Raises:
        BadInput: it does; the text says what.
    """
    for name, share in shares.items():
        if not 0 <= share <= 1:
            raise BadInput(f"{name} is a share: give a number from 0 to 1.")
    if members is not None and members < CIGNA_EVERY:
        raise BadInput(f"There must be at least {CIGNA_EVERY} members, for one in so many is Cigna's.")
    if end < start:
        raise BadInput("The last day is before the first.")
    if start < DAY_MIN or end > DAY_MAX:
        raise BadInput(
            f"Events can be made for days from {DAY_MIN} to {DAY_MAX}; the contract's dates end soon beyond."
        )


def members_needed(events: int, hits: float) -> int:
    """As many as give each a few events, and seldom more than one with a listed code."""
    return max(CIGNA_EVERY, events // 4, int(CIGNA_EVERY * events * hits))


def member_id(member: int) -> str:
    """The id of the member of that number."""
    return f"M-{member:07}"


def payer(member: int) -> str:
    """A member's payer and line of business, as fields of an event: always the same."""
    if member % CIGNA_EVERY:
        return _PAYERS[member % CIGNA_EVERY]
    return _CIGNA_LINES[member // CIGNA_EVERY % len(_CIGNA_LINES)]


def _payer_text(payer_id: str, line_of_business: str | None) -> str:
    stated = f',"line_of_business":"{line_of_business}"' if line_of_business else ""
    return f'"payer_id":"{payer_id}"{stated}'


_PAYERS: Final = ("", *(_payer_text(payer_id, "commercial") for payer_id in ELSEWHERE))
_CIGNA_LINES: Final = tuple(_payer_text(CIGNA, each) for each in LINES_OF_BUSINESS)


def rendering_and_ordering(taxonomy: str, random: Random) -> str:
    """Made-up providers, as fields of an event."""
    rendering, ordering = npi(random), npi(random)
    return f'"rendering_provider":{{"npi":"{rendering}","taxonomy":"{taxonomy}"}},"ordering_provider_npi":"{ordering}"'


def npi(random: Random) -> str:
    """A made-up NPI with its check digit: Luhn's over the prefix 80840, whose own part of the sum is 24."""
    digits = [1, *(int(random.random() * 10) for _ in range(8))]
    doubled = [2 * digit if place % 2 == 0 else digit for place, digit in enumerate(digits)]
    total = 24 + sum(digit // 10 + digit % 10 for digit in doubled)
    return "".join(map(str, digits)) + str(-total % 10)


def one(of: Sequence[T], chance: float) -> T:
    """The one that a chance from 0 to 1 falls on."""
    return of[int(chance * len(of))]


def array(texts: Iterable[str]) -> str:
    """Texts as a JSON array."""
    return dumps(list(texts), separators=(",", ":"))


def some(of: Sequence[str], most: int, random: Any) -> list[str]:
    """From one of them to ``most``, sorted."""
    return sorted({one(of, random()) for _ in range(1 + int(random() * most))})


def dollars(cents: int) -> str:
    """An amount of money as the contract writes it."""
    return f"{cents // 100}.{cents % 100:02}"
