"""Why: the rule that decided, what failed of each rule tried before it, and never a word that a sender wrote freely."""

import json

import msgspec
import pytest
from msgspec.structs import replace
from tests.unit.scenes import Event, Scene, claim, decide, ended, line, revoked, shipped, signed, visit, voided

from policywire.model.records import Determination, Outcome, Record, encode
from policywire.rulebook import conditions
from policywire.rulebook.rulebook import Rule

CANARY = "Zq9canary"


def reasons(found: Determination) -> list[tuple[str, str]]:
    return [(each.rule, each.result) for each in found.explanation]


def test_the_first_rule_that_matches_needs_no_more_than_itself() -> None:
    found = decide("0565T")
    assert reasons(found) == [("adipose-implant-knee", "matched")]
    assert found.explanation[0].because == "Not medically necessary under this version, whatever the diagnosis."


def test_rules_tried_before_say_what_they_asked_and_what_was_read() -> None:
    found = decide("38232", of_claim={"diagnoses": ["M17.11"]})
    assert reasons(found) == [("marrow-harvest-oncology", "not_matched"), ("marrow-harvest-orthopaedic", "matched")]
    assert found.explanation[0].because == "clinical_context is orthopaedic; the rule asks it to be oncology"


def test_a_rule_that_needs_an_unknown_fact_says_which() -> None:
    found = decide("38232")
    assert reasons(found) == [
        ("marrow-harvest-oncology", "unknown"),
        ("marrow-harvest-orthopaedic", "unknown"),
        ("marrow-harvest-mixed", "unknown"),
        ("marrow-harvest-context-unknown", "matched"),
    ]
    assert {each.because for each in found.explanation[:3]} == {"clinical_context is unknown; the rule needs it"}


def test_a_narrative_is_explained_by_its_class() -> None:
    found = decide("20999", narrative="excision of scar")
    assert reasons(found)[-1] == ("unlisted-names-none", "matched")
    assert [each.because for each in found.explanation[:-1]] == [
        "narrative is other; the rule asks it to be product",
        "narrative is other; the rule asks it to be hint",
        "narrative is other; the rule asks it to be missing",
    ]


@pytest.mark.parametrize(
    ("event", "check"),
    [
        (claim(line_of_business="medicare"), "line_of_business"),
        (claim(line(day="2025-12-15", service_date_end="2025-12-16")), "span"),
        (claim(line(day="2020-03-14")), "in_force"),
    ],
)
def test_a_check_before_the_rules_explains_itself(event: Event, check: str) -> None:
    assert reasons(Scene(event).determination) == [(check, "matched")]


def canaries(event: Event) -> Event:
    """The event with a canary in every field that a sender fills freely, ids aside."""
    free: Event = {
        "line_of_business": f"{CANARY}-lob",
        "narrative": f"{CANARY} BMAC",
        "diagnoses": [f"{CANARY}1", "M17.11"],
    }
    free |= {"rendering_provider": {"npi": f"{CANARY}-npi", "taxonomy": f"{CANARY}-taxonomy"}, "note": CANARY}
    return event | free | {"billing_provider_npi": f"{CANARY}-billing"}


def records_of_every_kind() -> tuple[Record, ...]:
    lines = [line(code, number=number, narrative=f"{CANARY} amniotic", modifiers=[CANARY], unknown=CANARY)
             for number, code in enumerate(("0565T", "20999", "38230", "20931"), 1)]  # fmt: skip
    scoped = canaries(claim(*lines))
    commercial = scoped | {"line_of_business": None, "event_id": "b", "claim_id": "C2"}
    unknown = commercial | {"diagnoses": [CANARY], "event_id": "c", "claim_id": "C3"}
    booked = canaries(visit("0565T", "20999", "38230")) | {"line_of_business": None}
    rest = [signed(note=CANARY), revoked("2026-01-02T00:00:00Z", reason=CANARY), ended("completed", note=CANARY)]
    scene = Scene(scoped, commercial, unknown, booked, *rest, voided(claim_id="C2", note=CANARY))
    return tuple(scene.folding.records)


def test_no_free_text_of_an_event_is_ever_in_a_record() -> None:
    records = records_of_every_kind()
    flags = {flag for each in records if isinstance(each, Determination) for flag in each.flags}
    assert {"line_of_business_out_of_scope", "narrative_ambiguous", "context_unknown"} <= flags
    assert len({type(each) for each in records}) == 2
    for record in records:
        assert CANARY.casefold() not in encode(record).decode().casefold()


def test_ids_of_an_event_are_in_its_records_so_that_the_canary_would_be_seen() -> None:
    found = Scene(claim(claim_id=CANARY)).determination
    assert CANARY in encode(found).decode()


def test_an_explanation_does_not_depend_on_the_clock_or_on_what_else_is_known_of_the_member() -> None:
    alone = decide("38232", of_claim={"diagnoses": ["M17.11"]}).explanation
    scene = Scene(visit("0717T"), claim(line("38232"), diagnoses=["M17.11"]), now="2027-01-01")
    (among,) = (each.explanation for each in scene.determinations if each.procedure_code == "38232")
    assert json.loads(msgspec.json.encode(among)) == json.loads(msgspec.json.encode(alone))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("M17.11", "M17.11"),
        (("M1711", "C9100"), "C9100, M1711"),
        (None, "absent"),
        (2.5, "2.5"),
        (420000, "420000"),
        ("a word of the sender", "not shown"),
        (("RT", "a word of the sender"), "RT, not shown"),
        ("x" * 25, "not shown"),
        ("", "not shown"),
        (chr(0xDC) + "b", "not shown"),
    ],
)
def test_a_value_is_shown_only_when_it_has_the_shape_of_a_code_a_word_or_a_number(value: object, words: str) -> None:
    assert conditions.shown(value) == words


def test_a_rule_on_what_senders_write_freely_does_not_repeat_it() -> None:
    """The rules that ship read no such fact, but others may."""
    (policy,) = shipped().index["62308"]["0565T"]
    asking = Rule(
        "synthetic", Outcome.REVIEW, "synthetic", condition=conditions.Test("modifiers", "any_of", frozenset({"ZZ"}))
    )
    versions = tuple(
        replace(each, rules={code: (asking, *rules) for code, rules in each.rules.items()}) for each in policy.versions
    )
    rulebook = replace(shipped(), index={"62308": {"0565T": (replace(policy, versions=versions),)}})
    found = Scene(claim(line(modifiers=[f"{CANARY} in words"])), rulebook=rulebook).determination
    assert reasons(found) == [("synthetic", "not_matched"), ("adipose-implant-knee", "matched")]
    assert found.explanation[0].because == "modifiers is not shown; the rule asks it to include one of ZZ"
