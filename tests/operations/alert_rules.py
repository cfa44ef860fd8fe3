"""The rules of ``deploy/prometheus/`` as data: their alerts, their unit tests, and copies with short durations.

Knows the files' shape; runs nothing.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import yaml
from msgspec import Struct
from tests.operations.prometheus import ROOT

FOLDER: Final = ROOT / "deploy" / "prometheus"
RULES: Final = tuple(sorted((FOLDER / "rules").glob("*.yaml")))
UNIT_TESTS: Final = tuple(sorted((FOLDER / "tests").glob("*.yaml")))
UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
DURATION: Final = r"(?:\d+(?:ms|[smhd]))+"

WINDOW_S: Final = (8.0, 24.0)
"""The shortest and the longest window of a shortened rule: sixteen scrapes of half a second, and no test that waits."""
FOR_S: Final = (1.0, 4.0)
"""The same for how long an alert must hold: two evaluations at least, so that each still waits."""


class AlertRule(Struct, frozen=True):
    """An alert of a rules file."""

    file: Path
    name: str
    expr: str
    lasts: str
    labels: dict[str, str]
    annotations: dict[str, str]


def alert_rules() -> list[AlertRule]:
    """Every alert, in the order of files."""
    return [
        AlertRule(file, rule["alert"], rule["expr"], rule.get("for", ""), rule["labels"], rule["annotations"])
        for file in RULES
        for group in yaml.safe_load(file.read_text())["groups"]
        for rule in group["rules"]
        if "alert" in rule
    ]


def expressions() -> list[str]:
    """Every expression, those of recording rules included."""
    groups = (group for file in RULES for group in yaml.safe_load(file.read_text())["groups"])
    return [rule["expr"] for group in groups for rule in group["rules"]]


def unit_tests() -> Iterator[tuple[str, bool]]:
    """For every question of the unit tests the name of an alert that it asks about, and whether that should fire."""
    for file in UNIT_TESTS:
        for test in yaml.safe_load(file.read_text())["tests"]:
            for question in test["promql_expr_test"]:
                for name in alerts_asked(question["expr"]):
                    yield name, bool(question["exp_samples"])


def unit_tests_of(rule: AlertRule) -> Iterator[tuple[str, dict[str, Any]]]:
    """Those unit tests that ask about an alert, as files to lie beside a folder ``rules``: their names and contents."""
    for file in UNIT_TESTS:
        written = yaml.safe_load(file.read_text())
        asking = [
            test | {"promql_expr_test": questions}
            for test in written["tests"]
            if (questions := [each for each in test["promql_expr_test"] if rule.name in alerts_asked(each["expr"])])
        ]
        if asking:
            names = [name.removeprefix("../") for name in written["rule_files"]]
            yield file.name, written | {"rule_files": names, "tests": asking}


def alerts_asked(expression: str) -> list[str]:
    """The alerts that an expression over ALERTS asks about."""
    [(operator, pattern)] = re.findall(r'alertname(=~?)"([^"]+)"', expression)
    if operator == "=":
        return [pattern]
    return [rule.name for rule in alert_rules() if re.fullmatch(pattern, rule.name)]


def seconds(duration: str) -> float:
    """A duration as Prometheus writes it, such as 1m30s."""
    return sum(int(number) * UNITS[unit] for number, unit in re.findall(r"(\d+)(ms|[smhd])", duration))


def shortened(text: str) -> str:
    """A rules file whose windows, offsets and ``for`` are a thirtieth or a sixtieth as long, and nothing else changed.

    A window ``[5m]`` and an ``offset 5m`` become ``10s``, within ``WINDOW_S``; a ``for: 2m`` becomes ``2s``, within
    ``FOR_S``. What was longer is never shorter afterwards.
    """
    text = re.sub(rf"\[({DURATION})\]", lambda found: f"[{_short(found[1], 30, WINDOW_S)}]", text)
    text = re.sub(rf"\boffset ({DURATION})", lambda found: f"offset {_short(found[1], 30, WINDOW_S)}", text)
    return re.sub(
        rf"^(\s+for: )({DURATION})$", lambda found: found[1] + _short(found[2], 60, FOR_S), text, flags=re.MULTILINE
    )


def _short(duration: str, divisor: float, within: tuple[float, float]) -> str:
    if not seconds(duration):
        return duration
    return f"{round(min(max(seconds(duration) / divisor, within[0]), within[1]) * 1000)}ms"


def shortened_rules(folder: Path, change: Callable[[str], str] = lambda text: text) -> list[Path]:
    """Copies of all rules files in a folder, shortened; ``change`` stands for what a site edits."""
    folder.mkdir(exist_ok=True)
    copies = []
    for file in RULES:
        copy = folder / file.name
        copy.write_text(change(shortened(file.read_text())))
        copies.append(copy)
    return copies


def mutants(rule: AlertRule) -> Iterator[tuple[str, str]]:
    """Copies of a rule's file in which one number of its own is wrong: what was changed, and the whole text."""
    text = rule.file.read_text()
    begin = text.index(f"- alert: {rule.name}\n")
    end = text.find("labels:", begin)
    own = text[begin:end]
    for found in re.finditer(r"(?:[><]=? |== )(\d+(?:\.\d+)?)\b", own):
        for changed in _wrong(float(found[1])):
            yield f"{found[0]!r} as {changed:g}", _replaced(text, begin, found, f"{changed:g}")
    for found in re.finditer(rf"\bfor: ({DURATION})\n", own):
        lasts = seconds(found[1])
        for changed in (lasts * 0.6, lasts * 1.4) if lasts else (300.0,):
            yield f"{found[0].strip()!r} as {changed:g}s", _replaced(text, begin, found, f"{round(changed)}s")


def _wrong(number: float) -> tuple[float, ...]:
    """A number that is wrong by two fifths, or by one where it counts few things."""
    if number in {0, 1, 2, 3}:
        return tuple(each for each in (number - 1, number + 1) if each >= 0)
    return number * 0.6, number * 1.4


def _replaced(text: str, begin: int, found: "re.Match[str]", value: str) -> str:
    return text[: begin + found.start(1)] + value + text[begin + found.end(1) :]
