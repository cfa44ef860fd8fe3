"""Publications that wait for their instant: when, by whom, why and of which documents. Knows the history; no topic."""

from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct

from policywire.rulebook.history import History, Publication


class Waiting(Struct, frozen=True, kw_only=True):
    """Documents that come into force at an instant."""

    at: datetime
    days_left: int
    publication: int | None
    """The number of the publication that put them there."""
    author: str | None
    approved_by: tuple[str, ...]
    reason: str
    documents: tuple[str, ...]
    """Their keys."""

    def concerns(self, payer: str) -> bool:
        """Whether a document is the payer's, or one by which the policies of every payer are read."""
        shared = ("contexts:", "terms:", "watch:", f"{payer}/")
        return any(key == f"payer:{payer}" or key.startswith(shared) for key in self.documents)


def waiting(history: History, now: datetime) -> list[Waiting]:
    """What waits at an instant, the next first."""
    return list(_waiting(history, now)) if history.states else []


def _waiting(history: History, now: datetime) -> Iterator[Waiting]:
    scheduled = history.states[-1].scheduled
    for at in sorted({each.at for each in scheduled if each.at > now}):
        publication = _of(history.publications, at)
        yield Waiting(
            at=at,
            days_left=(at.date() - now.date()).days,
            publication=None if publication is None else publication.number,
            author=None if publication is None else publication.author,
            approved_by=() if publication is None else tuple(each.by for each in publication.approvals),
            reason="" if publication is None else publication.reason,
            documents=tuple(each.key for each in scheduled if each.at == at),
        )


def _of(publications: list[Publication], at: datetime) -> Publication | None:
    """The latest publication for an instant: it took the place of the earlier ones."""
    return next((each for each in reversed(publications) if each.effective_at == at and each.at < at), None)
