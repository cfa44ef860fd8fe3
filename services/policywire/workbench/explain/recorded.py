"""Events of a file become the situation of one line: the claim as it stands, with its member's agreements.

Knows events and how a timeline is folded from them; decides nothing. Words of refusal name lines of the file and no
value of an event.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from policywire.cases import intake
from policywire.cases.fold import fold, stands
from policywire.cases.items import agreements, appointment_items, claim_items
from policywire.cases.timeline import AppointmentMemory, ClaimMemory, Timeline, blank
from policywire.decision.item import Item
from policywire.errors import BadInput
from policywire.model import codes
from policywire.model.decode import EVENT_DECODER, Rejected
from policywire.model.events import AnyEvent, AppointmentContent, AppointmentEnding, ClaimContent, ClaimVoided
from policywire.rulebook.rulebook import Rulebook
from policywire.workbench.explain.situation import Situation

REFUSED_MAX: Final = 5
"""So many lines that are no events are named."""


class Wanted(Struct, frozen=True, kw_only=True):
    """Which line is meant; what is None must be the only one there is."""

    claim_id: str | None = None
    line_number: int | None = None
    appointment_id: str | None = None
    procedure_code: str | None = None
    """Of an appointment."""
    member_id: str | None = None


class Recorded(Struct, frozen=True):
    """The events of a file, and which of its lines are none."""

    events: tuple[AnyEvent, ...]
    refused: tuple[str, ...]


def read_events(content: bytes) -> Recorded:
    """The events of a file: one JSON object a line, or one object over several lines.

    Raises:
        BadInput: there is no event in it.
    """
    events: list[AnyEvent] = []
    refused: list[str] = []
    for number, line in _objects(content):
        try:
            events.append(EVENT_DECODER.decode(line))
        except Rejected as rejected:
            refused.append(f"line {number}: {rejected.code}: {rejected.detail}")
    if not events:
        told = "".join(f"\n{each}" for each in refused[:REFUSED_MAX])
        raise BadInput(f"There is no event to explain. policywire validate says how one is written.{told}")
    return Recorded(tuple(events), tuple(refused))


def _objects(content: bytes) -> Iterable[tuple[int, bytes]]:
    lines = [(number, line) for number, line in enumerate(content.splitlines(), 1) if line.strip()]
    if len(lines) > 1 and not _is_object(lines[0][1]) and _is_object(content):
        return [(1, content)]
    return lines


def _is_object(text: bytes) -> bool:
    try:
        return isinstance(msgspec.json.decode(text), dict)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def situation_of(events: Sequence[AnyEvent], wanted: Wanted, rulebook: Rulebook) -> Situation:
    """The line that is meant, as it stands after all events.

    Raises:
        BadInput: it is not there, or it cannot be told which one is meant.
    """
    if wanted.appointment_id is not None or not any(isinstance(each, ClaimContent) for each in events):
        return _appointment(events, wanted, rulebook)
    stated = [
        each
        for each in events
        if isinstance(each, ClaimContent)
        and wanted.claim_id in (None, each.claim_id)
        and wanted.member_id in (None, each.member_id)
    ]
    claim_id, member_id = _the_one({(each.claim_id, each.member_id) for each in stated}, "claim", "--claim")
    own = [each for each in events if each.member_id == member_id]
    ended = [each for each in own if isinstance(each, ClaimVoided) and each.claim_id == claim_id]
    timeline = _folded([*stated, *ended, *_beside(own)], member_id, rulebook)
    memory = timeline.claims.get(claim_id, ClaimMemory())
    content = memory.content or max(map(intake.claim, stated), key=lambda each: each.stamp.at)
    item = _line(tuple(claim_items(claim_id, content)), wanted.line_number)
    source = next(each for each in reversed(stated) if each.event_id == content.stamp.event_id)
    return Situation(
        item=item,
        agreements=agreements(timeline, rulebook),
        diagnoses=tuple(dict.fromkeys(map(codes.diagnosis, source.diagnoses or ()))),
        ended=_ending(memory),
    )


def _appointment(events: Sequence[AnyEvent], wanted: Wanted, rulebook: Rulebook) -> Situation:
    stated = [
        each
        for each in events
        if isinstance(each, AppointmentContent)
        and wanted.appointment_id in (None, each.appointment_id)
        and wanted.member_id in (None, each.member_id)
    ]
    appointment_id, member_id = _the_one(
        {(each.appointment_id, each.member_id) for each in stated}, "claim or appointment", "--claim or --appointment"
    )
    own = [each for each in events if each.member_id == member_id]
    ended = [each for each in own if isinstance(each, AppointmentEnding) and each.appointment_id == appointment_id]
    timeline = _folded([*stated, *ended, *_beside(own)], member_id, rulebook)
    memory = timeline.appointments.get(appointment_id, AppointmentMemory())
    content = memory.content or max(map(intake.booking, stated), key=lambda each: each.stamp.at)
    item = _procedure(tuple(appointment_items(appointment_id, content)), wanted.procedure_code)
    return Situation(
        item=item,
        agreements=agreements(timeline, rulebook),
        diagnoses=tuple(dict.fromkeys(content.diagnoses)),
        ended=_ending(memory),
    )


def _beside(events: Sequence[AnyEvent]) -> list[AnyEvent]:
    """The events about agreements, which are neither of a claim nor of an appointment."""
    others = (ClaimContent, ClaimVoided, AppointmentContent, AppointmentEnding)
    return [each for each in events if not isinstance(each, others)]


def _folded(events: Iterable[AnyEvent], member_id: str, rulebook: Rulebook) -> Timeline:
    timeline = blank(member_id)
    for event in events:
        timeline = fold(event, timeline, rulebook)
    return timeline


def _ending(memory: ClaimMemory | AppointmentMemory) -> str | None:
    if memory.content is None or memory.ending is None or stands(memory) or memory.ending.kind == "completed":
        return None
    return memory.ending.kind


def _the_one(found: set[tuple[str, str]], what: str, option: str) -> tuple[str, str]:
    if not found:
        raise BadInput(f"There is no such {what} among the events. Look at the id given with {option}.")
    if len({owner for owner, _ in found}) > 1:
        raise BadInput(f"There are {len(found)} of them. Say with {option} which {what} is meant.")
    if len(found) > 1:
        raise BadInput(f"{len(found)} members have a {what} of that id. Say with --member whose is meant.")
    return found.pop()


def _line(items: tuple[Item, ...], number: int | None) -> Item:
    found = [item for item in items if number in (None, item.line_number)]
    if len(found) == 1:
        return found[0]
    numbers = ", ".join(str(item.line_number) for item in items)
    raise BadInput(f"The claim has the lines {numbers}. Say with --line which one is meant.")


def _procedure(items: tuple[Item, ...], code: str | None) -> Item:
    asked = None if code is None else codes.procedure_code(code)
    found = [item for item in items if asked in (None, item.procedure_code)]
    if len(found) == 1:
        return found[0]
    raise BadInput(
        f"The appointment has the codes {', '.join(item.procedure_code for item in items)}. "
        "Say with --code which one is meant."
    )
