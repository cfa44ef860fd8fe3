"""The parts of a comparison: boxes, windows of days, codes that stand for others, and what counts as another answer."""

import datetime as dt
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from policywire.model.records import Flag, Outcome
from policywire.rulebook.conditions import Test as Asked
from policywire.rulebook.load import load_rulebook
from policywire.rulebook.rulebook import Rulebook
from policywire.workbench.diff import codes, space
from policywire.workbench.diff.answer import Answer, Terms, changes
from policywire.workbench.diff.boxes import Box, holds, merged
from policywire.workbench.diff.comparison import compare
from policywire.workbench.diff.days import FIRST_DAY, LAST_DAY, Window, joined, window_of, windows
from policywire.workbench.diff.words import text

RULES = Path(__file__).parents[3] / "rules"
CELLS = list(product("ab", "xyz", (0, 1)))


@given(st.sets(st.sampled_from(CELLS)))
def test_merged_boxes_hold_exactly_the_cells_that_were_given(chosen: set[tuple[str, str, int]]) -> None:
    boxes: tuple[Box, ...] = merged(tuple(frozenset((key,)) for key in cell) for cell in sorted(chosen))
    assert {cell for cell in CELLS if any(holds(box, cell) for box in boxes)} == chosen
    assert sum(holds(box, cell) for box in boxes for cell in CELLS) == len(chosen)
    assert len(boxes) <= max(1, len(chosen))


def test_a_whole_product_is_one_box() -> None:
    (box,) = merged(tuple(frozenset((key,)) for key in cell) for cell in CELLS)
    assert box == (frozenset("ab"), frozenset("xyz"), frozenset((0, 1)))


@pytest.fixture(scope="module")
def shipped() -> Rulebook:
    return load_rulebook(RULES)


def test_windows_part_all_days_where_a_version_begins_or_ends(shipped: Rulebook) -> None:
    policy = next(each for each in shipped.policies() if each.id == "MM 0552")
    ended = replace(policy, versions=(replace(policy.versions[0], effective_through=dt.date(2020, 12, 31)),))
    found = windows((policy, ended))
    assert [str(each) for each in found] == [
        "to 2020-03-14",
        "2020-03-15 to 2020-12-31",
        "2021-01-01 to 2025-12-15",
        "from 2025-12-16",
    ]
    assert (found[0].first, found[-1].last) == (FIRST_DAY, LAST_DAY)
    assert window_of(found, dt.date(2021, 1, 1)) == 2
    assert joined(found, (3, 2, 0)) == (found[0], Window(found[2].first, LAST_DAY))
    assert str(Window(FIRST_DAY, LAST_DAY)) == "any day"


def test_a_diagnosis_of_each_kind_stands_for_all(shipped: Rulebook) -> None:
    contexts = next(each.contexts for each in shipped.policies() if each.contexts is not None)
    asked = (Asked("diagnosis", "prefix", ("M17",)),)
    sets, left_out = codes.diagnosis_sets((contexts,), asked)
    assert left_out == 0
    shown = {
        (
            *(any(map(each.diagnoses.holds, diagnoses)) for each in contexts.classes),
            any(each.startswith("M17") for each in diagnoses),
        )
        for diagnoses in sets
    }
    # Neither, oncology, orthopaedic with M17 and without, and both classes with M17 and without.
    assert shown == {
        (False, False, False),
        (True, False, False),
        (False, True, True),
        (False, True, False),
        (True, True, True),
        (True, True, False),
    }
    assert () in sets


def test_what_no_rule_mentions_is_among_taxonomies_and_modifiers() -> None:
    tests = (Asked("modifiers", "any_of", frozenset(("RT", "LT"))),)
    modifiers = codes.modifier_sets(tests).sets
    assert modifiers[0] == ()
    assert any(each and not {"RT", "LT"} & set(each) for each in modifiers)
    found = codes.taxonomies((), (Asked("rendering_taxonomy", "prefix", ("207X",)),))
    assert found[0] is None
    assert any(each is not None and not each.startswith("207X") for each in found)
    assert {"207X"} < {each for each in found if each is not None and each.startswith("207X")}


