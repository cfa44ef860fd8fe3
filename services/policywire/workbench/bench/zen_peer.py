"""zen-engine beside our rulebook: the same synthetic policies as one JDM decision table, the same items.

Knows JDM. The table decides outcome and rule and explains nothing, so it is a generous peer. Of the extra ``bench``.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from random import Random
from time import perf_counter
from typing import Any, Final

from policywire.rulebook.document import PolicyDocument, RuleText, VersionText
from policywire.rulebook.reference import PayerDocument
from policywire.rulebook.when import When
from policywire.workbench.bench.table import Row
from policywire.workbench.generate_policies import generate_policies

_SEED: Final = 1
_SECONDS_A_RUN: Final = 1.0
_WHAT: Final = "peer zen-engine: a decision, no explanation"
_COLUMNS: Final = {"payer": "payer_id", "code": "code", "day": "day", "condition": ""}


def zen_rows(runs: int, sizes: Sequence[int]) -> Iterator[Row]:
    """One row a size, or why there is none."""
    for size in sizes:
        inputs = f"{size:,} policies"
        if find_spec("zen") is None:
            yield Row(_WHAT, inputs, (), "us", note="not run: the extra bench is not installed")
            continue
        table = _Table(size)
        samples = [table.time() for _ in range(runs)]
        note = f"{table.rows:,} rows, {table.seconds_to_load:.1f} s to load"
        yield Row(_WHAT, inputs, samples, "us", note=note)


class _Table:
    """A size's policies in zen-engine."""

    def __init__(self, size: int) -> None:
        documents = list(generate_policies(size, _SEED))
        ids = {each.payer: each.payer_ids[0] for each in documents if isinstance(each, PayerDocument)}
        policies = [each for each in documents if isinstance(each, PolicyDocument)]
        rules = [rule for policy in policies for rule in _rules(policy, ids[policy.payer])]
        self.rows = len(rules)
        began = perf_counter()
        zen: Any = import_module("zen")
        self._decision = zen.ZenEngine().create_decision(json.dumps(_model(rules)))
        self._items = _inputs(policies, ids)
        self._expect_a_decision()
        self.seconds_to_load = perf_counter() - began

    def _expect_a_decision(self) -> None:
        result = self._decision.evaluate(self._items[0])["result"]
        assert result["rule"] == "rule-7", result  # noqa: S101  else the figure would be of something else

    def time(self) -> float:
        """Microseconds a decision, over at least one and about a second's."""
        began = perf_counter()
        count = 0
        while count == 0 or perf_counter() - began < _SECONDS_A_RUN:
            self._decision.evaluate(self._items[count % len(self._items)])
            count += 1
        return (perf_counter() - began) * 1e6 / count


def _model(rules: list[dict[str, str]]) -> dict[str, Any]:
    content = {
        "hitPolicy": "first",
        "inputs": [{"id": id_, "name": id_, "field": field} for id_, field in _COLUMNS.items()],
        "outputs": [{"id": name, "name": name, "field": name} for name in ("outcome", "rule")],
        "rules": rules,
    }
    nodes = [
        {"id": "in", "type": "inputNode", "name": "in", "position": {"x": 0, "y": 0}},
        {"id": "table", "type": "decisionTableNode", "name": "table", "position": {"x": 0, "y": 0}, "content": content},
        {"id": "out", "type": "outputNode", "name": "out", "position": {"x": 0, "y": 0}},
    ]
    edges = [
        {"id": f"{source}-{target}", "type": "edge", "sourceId": source, "targetId": target}
        for source, target in (("in", "table"), ("table", "out"))
    ]
    return {"nodes": nodes, "edges": edges}


def _rules(policy: PolicyDocument, payer_id: str) -> Iterator[dict[str, str]]:
    earlier, later = policy.versions
    for version, days in ((earlier, f"< {_day(later)}"), (later, f">= {_day(later)}")):
        for rule in version.rules:
            yield _row(policy, rule, payer_id, days)


def _row(policy: PolicyDocument, rule: RuleText, payer_id: str, days: str) -> dict[str, str]:
    return {
        "_id": f"{policy.policy}/{days}/{rule.id}",
        "payer": json.dumps(payer_id),
        "code": ", ".join(map(json.dumps, rule.codes)),
        "day": days,
        "condition": _condition(rule.when),
        "outcome": json.dumps(rule.outcome.value),
        "rule": json.dumps(rule.id),
    }


def _day(version: VersionText) -> int:
    return int(version.effective_from.strftime("%Y%m%d"))


def _condition(when: When | None) -> str:
    """What a generated rule asks, in zen's expression language."""
    if when is None:
        return ""
    asked: dict[str, Callable[[Any], str]] = {
        "diagnosis": lambda values: f'some(diagnoses, startsWith(#, "{values[0]}"))',
        "modifiers": lambda values: f'some(modifiers, # == "{values[0]}")',
        "units": lambda value: f"units == {value}",
        "rendering_taxonomy": lambda values: f'taxonomy == "{values[0]}"',
        "stage": lambda value: f'stage == "{value}"',
    }
    given = {name: getattr(when, name) for name in asked}
    return " and ".join(word(given[name]) for name, word in asked.items() if given[name])


def _inputs(policies: Sequence[PolicyDocument], ids: dict[str, str]) -> list[dict[str, Any]]:
    """Items that the last rule decides, drawn evenly from the policies."""
    random = Random(_SEED)  # noqa: S311  synthetic data
    chosen = [random.choice(policies) for _ in range(1_000)]
    return [
        {
            "payer_id": ids[policy.payer],
            "code": random.choice(policy.versions[0].rules[0].codes),
            "day": random.choice((20250801, 20260301)),
            "diagnoses": ["M1711", "M25561"],
            "modifiers": ["RT"],
            "units": 1,
            "taxonomy": "207X00000X",
            "stage": "submitted",
        }
        for policy in chosen
    ]
