"""What would flip an answer, for random policies and lines, against trying everything that could be otherwise."""

import datetime as dt
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from policywire.decision.agreement import Agreement
from policywire.decision.determine import determine
from policywire.decision.item import Item
from policywire.model.records import Flag, Outcome
from policywire.rulebook import compile as compiling
from policywire.rulebook.document import Citation, DenialTerms, PolicyDocument, RuleText, Scope, VersionText
from policywire.rulebook.load import load_rulebook
from policywire.rulebook.rulebook import Rulebook
from policywire.rulebook.when import When
from policywire.workbench.explain.candidates import candidates
from policywire.workbench.explain.change import changed
from policywire.workbench.explain.flips import NOTHING, Answer, flips
from policywire.workbench.explain.situation import Situation

SHIPPED: Final = load_rulebook(Path(__file__).parents[2] / "rules")
PROFILE: Final = replace(
    SHIPPED.payers["62308"],
    key="acme",
    payer_ids=frozenset({"A"}),
    lines_of_business={"commercial": "commercial", "ppo": "commercial", "medicaid": "medicaid"},
)
CONTEXTS: Final = SHIPPED.policies()[0].contexts
TERMS: Final = SHIPPED.policies()[0].terms
DAY: Final = dt.date(2024, 3, 1)
REACH: Final = 30
"""No answer changes so many days away from DAY, but for what a span adds."""
LONGEST: Final = 9
KEY: Final = ("acme", "P 1")
CODE: Final = "X0001"

CONDITIONS: Final = [
    None,
    When(narrative="product"),
    When(narrative="hint"),
    When(narrative=("missing", "other")),
    When(clinical_context="oncology"),
    When(clinical_context=("orthopaedic", "mixed")),
    When(modifiers=("RT", "LT")),
    When(units=3.0),
    When(diagnosis=("Q10.0",)),
    When(rendering_taxonomy="207X00000X"),
    When(stage="drafted"),
    When(line_of_business="commercial"),
    When(charge_amount="100.00"),
    When(all_of=(When(narrative="hint"), When(modifiers="RT"))),
    When(all_of=(When(units=2.0), When(not_=When(clinical_context="oncology")))),
    When(any_of=(When(stage="drafted"), When(diagnosis=("Q10.0",)))),
    When(not_=When(modifiers="59")),
]
OUTCOMES: Final = [
    Outcome.NOT_MEDICALLY_NECESSARY,
    Outcome.EXPERIMENTAL_INVESTIGATIONAL,
    Outcome.COVERED,
    Outcome.REVIEW,
]
DIAGNOSES: Final = ["M1711", "S8320", "C9000", "C50", "Z000", "Q100"]


@st.composite
def versions(draw: st.DrawFn) -> tuple[VersionText, ...]:
    starts = draw(st.lists(st.integers(-REACH + 5, REACH - 10), min_size=1, max_size=3, unique=True).map(sorted))
    made = []
    for position, start in enumerate(starts):
        conditions = draw(st.lists(st.sampled_from(CONDITIONS), min_size=1, max_size=3))
        ends = draw(st.booleans()) and position + 1 == len(starts)
        made.append(
            VersionText(
                effective_from=DAY + dt.timedelta(start),
                effective_through=DAY + dt.timedelta(start + 5) if ends else None,
                known_from=DAY,
                basis="Synthetic.",
                position="covered",
                prior_authorization="unknown",
                denial=DenialTerms(bucket="P 1", reason="no", appeal="may_appeal", carc="50"),
                unknown={"clinical_context": Flag.CONTEXT_UNKNOWN} if draw(st.booleans()) else {},
                rules=tuple(
                    RuleText(
                        id=f"r{number}",
                        codes=(draw(st.sampled_from([CODE, CODE, "X0002"])), "X0003"),
                        indication="i",
                        when=when,
                        outcome=draw(st.sampled_from(OUTCOMES)),
                        rationale="Because.",
                    )
                    for number, when in enumerate(conditions)
                ),
            )
        )
    return tuple(made)


