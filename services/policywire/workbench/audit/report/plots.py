"""The plots of a report, as SVG that stands in the page itself: scales with it, prints, and takes its colours.

Knows matplotlib, and what must not be in an SVG that is to be the same each time and ask nobody for anything. Every
text stays text, so that it can be read aloud, found and copied. Colours are the page's, as ``var(--exposure)``: a plot
is light in a light page and dark in a dark one.
"""

import re
from collections.abc import Callable, Sequence
from html import escape
from io import StringIO
from typing import Any, Final, NamedTuple
from warnings import catch_warnings, filterwarnings

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator


class Series(NamedTuple):
    """One kind of bars: its name in the legend, the page's colour, a value for each place on the axis."""

    name: str
    colour: str
    values: Sequence[int]


class Drawn(NamedTuple):
    """What a plot is.

    Attributes:
        name: no other plot of the page has it; letters and hyphens.
        title: what it shows.
        says: the same in a sentence, for those who cannot see it.
    """

    name: str
    title: str
    says: str


class Plot(NamedTuple):
    """A plot in two widths, of which the page shows the one that fits."""

    wide: str
    narrow: str


def columns(drawn: Drawn, ticks: Sequence[str], series: Sequence[Series], *, money: bool) -> Plot:
    """Stacked columns over time.

    Args:
        drawn: what it is.
        ticks: a word for each column; where they are many some are left out.
        series: what is stacked, the lowest first.
        money: values are cents, not numbers of something.
    """

    def draw(figure: Figure, *, wide: bool) -> None:
        axes = figure.add_subplot()
        bottoms = [0] * len(ticks)
        for one in series:
            axes.bar(range(len(ticks)), one.values, 0.72, bottoms, color=_SENTINELS[one.colour], label=one.name)
            bottoms = [low + value for low, value in zip(bottoms, one.values, strict=True)]
        _time(axes, ticks, wide=wide)
        axes.yaxis.set_major_formatter(_dollars if money else _whole)
        axes.yaxis.set_major_locator(MaxNLocator(4, integer=True, min_n_ticks=1))
        axes.grid(axis="y", linewidth=0.6)
        axes.spines[["top", "right", "left"]].set_visible(False)
        _legend(figure, wide=wide)

    return _both(drawn, draw, (240, 220))


def bars(drawn: Drawn, ticks: Sequence[str], series: Sequence[Series]) -> Plot:
    """Stacked bars of cents, the first tick on top; arguments as for :func:`columns`."""

    def draw(figure: Figure, *, wide: bool) -> None:
        axes = figure.add_subplot()
        lefts = [0] * len(ticks)
        for one in series:
            axes.barh(range(len(ticks)), one.values, 0.64, lefts, color=_SENTINELS[one.colour], label=one.name)
            lefts = [low + value for low, value in zip(lefts, one.values, strict=True)]
        axes.set_yticks(range(len(ticks)), [_cut(tick, 28 if wide else 16) for tick in ticks])
        axes.invert_yaxis()
        axes.xaxis.set_major_formatter(_dollars)
        axes.xaxis.set_major_locator(MaxNLocator(6 if wide else 3, integer=True, min_n_ticks=1))
        axes.grid(axis="x", linewidth=0.6)
        axes.spines[["top", "right", "bottom"]].set_visible(False)
        _legend(figure, wide=wide)

    height = 84 + 26 * len(ticks)
    return _both(drawn, draw, (height, height))


def histories(drawn: Drawn, ticks: Sequence[str], series: Sequence[Series]) -> Plot:
    """Columns of counts over the same time, a small plot for each of the series; all have one scale."""

    def draw(figure: Figure, *, wide: bool) -> None:
        greatest = max((value for one in series for value in one.values), default=0)
        parts: list[Axes] = list(figure.subplots(len(series), 1, sharex=True, squeeze=False)[:, 0])
        for axes, one in zip(parts, series, strict=True):
            axes.bar(range(len(ticks)), one.values, 0.72, color=_SENTINELS[one.colour])
            axes.set_title(_cut(one.name, 60 if wide else 36), loc="left", fontsize=11)
            axes.set_ylim(0, max(greatest, 1))
            axes.set_yticks([0, greatest] if greatest else [0])
            axes.spines[["top", "right", "left"]].set_visible(False)
        _time(parts[-1], ticks, wide=wide)

    height = 40 + 70 * len(series)
    return _both(drawn, draw, (height, height))


