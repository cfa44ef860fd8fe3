"""Which documents are meant by who wants to go back. Knows the history; publishes nothing.

One can go back to anything that was in force: what was before the latest change (``previous``), what a publication
brought (its number), or a rulebook (``sha256:`` and the first digits of its revision, which every record that it made
carries).
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from policywire.errors import BadInput
from policywire.rulebook.history import History, Moment
from policywire.rulebook.load import read_rules
from policywire.rulebook.publication import published_files

PREVIOUS: Final = "previous"
DIGITS_MIN: Final = 8
"""Of a revision: enough to be the only one, few enough to be typed."""

LOOK: Final = "policywire rules publications lists what was published"
_REVISION: Final = re.compile(r"sha256:[0-9a-f]{8,64}")
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,9}")


def moment_of(history: History, target: str, now: datetime) -> Moment:
    """When the documents that are meant were in force last.

    Args:
        history: all publications.
        target: ``previous``, a publication's number, or a revision or its first digits.
        now: what was in force is told up to here.

    Raises:
        BadInput: it is none of these, or nothing like it was ever in force.
    """
    if target == PREVIOUS:
        before = history.before(now)
        if before is None:
            raise BadInput(f"nothing else was in force before. {LOOK}")
        return before
    if _NUMBER.fullmatch(target):
        return _of_publication(history, int(target), now)
    if _REVISION.fullmatch(target):
        return _of_revision(history, target, now)
    raise BadInput(
        f"{target!r} is neither `{PREVIOUS}`, nor the number of a publication, nor a revision (sha256: and at least "
        f"{DIGITS_MIN} digits). {LOOK}"
    )


def _of_publication(history: History, number: int, now: datetime) -> Moment:
    moment = _brought(history, number, now)
    if moment is None:
        raise BadInput(
            f"what publication {number} published was never in force by itself: it is still to come, was taken back, "
            f"or came together with another. Publish it again, or name a revision that was in force. {LOOK}"
        )
    return moment


def _of_revision(history: History, prefix: str, now: datetime) -> Moment:
    """By the records first; what two publications gave together is in none of them, and is compiled to be found."""
    found: dict[str, Moment] = {}
    for publication in history.publications:
        if publication.revision and publication.revision.startswith(prefix):
            moment = _brought(history, publication.number, now)
            if moment is not None:
                found[publication.revision] = moment
    if not found:
        found = _compiled(history.moments(now), prefix)
    if len(found) > 1:
        raise BadInput(f"{prefix} may be any of {', '.join(sorted(found))}. Give more of its digits")
    if not found:
        raise BadInput(f"no rulebook {prefix} was ever in force here. {LOOK}")
    return next(iter(found.values()))


def _brought(history: History, number: int, now: datetime) -> Moment | None:
    """When what a publication brought was in force: while it was the latest, or else last."""
    documents = history.documents(number)
    moments = [each for each in history.moments(now) if each.documents == documents]
    return max(moments, key=lambda each: (each.number == number, each.at), default=None)


def _compiled(moments: Iterable[Moment], prefix: str) -> dict[str, Moment]:
    found: dict[str, Moment] = {}
    last: Mapping[str, bytes] = {}
    for moment in moments:
        if moment.documents != last:
            last = moment.documents
            rulebook = read_rules(published_files(last)).rulebook
            if rulebook is not None and rulebook.revision.startswith(prefix):
                found[rulebook.revision] = moment
    return found
