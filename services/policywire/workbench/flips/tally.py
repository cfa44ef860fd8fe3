"""Flips counted and summed, by what changes, code, specialty, provider, month and policy; only aggregates are kept.

Knows flipped lines; knows no terminal. Sums are whole cents and merge in any order.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from msgspec import Struct

from policywire.workbench.flips.flip import Flip, FlippedLine

BY: Final = ("change", "policy", "procedure_code", "specialty", "provider", "month")
"""What flips are counted by."""

NOTHING: Final = "nothing said"
"""In place of an outcome where a policy says nothing of a line."""


class Sums(Struct):
    """How many lines, what they charge, and what the provider stands to lose on them before and after, in cents."""

    lines: int = 0
    charge_cents: int = 0
    exposure_before_cents: int = 0
    exposure_after_cents: int = 0

    def add(self, charge: int, before: int, after: int) -> None:
        """One line more."""
        self.lines += 1
        self.charge_cents += charge
        self.exposure_before_cents += before
        self.exposure_after_cents += after

    def plain(self) -> dict[str, Any]:
        """As plain values, money as decimal text."""
        return {
            "lines": self.lines,
            "charge_amount": dollars(self.charge_cents),
            "exposure_before": dollars(self.exposure_before_cents),
            "exposure_after": dollars(self.exposure_after_cents),
        }


class Tally:
    """Counts flipped lines.

    Attributes:
        claims: sums over claim lines with a flip, each line once.
        appointments: the same of booked procedures; charges are estimates.
        by: for each of :data:`BY` the sums by value. Here a line counts once for each policy that answers otherwise.
    """

    def __init__(self) -> None:
        self.claims = Sums()
        self.appointments = Sums()
        self.by: dict[str, dict[str, Sums]] = {name: {} for name in BY}

    def add(self, line: FlippedLine) -> None:
        """Count a line."""
        total = self.claims if line.kind == "claim" else self.appointments
        total.add(line.charge_cents or 0, line.exposure_before_cents, line.exposure_after_cents)
        for flip in line.flips:
            self._add(line, flip)

    def counted(self, lines: Iterable[FlippedLine]) -> Iterator[FlippedLine]:
        """The lines, each counted as it passes by."""
        for line in lines:
            self.add(line)
            yield line

    def _add(self, line: FlippedLine, flip: Flip) -> None:
        values = {
            "change": change_of(flip),
            "policy": f"{flip.payer} {flip.policy}",
            "procedure_code": line.procedure_code,
            "specialty": line.specialty,
            "provider": line.provider,
            "month": f"{line.date_of_service:%Y-%m}",
        }
        for name, value in values.items():
            if value is not None:
                self.by[name].setdefault(value, Sums()).add(
                    line.charge_cents or 0, flip.exposure_before_cents or 0, flip.exposure_after_cents or 0
                )

    def plain(self) -> dict[str, Any]:
        """As plain values, the largest first; months in their order."""
        return {
            "claim_lines": self.claims.plain(),
            "booked_procedures": self.appointments.plain(),
            "by": {name: [{name: value, **sums.plain()} for value, sums in self.ordered(name)] for name in BY},
        }

    def ordered(self, name: str) -> list[tuple[str, Sums]]:
        """The sums by one of :data:`BY`: those of most lines first, months in their order."""
        if name == "month":
            return sorted(self.by[name].items())
        return sorted(self.by[name].items(), key=lambda each: (-each[1].lines, -each[1].charge_cents, each[0]))


def change_of(flip: Flip) -> str:
    """What changes in a few words: the outcomes, or where they are equal what else."""
    if flip.before != flip.after:
        return f"{flip.before or NOTHING} -> {flip.after or NOTHING}"
    return f"{flip.after}: {', '.join(dict.fromkeys(change.field for change in flip.changes))}"


def dollars(cents: int) -> str:
    """Whole cents as decimal text."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02}"