def _time(axes: Axes, ticks: Sequence[str], *, wide: bool) -> None:
    step = -(-len(ticks) // (8 if wide else 4))
    axes.set_xticks(range(0, len(ticks), step), ticks[::step])


def _cut(tick: str, characters: int) -> str:
    """Short enough to leave room for the bar."""
    return tick if len(tick) <= characters else f"{tick[: characters - 1].rstrip()}…"


def _legend(figure: Figure, *, wide: bool) -> None:
    """Above the plot, in one line where there is room."""
    figure.legend(loc="outside upper left", ncols=2 if wide else 1, frameon=False)


def _both(drawn: Drawn, draw: Callable[..., None], heights: tuple[int, int]) -> Plot:
    """Draw it twice; sizes are CSS pixels."""
    wide, narrow = heights
    return Plot(
        _svg(drawn, "wide", lambda figure: draw(figure, wide=True), (720, wide)),
        _svg(drawn, "narrow", lambda figure: draw(figure, wide=False), (340, narrow)),
    )


def _svg(drawn: Drawn, width: str, draw: Callable[[Figure], None], size: tuple[int, int]) -> str:
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(size[0] / _POINTS_PER_INCH, size[1] / _POINTS_PER_INCH), layout="constrained")
        draw(figure)
        written = StringIO()
        with catch_warnings():
            # The browser has letters that matplotlib's font has not; only the room for them is a guess.
            filterwarnings("ignore", "Glyph", UserWarning)
            figure.savefig(written, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    return _inline(written.getvalue(), drawn, f"{drawn.name}-{width}")


def _inline(document: str, drawn: Drawn, name: str) -> str:
    """An SVG document as an element of the page: no prologue, ids of its own, the page's colours and letters."""
    body = document[document.index("<svg") :]
    # Its style sheet would hold for the whole page.
    body = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>\s*", "", body, flags=re.DOTALL)
    body = re.sub(r'(\bid="|xlink:href="#|url\(#)', rf"\g<1>{name}-", body)
    body = body.replace("xlink:href", "href")
    body = re.sub(r"font(-family)?: [^;\"]*DejaVu Sans[^;\"]*", _own_letters, body)
    for colour, sentinel in _SENTINELS.items():
        body = body.replace(sentinel, f"var(--{colour})")
    view = re.search(r'viewBox="[^"]*"', body)
    described = (
        f"<title id='{name}-title'>{escape(drawn.title)}</title><desc id='{name}-desc'>{escape(drawn.says)}</desc>"
    )
    opening = f"<svg {view[0] if view else ''} role='img' aria-labelledby='{name}-title {name}-desc'>{described}"
    return re.sub(r"<svg[^>]*>", lambda _: opening, body, count=1).strip()


def _own_letters(style: re.Match[str]) -> str:
    """The size stays, the page's letters are used."""
    size = re.search(r"[\d.]+px", style[0])
    return f"font-size: {size[0]}" if size else "font-family: inherit"


def _thousands(value: float, _place: int | None = None) -> str:
    for unit, letter in ((1_000_000, "m"), (1_000, "k")):
        if abs(value) >= unit:
            return f"{value / unit:g}{letter}"
    return f"{value:g}"


def _in_dollars(cents: float, _place: int | None = None) -> str:
    return f"${_thousands(cents / 100)}"


_dollars: Final = FuncFormatter(_in_dollars)
_whole: Final = FuncFormatter(_thousands)
_POINTS_PER_INCH: Final = 72
"""Matplotlib's SVG has 72 units an inch: a unit is then a CSS pixel of the sizes above."""

_SENTINELS: Final = {
    "exposure": "#fe0101",
    "patient": "#fe0202",
    "review": "#fe0303",
    "ink": "#fe0404",
    "line": "#fe0505",
}
"""The page's colours, and what stands for them until the SVG is written: matplotlib knows no ``var()``."""

_STYLE: Final[dict[Any, Any]] = {
    "svg.hashsalt": "policywire",
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",
    "font.size": 11,
    "text.parse_math": False,
    "text.color": _SENTINELS["ink"],
    "axes.labelcolor": _SENTINELS["ink"],
    "axes.edgecolor": _SENTINELS["line"],
    "axes.axisbelow": True,
    "grid.color": _SENTINELS["line"],
    "xtick.color": _SENTINELS["line"],
    "ytick.color": _SENTINELS["line"],
    "xtick.labelcolor": _SENTINELS["ink"],
    "ytick.labelcolor": _SENTINELS["ink"],
    "ytick.major.size": 0,
    "xtick.major.pad": 7,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
}
