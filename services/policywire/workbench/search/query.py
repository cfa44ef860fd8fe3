"""What a search asks for. Knows the questions; does not know how they are answered."""

from collections.abc import Iterable
from datetime import date
from typing import Final, Literal, NamedTuple, get_args

from msgspec import Struct

from policywire.errors import BadInput
from policywire.model.records import Outcome
from policywire.workbench.search.codes import CodeSet, code_set, needed_code_set
from policywire.workbench.search.stems import query_stems

Status = Literal["in_force", "upcoming", "superseded", "expired"]
"""How a version stands on a day: the one that decides it; yet to come; followed by another; ended without one."""

STATUSES: Final[tuple[Status, ...]] = get_args(Status)
"""In the order in which hits of equal worth are shown."""

STEMS_MAX: Final = 16
"""Nobody means more words, and a page of prose as a query would only take time."""


class Query(Struct, frozen=True, kw_only=True):
    """What is asked; every part that is given must hold, of several codes, outcomes or statuses one.

    Without ``all_versions`` one version of a policy is found: the one in force on the day, else the next to come, else
    the latest. The day is ``on``, else ``known_on``, else the day of asking.
    """

    codes: tuple[CodeSet, ...] = ()
    words: tuple[str, ...] = ()
    """Stems, each of which must begin a word of the policy (:mod:`policywire.workbench.search.stems`)."""
    payer: str | None = None
    policy: str | None = None
    outcomes: tuple[Outcome, ...] = ()
    statuses: tuple[Status, ...] = ()
    on: date | None = None
    """A date of service: versions in force then, unless ``statuses`` asks for others."""
    known_on: date | None = None
    """Only what could be known on that day: versions with a later ``known_from`` are as if they were not there."""
    all_versions: bool = False
    limit: int = 20
    offset: int = 0

    def day(self, today: date) -> date:
        """The day on which a version's status is looked at."""
        return self.on or self.known_on or today

    @property
    def statuses_wanted(self) -> tuple[Status, ...]:
        """The statuses that are asked for; none: any."""
        return self.statuses or (("in_force",) if self.on else ())

    @property
    def is_dated(self) -> bool:
        """Whether a date or a status narrows it."""
        return bool(self.on or self.known_on or self.statuses)


class Asked(NamedTuple):
    """What the words of a command line ask for."""

    codes: tuple[CodeSet, ...]
    words: tuple[str, ...]
    """Stems."""


def asked(bare: Iterable[str], codes: Iterable[str], texts: Iterable[str]) -> Asked:
    """The code sets and stems of a command line's words.

    Args:
        bare: words that are codes by their shape, else text.
        codes: what must be codes.
        texts: what must be text.

    Raises:
        BadInput: no code where one must be, or too many words.
    """
    sets = [needed_code_set(each) for each in codes]
    plain = list(texts)
    for word in bare:
        found = code_set(word)
        if found is None:
            plain.append(word)
        else:
            sets.append(found)
    stems = query_stems(plain)
    if plain and not stems:
        raise BadInput("There is no word in what is to be searched for. Write words, or codes.")
    if len(stems) > STEMS_MAX:
        raise BadInput(f"{len(stems)} words are too many to search for: give at most {STEMS_MAX}.")
    return Asked(tuple(dict.fromkeys(sets)), stems)
