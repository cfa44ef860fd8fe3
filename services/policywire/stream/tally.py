"""What one batch amounted to, counted once a batch and not once a record. Plain numbers; knows no metrics library."""

from collections import Counter
from datetime import date

from msgspec import Struct, field

from policywire.model.records import Outcome


class Tally(Struct):
    """Counts of one batch.

    ``rejected`` is by (topic, error code), ``determinations`` by (payer, policy, version, outcome, status), ``alerts``
    by (kind, severity, status). ``followed`` counts members decided again because the rulebook changed. ``ages`` pairs
    a record's time in milliseconds with how many records are that old. ``listed_lines`` counts claim lines by a fact
    that is wanted of them, ``lines_without`` those that lack it, ``agreements`` events by their type; see
    :mod:`policywire.stream.completeness`.
    """

    received: Counter[str] = field(default_factory=Counter)
    rejected: Counter[tuple[str, str]] = field(default_factory=Counter)
    determinations: Counter[tuple[str, str, date | None, Outcome, str]] = field(default_factory=Counter)
    alerts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    undecided_lines: int = 0
    unmapped_codes: int = 0
    listed_lines: Counter[str] = field(default_factory=Counter)
    lines_without: Counter[str] = field(default_factory=Counter)
    agreements: Counter[str] = field(default_factory=Counter)
    timelines_changed: int = 0
    followed: int = 0
    ages: list[tuple[int, int]] = field(default_factory=list)
    seconds_deciding: float = 0.0
    seconds_committing: float = 0.0

    @property
    def events(self) -> int:
        """Records taken in."""
        return self.received.total()

    @property
    def dead_letters(self) -> int:
        """Records that could not be used."""
        return self.rejected.total()
