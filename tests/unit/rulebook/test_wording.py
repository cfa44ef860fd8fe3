"""Conditions, outcomes and flags as people say them."""

from typing import Any

import msgspec
import pytest

from policywire.model.records import Flag, Outcome
from policywire.rulebook.when import When, read
from policywire.rulebook.wording import FLAGS, OUTCOMES, in_words


@pytest.mark.parametrize(
    ("when", "words"),
    [
        ({"clinical_context": "oncology"}, "the clinical context is oncology"),
        ({"clinical_context": {"known": False}}, "the clinical context is not known"),
        ({"narrative": "product"}, "the narrative names a product"),
        ({"narrative": ["hint", "missing"]}, "the narrative only hints at a product or there is no narrative"),
        ({"line_of_business": ["medicare_advantage"]}, "the line of business is medicare advantage"),
        (
            {"units": {"at_least": 2, "at_most": 3.5}},
            "the number of units is at least 2 and the number of units is at most 3.5",
        ),
        ({"units": 4}, "the number of units is 4"),
        ({"charge_amount": {"at_least": "5000.00"}}, "the charge is at least $5,000.00"),
        ({"modifiers": ["RT", "LT", "50"]}, "a modifier is 50, LT or RT"),
        ({"diagnosis": {"prefix": ["M17", "M75.1"]}}, "a diagnosis begins with M17 or M751"),
        ({"rendering_taxonomy": {"present": False}}, "the rendering provider's taxonomy is not given"),
        (
            {"any": [{"stage": "drafted"}, {"all": [{"units": 1}, {"stage": "submitted"}]}]},
            "the stage is drafted or (the number of units is 1 and the stage is submitted)",
        ),
        ({"not": {"stage": "drafted"}}, "it is not so that the stage is drafted"),
    ],
)
def test_a_condition_reads_as_a_clause(when: dict[str, Any], words: str) -> None:
    assert in_words(read(msgspec.convert(when, When))) == words


def test_a_rule_without_a_condition_always_holds() -> None:
    assert in_words(None) == "always"


def test_every_outcome_and_flag_has_words() -> None:
    assert OUTCOMES.keys() == set(Outcome)
    assert FLAGS.keys() == set(Flag)
