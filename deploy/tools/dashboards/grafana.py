"""A dashboard as Grafana reads it. Knows Grafana's JSON and its grid of 24 columns, and no metric."""

from typing import Any, Final

from deploy.tools.dashboards.panel import Dashboard, Panel, Query, Row, Step

_COLUMNS: Final = 24
_SCHEMA: Final = 41
"""Of Grafana 12; newer versions read it and bring it up to date."""
_SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}


def document(dashboard: Dashboard) -> dict[str, Any]:
    """The JSON of a dashboard."""
    return {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "description": dashboard.text,
        "tags": ["policywire"],
        "timezone": "browser",
        "editable": False,
        "graphTooltip": 1,
        "refresh": dashboard.refresh,
        "time": {"from": dashboard.since, "to": "now"},
        "schemaVersion": _SCHEMA,
        "links": [_other_dashboards()],
        "templating": {"list": _variables()},
        "annotations": {"list": []},
        "panels": _placed(dashboard.rows),
    }


def _other_dashboards() -> dict[str, Any]:
    """A row of links to every dashboard of policywire, which keep time and variables."""
    told = {
        "tags": ["policywire"],
        "tooltip": "The other dashboards of policywire",
        "includeVars": True,
        "keepTime": True,
    }
    return _link("dashboards", "policywire") | told


def _runbook(page: str) -> dict[str, Any]:
    path = f"deploy/runbooks/{page}"
    told = {"url": f"${{runbooks}}{path}", "icon": "doc", "tooltip": "What to do", "targetBlank": True}
    return _link("link", f"Runbook: {path}") | told


def _link(kind: str, title: str) -> dict[str, Any]:
    """All that Grafana wants to be told of a link."""
    return {
        "type": kind,
        "title": title,
        "url": "",
        "icon": "external link",
        "tooltip": "",
        "tags": [],
        "asDropdown": False,
        "includeVars": False,
        "keepTime": False,
        "targetBlank": False,
    }


def _variables() -> list[dict[str, Any]]:
    return [
        {"type": "datasource", "name": "datasource", "label": "Prometheus", "query": "prometheus"},
        {
            "type": "query",
            "name": "namespace",
            "label": "Deployment",
            "datasource": _SOURCE,
            "query": "label_values(policywire_build_info, namespace)",
            "refresh": 2,
            "includeAll": True,
            # Also what has no such label, as with one deployment on one machine.
            "allValue": ".*",
            "multi": True,
            "current": {"text": "All", "value": "$__all", "selected": True},
        },
        {
            "type": "textbox",
            "name": "runbooks",
            "label": "Runbooks at",
            "description": "In front of every runbook's path; must end with a slash",
            "query": "/",
        },
    ]


def _placed(rows: tuple[Row, ...]) -> list[dict[str, Any]]:
    """Panels from left to right, a new line when one is full; every row begins with its heading."""
    placed: list[dict[str, Any]] = []
    y = 0
    for row in rows:
        placed.append(_heading(row.title, len(placed) + 1, y))
        x, y = 0, y + 1
        for panel in row.panels:
            if x + panel.width > _COLUMNS:
                x, y = 0, y + row.height
            placed.append(_panel(panel, len(placed) + 1, {"x": x, "y": y, "w": panel.width, "h": row.height}))
            x += panel.width
        y += row.height
    return placed


def _heading(title: str, number: int, y: int) -> dict[str, Any]:
    grid = {"x": 0, "y": y, "w": _COLUMNS, "h": 1}
    return {"type": "row", "id": number, "title": title, "collapsed": False, "gridPos": grid, "panels": []}


def _panel(panel: Panel, number: int, grid: dict[str, int]) -> dict[str, Any]:
    return {
        "type": panel.kind,
        "id": number,
        "title": panel.title,
        "description": panel.text,
        "datasource": _SOURCE,
        "gridPos": grid,
        "targets": [_target(each, "ABCDEFGH"[at], panel) for at, each in enumerate(panel.queries)],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "options": _OPTIONS[panel.kind],
        "links": [_runbook(panel.runbook)] if panel.runbook else [],
        "transformations": [_columns(panel)] if panel.kind == "table" else [],
    }


def _target(query: Query, letter: str, panel: Panel) -> dict[str, Any]:
    over_time = panel.kind == "timeseries"
    return {
        "refId": letter,
        "datasource": _SOURCE,
        "expr": query.expression,
        "legendFormat": query.legend,
        "range": over_time,
        "instant": not over_time,
        "format": "table" if panel.kind == "table" else "time_series",
        "editorMode": "code",
    }


def _defaults(panel: Panel) -> dict[str, Any]:
    return {
        "unit": panel.unit,
        # Nothing below nothing, and no scale that makes noise of small figures look like a fault.
        "min": 0,
        **({} if panel.highest is None else {"max": panel.highest}),
        "color": {"mode": "thresholds" if panel.kind != "timeseries" and panel.steps else "palette-classic"},
        "thresholds": {"mode": "absolute", "steps": _steps(panel.steps)},
        "mappings": [_words(panel.words)] if panel.words else [],
        **({"custom": _drawn(panel)} if panel.kind == "timeseries" else {}),
    }


def _steps(steps: tuple[Step, ...]) -> list[dict[str, Any]]:
    return [{"value": None, "color": "green"}, *({"value": step.value, "color": step.color} for step in steps)]


def _words(words: dict[str, str]) -> dict[str, Any]:
    options = {value: {"text": text, "index": at} for at, (value, text) in enumerate(words.items())}
    return {"type": "value", "options": options}


def _drawn(panel: Panel) -> dict[str, Any]:
    return {
        "drawStyle": "line",
        "lineWidth": 1,
        "fillOpacity": 30 if panel.stacked else 0,
        "showPoints": "never",
        "stacking": {"mode": "normal" if panel.stacked else "none", "group": "A"},
        "thresholdsStyle": {"mode": "line" if panel.steps else "off"},
    }


def _columns(panel: Panel) -> dict[str, Any]:
    """Labels under their own names, without the time of the query."""
    return {
        "id": "organize",
        "options": {"excludeByName": {"Time": True}, "renameByName": {"Value": "", **panel.names}},
    }


_REDUCED: Final = {"calcs": ["lastNotNull"], "values": False}
_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "timeseries": {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "stat": {
        "reduceOptions": _REDUCED,
        "colorMode": "value",
        "graphMode": "none",
        "justifyMode": "auto",
        "orientation": "auto",
        "textMode": "auto",
        "wideLayout": True,
        "showPercentChange": False,
        "percentChangeColorMode": "standard",
    },
    "bargauge": {
        "reduceOptions": _REDUCED,
        "displayMode": "basic",
        "orientation": "horizontal",
        "valueMode": "color",
        "namePlacement": "auto",
        "showUnfilled": True,
        "sizing": "auto",
        "minVizWidth": 8,
        "minVizHeight": 16,
        "maxVizHeight": 300,
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False, "calcs": []},
    },
    "table": {"showHeader": True, "frameIndex": 0, "cellHeight": "sm"},
}
