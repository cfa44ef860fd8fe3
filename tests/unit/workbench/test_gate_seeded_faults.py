"""A fault put into either engine on purpose is seen by the gate."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace
from tests.unit.workbench.gate_scenes import rulebook, tried, tried_synthetic

from policywire.model.records import Flag, Outcome
from policywire.rulebook.rulebook import CodeClass, CompiledPolicy, Rule, Rulebook, Version
from policywire.workbench.gate import ruleset as writing
from policywire.workbench.gate import trial as trying
from policywire.workbench.gate.ruleset import Ruleset
from policywire.workbench.gate.trial import Trial


def with_policy(change: Callable[[CompiledPolicy], CompiledPolicy]) -> Rulebook:
    """The shipped rulebook with a changed MM 0552."""
    whole = rulebook()
    changed = {id(policy): change(policy) for policy in whole.policies()}
    index = {
        payer_id: {code: tuple(changed[id(each)] for each in listing) for code, listing in codes.items()}
        for payer_id, codes in whole.index.items()
    }
    return replace(whole, index=index)


def with_version(change: Callable[[Version], Version]) -> Rulebook:
    """The shipped rulebook with a changed current version."""
    return with_policy(lambda policy: replace(policy, versions=(policy.versions[0], change(policy.versions[1]))))


def with_rules(code: str, change: Callable[[tuple[Rule, ...]], tuple[Rule, ...]]) -> Rulebook:
    """The shipped rulebook with other rules for a code in the current version."""
    return with_version(lambda version: replace(version, rules={**version.rules, code: change(version.rules[code])}))


def with_diagnoses(change: Callable[[CodeClass], CodeClass]) -> Rulebook:
    """The shipped rulebook with other diagnoses that show oncology."""

    def other(policy: CompiledPolicy) -> CompiledPolicy:
        contexts = policy.contexts
        assert contexts is not None
        first, *others = contexts.classes
        changed = replace(first, diagnoses=change(first.diagnoses))
        return replace(policy, contexts=replace(contexts, classes=(changed, *others)))

    return with_policy(other)


def with_terms(**changed: Any) -> Rulebook:
    def other(policy: CompiledPolicy) -> CompiledPolicy:
        assert policy.terms is not None
        return replace(policy, terms=replace(policy.terms, **changed))

    return with_policy(other)


def with_denial(**changed: Any) -> Rulebook:
    def other(version: Version) -> Version:
        assert version.denial is not None
        return replace(version, denial=replace(version.denial, **changed))

    return with_version(other)


A_DAY = dt.timedelta(days=1)
FAULTS: dict[str, Callable[[], Rulebook]] = {
    "another outcome": lambda: with_rules("0565T", lambda rules: (replace(rules[0], outcome=Outcome.COVERED),)),
    "another rule id": lambda: with_rules("0565T", lambda rules: (replace(rules[0], id="another"),)),
    "a flag too many": lambda: with_rules("0565T", lambda rules: (replace(rules[0], flags=(Flag.CONTEXT_MIXED,)),)),
    "no condition": lambda: with_rules("38230", lambda rules: (replace(rules[0], condition=None), *rules[1:])),
    "a rule dropped": lambda: with_rules("20999", lambda rules: rules[1:]),
    "rules swapped": lambda: with_rules("38232", lambda rules: tuple(replace(a, condition=b.condition)
                                                                     for a, b in zip(rules, rules[::-1], strict=True))),
    "another handoff": lambda: with_rules("38230", lambda rules: (replace(rules[0], handoff="who?"), *rules[1:])),
    "a day late": lambda: with_version(lambda it: replace(it, effective_from=it.effective_from + A_DAY)),
    "an end": lambda: with_version(lambda it: replace(it, effective_through=it.effective_from + 900 * A_DAY)),
    "a code dropped": lambda: with_version(lambda it: replace(it, rules={"0565T": it.rules["0565T"]})),
    "never unknown": lambda: with_version(lambda it: replace(it, unknown_flags={})),
    "another CARC": lambda: with_denial(carc="96"),
    "no doubt": lambda: with_denial(confirm_first_when=frozenset()),
    "another authorization": lambda: with_version(lambda it: replace(it, prior_authorization="required")),
    "another scope": lambda: with_policy(lambda it: replace(it, lines_of_business=frozenset({"medicare"}))),
    "a range shorter": lambda: with_diagnoses(lambda it: replace(it, ranges=(("C00", "C95"), *it.ranges[1:]))),
    "an exception less": lambda: with_diagnoses(lambda it: replace(it, except_prefixes=it.except_prefixes[1:])),
    "a prefix less": lambda: with_diagnoses(lambda it: replace(it, prefixes=it.prefixes[1:])),
    "a shorter reach": lambda: with_terms(negation_reach=2),
    "no negation": lambda: with_terms(negations=frozenset()),
    "no negating prefix": lambda: with_terms(negating_prefixes=frozenset()),
    "a product less": lambda: with_terms(product=(("stem", "cell"),)),
}  # fmt: skip
"""Each a fault of our compiler, or of the engine that reads what it made."""


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_our_engine_is_seen(fault: str) -> None:
    trial = tried(FAULTS[fault]())
    assert not trial.passed
    assert trial.failure is None
    assert trial.differing > 0
    assert trial.differences[0].fields


def test_what_our_engine_raises_is_a_failed_gate_that_names_the_line() -> None:
    trial = tried(with_policy(lambda policy: replace(policy, versions=())))
    assert not trial.passed
    broken = tried(with_version(lambda version: replace(version, rules={**version.rules, "0565T": (None,)})))
    assert broken.failure is not None
    assert broken.failure.what.startswith("our engine raised AttributeError")
    assert broken.failure.line is not None


Change = Callable[[dict[str, Any]], None]


def without_a_rule(rules: dict[str, Any]) -> None:
    del rules[next(name for name in rules if "adipose-implant-knee" in name)]


def later(rules: dict[str, Any]) -> None:
    """Every comparison with a first day asks for a day more."""
    for rule in rules.values():
        _shift(rule["all"][0]["m"])


def _shift(expression: dict[str, Any]) -> None:
    for key, value in expression.items():
        if key in ("$and", "$or"):
            for part in value:
                _shift(part)
        elif key == "$gte" and value.get("first", 0) > 1:
            value["first"] += 1


def backwards(rules: dict[str, Any]) -> None:
    for place, rule in enumerate(reversed(rules.values()), start=1):
        rule["pri"] = place


def without_a_condition(rules: dict[str, Any]) -> None:
    """A rule that asks for a context asks for no more than its code."""
    name = next(name for name in rules if "marrow-harvest-oncology" in name)
    expression = rules[name]["all"][0]["m"]
    expression["$and"] = [part for part in expression["$and"] if "context" not in str(part)]


def spoiled_trial(monkeypatch: pytest.MonkeyPatch, change: Change, run: Callable[[], Trial] = tried) -> Trial:
    """A trial in which the second engine is given other rules than the document has."""

    def spoiled(*arguments: Any) -> tuple[Ruleset, ...]:
        rulesets = writing.rulesets_of(*arguments)
        for each in rulesets:
            change(each.rules)
        return rulesets

    monkeypatch.setattr(trying, "rulesets_of", spoiled)
    return run()


@pytest.mark.parametrize("change", [without_a_rule, later, backwards, without_a_condition])
def test_a_fault_in_the_second_engine_is_seen(change: Change, monkeypatch: pytest.MonkeyPatch) -> None:
    trial = spoiled_trial(monkeypatch, change)
    assert trial.failure is None
    assert trial.differing > 0


def test_without_a_fault_both_agree() -> None:
    trial = tried()
    assert trial.passed
    assert trial.cases > 90
    assert trial.claims == 600
    assert tried_synthetic().passed
