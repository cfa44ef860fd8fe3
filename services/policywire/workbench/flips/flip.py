"""One line that two editions answer differently, and how it is found from what both say of it. Pure."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Literal

from msgspec import Struct

from policywire.decision.verdict import Verdict
from policywire.workbench.diff.answer import Change, answer_of, changes

SubjectKind = Literal["claim", "appointment"]


class Flip(Struct, frozen=True, gc=False):
    """One policy's other answer: outcomes as the contracts name them, None where it says nothing of the line.

    Exposures are in cents, None for booked procedures.
    """

    payer: str
    policy: str
    before: str | None
    after: str | None
    changes: tuple[Change, ...]
    exposure_before_cents: int | None
    exposure_after_cents: int | None


class FlippedLine(Struct, frozen=True, gc=False):
    """A claim line or booked procedure with a flip, and what it is told by.

    ``charge_cents`` of a booked procedure is an estimate, or None. Exposures are the line's, whatever the number of
    policies that speak of it. ``place`` tells which line it is, for files that somebody asks for; no report shows it.
    """

    kind: SubjectKind
    procedure_code: str
    date_of_service: date
    specialty: str | None
    provider: str | None
    charge_cents: int | None
    exposure_before_cents: int
    exposure_after_cents: int
    flips: tuple[Flip, ...]
    place: tuple[str | int | None, ...]


def flips(before: Iterable[Verdict], after: Iterable[Verdict]) -> tuple[Flip, ...]:
    """Every policy that answers otherwise, from the verdicts of both editions on one line."""
    was = {(each.payer, each.policy_id): each for each in before}
    now = {(each.payer, each.policy_id): each for each in after}
    return tuple(_flips(was, now))


def exposed(verdicts: Iterable[Verdict]) -> int:
    """What the provider stands to lose on a line, in cents: at most its charge, however many policies deny it."""
    return max((cents(each.exposure_amount) or 0 for each in verdicts), default=0)


def cents(amount: str | None) -> int | None:
    """Decimal money text in cents."""
    return None if amount is None else int(amount.replace(".", ""))


def _flips(was: dict[tuple[str, str], Verdict], now: dict[tuple[str, str], Verdict]) -> Iterator[Flip]:
    for key in dict.fromkeys((*was, *now)):
        old, new = was.get(key), now.get(key)
        changed = difference(old, new)
        if changed:
            yield Flip(
                *key,
                None if old is None else str(old.outcome),
                None if new is None else str(new.outcome),
                changed,
                None if old is None else cents(old.exposure_amount),
                None if new is None else cents(new.exposure_amount),
            )


def difference(before: Verdict | None, after: Verdict | None) -> tuple[Change, ...]:
    """In which respects two verdicts of one policy on one line differ; who is liable is one of them."""
    changed = changes(
        None if before is None else answer_of(before),
        None if after is None else answer_of(after),
    )
    if not changed and before is not None and after is not None and before.liable != after.liable:
        return (Change("liability", "liable", before.liable, after.liable),)
    return changed
