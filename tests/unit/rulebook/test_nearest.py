"""A word is suggested only where it may have been meant."""

import pytest

from policywire.model.records import Outcome
from policywire.rulebook.nearest import nearest
from policywire.rulebook.when import FACT_KINDS

OUTCOMES = tuple(map(str, Outcome))


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("nmae", "name"),
        ("atleast", "at_least"),
        ("Not medically necessary", "not_medically_necessary"),
        ("not-medicaly-necessary", "not_medically_necessary"),
        ("experimental", "experimental_investigational"),
        ("Covered", "covered"),
    ],
)
def test_a_slip_is_recognised(word: str, meant: str) -> None:
    assert nearest(word, (*OUTCOMES, "name", "at_least")) == meant


@pytest.mark.parametrize("word", ["not covered", "medically_necessary", "not_covered", "denied", ""])
def test_what_says_the_opposite_is_never_suggested(word: str) -> None:
    assert nearest(word, OUTCOMES) is None


def test_a_word_with_some_of_the_letters_is_no_slip() -> None:
    assert nearest("age", tuple(FACT_KINDS)) is None
