from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policywire.rulebook.conditions import FACTS, OPERATORS, UNKNOWN, All, AnyOf, Condition, Not
from policywire.rulebook.conditions import Test as Leaf
from policywire.rulebook.when import FACT_KINDS


class Known(dict[str, Any]):
    """Facts by keyword; what is not said is absent."""

    def __missing__(self, fact: str) -> None:
        return None


TRUTHS = {True: "yes", False: "no", None: UNKNOWN}


def leaf(name: str) -> Leaf:
    return Leaf(name, "is", "yes")


@pytest.mark.parametrize("truths", list(product(TRUTHS, repeat=3)))
def test_conditions_follow_kleene_s_logic(truths: tuple[bool | None, ...]) -> None:
    facts = Known(**{name: TRUTHS[truth] for name, truth in zip("abc", truths, strict=True)})
    parts = tuple(map(leaf, "abc"))
    every = False if False in truths else None if None in truths else True
    some = True if True in truths else None if None in truths else False
    assert All(parts).holds(facts) is every
    assert AnyOf(parts).holds(facts) is some
    assert Not(parts[0]).holds(facts) is (None if truths[0] is None else not truths[0])


def conditions(depth: int = 3) -> st.SearchStrategy[Condition]:
    leaves = st.sampled_from("abc").map(leaf)
    if not depth:
        return leaves
    below = conditions(depth - 1)
    parts = st.lists(below, min_size=1, max_size=3).map(tuple)
    return leaves | parts.map(All) | parts.map(AnyOf) | below.map(Not)


@given(conditions(), st.tuples(*[st.sampled_from(list(TRUTHS))] * 3))
def test_what_is_decided_in_spite_of_an_unknown_fact_holds_whatever_the_fact_is(
    condition: Condition, truths: tuple[bool | None, ...]
) -> None:
    judged = condition.holds(Known(**{name: TRUTHS[truth] for name, truth in zip("abc", truths, strict=True)}))
    choices = [(True, False) if truth is None else (truth,) for truth in truths]
    possible = {
        condition.holds(Known(**{name: TRUTHS[truth] for name, truth in zip("abc", world, strict=True)}))
        for world in product(*choices)
    }
    assert judged is None or possible == {judged}


def test_the_first_part_that_fails_is_the_one_that_is_named() -> None:
    facts = Known(a=UNKNOWN, b="no", c="no")
    assert All((leaf("a"), leaf("b"), leaf("c"))).culprit(facts)[0] == leaf("b")
    assert All((leaf("a"), leaf("x"))).culprit(Known(a=UNKNOWN, x="yes"))[0] == leaf("a")


@pytest.mark.parametrize(
    ("operator", "operand", "holding", "failing"),
    [
        ("is", "x", ["x"], ["y", None]),
        ("in", frozenset("xy"), ["x", "y"], ["z", None]),
        ("any_of", frozenset("xy"), [("x", "z"), frozenset("y")], [("z",), None]),
        ("at_least", 2, [2, 3.5], [1.9, None]),
        ("at_most", 2, [2, 0], [2.1, None]),
        ("prefix", ("M17", "S"), ["M1711", ("I10", "S83")], ["M16", (), None]),
        ("present", True, ["x", 0], [None]),
        ("present", False, [None], ["x"]),
    ],
)
def test_an_absent_fact_satisfies_only_that_it_is_absent(
    operator: str, operand: Any, holding: list[Any], failing: list[Any]
) -> None:
    test = Leaf("fact", operator, operand)
    assert all(test.holds(Known(fact=value)) is True for value in holding)
    assert all(test.holds(Known(fact=value)) is False for value in failing)
    assert test.holds(Known(fact=UNKNOWN)) is None


def test_only_known_can_be_asked_of_an_unknown_fact() -> None:
    assert Leaf("fact", "known", operand=False).holds(Known(fact=UNKNOWN)) is True
    assert Leaf("fact", "known", operand=True).holds(Known(fact=None)) is True


def test_the_language_writes_every_fact_and_no_operator_that_the_engine_lacks() -> None:
    assert set(FACT_KINDS) == set(FACTS)
    assert {operator for kind in FACT_KINDS.values() for operator in kind.operators} <= set(OPERATORS)
