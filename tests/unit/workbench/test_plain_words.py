import msgspec
import pytest

from policywire.model.records import Outcome
from policywire.rulebook.conditions import FACTS as CONDITION_FACTS
from policywire.rulebook.when import When, read
from policywire.workbench import plain_words
from policywire.workbench.plain_words import condition_in_words, outcome_in_words


@pytest.mark.parametrize(
    ("when", "words"),
    [
        ({"clinical_context": "oncology"}, "the clinical context is oncology"),
        ({"clinical_context": ["orthopaedic", "mixed"]}, "the clinical context is mixed or orthopaedic"),
        ({"clinical_context": {"known": False}}, "the clinical context is not known"),
        ({"narrative": ["product", "hint"]}, "the narrative only hints at a product of the policy or names a product"),
        ({"not": {"narrative": "missing"}}, "it does not hold that the narrative is missing"),
        ({"units": {"at_least": 2, "at_most": 3}}, "the units are at least 2 and the units are at most 3"),
        ({"units": 2.5}, "the units are 2.5"),
        ({"charge_amount": {"at_most": "1250.00"}}, "the charge is at most $1,250.00"),
        ({"not": {"charge_amount": "250.05"}}, "the charge is not $250.05"),
        ({"modifiers": ["RT", "LT"]}, "the modifiers include LT or RT"),
        ({"diagnosis": {"prefix": ["M17", "M75.1"]}}, "a diagnosis begins with M17 or M75.1"),
        ({"not": {"diagnosis": ["M17.11"]}}, "no diagnosis is M17.11"),
        ({"rendering_taxonomy": {"present": False}}, "the rendering provider's taxonomy is not given"),
        ({"not": {"rendering_taxonomy": {"present": False}}}, "the rendering provider's taxonomy is given"),
        (
            {"not": {"all": [{"stage": "drafted"}, {"units": 2}]}},
            "the claim's stage is not drafted or the units are not 2",
        ),
        (
            {"all": [{"any": [{"stage": "drafted"}, {"units": 2}]}, {"line_of_business": "commercial"}]},
            "(the claim's stage is drafted or the units are 2) and the line of business is commercial",
        ),
    ],
)
def test_a_condition_reads_as_a_clause(when: dict[str, object], words: str) -> None:
    assert words in condition_in_words(read(msgspec.convert(when, When)))


def test_a_rule_without_a_condition_always_holds() -> None:
    assert condition_in_words(None) == "always"


def test_every_outcome_and_every_fact_has_words() -> None:
    assert {outcome_in_words(each) for each in Outcome} == set(plain_words.OUTCOMES.values())
    assert plain_words.FACTS.keys() == CONDITION_FACTS.keys()
