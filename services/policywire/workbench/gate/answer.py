"""What an engine says of one line under one policy, in the form in which two engines are compared.

Compared are: whether there is a determination at all; outcome, rule, version, all flags in any order, handoff, prior
authorization; and of a denied line the reason, denial bucket, appeal stance, CARC and the RARCs without an agreement.
Not compared is what needs an agreement or follows from these alone: who is liable, exposure, next action, and the words
of the explanation.
"""

from msgspec import Struct
from msgspec.structs import asdict


class DenialAnswer(Struct, frozen=True):
    """How the denial of a claim line is expected to read while the member has signed nothing."""

    bucket: str
    appeal: str
    carc: str
    rarc: tuple[str, ...]


class Answer(Struct, frozen=True, kw_only=True):
    """A determination, as far as the policy makes it. No answer at all (None) is an answer too."""

    outcome: str
    rule: str | None
    version: str | None
    """First day, as YYYY-MM-DD."""
    flags: tuple[str, ...]
    """Sorted."""
    handoff: str | None
    prior_authorization: str
    reason: str | None
    """Of a denied item; None of any other."""
    denial: DenialAnswer | None
    """Of a denied claim line; None of any other and of appointments."""

    def __str__(self) -> str:
        """One line for a reader."""
        by = f" by {self.rule}" if self.rule else ""
        version = f" of {self.version}" if self.version else ""
        flags = f", flags {', '.join(self.flags)}" if self.flags else ""
        return f"{self.outcome}{by}{version}{flags}"


def differing(first: Answer | None, second: Answer | None) -> tuple[str, ...]:
    """The names of what two answers differ in; ``determination`` where only one of them is there."""
    if first is None or second is None:
        return () if first is second else ("determination",)
    ours, theirs = asdict(first), asdict(second)
    return tuple(name for name in ours if ours[name] != theirs[name])
