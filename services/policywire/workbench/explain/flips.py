"""The smallest changes that flip an answer: single ones first, then pairs for what no single one gives.

Knows how changes are combined and tried by deciding; does not know how they are worded. Whatever is told was decided
so, by the same function that the worker uses.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import Final, NamedTuple

from msgspec import Struct

from policywire.decision.determine import determine
from policywire.decision.verdict import Verdict
from policywire.model.records import Outcome
from policywire.rulebook.rulebook import PolicyKey, Rulebook
from policywire.workbench.explain.change import Change, changed
from policywire.workbench.explain.situation import Situation

PAIRS_TRIED_MAX: Final = 50_000
"""Half a second of deciding; a line with that many changes has a hundred diagnoses."""


class Answer(Struct, frozen=True):
    """What one policy answers, as far as it counts here: the outcome and who owes the cost; all None: nothing."""

    outcome: Outcome | None
    liable: str | None


NOTHING: Final = Answer(None, None)


class Flip(Struct, frozen=True):
    """Changes that together give another answer, none of which does so without the others."""

    changes: tuple[Change, ...]
    answer: Answer
    verdict: Verdict | None
    """What the policy then says; None: nothing."""


class Flips(NamedTuple):
    """What flips one policy's answer to a line, the smallest first; how many changes were tried, and whether all."""

    found: tuple[Flip, ...]
    tried: int
    is_complete: bool


def verdict_of(key: PolicyKey, situation: Situation, rulebook: Rulebook) -> Verdict | None:
    """What one policy says of a line."""
    for verdict in determine(situation.item, situation.agreements, rulebook):
        if (verdict.payer, verdict.policy_id) == key:
            return verdict
    return None


def answer_of(verdict: Verdict | None) -> Answer:
    """The answer of a verdict."""
    return NOTHING if verdict is None else Answer(verdict.outcome, verdict.liable)


def flips(key: PolicyKey, situation: Situation, rulebook: Rulebook, changes: Sequence[Change]) -> Flips:
    """The smallest changes that flip a policy's answer.

    Of each kind of single change the first that gives an answer (of dates the nearest before and after); then, for each
    answer that no single change gives, the first pair that does.

    Args:
        key: the policy.
        situation: the line as it is.
        rulebook: what decides it.
        changes: what to try, of each kind the smallest first.
    """
    base = answer_of(verdict_of(key, situation, rulebook))

    def tried(*together: Change) -> Flip:
        verdict = verdict_of(key, changed(situation, together), rulebook)
        return Flip(together, answer_of(verdict), verdict)

    singles = [flip for change in changes if (flip := tried(change)).answer != base]
    known = {base, *(flip.answer for flip in singles)}
    found = _first_of_each(singles, situation)
    every = [pair for pair in combinations(changes, 2) if pair[0].dimension != pair[1].dimension]
    pairs = every[:PAIRS_TRIED_MAX]
    found += _first_pairs(pairs, tried, known)
    return Flips(tuple(found), len(changes) + len(pairs), len(pairs) == len(every))


def _first_of_each(singles: list[Flip], situation: Situation) -> list[Flip]:
    """The first of each kind for each answer; of dates the nearest before and after."""
    first: dict[tuple[object, ...], Flip] = {}
    for flip in singles:
        (change,) = flip.changes
        later = change.kind == "date" and change.to > situation.item.first_day
        first.setdefault((change.kind, later, flip.answer), flip)
    return list(first.values())


def _first_pairs(
    pairs: Sequence[tuple[Change, Change]], tried: Callable[[Change, Change], Flip], known: set[Answer]
) -> Iterator[Flip]:
    """The first pair for each answer that is not known yet."""
    known = set(known)
    for pair in pairs:
        flip = tried(*pair)
        if flip.answer not in known:
            known.add(flip.answer)
            yield flip
