"""The queries of Grafana's dashboards: which metrics and labels they name, and what Prometheus is asked instead.

Knows Grafana's JSON and as much of PromQL as names take. That a query is PromQL at all, Prometheus says.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml
from msgspec import Struct
from tests.operations.prometheus import ROOT

from policywire.stream.metric_list import ALL

FOLDER: Final = ROOT / "deploy" / "grafana"
FROM_SCRAPES: Final = frozenset({"job", "instance", "namespace"})
FROM_ALERTS: Final = frozenset({"alertname", "alertstate", "severity", "team", *FROM_SCRAPES})
_METRIC: Final = re.compile(r"\b(policywire[_:][a-z0-9_:]+|(?:process|python)_[a-z0-9_]+|ALERTS)(?:\{([^}]*)\})?")
_GROUPING: Final = re.compile(r"\b(?:by|without|on|ignoring) \(([^)]*)\)")
_MATCHER: Final = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")


class Asked(Struct, frozen=True):
    """A query where it stands."""

    dashboard: str
    panel: str
    expression: str
    legend: str
    over_time: bool

    def __str__(self) -> str:
        return f"{self.dashboard}: {self.panel}: {self.legend}"

    @property
    def plain(self) -> str:
        """As Grafana sends it with every deployment chosen; rates are over the last seconds, which a test has."""
        return self.expression.replace("$namespace", ".*").replace("$__rate_interval", "10s")


def dashboards() -> dict[str, dict[str, Any]]:
    """Every dashboard by its file's name."""
    return {path.name: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}


def panels(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    """Those that show something."""
    return [each for each in dashboard["panels"] if each["type"] != "row"]


def queries() -> list[Asked]:
    """Every query of every dashboard."""
    return [
        Asked(name, panel["title"], target["expr"], target["legendFormat"], target["range"])
        for name, dashboard in dashboards().items()
        for panel in panels(dashboard)
        for target in panel["targets"]
    ]


def recorded() -> dict[str, set[str]]:
    """What the recording rules make: name to labels, those of a grouping and those that the rule adds."""
    found: dict[str, set[str]] = {}
    for path in sorted((ROOT / "deploy" / "prometheus" / "rules").glob("*.yaml")):
        for rule in _rules(path):
            labels = {label for listed in _GROUPING.findall(rule["expr"]) for label in _words(listed)}
            found.setdefault(rule["record"], set()).update(labels, rule.get("labels", {}))
    return found


def faults(asked: Asked) -> list[str]:
    """What a query names that is not there: metrics, labels in selectors and groupings, labels in the legend."""
    known = dict(metrics_of(asked.expression))
    wrong = [f"no metric {name}" for name, labels in known.items() if labels is None]
    has = set().union(*(labels for labels in known.values() if labels))
    for name, selector in _METRIC.findall(asked.expression):
        wrong += [
            f"{name} has no {label}" for label in _MATCHER.findall(selector) if label not in (known[name] or {label})
        ]
    groupings = [set(_words(listed)) for listed in _GROUPING.findall(asked.expression)]
    wrong += [f"nothing here has {label}" for labels in groupings for label in labels - has]
    shown = set(re.findall(r"\{\{(\w+)\}\}", asked.legend))
    kept = set().union(*groupings) if groupings else has
    return wrong + [f"the legend's {label} is not kept" for label in shown - kept]


def metrics_of(expression: str) -> Iterator[tuple[str, set[str] | None]]:
    """The metrics that an expression names, with their labels; None for one that is not there."""
    rules = recorded()
    for name, _ in _METRIC.findall(expression):
        whole = re.sub(r"_(bucket|sum|count)$", "", name)
        if name == "ALERTS":
            yield name, set(FROM_ALERTS)
        elif name in rules:
            yield name, rules[name]
        elif name in ALL and ALL[name].kind != "histogram":
            yield name, {*ALL[name].labels, *FROM_SCRAPES}
        elif whole != name and whole in ALL and ALL[whole].kind == "histogram":
            yield name, {*ALL[whole].labels, *FROM_SCRAPES, *({"le"} if name.endswith("_bucket") else ())}
        else:
            yield name, None


def _rules(path: Path) -> list[dict[str, Any]]:
    groups = yaml.safe_load(path.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"] if "record" in rule]


def _words(listed: str) -> list[str]:
    return [word for word in re.split(r"[,\s]+", listed) if word]
