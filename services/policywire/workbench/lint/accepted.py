"""Warnings that a document accepts, each with a reason, in a comment that counts for the whole file.

Knows the comment; does not know how a warning is found. ::

    # accept no-primary-source: the payer publishes it to contracted practices only

A comment is no content: it changes neither what the rules say nor their revision. Faults cannot be accepted.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from policywire.errors import Fault
from policywire.workbench.lint.catalogue import BY_SLUG

COMMENT: Final = re.compile(r"(?m)^[ ]*#[ ]*accept[ ]+([A-Za-z0-9-]+)[ ]*:[ ]*(.*?)[ \r]*$")


class Acceptance(NamedTuple):
    """A comment that accepts: where it stands (1-based), which code, and why."""

    file: str
    line: int
    code: str
    why: str


class Judged(NamedTuple):
    """Warnings that stand, and those that are accepted, each with the reason."""

    standing: tuple[Fault, ...]
    accepted: tuple[tuple[Fault, str], ...]


def judged(warnings: tuple[Fault, ...], contents: Mapping[str, bytes]) -> Judged:
    """The warnings of documents parted by what their comments accept; what is wrong with a comment is one more."""
    comments = [each for file, content in contents.items() for each in _acceptances(file, content)]
    good = {(each.file, each.code): each.why for each in comments if not _why_not(each)}
    accepted = tuple((each, good[each.file, each.code]) for each in warnings if (each.file, each.code) in good)
    used = {(each.file, each.code) for each, _ in accepted}
    standing = [each for each in warnings if (each.file, each.code) not in good]
    standing += [fault for each in comments for fault in _faults(each, used)]
    return Judged(tuple(sorted(standing)), accepted)


def _acceptances(file: str, content: bytes) -> Iterator[Acceptance]:
    if file.endswith(".json") or b"accept" not in content:
        return
    text = content.decode("utf-8", "replace")
    for found in COMMENT.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        yield Acceptance(file, line, found[1].lower(), found[2])


def _why_not(comment: Acceptance) -> str:
    """Why a comment accepts nothing; empty when it does."""
    code = BY_SLUG.get(comment.code)
    if code is None:
        return f"there is no code {comment.code}"
    if code.severity == "fault":
        return f"{comment.code} is a fault, which cannot be accepted"
    return "" if comment.why else f"{comment.code} is accepted without a reason"


def _faults(comment: Acceptance, used: set[tuple[str, str]]) -> Iterator[Fault]:
    wrong = _why_not(comment)
    if wrong:
        mend = "Write # accept CODE: the reason."
        yield Fault(comment.file, comment.line, 1, "unknown-acceptance", "", wrong, mend, "warning")
    elif (comment.file, comment.code) not in used:
        message = f"the document has no warning {comment.code}"
        yield Fault(comment.file, comment.line, 1, "idle-acceptance", "", message, "Take the comment away.", "warning")
