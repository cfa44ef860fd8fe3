"""What a comparison of two editions found: values only, the documented shape of ``rules diff --json``.

Knows no rulebook. Days are ``YYYY-MM-DD``; a window that begins 1900-01-01 or ends 2199-12-31, the contracts' first and
last day, is open on that side.
"""

from typing import Any, Final, Literal, get_args

import msgspec
from msgspec import Struct

from policywire.workbench.diff.answer import Change, Facet
from policywire.workbench.diff.days import Window

FACETS: Final[tuple[Facet, ...]] = get_args(Facet)


class EditionName(Struct, frozen=True):
    """What somebody called an edition, and its revision."""

    name: str
    revision: str


class SpanDays(Struct, frozen=True):
    """Lines of several days: where they begin and where they end."""

    first_day: Window
    last_day: Window


class Difference(Struct, frozen=True):
    """Lines of some codes that are answered otherwise, and how.

    ``dates`` are the dates of service of lines of one day, ``spans`` those of lines that last from one window of days
    into another; ``when`` says what else must hold of a line, in words, all of it.
    """

    codes: tuple[str, ...]
    dates: tuple[Window, ...]
    spans: tuple[SpanDays, ...]
    when: tuple[str, ...]
    changes: tuple[Change, ...]

    @property
    def facets(self) -> tuple[Facet, ...]:
        """In which respects, each once."""
        return tuple(dict.fromkeys(change.facet for change in self.changes))


class PolicyDiff(Struct, frozen=True):
    """One policy that answers otherwise. ``versions_before`` and ``versions_after`` are the windows of its versions."""

    payer: str
    policy: str
    title: str
    status: Literal["added", "removed", "changed"]
    versions_before: tuple[Window, ...]
    versions_after: tuple[Window, ...]
    codes_added: tuple[str, ...]
    codes_removed: tuple[str, ...]
    differences: tuple[Difference, ...]


class PayerDiff(Struct, frozen=True):
    """Ids under which a payer is known; every listed code under one that went is decided by nobody."""

    payer: str
    ids_added: tuple[str, ...]
    ids_removed: tuple[str, ...]


class ReadingDiff(Struct, frozen=True):
    """What moved in a document that facts are read with: diagnoses and taxonomies of a context class, or phrases.

    ``part`` is the class and what of it (``oncology diagnoses``), or the list of the terms document.
    """

    document: Literal["contexts", "terms"]
    id: str
    part: str
    added: tuple[str, ...]
    removed: tuple[str, ...]


class AlertDiff(Struct, frozen=True):
    """A watch rule that says otherwise when an alert opens, whom it is for, or how loud it is; not its wording."""

    about: str
    before: str | None
    after: str | None


class Diff(Struct, frozen=True):
    """Everything that differs. ``decided`` lines stand for all; ``left_out`` were too many to decide, mostly 0."""

    before: EditionName
    after: EditionName
    policies: tuple[PolicyDiff, ...]
    payers: tuple[PayerDiff, ...]
    readings: tuple[ReadingDiff, ...]
    alerts: tuple[AlertDiff, ...]
    decided: int
    left_out: int

    @property
    def differs(self) -> bool:
        """Whether a line is answered otherwise, or an alert opens otherwise."""
        return bool(self.policies or self.payers or self.alerts)

    def plain(self) -> dict[str, Any]:
        """As plain values, with ``differs``, ``complete`` and the facets of each difference."""
        value: dict[str, Any] = msgspec.to_builtins(self)
        for policy, told in zip(self.policies, value["policies"], strict=True):
            for difference, shown in zip(policy.differences, told["differences"], strict=True):
                shown["facets"] = list(difference.facets)
        return {"differs": self.differs, "complete": not self.left_out, **value}
