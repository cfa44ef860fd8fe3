"""What a change of the rulebook does to appointments still to come: what was said before is kept while it differs.

Knows which appointments are compared and what counts as differing; does not know how anything is decided.
"""

from collections.abc import Iterator, Mapping
from datetime import date

from msgspec.structs import replace

from policywire.cases.fold import stands
from policywire.cases.timeline import Timeline
from policywire.decision.verdict import Verdict


def appointments_to_come(timeline: Timeline, today: date) -> Iterator[str]:
    """Active appointments of today or later, by id."""
    for appointment_id, memory in timeline.appointments.items():
        if memory.content is not None and stands(memory) and memory.content.service_date >= today:
            yield appointment_id


def remembering(timeline: Timeline, today: date) -> Timeline:
    """The timeline with what stands said of appointments to come, before another rulebook is asked.

    What was remembered at an earlier change stays: an alert compares with what people were told before the first one.
    """
    told: dict[str, list[Verdict]] = {appointment_id: [] for appointment_id in appointments_to_come(timeline, today)}
    for verdict in timeline.verdicts:
        if verdict.line_number is None and verdict.owner_id in told:
            told[verdict.owner_id].append(verdict)
    if not told:
        return timeline
    former = {appointment_id: tuple(verdicts) for appointment_id, verdicts in told.items()}
    return replace(timeline, former={**former, **timeline.former})


def changed(former: tuple[Verdict, ...] | None, verdicts: tuple[Verdict, ...]) -> list[Verdict]:
    """The verdicts whose outcome is not what it was; for one that is no longer given, the former. None: no change."""
    if former is None:
        return []
    before = {verdict.place: verdict for verdict in former}
    after = {verdict.place: verdict for verdict in verdicts}
    return [verdict for place, verdict in (before | after).items() if _outcome(before, place) != _outcome(after, place)]


def _outcome(verdicts: Mapping[tuple[object, ...], Verdict], place: tuple[object, ...]) -> str | None:
    verdict = verdicts.get(place)
    return None if verdict is None else verdict.outcome


def still_differing(timeline: Timeline, verdicts: tuple[Verdict, ...]) -> Mapping[str, tuple[Verdict, ...]]:
    """What needs to be remembered on: of active appointments whose outcomes are still other than before."""
    kept = {}
    for appointment_id, former in timeline.former.items():
        memory = timeline.appointments.get(appointment_id)
        now = tuple(each for each in verdicts if each.line_number is None and each.owner_id == appointment_id)
        if memory is not None and stands(memory) and changed(former, now):
            kept[appointment_id] = former
    return kept
