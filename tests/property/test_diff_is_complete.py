"""What a comparison reports is what random lines, decided by both editions, show: nothing else and nothing less."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.property.editing import SHIPPED, SYNTHETIC, Documents, compiled, documents, edited, with_a_second_policy

from policywire.decision.item import Item
from policywire.rulebook.rulebook import CompiledPolicy, PolicyKey, Rulebook
from policywire.workbench.diff import codes as variant_codes
from policywire.workbench.diff import space, variants
from policywire.workbench.diff.answer import Change, answers, changes
from policywire.workbench.diff.boxes import holds
from policywire.workbench.diff.comparison import Compared, compare

LINES = 400
WORDS = (
    "bmac",
    "stem cells",
    "marrow",
    "widget",
    "green widget",
    "no",
    "without",
    "non",
    "brand new product",
    "x",
    ".",
)
CODES_AROUND = (
    "C910",
    "C9100",
    "D62",
    "M1711",
    "M751",
    "M7510",
    "M84551",
    "Z998",
    "Q001",
    "S830",
    "S05",
    "T14",
    "E7152",
)
TAXONOMIES = (None, "207X00000X", "207RH0003X", "2081P2900X", "207R00000X", "363L00000X")
PLANS = (None, "ppo", "Commercial", "hmo", "medicare_advantage", "MA", "plan 1", "medicaid", "nonsense")


def line(random: Random, rulebooks: tuple[Rulebook, Rulebook], code: str, payer_id: str) -> Item:
    """A line such as none of the comparison's own need be."""
    policies = [each for rulebook in rulebooks for each in rulebook.policies()]
    first = day(random, policies)
    claim = random.random() < 0.8
    return Item(
        owner_id="",
        line_number=1 if claim else None,
        event_id="",
        decided_for="",
        payer_id=payer_id,
        line_of_business=random.choice(PLANS),
        procedure_code=code,
        first_day=first,
        last_day=max(first, day(random, policies)) if random.random() < 0.2 else first,
        diagnoses=tuple(random.choices(CODES_AROUND, k=random.randrange(4)))
        + ((f"{random.choice('CDEMSTZ')}{random.randrange(1000):03}",) if random.random() < 0.5 else ()),
        taxonomy=random.choice(TAXONOMIES),
        narrative=random.choice((None, " ", " ".join(random.choices(WORDS, k=random.randrange(1, 7))))),
        modifiers=tuple(random.sample(("RT", "LT", "50", "XS"), random.randrange(3))) if claim else (),
        units=random.choice((None, 0.5, 1, 2, 3, 3.5, 4, 5, 9.5, 10, 12)) if claim else None,
        charge=random.choice(("0.00", "249.99", "250.00", "250.01", "999.99", "1000.00", "5000.00")) if claim else None,
        stage=random.choice(("submitted", "drafted")) if claim else "scheduled",
    )


def day(random: Random, policies: list[CompiledPolicy]) -> dt.date:
    """On or beside a day on which a version begins or ends, or any other."""
    versions = [version for policy in policies for version in policy.versions]
    bounds = [version.effective_from for version in versions]
    bounds += [version.effective_through for version in versions if version.effective_through is not None]
    near = random.choice(bounds) + dt.timedelta(random.randint(-2, 2))
    return near if random.random() < 0.8 else dt.date(2019, 1, 1) + dt.timedelta(random.randrange(3000))


def shown(item: Item, rulebooks: tuple[Rulebook, Rulebook]) -> set[tuple[PolicyKey, Change]]:
    """What deciding it twice shows."""
    before, after = (answers(item, each) for each in rulebooks)
    return {
        (policy, change) for policy in {*before, *after} for change in changes(before.get(policy), after.get(policy))
    }


def check(given_documents: Documents, seed: int) -> int:
    """Compare two editions and hold the report against random lines; how many of these are answered otherwise."""
    random = Random(seed)  # noqa: S311  for tests
    base = edited(given_documents, random, random.randrange(3))
    other = edited(base, random, random.randrange(1, 4))
    before, after = compiled(base), compiled(other)
    assert before is not None
    assert after is not None
    rulebooks = (before, after)
    spaces = {code: (each, each.differences()) for codes, each in Compared(*rulebooks).spaces() for code in codes}
    assert not any(each.left_out for each, _ in spaces.values())
    codes = sorted({*before.listed_codes, *after.listed_codes})
    payer_id = min(before.payers)
    differing = 0
    for _ in range(LINES):
        item = line(random, rulebooks, random.choice(codes), payer_id)
        found, differences = spaces.get(item.procedure_code, (None, {}))
        told = set()
        if found is not None:
            cell = found.cell(item)
            told = {key for key, boxes in differences.items() if any(holds(box, cell) for box in boxes)}
            # A booked procedure has an outcome, but no remittance whose terms could change.
            told = {(policy, change) for policy, change in told if item.charge or change.facet != "liability"}
        assert told == shown(item, rulebooks), item
        differing += bool(told)
    assert not differing or compare(before, after, ("one", "other")).differs
    return differing


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32))
def test_a_line_is_answered_otherwise_exactly_when_a_reported_difference_holds_it(seed: int) -> None:
    check(documents(SHIPPED), seed)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32))
def test_it_is_so_where_several_policies_name_a_code(seed: int) -> None:
    check(with_a_second_policy(documents(SHIPPED)), seed)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32))
def test_it_is_so_where_rules_ask_for_every_fact(seed: int) -> None:
    check(documents(SYNTHETIC), seed)


@pytest.mark.parametrize(("folder", "seeds"), [(SHIPPED, range(12)), (SYNTHETIC, range(1, 3))])
def test_random_lines_do_meet_differences(folder: Path, seeds: range) -> None:
    assert sum(check(documents(folder), seed) > 0 for seed in seeds) >= 1


def one_span_a_window(self: space.Space) -> Iterator[tuple[int, int]]:
    return ((place, place) for place in range(len(self.days)))


@pytest.mark.parametrize(
    ("module", "name", "blind"),
    [
        (variant_codes, "taxonomies", lambda *_: (None,)),
        (variant_codes, "diagnosis_sets", lambda *_: variant_codes.CodeSets(((),), 0)),
        (variants, "_narratives", lambda _: (None, "something else")),
        (space.Space, "_spans", one_span_a_window),
        (space, "_state", lambda *given: given[1].versions[0].rules.get(given[2])),
    ],
)
def test_a_comparison_that_looks_at_too_little_is_caught(
    monkeypatch: pytest.MonkeyPatch, module: object, name: str, blind: object
) -> None:
    monkeypatch.setattr(module, name, blind)
    with pytest.raises(AssertionError):
        check_many(documents(SHIPPED), range(12))


def check_many(given_documents: Documents, seeds: range) -> None:
    for seed in seeds:
        check(given_documents, seed)


def test_two_readings_of_the_same_documents_differ_in_nothing() -> None:
    for folder in (SHIPPED, SYNTHETIC):
        before, after = compiled(documents(folder)), compiled(documents(folder))
        assert before is not None
        assert after is not None
        assert not compare(before, after, ("one", "other")).differs
