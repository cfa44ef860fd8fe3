"""The one pure step: event, what is remembered of its member, rulebook and now give what is remembered and said next.

The same function runs in the worker, in ``policywire replay``, in backtests and in the tests. It has no clock, no I/O
and no randomness; it does not know where events come from or records go. The path of a record is :func:`step`.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time

from msgspec import Struct
from msgspec.structs import replace

from policywire.cases import notice as notices_
from policywire.cases.fold import fold
from policywire.cases.outlook import Outlook, outlook, still_known
from policywire.cases.retention import next_due, without_expired
from policywire.cases.rulechange import appointments_to_come, remembering, still_differing
from policywire.cases.timeline import Timeline, blank
from policywire.cases.watch import is_wanted
from policywire.decision import verdict as verdicts_
from policywire.model.calendar import add_months
from policywire.model.events import AnyEvent, AppointmentContent, AppointmentEnding, ClaimContent, ClaimVoided
from policywire.model.records import Record
from policywire.rulebook.rulebook import Rulebook


class Step(Struct, frozen=True, gc=False):
    """What one event or one look at the clock gives.

    ``timeline`` is what is to be remembered (None: nothing); it is the object passed in when nothing changed. ``due``
    is the next instant at which time alone can change a record, or None. ``undecided_lines`` counts lines and
    procedures that no policy of their payer names; ``unmapped_codes`` counts listed codes under an unknown payer id.
    """

    timeline: Timeline | None
    records: tuple[Record, ...] = ()
    due: datetime | None = None
    undecided_lines: int = 0
    unmapped_codes: int = 0


def step(event: AnyEvent, timeline: Timeline | None, rulebook: Rulebook, now: datetime) -> Step:
    """Fold an event into its member's timeline and say what changed.

    A changed rulebook comes before the event: what the event changes is not to be taken for the rulebook's doing.
    """
    payer_id, codes = _stated(event)
    undecided, unmapped = _not_decided(payer_id, codes, rulebook)
    if timeline is None and codes and undecided == len(codes):
        return Step(None, undecided_lines=undecided, unmapped_codes=unmapped)
    followed = Step(None) if timeline is None else follow(timeline, rulebook, now)
    before = followed.timeline or blank(event.member_id)
    today = _day(now)
    folded = fold(event, before, rulebook)
    is_current = timeline is None or not _is_stale(before, rulebook, today)
    if is_current and folded is before:
        given = Step(followed.timeline, due=_midnight(before.due))
    elif is_current and _came_before_its_content(event, before):
        given = _remembered(event, folded, rulebook)
    else:
        given = _look(folded, before, rulebook, today)
    return Step(given.timeline, (*followed.records, *given.records), given.due, undecided, unmapped)


def passed_by(event: AnyEvent, rulebook: Rulebook) -> Step | None:
    """What :func:`step` gives for a member of whom nothing is remembered, when that is nothing but counts; else None.

    Nine of ten events end here: a claim or an appointment none of whose codes its payer's policies list.
    """
    payer_id, codes = _stated(event)
    if not codes:
        return None
    listed = rulebook.index.get(payer_id)
    if listed is None:
        return Step(None, undecided_lines=len(codes), unmapped_codes=_listed_anywhere(codes, rulebook))
    return Step(None, undecided_lines=len(codes)) if listed.keys().isdisjoint(codes) else None


def tick(timeline: Timeline, rulebook: Rulebook, now: datetime) -> Step:
    """Look at a timeline again because time has passed or the rulebook has changed; forget what has expired."""
    today = _day(now)
    kept = without_expired(timeline, rulebook.watch.retention_months, today)
    if kept is timeline and not _is_stale(timeline, rulebook, today):
        return Step(timeline, due=_midnight(timeline.due))
    if timeline.looked != looked_with(rulebook):
        kept = remembering(kept, today)
    return _look(kept, timeline, rulebook, today)


def follow(timeline: Timeline, rulebook: Rulebook, now: datetime) -> Step:
    """Look at a timeline again after a change of the rulebook, if what is open or to come may be touched by it.

    That is an appointment still to come, or an alert that is no longer wanted. Claim lines alone wait for their
    member's next event.
    """
    if timeline.looked == looked_with(rulebook):
        return Step(timeline, due=_midnight(timeline.due))
    today = _day(now)
    unwanted = any(not is_wanted(notice, rulebook.watch) for notice in timeline.notices)
    if not unwanted and not any(appointments_to_come(timeline, today)):
        return Step(timeline, due=_midnight(timeline.due))
    return _look(remembering(timeline, today), timeline, rulebook, today)


def _came_before_its_content(event: AnyEvent, before: Timeline) -> bool:
    """Whether it is the end of something that nothing was known of: most endings are, for few codes are listed."""
    if isinstance(event, AppointmentEnding):
        return event.appointment_id not in before.appointments
    return isinstance(event, ClaimVoided) and event.claim_id not in before.claims


def _remembered(event: AnyEvent, folded: Timeline, rulebook: Rulebook) -> Step:
    """What looking at a timeline would give that has learnt of an ending alone: one thing more to forget one day."""
    expiry = add_months(_day(event.occurred_at), rulebook.watch.retention_months)
    due = expiry if folded.due is None else min(expiry, folded.due)
    return Step(replace(folded, looked=looked_with(rulebook), due=due), due=_midnight(due))


def _stated(event: AnyEvent) -> tuple[str, Sequence[str]]:
    """The payer id and the procedure codes of an event, in normal form (``policywire.model.codes.procedure_code``)."""
    if isinstance(event, ClaimContent):
        return event.payer_id, [line.procedure_code.strip().upper() for line in event.lines]
    if isinstance(event, AppointmentContent):
        return event.payer_id, [code.strip().upper() for code in event.procedure_codes]
    return "", ()


def _not_decided(payer_id: str, codes: Sequence[str], rulebook: Rulebook) -> tuple[int, int]:
    """How many codes no policy of the payer lists, and how many of them are listed while the payer is unknown."""
    listed = rulebook.index.get(payer_id)
    if listed is None:
        return len(codes), _listed_anywhere(codes, rulebook)
    return len(codes) - sum(map(listed.__contains__, codes)), 0


def _listed_anywhere(codes: Sequence[str], rulebook: Rulebook) -> int:
    if rulebook.listed_codes.isdisjoint(codes):
        return 0
    return sum(map(rulebook.listed_codes.__contains__, codes))


def _day(now: datetime) -> date:
    """The UTC date."""
    return now.astimezone(UTC).date()


def _is_stale(timeline: Timeline, rulebook: Rulebook, today: date) -> bool:
    """Whether what stands was said under another rulebook, or before a day on which it may change."""
    due = timeline.due
    return timeline.looked != looked_with(rulebook) or (due is not None and due <= today)


def _look(timeline: Timeline, before: Timeline, rulebook: Rulebook, today: date) -> Step:
    """Decide what has changed since ``before`` was looked at, or everything when that was with another rulebook."""
    looked = looked_with(rulebook)
    known = still_known(timeline, before) if timeline.looked == looked else {}
    seen = outlook(timeline, rulebook, today, known)
    records = (*_determinations(timeline, seen, rulebook), *_alerts(timeline, seen, rulebook))
    due = next_due(timeline, seen, rulebook.watch, today)
    after = replace(
        timeline,
        verdicts=seen.verdicts,
        notices=seen.notices,
        looked=looked,
        due=due,
        former=still_differing(timeline, seen.verdicts),
    )
    return Step(None if after.is_empty else after, records, _midnight(due))


def _determinations(timeline: Timeline, seen: Outlook, rulebook: Rulebook) -> Iterator[Record]:
    """Determinations that are new or other than before; then, withdrawn, those whose subject is gone."""
    before = {verdict.place: verdict for verdict in timeline.verdicts}
    for verdict in seen.verdicts:
        if before.pop(verdict.place, None) != verdict:
            yield verdicts_.render(verdict, timeline.member_id, rulebook.revision)
    for verdict in before.values():
        owners = timeline.appointments if verdict.line_number is None else timeline.claims
        if verdict.owner_id in owners:  # else it was forgotten: its determination stands
            yield verdicts_.render(verdict, timeline.member_id, rulebook.revision, "withdrawn")


def _alerts(timeline: Timeline, seen: Outlook, rulebook: Rulebook) -> Iterator[Record]:
    """Alerts that are new or other than before; then, resolved, those that no longer hold."""
    before = {notice.place: notice for notice in timeline.notices}
    for notice in seen.notices:
        if before.pop(notice.place, None) != notice:
            yield notices_.render(notice, timeline.member_id, rulebook)
    for notice in before.values():
        yield notices_.render(notice, timeline.member_id, rulebook, "resolved")


def looked_with(rulebook: Rulebook) -> str:
    """How ``Timeline.looked`` names a rulebook."""
    return rulebook.revision[7:23]


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), UTC)
