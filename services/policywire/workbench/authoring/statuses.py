"""What payers call the status of a code, and the outcome that it means.

Knows words of statuses; knows no row and no rule. Words that may mean several outcomes ("not covered" may be a benefit
exclusion as well as a matter of medical necessity) are left out on purpose: whoever imports a list says what they mean.
"""

import re
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from policywire.model.records import Outcome
from policywire.workbench.tables.columns import folded

_CALLED: Final[Mapping[Outcome, tuple[str, ...]]] = {
    Outcome.NOT_MEDICALLY_NECESSARY: (
        "not medically necessary",
        "nmn",
        "not med nec",
        "not considered medically necessary",
    ),
    Outcome.EXPERIMENTAL_INVESTIGATIONAL: (
        *("experimental", "investigational", "experimental and investigational", "experimental or investigational"),
        *("experimental investigational", "investigational and experimental", "e i", "eiu", "unproven", "e i u"),
        *(
            "experimental investigational unproven",
            "experimental investigational or unproven",
            "investigational unproven",
        ),
        *("experimental investigational and unproven", "considered experimental", "considered investigational"),
    ),
    Outcome.COVERED: ("covered", "medically necessary", "considered medically necessary"),
    Outcome.CRITERIA_REQUIRED: (
        *("criteria required", "covered with criteria", "covered when criteria are met", "covered if criteria are met"),
        *("medically necessary when criteria are met", "medically necessary when specific criteria are met"),
        *("medically necessary with criteria", "covered when specific criteria are met", "conditionally covered"),
    ),
    Outcome.REVIEW: ("review", "needs review", "medical review", "individual consideration", "case by case"),
    Outcome.OTHER_POLICY: ("other policy", "see other policy", "belongs to another policy"),
}

CHOICES: Final = tuple(each for each in Outcome if each is not Outcome.NO_POLICY_IN_FORCE)
"""What a rule may decide."""

WORDS: Final[Mapping[str, Outcome]] = {
    folded(word): outcome for outcome, called in _CALLED.items() for word in (outcome.value, *called)
}
"""What a status may be called, folded, to the outcome that it means."""

_LIMITED: Final = (
    re.compile(r"(?P<base>.+?)\s*[(\[](?P<limit>.+)[)\]]\s*"),
    re.compile(r"(?P<base>.+?)\s*(?:\s[-\u2013\u2014]|[:;,])\s+(?P<limit>.+)"),
    re.compile(r"(?P<base>.+?)\s+(?P<limit>(?:when|if|for|only|unless|except|in)\b.+)", re.IGNORECASE),
)

_SPEAKS_OF_A_CONDITION: Final = re.compile(
    r"\bcontexts?\b|\boncolog|\bunless\b|\bexcept\b|\bonly (?:when|if|for|in)\b|\b(?:different|other|separate) polic",
    re.IGNORECASE,
)
"""Words of a note by which a code's status does not hold for every line that has the code."""


class Status(Struct, frozen=True):
    """A status as read: its outcome, and the words that limit it, such as ``orthopaedic context``."""

    outcome: Outcome
    limit: str = ""


def status_of(text: str, words: Mapping[str, Outcome]) -> Status | None:
    """What a status means; None: nobody has said what it means.

    Args:
        text: the status, blanks around it taken away.
        words: folded words to outcomes: :data:`WORDS`, and those that the user gave.
    """
    if (outcome := words.get(folded(text))) is not None:
        return Status(outcome)
    for pattern in _LIMITED:
        found = pattern.fullmatch(text)
        if found and (outcome := words.get(folded(found["base"]))) is not None:
            return Status(outcome, found["limit"].strip())
    return None


def speaks_of_a_condition(note: str) -> bool:
    """Whether a note says that a status holds in some context only. It is never turned into a condition by guess."""
    return _SPEAKS_OF_A_CONDITION.search(note) is not None