@st.composite
def rulebooks(draw: st.DrawFn) -> Rulebook:
    document = PolicyDocument(
        payer="acme",
        policy="P 1",
        title="Synthetic",
        scope=Scope(lines_of_business=("commercial",)),
        change_type="New",
        impact="Low",
        known_from=DAY,
        contexts="c",
        terms="t",
        citations=(Citation(id="c", title="C", source="S", kind="primary", retrieved=DAY),),
        versions=draw(versions()),
    )
    assert CONTEXTS is not None
    assert TERMS is not None
    return compiling.rulebook(
        revision="sha256:0",
        payers=[PROFILE],
        drafts=[compiling.Compiler().draft(document)],
        contexts={"c": CONTEXTS},
        terms={"t": TERMS},
        watch=SHIPPED.watch,
    )


@st.composite
def agreements(draw: st.DrawFn) -> Agreement:
    first = draw(st.integers(-10, 10))
    return Agreement(
        agreement_id="AGR",
        payer=draw(st.sampled_from(["acme", "acme", "other"])),
        procedure_codes=draw(st.sampled_from([(CODE,), (CODE,), ("X0009",)])),
        service_date_from=DAY + dt.timedelta(first),
        service_date_through=DAY + dt.timedelta(first + draw(st.integers(0, 10))),
        signed_at=1,
        signed_on=DAY + dt.timedelta(draw(st.integers(-8, 3))),
        confirmed_before_service=draw(st.booleans()),
        revoked_on=draw(st.none() | st.integers(-3, 3).map(lambda days: DAY + dt.timedelta(days))),
    )


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    every = tuple(draw(st.lists(st.sampled_from(DIAGNOSES), max_size=3, unique=True)))
    pointed = tuple(each for each in every if draw(st.booleans())) or every
    item = Item(
        owner_id="C1",
        line_number=1,
        event_id="e",
        decided_for="d",
        payer_id="A",
        line_of_business=draw(st.sampled_from([None, "ppo", "medicaid"])),
        procedure_code=CODE,
        first_day=DAY,
        last_day=DAY + dt.timedelta(draw(st.sampled_from([0, 0, 0, 2, LONGEST]))),
        diagnoses=pointed,
        taxonomy=draw(st.sampled_from([None, "207RH0000X", "999"])),
        narrative=draw(st.sampled_from([None, "BMAC, knee", "amniotic", "repair"])),
        modifiers=draw(st.sampled_from([(), ("59",), ("RT", "59")])),
        units=float(draw(st.integers(0, 4))),
        charge=draw(st.sampled_from(["99.00", "100.00"])),
        stage=draw(st.sampled_from(["drafted", "submitted"])),
    )
    return Situation(item=item, agreements=tuple(draw(st.lists(agreements(), max_size=1))), diagnoses=every)


def answer(situation: Situation, rulebook: Rulebook) -> Answer:
    verdicts = determine(situation.item, situation.agreements, rulebook)
    return Answer(verdicts[0].outcome, verdicts[0].liable) if verdicts else NOTHING


def otherwise(situation: Situation) -> dict[str, list[dict[str, Any]]]:
    """By what is changed, every value that is tried, without a thought for which of them matter."""
    item = situation.item
    span = item.last_day - item.first_day
    days = [DAY + dt.timedelta(days) for days in range(-REACH - LONGEST, REACH + 1) if days]
    added = [(*item.diagnoses, each) for each in (*situation.diagnoses, *DIAGNOSES)]
    removed = [tuple(x for x in item.diagnoses if x != each) for each in item.diagnoses]
    tried: dict[str, list[dict[str, Any]]] = {
        "date": [{"first_day": day, "last_day": day + span} for day in days],
        "diagnoses": [{"diagnoses": x} for x in (*added, *removed, *((each,) for each in DIAGNOSES), ())],
        "narrative": [{"narrative": text} for text in (None, "SVF", "placental", "an osteotomy", "no BMAC")],
        "line_of_business": [{"line_of_business": each} for each in (None, "ppo", "medicaid", "medicare")],
        "taxonomy": [{"taxonomy": each} for each in (None, "207X00000X", "2081P2900X", "207RX0202X", "123")],
        "modifiers": [{"modifiers": x} for x in ((), *((*item.modifiers, each) for each in ("RT", "LT", "59", "Q1")))],
        "units": [{"units": float(each)} for each in range(8)],
        "charge": [{"charge": each} for each in ("0.00", "99.99", "100.00", "100.01", "5000.00")],
        "stage": [{"stage": each} for each in ("drafted", "submitted")],
        "agreement": [{"agreement": each} for each in ("none", "new")],
    }
    if span:
        tried["date"] += [{"first_day": day, "last_day": day} for day in (item.first_day, item.last_day)]
    return tried