DENIED = Answer(
    Outcome.NOT_MEDICALLY_NECESSARY,
    None,
    frozenset(),
    "no_pathway",
    Terms("not medically necessary", "bucket", "do_not_appeal", "50", ("N563",), ("N492",)),
)
REVIEWED = Answer(Outcome.REVIEW, None, frozenset((Flag.CONTEXT_UNKNOWN,)), "no_pathway", None)
ANSWERS = (
    None,
    DENIED,
    REVIEWED,
    replace(REVIEWED, flags=frozenset((Flag.LINE_OF_BUSINESS_OUT_OF_SCOPE,)), prior_authorization="unknown"),
    replace(REVIEWED, flags=frozenset((Flag.SPAN_CROSSES_VERSIONS,)), prior_authorization="unknown"),
    replace(REVIEWED, prior_authorization="required"),
    replace(REVIEWED, outcome=Outcome.NO_POLICY_IN_FORCE, flags=frozenset(), prior_authorization="unknown"),
    replace(REVIEWED, outcome=Outcome.OTHER_POLICY, handoff="one", prior_authorization="unknown"),
    replace(REVIEWED, outcome=Outcome.OTHER_POLICY, handoff="other", prior_authorization="unknown"),
    replace(DENIED, denial=Terms("another reason", "bucket", "do_not_appeal", "50", ("N563",), ("N492",))),
    replace(DENIED, denial=Terms("not medically necessary", "bucket", "do_not_appeal", "50", ("N563",), ())),
)


@pytest.mark.parametrize("before", ANSWERS)
@pytest.mark.parametrize("after", ANSWERS)
def test_two_answers_differ_in_something_exactly_when_they_are_not_equal(
    before: Answer | None, after: Answer | None
) -> None:
    told, back = changes(before, after), changes(after, before)
    assert bool(told) is (before != after)
    assert sorted((each.field, each.before or "", each.after or "") for each in told) == sorted(
        (each.field, each.after or "", each.before or "") for each in back
    )


def test_a_check_before_all_rules_says_all_that_changes() -> None:
    out_of_scope = ANSWERS[3]
    (change,) = changes(out_of_scope, DENIED)
    assert (change.facet, change.before, change.after) == ("scope", "out of scope, to review", "decided by the rules")
    (change,) = changes(DENIED, ANSWERS[6])
    assert (change.facet, change.after) == ("in_force", "no_policy_in_force")


def test_codes_that_were_too_many_to_combine_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    tests = tuple(Asked("modifiers", "any_of", frozenset((each,))) for each in ("A1", "A2", "A3", "A4"))
    assert len(codes.modifier_sets.__wrapped__(tests).sets) == 1 + 2**4
    monkeypatch.setattr(codes, "UNIONS_MAX", 6)
    assert codes.modifier_sets.__wrapped__(tests).left_out > 0


def test_lines_that_were_too_many_to_decide_are_told(shipped: Rulebook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(space, "LINES_MAX", 3)
    other = load_rulebook(RULES.parent / "tests/rules/synthetic")
    found = compare(shipped, other, ("one", "other"))
    assert found.left_out > 0
    assert found.plain()["complete"] is False
    assert "too many to decide" in list(text(found))[-1]
    assert compare(shipped, shipped, ("one", "other")).plain()["complete"] is True


def test_a_policy_that_comes_or_goes_is_told_with_all_its_answers(shipped: Rulebook) -> None:
    other = load_rulebook(RULES.parent / "tests/rules/synthetic")
    found = compare(shipped, other, ("one", "other"))
    by_status = {each.status: each for each in found.policies}
    assert (by_status["removed"].policy, by_status["added"].policy) == ("MM 0552", "SYN 100")
    told = {code for each in by_status["removed"].differences for code in each.codes}
    assert set(by_status["removed"].codes_removed) == told > {"0565T", "20999"}
    for status, policy in by_status.items():
        assert {facet for each in policy.differences for facet in each.facets} == {status}
    assert [(each.payer, bool(each.ids_added)) for each in found.payers] == [("cigna", False), ("evergreen", True)]
