"""What senders leave out of lines with a listed code, and the events of agreements."""

import json
from collections import Counter
from typing import Any

import pytest
from tests.unit.scenes import RULES, claim, line, revoked, shipped, signed, visit, voided

from policywire.model.decode import EVENT_DECODER
from policywire.rulebook.rulebook import Rulebook
from policywire.stream.completeness import Completeness, reads_narrative
from policywire.stream.tally import Tally

ALL = {"diagnosis_pointers": 1, "taxonomy": 1}


def counted(*events: Any, rulebook: Rulebook | None = None) -> Tally:
    tally = Tally()
    completeness = Completeness(rulebook or shipped())
    for event in events:
        completeness.look(EVENT_DECODER.decode(json.dumps(event).encode()))
    completeness.add_to(tally)
    return tally


def test_a_line_that_lacks_everything_is_counted_for_each_fact_that_is_wanted() -> None:
    tally = counted(claim(line("0565T")))
    assert tally.listed_lines == Counter(ALL)
    assert tally.lines_without == Counter(ALL)


def test_a_narrative_is_wanted_where_a_rule_reads_one() -> None:
    tally = counted(claim(line("20999")))
    assert tally.listed_lines == Counter(ALL | {"narrative": 1})
    assert tally.lines_without["narrative"] == 1


def test_a_line_that_has_everything_lacks_nothing() -> None:
    full = line("20999", diagnosis_pointers=[1], narrative="BMAC injection")
    tally = counted(claim(full, diagnoses=["M17.11"], rendering_provider={"taxonomy": "207X00000X"}))
    assert tally.listed_lines == Counter(ALL | {"narrative": 1})
    assert tally.lines_without == Counter()


@pytest.mark.parametrize("blank", [{"taxonomy": " "}, {"npi": "1234567893"}, None])
def test_a_blank_fact_is_none(blank: Any) -> None:
    tally = counted(claim(line("20999", narrative="  ", diagnosis_pointers=[]), rendering_provider=blank))
    assert tally.lines_without == Counter(ALL | {"narrative": 1})


def test_only_lines_with_a_code_that_their_payer_lists_are_asked() -> None:
    lines = [line("99213", number=1), line(" 0565t ", number=2), line("20930", number=3)]
    tally = counted(claim(*lines), claim(line(), payer_id="NOBODY"), voided(), visit("20999"))
    assert tally.listed_lines == Counter(ALL)


def test_every_event_of_an_agreement_is_counted_by_its_type() -> None:
    tally = counted(signed(), signed(), revoked("2026-01-08T15:00:00Z"))
    assert dict(tally.agreements) == {"agreement.signed": 2, "agreement.revoked": 1}


def test_which_rules_read_a_narrative_is_asked_of_every_version() -> None:
    index = shipped().index["62308"]
    reading = {code for code, policies in index.items() if reads_narrative(policies, code)}
    assert "20999" in reading
    assert reading.isdisjoint({"0565T", "38230"})
    (policy,) = index["20999"]
    first, *_ = policy.versions
    assert reads_narrative((policy,), "20999") == ("narrative" in (RULES / "cigna/mm-0552/policy.yaml").read_text())
    assert first.rules["20999"]
