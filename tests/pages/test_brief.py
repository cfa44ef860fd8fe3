"""A brief in a real browser: one page on paper, and as wide as its window."""

import base64
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.pages.browser import WIDTHS, Browser

from policywire.cli import main
from policywire.workbench.brief.readers import READERS

RULES = Path(__file__).parents[2] / "rules"


@pytest.fixture(params=READERS)
def brief(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    out = tmp_path / "brief.html"
    options = ["--for", request.param, "--rules", str(RULES), "--as-of", "2026-01-05", "--format", "html"]
    result = CliRunner().invoke(main, ["brief", "MM 0552", *options, "--out", str(out)])
    assert result.exit_code == 0, result.output
    return out


def test_a_brief_prints_on_one_page(browser: Browser, brief: Path) -> None:
    browser.open(brief, media="print")
    printed = browser.call("Page.printToPDF", preferCSSPageSize=True)["data"]
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", base64.b64decode(printed))) == 1


@pytest.mark.parametrize("width", WIDTHS.values(), ids=list(WIDTHS))
def test_a_brief_is_never_wider_than_its_window(browser: Browser, brief: Path, width: int) -> None:
    browser.open(brief, width=width)
    assert browser.ask("return document.documentElement.scrollWidth") <= width
    assert not browser.seen("Network.requestWillBeSent")[1:]