def with_fields(situation: Situation, fields: dict[str, Any]) -> Situation:
    agreement = fields.pop("agreement", None)
    item = replace(situation.item, **fields)
    held = situation.agreements
    if agreement == "none":
        held = ()
    if agreement == "new":
        day = item.first_day
        signed = Agreement(
            agreement_id="NEW",
            payer="acme",
            procedure_codes=(CODE,),
            service_date_from=day,
            service_date_through=day,
            signed_at=9,
            signed_on=day - dt.timedelta(3),
            confirmed_before_service=False,
            revoked_on=None,
        )
        held = (*held, signed)
    return replace(situation, item=item, agreements=held)


def reached(situation: Situation, rulebook: Rulebook, count: int) -> Iterator[Answer]:
    tried = otherwise(situation)
    for kinds in combinations(tried, count):
        if count == 1:
            for fields in tried[kinds[0]]:
                yield answer(with_fields(situation, dict(fields)), rulebook)
        else:
            one, other = kinds
            for first in tried[one]:
                for second in tried[other]:
                    yield answer(with_fields(situation, {**first, **second}), rulebook)


@settings(max_examples=120, deadline=None)
@given(situation=situations(), rulebook=rulebooks())
def test_what_is_told_is_what_comes_and_nothing_smaller_does(situation: Situation, rulebook: Rulebook) -> None:
    listing = rulebook.index["A"].get(CODE, ())
    changes = candidates(situation, rulebook, listing)
    found = flips(KEY, situation, rulebook, changes).found
    base = answer(situation, rulebook)
    for flip in found:
        assert flip.answer != base
        assert answer(changed(situation, flip.changes), rulebook) == flip.answer
        if len(flip.changes) > 1:
            for change in flip.changes:
                assert answer(changed(situation, [change]), rulebook) != flip.answer
    if not listing:
        return
    singly = set(reached(situation, rulebook, 1)) - {base}
    assert {flip.answer for flip in found if len(flip.changes) == 1} == singly
    in_pairs = set(reached(situation, rulebook, 2)) - {base} - singly
    assert {flip.answer for flip in found if len(flip.changes) > 1} == in_pairs


@settings(max_examples=150, deadline=None)
@given(situation=situations(), rulebook=rulebooks())
def test_a_date_that_is_told_is_the_nearest_with_its_answer(situation: Situation, rulebook: Rulebook) -> None:
    listing = rulebook.index["A"].get(CODE, ())
    found = flips(KEY, situation, rulebook, candidates(situation, rulebook, listing)).found if listing else ()
    told = {(f.answer, f.changes[0].to) for f in found if [c.kind for c in f.changes] == ["date"]}
    base = answer(situation, rulebook)
    nearest = set()
    for direction in (-1, 1):
        seen = {base}
        for days in range(1, 2 * REACH):
            day = DAY + dt.timedelta(direction * days)
            span = situation.item.last_day - situation.item.first_day
            moved = replace(situation, item=replace(situation.item, first_day=day, last_day=day + span))
            given_then = answer(moved, rulebook)
            if listing and given_then not in seen:
                seen.add(given_then)
                nearest.add((given_then, day))
    assert told == nearest
