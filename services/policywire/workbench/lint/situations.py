"""Every situation that a version's rules can tell apart: for each fact they read, one value of each kind that matters.

Knows conditions and what values facts can have; does not know a line, a day or a document. Two values of a fact that
every test answers alike are one; so a handful stands for all, and what holds in each of them holds for every line.
Facts are combined as if they were independent, which diagnoses and the context read from them are not: some situations
can never happen. What is never true in any of them is therefore certain; what is true in one of them is only likely.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise, product
from typing import Any, Final, get_args

from policywire.model.records import Stage
from policywire.rulebook.checks import tests_in
from policywire.rulebook.conditions import UNKNOWN, Facts, Test, shown
from policywire.rulebook.rulebook import Rule
from policywire.workbench.lint.subject import Reader

SITUATIONS_MAX: Final = 50_000
"""Beyond it nothing is said about a code: half a second of looking, which no policy that was written by hand has."""

SETS_MAX: Final = 200
"""So many different sets of diagnoses or modifiers are told apart."""

THEIR: Final = "their "
"""In front of a fact's name where two policies are looked at together and read it by different documents."""

NARRATIVES: Final = ("missing", "product", "hint", "other")

Truths = tuple[bool | None, ...]


class TooMany(Exception):
    """The rules tell more situations apart than can be looked at."""


def situations(
    rules: Iterable[Rule], reader: Reader, unknown: Iterable[str], theirs: Reader | None = None
) -> list[Facts]:
    """Every combination of values that the rules' tests tell apart, of the facts that they read.

    Args:
        rules: the rules.
        reader: what facts can be.
        unknown: facts that are unknown where they are absent.
        theirs: what facts whose names begin with THEIR can be, which are read otherwise by another policy.

    Raises:
        TooMany: there are more than SITUATIONS_MAX.
    """
    tests: dict[str, list[Test]] = {}
    for rule in rules:
        for test in tests_in(rule.condition):
            asked = tests.setdefault(test.fact, [])
            if test not in asked:
                asked.append(test)
    absent = set(unknown)
    values = {
        fact: list(_distinct(fact, asked, theirs if theirs and fact.startswith(THEIR) else reader, absent))
        for fact, asked in tests.items()
    }
    count = 1
    for each in values.values():
        count *= len(each)
        if count > SITUATIONS_MAX:
            raise TooMany
    return [dict(zip(values, combined, strict=True)) for combined in product(*values.values())]


def deciding(rules: Iterable[Rule], facts: Facts) -> tuple[Rule | None, bool]:
    """The rule that decides in a situation, as the worker judges; and whether an unknown fact had a say in it."""
    unknown = set()
    for rule in rules:
        truth = True if rule.condition is None else rule.condition.holds(facts)
        if truth is None:
            unknown.add(rule.outcome)
        elif truth:
            blocked = bool(unknown) and rule.outcome != "review" and unknown != {rule.outcome}
            return (None, True) if blocked else (rule, bool(unknown))
    return None, bool(unknown)


def told(facts: Facts) -> str:
    """A situation in words."""
    return ", ".join(f"{fact} is {_shown(fact, value)}" for fact, value in facts.items()) or "anything is billed"


def _shown(fact: str, value: Any) -> str:
    if fact == "charge_amount" and isinstance(value, int):
        return f"{value // 100}.{value % 100:02}"
    return shown(value)


def _distinct(fact: str, tests: list[Test], reader: Reader, unknown: set[str]) -> Iterator[Any]:
    """One value for each set of answers that the tests can give."""
    seen: set[Truths] = set()
    plain = fact.removeprefix(THEIR)
    absent = UNKNOWN if plain in unknown else None
    for value in _candidates(plain, tests, reader):
        known = absent if value is None else value
        truths = tuple(test.holds({test.fact: known}) for test in tests)
        if truths not in seen:
            seen.add(truths)
            yield known


def _candidates(fact: str, tests: list[Test], reader: Reader) -> Iterable[Any]:
    candidates = _CANDIDATES.get(fact)
    return sets(tests) if candidates is None else candidates(tests, reader)


def _contexts(_: list[Test], reader: Reader) -> list[str | None]:
    names = reader.contexts or ()
    return [*names, *(["mixed"] if len(names) > 1 else []), None]


def _narratives(_: list[Test], reader: Reader) -> list[str | None]:
    return [None] if reader.hints is None else [each for each in NARRATIVES if reader.hints or each != "hint"]


def numbers(tests: Iterable[Test], *, step: int | None) -> Iterator[Any]:
    """Each bound, something between each two and beyond the ends, and none. Without a step halves and quarters do."""
    # Where no test has a bound, whether there is a number at all is asked.
    bounds = sorted({test.operand for test in tests if test.operator in ("is", "at_least", "at_most")}) or [1]
    yield from bounds
    yield bounds[-1] + 1
    if bounds[0] > 0:
        yield bounds[0] - 1 if step else bounds[0] / 2
    for low, high in pairwise(bounds):
        if step is None or high - low > step:
            yield low + step if step else (low + high) / 2
    yield None


def texts(tests: Iterable[Test]) -> Iterator[str]:
    """Each text that a test names, something that begins with it, and something that no test names."""
    for text in sorted(set(_named(tests))):
        yield text
        yield f"{text}x"
    yield "other"


def _named(tests: Iterable[Test]) -> Iterator[str]:
    for test in tests:
        if test.operator in ("is", "in", "any_of", "prefix"):
            yield from (test.operand,) if isinstance(test.operand, str) else test.operand


def sets(tests: Sequence[Test]) -> Iterator[Any]:
    """Every set of texts that the tests tell apart, and none."""
    singles: dict[Truths, str] = {}
    for text in texts(tests):
        singles.setdefault(tuple(test.holds({test.fact: (text,)}) for test in tests), text)
    yield from unions(singles)
    yield None


def unions(singles: Mapping[Truths, str]) -> Iterator[tuple[str, ...]]:
    """Sets of texts: a test of a set holds when it does of one of its members, so single ones are put together.

    Args:
        singles: a text for each set of answers that a single one can give.

    Raises:
        TooMany: there are more than SETS_MAX.
    """
    found: dict[Truths, tuple[str, ...]] = {}
    for truths, text in singles.items():
        for known, others in [(truths, ()), *found.items()]:
            joined = tuple(bool(a or b) for a, b in zip(truths, known, strict=True))
            found.setdefault(joined, (*others, text))
            if len(found) > SETS_MAX:
                raise TooMany
    yield from found.values()


_CANDIDATES: Final[dict[str, Callable[[list[Test], Reader], Iterable[Any]]]] = {
    "clinical_context": _contexts,
    "narrative": _narratives,
    "line_of_business": lambda _, reader: reader.lines_of_business,
    "stage": lambda *_: get_args(Stage),
    "units": lambda tests, _: numbers(tests, step=None),
    "charge_amount": lambda tests, _: numbers(tests, step=1),
    "rendering_taxonomy": lambda tests, _: [*texts(tests), None],
}
"""Values that stand for all that a fact can have; the other facts are sets."""
