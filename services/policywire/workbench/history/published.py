"""Who published a policy, when, why and by whose leave: of all publications those that touched it.

Knows the record of publications (:mod:`policywire.rulebook.history`); reads no topic.
"""

from collections.abc import Iterator
from datetime import date, datetime

import msgspec
from msgspec import Struct

from policywire.rulebook.document import PolicyDocument
from policywire.rulebook.history import Entry, History
from policywire.workbench.history.policy import PolicyHistory


class VersionPublished(Struct, frozen=True):
    """A version as a published document has it."""

    effective_from: date
    position: str


class PublicationTold(Struct, frozen=True, kw_only=True):
    """A publication, as far as it concerns the policy."""

    number: int
    kind: str
    at: datetime
    effective_at: datetime
    author: str | None
    reason: str
    approved_by: tuple[str, ...]
    gate_ran_at: str | None
    forced: tuple[str, ...]
    rolled_back_to: int | None
    written: tuple[str, ...]
    """Keys: the policy's own, and of what its facts are read with."""
    removed: tuple[str, ...]
    cancelled: tuple[str, ...]
    revision: str | None
    versions: tuple[VersionPublished, ...]
    """Of the policy's document as it was written; none where it was not."""


def publications_of(history: History, policy: PolicyHistory) -> Iterator[PublicationTold]:
    """The publications that wrote or removed the policy, or a document that its facts are read with."""
    own = f"{policy.payer}/{policy.policy}"
    keys = {own, f"payer:{policy.payer}", f"contexts:{policy.contexts}", f"terms:{policy.terms}"}
    for entry in history.entries:
        told = _told(entry, own, keys)
        if told.written or told.removed or told.cancelled:
            yield told


def _told(entry: Entry, own: str, keys: set[str]) -> PublicationTold:
    publication = entry.publication
    return PublicationTold(
        number=publication.number,
        kind=publication.kind,
        at=publication.at,
        effective_at=publication.effective_at,
        author=publication.author,
        reason=publication.reason,
        approved_by=tuple(each.by for each in publication.approvals),
        gate_ran_at=publication.gate.ran_at if publication.gate else None,
        forced=publication.forced,
        rolled_back_to=publication.rolled_back_to,
        written=tuple(key for key in publication.written if key in keys),
        removed=tuple(key for key in publication.removed if key in keys),
        cancelled=tuple(key for key in publication.cancelled if key.rpartition("@")[0] in keys),
        revision=publication.revision,
        versions=_versions(entry, own) if own in publication.written else (),
    )


def _versions(entry: Entry, own: str) -> tuple[VersionPublished, ...]:
    """Of the document that the publication wrote, under its key or, while it waits, under that with its instant."""
    contents = [content for key, content in entry.changes.items() if own in {key, key.rpartition("@")[0]}]
    for content in contents:
        if content is None:
            continue
        try:
            document = msgspec.json.decode(content, type=PolicyDocument | None)
        except msgspec.DecodeError:  # of another version of policywire: that it was written is still told
            continue
        if document is not None:
            return tuple(VersionPublished(each.effective_from, each.position) for each in document.versions)
    return ()
