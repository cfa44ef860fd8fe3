"""Writes synthetic scheduling events, quickly: appointments that are booked, moved and ended, and agreements for them.

Knows how a scheduling event is written (``schemas/scheduling-event.v1.schema.json``) and in which order the desk of a
practice says things: an agreement before the day or, oddly, after it; an ending on the day or later.
Knows no policy and decides nothing. Everything comes from the seed, nothing from a clock.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from datetime import date
from heapq import heappop, heappush
from random import Random
from typing import Final

from msgspec import Struct

from policywire.workbench.generate.agreements import AS_IT_SHOULD_BE, ODD, Manner, Paper, window
from policywire.workbench.generate.bad import Spoiler
from policywire.workbench.generate.bad_scheduling import BAD_SCHEDULING_KINDS
from policywire.workbench.generate.bookings import Agenda, Bookings, Visit
from policywire.workbench.generate.pieces import (
    FIRST_DAY,
    LAST_DAY,
    Calendar,
    Members,
    Published,
    member_id,
    members_needed,
    one,
    payer,
    refuse_impossible,
)

LEAD_DAYS_MAX: Final = 42
"""An appointment is booked so many days ahead at most, and at least one."""
_AFTER_DAYS_MAX: Final = 3
_LATE_EVENTS_MAX: Final = 2_000
"""A late event is overtaken by so many others at most."""
_RECENT: Final = 256
_PAPER_CHANCE: Final = 0.3
"""Of what is due to be signed or revoked one comes with this chance at each turn, so that they spread over the day."""
_NO_SHOW: Final = 0.08
_KEPT: Final = 0.85
"""Of the appointments that get an ending, so many are kept to their day; the others are cancelled."""


class SchedulingMix(Struct, frozen=True, kw_only=True):
    """What to generate. The same members as in ``ClaimMix``: a number names the same person, payer included.

    Attributes:
        hits: share of the appointments that have a listed code under Cigna's payer id; so also of their endings.
        bad: share of events that are no good; each kind of ``BAD_SCHEDULING_KINDS`` in turn.
        endings: for each appointment so many endings, exactly, as far as it goes into the count.
        reschedules: share of the good events that move an appointment.
        agreements: share of the hits for which an agreement is signed.
        odd: share of the agreements that are odd: for another payer, code or day, too late, taken back.
        late: share of events that come after others that happened later, a booking after its own ending too.
        untidy: share of listed codes written in lower case and with a blank.
        keyed: whether there are Kafka keys; without, kinds of bad events that need a record do not occur.
        members: how many; None takes as many as give each a few appointments, and seldom more than one that is a hit.
        evenly: members take turns instead of coming by chance.
        codes_max: how many codes an appointment has at most; of 1 a hit keeps its listed code.
        start: day of the first event.
        end: day of the last.
    """

    hits: float = 0.03
    bad: float = 0.0
    endings: float = 0.5
    reschedules: float = 0.05
    agreements: float = 0.6
    odd: float = 0.3
    late: float = 0.01
    untidy: float = 0.02
    keyed: bool = True
    members: int | None = None
    evenly: bool = False
    codes_max: int | None = None
    start: date = FIRST_DAY
    end: date = LAST_DAY


BOOKINGS_AND_ENDINGS: Final = SchedulingMix(reschedules=0, agreements=0, late=0, untidy=0)
"""Nothing but bookings, and one ending for every two appointments: what is measured."""


def generate_scheduling(count: int, seed: int, mix: SchedulingMix | None = None) -> Iterator[Published]:
    """Synthetic scheduling events in the order of their time, but for the late ones.

    Args:
        count: how many, the bad ones included.
        seed: the same seed, count and mix give the same bytes.
        mix: what they are like.

    Raises:
        BadInput: the mix asks for what cannot be.
    """
    mix = mix or SchedulingMix()
    shares = {name: getattr(mix, name) for name in ("hits", "bad", "endings", "reschedules", "agreements", "odd")}
    refuse_impossible(mix.members, mix.start, mix.end, **shares, late=mix.late, untidy=mix.untidy)
    random = Random(seed)  # noqa: S311  synthetic data, no secret
    events = _in_time(count, seed, mix, random)
    return _some_late(events, mix.late, random) if mix.late else events


def _in_time(count: int, seed: int, mix: SchedulingMix, random: Random) -> Iterator[Published]:
    desk = _Desk(count, seed, mix, random)
    spoiler = Spoiler(BAD_SCHEDULING_KINDS, keyed=mix.keyed)
    for number in range(count):
        if mix.bad and random.random() < mix.bad:
            member, text = desk.booked(number, desk.new_visit(number, listed=False))
            yield Published(*spoiler.spoil(member.encode(), text))
            continue
        member, text = desk.event(number)
        yield Published(member.encode(), text.encode())


def _some_late(events: Iterable[Published], share: float, random: Random) -> Iterator[Published]:
    """The events with some held back behind others."""
    held: list[tuple[int, int, Published]] = []
    for number, event in enumerate(events):
        if random.random() < share:
            heappush(held, (number + 1 + int(random.random() * _LATE_EVENTS_MAX), number, event))
        else:
            yield event
        while held and held[0][0] <= number:
            yield heappop(held)[2]
    yield from (heappop(held)[2] for _ in range(len(held)))


class _Desk:
    """Writes one event after the other, and remembers which appointments are still to be moved, signed for or ended."""

    def __init__(self, count: int, seed: int, mix: SchedulingMix, random: Random) -> None:
        self._random = random.random
        self._mix = mix
        self._seed = seed
        members = mix.members or members_needed(count, mix.hits)
        self._members = Members(members, random, evenly=mix.evenly)
        self._calendar = Calendar(count, mix.start, mix.end, before=0, after=LEAD_DAYS_MAX + _AFTER_DAYS_MAX)
        self._bookings = Bookings(random, untidy=mix.untidy, codes_max=mix.codes_max)
        self._recent: dict[bool, deque[Visit]] = {each: deque(maxlen=_RECENT) for each in (False, True)}
        self._to_come: Agenda[Visit] = Agenda(len(self._calendar.days))
        self._to_cancel: deque[Visit] = deque(maxlen=_RECENT)
        self._papers: Agenda[Paper] = Agenda(len(self._calendar.days))
        self._endings_owed = 0.0

    def event(self, number: int) -> tuple[str, str]:
        """The member and the text of a good event."""
        mix, today = self._mix, self._calendar.today(number)
        if self._endings_owed >= 1 and (ended := self._ended(number, today)):
            return ended
        if self._papers.open(today) and self._random() < _PAPER_CHANCE:
            return self._paper(number, today, self._papers.take())
        listed = self._random() < mix.hits
        if mix.reschedules and self._random() < mix.reschedules and (visit := self._movable(listed=listed)):
            visit.day = self._ahead(today)
            return self.booked(number, visit, "appointment.rescheduled")
        visit = self.new_visit(number, listed=listed)
        self._expect(visit, today)
        return self.booked(number, visit)

    def new_visit(self, number: int, *, listed: bool) -> Visit:
        """An appointment that nobody has heard of."""
        plan = self._bookings.plan(listed=listed)
        day = self._ahead(self._calendar.today(number))
        return Visit(f"{self._seed}-{number:08}", self._members.choose(listed=listed), plan, day)

    def booked(self, number: int, visit: Visit, event_type: str = "appointment.booked") -> tuple[str, str]:
        """The member and the text of the event that states the appointment."""
        member = member_id(visit.member)
        head = self._head(number, event_type, f'"appointment_id":"APT-{visit.name}"', member)
        day = self._calendar.days[visit.day]
        return member, f'{head},{payer(visit.member)},"service_date":"{day}",{visit.plan.body}}}'

    def _expect(self, visit: Visit, today: int) -> None:
        """Remember a new appointment for what is still to happen with it."""
        mix, listed = self._mix, visit.plan.listed
        self._recent[listed].append(visit)
        self._endings_owed += mix.endings
        if self._random() < mix.endings * _KEPT:
            self._to_come.put(visit.day, visit)
        else:
            self._to_cancel.append(visit)
        if listed and mix.agreements and self._random() < mix.agreements:
            manner = one(ODD, self._random()) if self._random() < mix.odd else AS_IT_SHOULD_BE
            self._papers.put(self._signing_day(visit, manner, today), Paper(visit, manner))

    def _signing_day(self, visit: Visit, manner: Manner, today: int) -> int:
        if manner.days_after is None:
            return today + int(self._random() * (visit.day - today))
        return visit.day + manner.days_after

    def _ended(self, number: int, today: int) -> tuple[str, str] | None:
        """An ending, if there is an appointment that can have one."""
        if self._to_come.open(today) and self._random() < _KEPT:
            visit = self._to_come.take()
            if visit.day > today:  # it was moved
                self._to_come.put(visit.day, visit)
                return None
            event_type = "appointment.no_show" if self._random() < _NO_SHOW else "appointment.completed"
        elif self._to_cancel:
            visit = self._to_cancel.popleft()
            event_type = "appointment.cancelled"
        else:
            return None
        self._endings_owed -= 1
        visit.ended = True
        member = member_id(visit.member)
        return member, self._head(number, event_type, f'"appointment_id":"APT-{visit.name}"', member) + "}"

    def _movable(self, *, listed: bool) -> Visit | None:
        recent = self._recent[listed]
        visit = one(recent, self._random()) if recent else None
        return None if visit is None or visit.ended else visit

    def _paper(self, number: int, today: int, paper: Paper) -> tuple[str, str]:
        """An agreement that is signed, or one that is taken back."""
        visit, manner = paper.visit, paper.manner
        member = member_id(visit.member)
        agreement = f'"agreement_id":"AGR-{visit.name}"'
        if paper.is_signed:
            return member, self._head(number, "agreement.revoked", agreement, member) + "}"
        if manner.is_revoked:
            self._papers.put(max(today, visit.day - 1), Paper(visit, manner, is_signed=True))
        head = self._head(number, "agreement.signed", agreement, member)
        days = window(self._calendar.days, visit.day, manner)
        signed_at = self._calendar.instant(number)
        return (
            member,
            f'{head},{manner.payer(visit)},{manner.codes(visit)},{days},"signed_at":"{signed_at}"{manner.more}}}',
        )

    def _head(self, number: int, event_type: str, subject: str, member: str) -> str:
        return (
            f'{{"event_id":"sch-{self._seed}-{number:08}","event_type":"{event_type}",'
            f'"occurred_at":"{self._calendar.instant(number)}",{subject},"member_id":"{member}"'
        )

    def _ahead(self, today: int) -> int:
        return today + 1 + int(self._random() * LEAD_DAYS_MAX)
