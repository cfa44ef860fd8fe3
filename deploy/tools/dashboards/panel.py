"""A dashboard as it is thought of: rows of panels, each with its question and its queries. Knows nothing of JSON."""

from typing import Final, Literal

from msgspec import Struct

SCOPE: Final = 'namespace=~"$namespace"'
"""Every query is narrowed to the deployment that is looked at; without such a label there is only one."""
WORKERS: Final = f'job="policywire",{SCOPE}'
"""For metrics that any process has."""

Color = Literal["green", "yellow", "red"]


class Query(Struct, frozen=True):
    """PromQL, and what its series are called: a text with ``{{label}}`` in it."""

    expression: str
    legend: str


class Step(Struct, frozen=True):
    """From this value on, the color."""

    value: float
    color: Color


class Panel(Struct, frozen=True, kw_only=True):
    """One panel.

    Attributes:
        kind: of Grafana's panels.
        title: what is shown.
        text: what it tells and when to worry, for somebody who sees it for the first time.
        queries: in the order of the legend.
        unit: Grafana's id of a unit.
        width: of 24 columns.
        steps: where it turns yellow or red; a line in a plot. The text gives the reason.
        runbook: a page in deploy/runbooks/, with its anchor.
        stacked: whether series are parts of a whole.
        words: for a value, a word instead.
        names: for a column of a table, the words above it.
        highest: the end of the scale, where it is known.
    """

    kind: Literal["timeseries", "stat", "bargauge", "table"] = "timeseries"
    title: str
    text: str
    queries: tuple[Query, ...]
    unit: str = "short"
    width: int = 8
    steps: tuple[Step, ...] = ()
    runbook: str = ""
    stacked: bool = False
    words: dict[str, str] = {}
    names: dict[str, str] = {}
    highest: float | None = None


class Row(Struct, frozen=True):
    """Panels under a heading, as high as ``height`` rows of the grid each."""

    title: str
    height: int
    panels: tuple[Panel, ...]


class Dashboard(Struct, frozen=True):
    """A whole page. ``uid`` is in its address and must never change."""

    uid: str
    title: str
    text: str
    refresh: str
    since: str
    rows: tuple[Row, ...]


def stat(title: str, text: str, expression: str, **more: object) -> Panel:
    """One number of now."""
    return _panel("stat", title, text, (Query(expression, ""),), **more)


def plot(title: str, text: str, *queries: tuple[str, str], **more: object) -> Panel:
    """Series over time; of each the expression and the legend."""
    return _panel("timeseries", title, text, tuple(Query(*each) for each in queries), **more)


def bars(title: str, text: str, expression: str, legend: str, **more: object) -> Panel:
    """A bar for each series of now."""
    return _panel("bargauge", title, text, (Query(expression, legend),), **more)


def table(title: str, text: str, expression: str, **more: object) -> Panel:
    """A line for each series of now, a column for each label."""
    return _panel("table", title, text, (Query(expression, ""),), **more)


def _panel(kind: str, title: str, text: str, queries: tuple[Query, ...], **more: object) -> Panel:
    return Panel(kind=kind, title=title, text=text, queries=queries, **more)  # type: ignore[arg-type]
