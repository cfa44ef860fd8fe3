"""Every mistake that is made in a condition."""

from typing import Any

import msgspec
import pytest

from policywire.rulebook.when import When
from policywire.workbench.mutation.conditions import condition_mutants


def plain(when: When) -> Any:
    return msgspec.json.decode(msgspec.json.encode(when))


def mutants(when: dict[str, Any]) -> list[tuple[str, Any]]:
    found = condition_mutants(msgspec.convert(when, When))
    return [(what, None if changed is None else plain(changed)) for _, _, what, changed in found]


def test_a_single_test_is_dropped_and_negated_once() -> None:
    assert mutants({"narrative": "hint"}) == [
        ("the condition is dropped", None),
        ("the condition is negated", {"not": {"narrative": "hint"}}),
    ]


def test_of_several_facts_each_is_dropped_and_negated() -> None:
    found = mutants({"narrative": "hint", "stage": "drafted"})
    assert ("narrative is dropped", {"stage": "drafted"}) in found
    assert ("stage is negated", {"all": [{"narrative": "hint"}, {"not": {"stage": "drafted"}}]}) in found
    assert len(found) == 2 + 2 * 2


@pytest.mark.parametrize(
    ("when", "what", "changed"),
    [
        ({"narrative": ["hint", "other"]}, "hint is left out", {"narrative": ["other"]}),
        ({"diagnosis": {"prefix": ["M1", "M2"]}}, "M2 is left out", {"diagnosis": {"prefix": ["M1"]}}),
        ({"units": {"at_least": 2.0}}, "at_least 2 becomes 3", {"units": {"at_least": 3.0}}),
        ({"units": {"at_least": 2.0}}, "at_least 2 becomes 1", {"units": {"at_least": 1.0}}),
        (
            {"units": {"at_least": 2.0, "at_most": 5.0}},
            "at_most 5 becomes 6",
            {"units": {"at_least": 2.0, "at_most": 6.0}},
        ),
        ({"units": {"at_least": 2.0, "at_most": 5.0}}, "at_least is dropped", {"units": {"at_most": 5.0}}),
        (
            {"charge_amount": {"at_most": "250.00"}},
            "at_most 250.00 becomes 249.99",
            {"charge_amount": {"at_most": "249.99"}},
        ),
        (
            {"clinical_context": {"known": False}},
            "known False becomes True",
            {"clinical_context": {"known": True}},
        ),
        ({"not": {"narrative": ["hint", "other"]}}, "other is left out", {"not": {"narrative": ["hint"]}}),
        ({"any": [{"units": 1.0}, {"units": 2.0}]}, "a part of any is dropped", {"any": [{"units": 2.0}]}),
        (
            {"all": [{"units": 1.0}, {"stage": "drafted"}]},
            "a part of all is negated",
            {"all": [{"not": {"units": 1.0}}, {"stage": "drafted"}]},
        ),
        (
            {"any": [{"narrative": ["hint", "other"]}, {"units": 2.0}]},
            "hint is left out",
            {"any": [{"narrative": ["other"]}, {"units": 2.0}]},
        ),
    ],
    ids=str,
)
def test_each_part_of_a_condition_is_mistaken(when: dict[str, Any], what: str, changed: dict[str, Any]) -> None:
    assert (what, changed) in mutants(when)


def test_a_bound_is_never_less_than_nothing() -> None:
    assert [what for what, _ in mutants({"units": {"at_least": 0.5}}) if "becomes" in what] == [
        "at_least 0.5 becomes 1.5"
    ]
    assert "at_least 0.00 becomes 0.01" in [what for what, _ in mutants({"charge_amount": {"at_least": "0.00"}})]


def test_no_mistake_is_made_twice_and_none_is_no_mistake() -> None:
    when = {
        "any": [
            {"narrative": ["hint", "other"], "units": {"at_least": 1.0, "at_most": 2.0}},
            {"not": {"stage": "drafted"}},
        ]
    }
    found = [changed for _, changed in mutants(when)]
    assert when not in found
    assert len({msgspec.json.encode(each) for each in found}) == len(found) > 10


def test_where_a_mistake_is_made_is_told() -> None:
    found = condition_mutants(msgspec.convert({"any": [{"narrative": ["hint", "other"]}, {"units": 2}]}, When))
    assert ("any", 0, "narrative", 1) in [path for _, path, _, _ in found]
