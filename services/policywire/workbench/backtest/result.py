"""Where two lanes differ at the end: determinations that flip, and alerts that open or stay open otherwise.

Knows what both said last and what they remember of members; reads no event. A subject counts when one of the lanes
said something of it within the window; what is compared is what each has said of it last.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from policywire.cases.timeline import Timeline
from policywire.workbench.backtest.lanes import AFTER_WINDOW, Backtest, Lane
from policywire.workbench.backtest.standing import SaidOfAlert, SaidOfLine
from policywire.workbench.diff.answer import Change, changes
from policywire.workbench.flips.flip import Flip, FlippedLine, cents
from policywire.workbench.flips.tally import dollars

Subject = tuple[str, str, int | str]
"""Member, claim or appointment, and line number or procedure code."""


def flipped_lines(backtest: Backtest, source: str) -> Iterator[FlippedLine]:
    """Every line and booked procedure that the draft answers otherwise.

    Args:
        backtest: finished.
        source: what the events were read from, for files with the lines.
    """
    lanes = (backtest.current, backtest.draft)
    touched = backtest.current.standing.touched | backtest.draft.standing.touched
    by_subject: dict[Subject, list[Flip]] = {}
    told: dict[Subject, SaidOfLine] = {}
    for key in sorted(touched):
        before, after = (lane.standing.lines.get(key) for lane in lanes)
        known = after or before
        changed = _difference(before, after)
        if known is None or not changed:
            continue
        subject = (known.member_id, known.subject_id, known.line_number or known.procedure_code)
        told[subject] = known
        by_subject.setdefault(subject, []).append(_flip(known, before, after, changed))
    for subject, flips in by_subject.items():
        yield _line(backtest, told[subject], tuple(flips), source)


def _difference(before: SaidOfLine | None, after: SaidOfLine | None) -> tuple[Change, ...]:
    was, now = (None if each is None else each.answer for each in (before, after))
    changed = changes(was, now)
    if not changed and was is not None and before is not None and after is not None and before.liable != after.liable:
        return (Change("liability", "liable", before.liable, after.liable),)
    return changed


def _flip(known: SaidOfLine, before: SaidOfLine | None, after: SaidOfLine | None, changed: tuple[Change, ...]) -> Flip:
    return Flip(
        known.payer,
        known.policy,
        _outcome(before),
        _outcome(after),
        changed,
        _exposure(before),
        _exposure(after),
    )


def _outcome(said: SaidOfLine | None) -> str | None:
    return None if said is None or said.answer is None else str(said.answer.outcome)


def _exposure(said: SaidOfLine | None) -> int | None:
    return None if said is None or said.answer is None else said.exposure_cents


def _line(backtest: Backtest, said: SaidOfLine, flips: tuple[Flip, ...], source: str) -> FlippedLine:
    charge, taxonomy = _remembered(backtest, said)
    return FlippedLine(
        kind="appointment" if said.line_number is None else "claim",
        procedure_code=said.procedure_code,
        date_of_service=said.date_of_service,
        specialty=taxonomy,
        provider=None,
        charge_cents=cents(charge),
        exposure_before_cents=max(flip.exposure_before_cents or 0 for flip in flips),
        exposure_after_cents=max(flip.exposure_after_cents or 0 for flip in flips),
        flips=flips,
        place=(source, None, said.subject_id, said.line_number, said.member_id, said.payer_id),
    )


def _remembered(backtest: Backtest, said: SaidOfLine) -> tuple[str | None, str | None]:
    """The charge and the provider's taxonomy, which no record has; None where it has been forgotten."""
    for lane in (backtest.draft, backtest.current):
        timeline = lane.timelines.get(said.member_id)
        if timeline is not None:
            found = _stated(timeline, said)
            if found is not None:
                return found
    return None, None


def _stated(timeline: Timeline, said: SaidOfLine) -> tuple[str | None, str | None] | None:
    if said.line_number is None:
        appointment = timeline.appointments.get(said.subject_id)
        booking = None if appointment is None else appointment.content
        return None if booking is None else (booking.estimated_charge, booking.taxonomy)
    remembered = timeline.claims.get(said.subject_id)
    claim = None if remembered is None else remembered.content
    if claim is None:
        return None
    charges = (line.charge for line in claim.lines if line.line_number == said.line_number)
    return next(charges, None), claim.taxonomy


def alert_changes(backtest: Backtest) -> Counter[tuple[str, str]]:
    """How many alerts of each kind open, stay open or sound otherwise, by kind and what changes."""
    current, draft = backtest.current.standing, backtest.draft.standing
    touched = current.touched | draft.touched
    found: Counter[tuple[str, str]] = Counter()
    for key in touched:
        before, after = current.alerts.get(key), draft.alerts.get(key)
        change = _alert_change(before, after)
        known = before or after
        if known is not None and change is not None:
            found[known.kind, change] += 1
    return found


def _alert_change(before: SaidOfAlert | None, after: SaidOfAlert | None) -> str | None:
    """What the draft does to an alert; None: nothing."""
    opened = (before is not None and before.opened, after is not None and after.opened)
    is_open = (before is not None and before.is_open, after is not None and after.is_open)
    if is_open[0] != is_open[1]:
        if is_open[1]:
            return "opens" if before is None else "stays open"
        return "does not open" if after is None else "is resolved"
    if opened[0] != opened[1]:
        return "opens and is resolved again" if opened[1] else "does not open, where it opened and was resolved again"
    if is_open[0] and before is not None and after is not None and before.severity != after.severity:
        return f"{before.severity} becomes {after.severity}"
    return None


def read_report(backtest: Backtest) -> dict[str, Any]:
    """What was read, as plain values."""
    left_out = {code: count for code, count in sorted(backtest.left_out.items()) if code != AFTER_WINDOW}
    return {
        "events": backtest.events,
        "bad_events": left_out,
        "after_window": backtest.left_out[AFTER_WINDOW],
        "members": len(backtest.current.timelines),
        "current": _said(backtest.current),
        "draft": _said(backtest.draft),
    }


def _said(lane: Lane) -> dict[str, Any]:
    """What a lane said within the window, and what is at risk by it now: claim lines, and services not yet billed."""
    lines = (each for key, each in lane.standing.lines.items() if key in lane.standing.touched)
    standing = [each for each in lines if each.answer is not None]
    alerts = [each for key, each in lane.standing.alerts.items() if key in lane.standing.touched]
    billed = sum(each.exposure_cents or 0 for each in standing)
    return {
        "records": lane.records,
        "determinations": len(standing),
        "exposure_amount": dollars(billed + sum(each.unbilled_cents for each in alerts)),
        "open_alerts": sum(1 for each in alerts if each.is_open),
    }
