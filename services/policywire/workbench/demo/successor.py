"""A policy changes in the midst of it all: a copy of the rules in which one version more answers one rule otherwise.

Knows the shape of policy documents and of the cases beside them. The change is made up and says so; no payer published
it. Cases come with it, for without them the publish gate would refuse it, as it would an analyst's.
"""

import json
import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

POLICY: Final = "cigna/mm-0552"
RULE: Final = "adrc-rotator-cuff"
OUTCOME: Final = "criteria_required"


def write_successor(rules: Path, folder: Path, *, published: date, effective_from: date) -> None:
    """Copy a folder of rules, with one more version of MM 0552 from a day on: rotator cuffs need criteria."""
    shutil.copytree(rules, folder)
    policy, cases = folder / POLICY / "policy.yaml", folder / POLICY / "cases.yaml"
    document, beside = _read(policy), _read(cases)
    before = document["versions"][-1]
    document["versions"].append(_next_version(before, published, effective_from))
    document["known_from"] = published.isoformat()
    beside["cases"] += _cases(beside["cases"], before, effective_from)
    _write(policy, document)
    _write(cases, beside)


def _next_version(before: dict[str, Any], published: date, effective_from: date) -> dict[str, Any]:
    rules = [each | ({"outcome": OUTCOME} if each["id"] == RULE else {}) for each in before["rules"]]
    return before | {
        "effective_from": effective_from.isoformat(),
        "known_from": published.isoformat(),
        "basis": "Made up for the demo; no payer published it.",
        "rules": rules,
    }


def _cases(cases: list[dict[str, Any]], before: dict[str, Any], effective_from: date) -> list[dict[str, Any]]:
    """One for each rule of the new version, on its first day, and one for the day before."""
    version = before["effective_from"]
    first = {each["expect"]["rule"]: each for each in reversed(cases) if _is_of(each, version)}
    made = [_moved(case, effective_from, effective_from) for case in first.values()]
    last_day = _moved(first[RULE], effective_from - timedelta(days=1), date.fromisoformat(version))
    return [*made, last_day]


def _is_of(case: dict[str, Any], version: str) -> bool:
    expect = case["expect"]
    return isinstance(expect, dict) and expect.get("version") == version and expect.get("rule") is not None


def _moved(case: dict[str, Any], day: date, version: date) -> dict[str, Any]:
    rule, is_new = case["expect"]["rule"], day == version
    outcome = OUTCOME if rule == RULE and is_new else case["expect"]["outcome"]
    return {
        "name": f"{case['name']} ({day})",
        "line": {name: value for name, value in case["line"].items() if name != "service_date_end"}
        | {"service_date": day.isoformat()},
        "expect": {"outcome": outcome, "rule": rule, "version": version.isoformat()},
    }


def _read(file: Path) -> Any:
    return YAML(typ="safe", pure=True).load(file)


def _write(file: Path, document: Any) -> None:
    """As JSON, which is YAML, with every code and date in quotes."""
    file.write_text(json.dumps(document, indent=2), "utf-8")
