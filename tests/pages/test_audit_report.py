"""The audit's report in a real browser: nothing wrong, nothing asked of anybody, nothing cut, readable in any light."""

import base64
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tests.pages.browser import WIDTHS, Browser
from tests.unit.workbench.audit import results

from policywire.workbench.audit.report.page import report_page

MADE = {"full": results.audit, "empty": results.empty, "huge": results.huge}
PRINTED_WIDTH = 690
"""A4 less its margins, in CSS pixels."""
CONTRAST_MIN = 4.5
"""WCAG 2.2, AA, of text of usual size."""


@cache
def written(name: str) -> str:
    return report_page(MADE[name](), note="Synthetic data.")


@pytest.fixture(params=MADE)
def report(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"{request.param}.html"
    path.write_text(written(request.param), "utf-8")
    return path


@pytest.fixture
def full(tmp_path: Path) -> Path:
    path = tmp_path / "full.html"
    path.write_text(written("full"), "utf-8")
    return path


def complaints(browser: Browser) -> list[dict[str, Any]]:
    """What the browser found wrong, and what the page wrote to the console."""
    return browser.seen("Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled")


def test_a_report_asks_nobody_for_anything_and_has_no_fault(browser: Browser, report: Path) -> None:
    browser.open(report)
    assert browser.ask("return document.compatMode") == "CSS1Compat"
    asked = [each["request"]["url"] for each in browser.seen("Network.requestWillBeSent")]
    assert [url for url in asked if not url.startswith("data:")] == [report.as_uri()]
    assert complaints(browser) == []


def test_a_fault_would_be_seen(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "bad.html"
    path.write_text("<!DOCTYPE html><img src='missing.png'><script>nothing()</script><p style='width:5000px'>x")
    browser.open(path)
    assert len(browser.seen("Network.requestWillBeSent")) > 1
    assert complaints(browser) != []
    assert browser.ask("return document.documentElement.scrollWidth") > WIDTHS["desktop"]


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_a_page_is_never_wider_than_its_window(browser: Browser, report: Path, width: int) -> None:
    browser.open(report, width=width)
    assert browser.ask("return innerWidth") == width
    assert browser.ask("return document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_a_table_that_is_wider_can_be_scrolled_with_the_keyboard(browser: Browser, full: Path, width: int) -> None:
    browser.open(full, width=width)
    wide = browser.ask(
        "return [...document.querySelectorAll('.scroll')].filter(each => each.scrollWidth > each.clientWidth)"
        ".map(each => [each.tabIndex, getComputedStyle(each).overflowX, each.getAttribute('aria-label')])"
    )
    assert all(each[:2] == [0, "auto"] and each[2] for each in wide)
    assert wide or width == WIDTHS["desktop"]


PLOTS = """
const shown = [...document.querySelectorAll('svg')].filter(svg => svg.getBoundingClientRect().width > 0);
"""


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_plot_is_seen_in_the_colours_of_the_page(browser: Browser, full: Path, width: int, *, dark: bool) -> None:
    browser.open(full, width=width, dark=dark)
    plots = browser.ask(
        PLOTS + "return shown.map(svg => [svg.querySelector('title').textContent, svg.getBoundingClientRect().width,"
        "[...svg.querySelectorAll('path')].map(path => getComputedStyle(path).fill)])"
    )
    colour = browser.ask("return getComputedStyle(document.querySelector('.headline')).color")
    assert [title for title, *_ in plots] == [
        "Denied dollars by month of service",
        "Denied dollars by code",
        "Denied dollars by specialty",
        "Denied lines by month and practice line",
        "Booked procedures that will be denied, by week",
    ]
    for title, across, fills in plots:
        assert across >= 340, title
        assert fills.count(colour) > 2, title


OUTSIDE = """
return shown.flatMap(svg => { const frame = svg.getBoundingClientRect();
  return [...svg.querySelectorAll('text')].filter(text => { const box = text.getBoundingClientRect();
    return box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1
      || box.bottom > frame.bottom + 1 }).map(text => text.textContent) })
"""
OVERLAPPING = """
return shown.flatMap(svg => { const boxes = [...svg.querySelectorAll('text')].map(text =>
    [text.textContent, text.getBoundingClientRect()]);
  return boxes.flatMap(([a, one], place) => boxes.slice(place + 1).filter(([b, two]) =>
    one.left < two.right && two.left < one.right && one.top + 2 < two.bottom && two.top + 2 < one.bottom)
    .map(([b]) => a + ' / ' + b)) })
"""


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_no_word_of_a_plot_is_cut_or_covers_another(browser: Browser, report: Path, width: int) -> None:
    browser.open(report, width=width)
    assert browser.ask(PLOTS + OUTSIDE) == []
    assert browser.ask(PLOTS + OVERLAPPING) == []


CONTRASTS = """
const channels = colour => colour.match(/[\\d.]+/g).map(Number);
const light = colour => { const [r, g, b] = channels(colour).map(each => each / 255)
    .map(each => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b };
const behind = element => { for (let each = element; each; each = each.parentElement) {
    const style = getComputedStyle(each), colour = style.backgroundColor;
    const drawn = style.backgroundImage.startsWith('linear-gradient(') && each.tagName == 'TD'
      ? style.backgroundImage.match(/rgba?\\([^)]*\\)/)[0] : colour;
    if ((channels(drawn)[3] ?? 1) > 0) return drawn }
  return getComputedStyle(document.documentElement).backgroundColor };
const worst = {};
for (const element of document.querySelectorAll('body *')) {
  if (![...element.childNodes].some(each => each.nodeType == 3 && each.textContent.trim())) continue;
  if (!element.getBoundingClientRect().width || ['title', 'desc'].includes(element.tagName)) continue;
  const style = getComputedStyle(element);
  const [a, b] = [light(element.tagName == 'text' ? style.fill : style.color), light(behind(element))];
  const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  const name = element.tagName + '.' + element.getAttribute('class');
  worst[name] = Math.min(worst[name] ?? 99, contrast) }
return worst
"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_word_stands_out_from_what_is_behind_it(browser: Browser, full: Path, *, dark: bool) -> None:
    browser.open(full, dark=dark)
    contrasts = browser.ask(CONTRASTS)
    assert len(contrasts) > 15
    assert {name: value for name, value in contrasts.items() if value < CONTRAST_MIN} == {}
    background = browser.ask("return getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(255, 255, 255)") is not dark


def test_on_paper_no_table_is_cut_and_all_is_light(browser: Browser, report: Path) -> None:
    browser.open(report, width=PRINTED_WIDTH, dark=True, media="print")
    cut = "[...document.querySelectorAll('table')].filter(each => each.getBoundingClientRect().right > innerWidth)"
    assert browser.ask(f"return {cut}.map(each => each.caption.textContent)") == []
    assert browser.ask("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    pdf = base64.b64decode(browser.call("Page.printToPDF", preferCSSPageSize=True)["data"])
    assert pdf.startswith(b"%PDF")


def test_what_somebody_wrote_does_not_run(browser: Browser, full: Path) -> None:
    browser.open(full)
    assert browser.seen("Page.javascriptDialogOpening") == []
    assert browser.ask("return document.scripts.length") == 0
    assert results.HOSTILE in browser.ask("return document.body.innerText")
