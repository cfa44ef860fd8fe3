"""Policies that are announced and not yet in force: what changes, when, and how many days are left.

Knows documents and a day; reads no clock.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Literal, NamedTuple

from msgspec import Struct

from policywire.errors import BadInput
from policywire.rulebook.rulebook import CompiledPolicy, Version
from policywire.workbench.brief.changing import CodeChange, VersionChange, change_of, days_until, ending_of
from policywire.workbench.documents import Documents

Kind = Literal["new policy", "new version", "end of the policy"]


class Upcoming(Struct, frozen=True, kw_only=True):
    """A change that is still to come."""

    effective_from: date
    """The first date of service that is answered otherwise."""
    days_left: int
    payer: str
    payer_name: str
    payer_ids: tuple[str, ...]
    policy: str
    title: str
    kind: Kind
    impact: str
    known_from: date
    codes: tuple[str, ...]
    by_codes: tuple[CodeChange, ...]
    general: tuple[str, ...]


def upcoming(documents: Documents, as_of: date, within: int | None = None, payer: str | None = None) -> list[Upcoming]:
    """What is known on a day and takes effect after it, the next first.

    Args:
        documents: the policies.
        as_of: the day on which somebody asks; what was not yet known then is left out.
        within: days after it at most; None: all.
        payer: only this payer's key.

    Raises:
        BadInput: there is no such payer.
    """
    if payer is not None and payer not in documents.payers:
        known = ", ".join(sorted(documents.payers))
        raise BadInput(f"there is no payer {payer}. Give its key with --payer; there are: {known}.")
    found = (
        each
        for policy in documents.compiled.values()
        if payer in (None, policy.payer)
        for each in _of_policy(documents, policy, as_of)
        if within is None or each.days_left <= within
    )
    return sorted(found, key=lambda each: (each.effective_from, each.payer, each.policy))


class _Coming(NamedTuple):
    """A version that begins, or ends without another, on ``first_day``."""

    kind: Kind
    version: Version
    first_day: date
    change: VersionChange


def _of_policy(documents: Documents, policy: CompiledPolicy, as_of: date) -> Iterator[Upcoming]:
    announced = [version for version in policy.versions if version.known_from <= as_of]
    for version in announced:
        if version.effective_from > as_of:
            kind: Kind = "new policy" if version is policy.versions[0] else "new version"
            coming = _Coming(kind, version, version.effective_from, change_of(policy, version))
            yield _said(documents, policy, coming, as_of)
    last = policy.versions[-1]
    if last in announced and last.effective_through is not None and last.effective_through >= as_of:
        after = last.effective_through + timedelta(days=1)
        yield _said(documents, policy, _Coming("end of the policy", last, after, ending_of(last)), as_of)


def _said(documents: Documents, policy: CompiledPolicy, coming: _Coming, as_of: date) -> Upcoming:
    profile, change = documents.payers[policy.payer], coming.change
    return Upcoming(
        effective_from=coming.first_day,
        days_left=days_until(coming.first_day, as_of),
        payer=policy.payer,
        payer_name=profile.name,
        payer_ids=profile.payer_ids,
        policy=policy.id,
        title=policy.title,
        kind=coming.kind,
        impact=policy.impact,
        known_from=coming.version.known_from,
        codes=tuple(sorted({code for each in change.by_codes for code in each.codes} or coming.version.rules)),
        by_codes=change.by_codes,
        general=change.general,
    )
