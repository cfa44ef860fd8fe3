"""Claim lines and appointments to try a policy with: some drawn freely, some aimed at each rule.

Knows where a rule holds, by the second way's own reading of the document; does not know what the answer is. The same
documents, number and seed give the same lines. All of them are synthetic.
"""

from collections.abc import Iterator
from datetime import timedelta
from itertools import cycle
from random import Random
from typing import Any, Final, NamedTuple

from policywire.rulebook.document import PolicyDocument
from policywire.workbench.gate.changes import Changes
from policywire.workbench.gate.line import SentLine
from policywire.workbench.gate.logic import Compare, Every, Expression, Some, every, opposite
from policywire.workbench.gate.reading import Message, Reader
from policywire.workbench.gate.ruleset import RuleMeaning
from policywire.workbench.gate.vocabulary import Vocabulary

FREE: Final = 3
"""Of so many lines one is drawn freely; the others are aimed at a rule."""

ROUNDS_MAX: Final = 12
"""So often a line is changed until it meets its aim; then it is used as it is."""

SPANS: Final = 7
"""Of so many lines drawn freely one lasts several days."""


class Aim(NamedTuple):
    """A code under a version, and where the rule that is aimed at decides it or is unknown."""

    version: int
    code: str
    target: Expression


class Lines:
    """Draws lines under one policy."""

    def __init__(
        self, policy: PolicyDocument, vocabulary: Vocabulary, reader: Reader, meanings: list[RuleMeaning]
    ) -> None:
        self._vocabulary = vocabulary
        self._reader = reader
        self._changes = Changes(vocabulary, reader)
        self._aims = list(_aims(meanings))
        self._name = f"{policy.payer} {policy.policy}"

    def draw(self, count: int, seed: int) -> Iterator[SentLine]:
        """So many lines."""
        random = Random(f"{seed} {self._name}")  # noqa: S311  synthetic data, no secret
        aims = cycle(self._aims)
        for number in range(count):
            if number % FREE == 0 or not self._aims:
                yield _line(self._free(random))
            else:
                yield self._aimed(random, next(aims))

    def _free(self, random: Random) -> dict[str, Any]:
        words = self._vocabulary
        diagnoses = words.shown_by(random)
        first = words.day(random)
        return {
            "payer_id": words.payer_id(random),
            "procedure_code": words.code(random),
            "service_date": first,
            "service_date_end": self._end(random, first),
            "line_of_business": words.business(random),
            "diagnoses": diagnoses,
            "diagnosis_pointers": _pointers(random, len(diagnoses)),
            "rendering_taxonomy": random.choice((None, *words.taxonomies)),
            "narrative": words.narrative(random),
            "modifiers": tuple(random.sample(words.modifiers, random.randint(0, min(2, len(words.modifiers))))),
            "units": random.choice(words.units),
            "charge_amount": random.choice(words.charges),
            "stage": random.choice(("drafted", "submitted", "submitted", "scheduled")),
        }

    def _end(self, random: Random, first: Any) -> Any:
        if random.randrange(SPANS):
            return None
        return random.choice(
            (first, first + timedelta(days=random.randint(1, 40)), max(first, self._vocabulary.day(random)))
        )

    def _aimed(self, random: Random, aim: Aim) -> SentLine:
        words = self._vocabulary
        fields = self._free(random) | {
            "payer_id": random.choice(words.payer.payer_ids),
            "procedure_code": words.as_sent(random, aim.code),
            "service_date": words.day_of(aim.version, random),
            "service_date_end": None,
            "line_of_business": None,
        }
        for _ in range(ROUNDS_MAX):
            message = self._reader.message(_line(fields), elsewhere=False)
            missed = _missed(aim.target, message, random)
            if not missed:
                break
            for each in missed:
                self._changes.meet(each, fields, random)
        return _line(fields)


def _line(fields: dict[str, Any]) -> SentLine:
    if fields["stage"] != "scheduled":
        return SentLine(**fields)
    # An appointment has none of these.
    of_claims = ("service_date_end", "diagnosis_pointers", "modifiers", "units", "charge_amount")
    return SentLine(**{name: value for name, value in fields.items() if name not in of_claims})


def _pointers(random: Random, diagnoses: int) -> tuple[int, ...]:
    if not diagnoses or random.randrange(3):
        return ()
    return tuple(random.sample(range(1, diagnoses + 1), random.randint(1, diagnoses)))


def _aims(meanings: list[RuleMeaning]) -> Iterator[Aim]:
    """For each code and rule that names it: where it holds and none before it does; and where it is unknown."""
    before: dict[tuple[int, str], list[Expression]] = {}
    for each in meanings:
        for code in each.codes:
            earlier = before.setdefault((each.version, code), [])
            for where in (each.meaning.holds, *(where for where, _ in each.meaning.unknown)):
                yield Aim(each.version, code, every(*map(opposite, earlier), where))
            earlier.append(each.meaning.holds)


def _missed(target: Expression, message: Message, random: Random) -> list[Compare]:
    """Comparisons that would make an expression true together with what is already; of several ways one by chance."""
    match target:
        case Compare():
            return [] if _holds(target, message) else [target]
        case Every(parts):
            return [each for part in parts for each in _missed(part, message, random)]
        case Some(parts):
            ways = [_missed(part, message, random) for part in parts]
            return random.choice(ways) if all(ways) and ways else []


def _holds(compare: Compare, message: Message) -> bool:
    value: Any = message[compare.field]
    wanted: Any = compare.value
    match compare.operator:
        case "eq":
            return bool(value == wanted)
        case "neq":
            return bool(value != wanted)
        case "lt":
            return bool(value < wanted)
        case "lte":
            return bool(value <= wanted)
        case "gt":
            return bool(value > wanted)
        case "gte":
            return bool(value >= wanted)
