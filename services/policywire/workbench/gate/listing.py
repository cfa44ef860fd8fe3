"""Which codes a policy document lists, and on which days its versions are in force, read for the second engine.

Knows the document only; nothing compiled from it.
"""

import re
from collections.abc import Iterator
from datetime import date
from typing import Final

from policywire.rulebook.document import PolicyDocument, RuleText, VersionText
from policywire.workbench.gate.clinical import code

CODE: Final = re.compile(r"[0-9]{4}[0-9A-Z]|[A-Z][0-9]{4}")
"""What has another shape is quarantined and never a code. Source: domain.md."""

DAYS_START: Final = 1
DAYS_END: Final = date.max.toordinal()

Window = tuple[int, int]
"""First and last day, as ordinals."""


def windows(policy: PolicyDocument) -> Iterator[Window]:
    """First and last day of each version, as ordinals; one without an end lasts until the next."""
    starts = [each.effective_from.toordinal() for each in policy.versions]
    for version, start, following in zip(policy.versions, starts, (*starts[1:], DAYS_END + 1), strict=True):
        through = version.effective_through
        yield start, following - 1 if through is None else through.toordinal()


def listed(version: VersionText) -> frozenset[str]:
    """The usable codes that a version names."""
    return frozenset(each for rule in version.rules for each in codes_of(rule))


def codes_of(rule: RuleText) -> tuple[str, ...]:
    """The usable codes that a rule names, each once, in order."""
    return tuple(dict.fromkeys(each for each in map(code, rule.codes) if CODE.fullmatch(each)))


def gaps(versions: list[Window]) -> Iterator[Window]:
    """The days between, before and after."""
    day = DAYS_START
    for start, end in versions:
        if day < start:
            yield day, start - 1
        day = end + 1
    if day <= DAYS_END:
        yield day, DAYS_END
