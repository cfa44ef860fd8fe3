"""Every alert has a page that says what to do, and what the pages tell to type exists: commands, queries, links."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from tests.operations.alert_rules import AlertRule, alert_rules
from tests.operations.kubernetes.chart import RELEASE, render
from tests.operations.prometheus import ROOT, Prometheus

from policywire.cli import main
from policywire.stream.metric_list import ALL

RUNBOOKS = ROOT / "deploy" / "runbooks"
PAGES = sorted(RUNBOOKS.glob("*.md"))
ALERTS = alert_rules()
LEADS = ("**Means:**", "**Who is hurt:**", "**Confirm:**", "**Mend:**", "**Over:**", "**Escalate**")


def page_of(rule: AlertRule) -> Path:
    address = rule.annotations["runbook_url"]
    return ROOT / address.partition("}}")[2].partition("#")[0]


def sections(page: Path) -> dict[str, str]:
    """The text below each heading of the second order."""
    parts = re.split(r"^## (.+)$", page.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def commands(text: str) -> list[list[str]]:
    """The arguments of every ``policywire`` that a page shows, in a block or in a sentence."""
    blocks = re.findall(
        r"^```(?:ba)?sh$(.*?)^```$|^   ```(?:bash)?$(.*?)^   ```$", text, flags=re.MULTILINE | re.DOTALL
    )
    prose = re.sub(r"^ *```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL)
    spans = [" ".join(span.split()) for span in re.findall(r"`(policywire [^`]+)`", prose)]
    lines = [line for block in blocks for part in block for line in part.splitlines()]
    return [found for line in [*lines, *spans] for found in _calls(line)]


def _calls(line: str) -> Iterator[list[str]]:
    for call in re.findall(r"(?:^|[|&;(])\s*policywire ([^|&;<>)]*)", line):
        yield shlex.split(call, comments=True)


def refusal(arguments: list[str]) -> str | None:
    """Why policywire would not know a call, or None."""
    command: click.Command = main
    context = click.Context(main, info_name="policywire")
    left = list(arguments)
    while isinstance(command, click.Group):
        found = command.get_command(context, left[0]) if left else None
        if found is None:
            return f"no such command: {left[:1]}"
        context, command = click.Context(found, parent=context, info_name=left.pop(0)), found
    try:
        command.make_parser(context).parse_args(left)
    except click.UsageError as error:
        return error.format_message()
    return None


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule.name)
def test_an_alerts_page_says_what_it_means_and_what_to_do(rule: AlertRule) -> None:
    text = sections(page_of(rule))[rule.name]
    places = [text.find(lead) for lead in LEADS]
    assert -1 not in places, [lead for lead, place in zip(LEADS, places, strict=True) if place < 0]
    assert places == sorted(places)
    assert "`" in text[places[2] : places[3]], "nothing to look with"


def test_no_page_speaks_of_an_alert_that_is_no_more() -> None:
    named = {name for page in PAGES for name in re.findall(r"\bPolicywire[A-Z]\w+", page.read_text())}
    assert named == {rule.name for rule in ALERTS}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_commands_of_a_page_exist(page: Path) -> None:
    calls = commands(page.read_text())
    assert {" ".join(call): why for call in calls if (why := refusal(call))} == {}


def test_commands_are_found_and_wrong_ones_are_refused() -> None:
    found = [call for page in PAGES for call in commands(page.read_text())]
    assert len(found) > 20
    text = "```bash\nID=$(policywire dead-letters list --limit 1 | tail)\n```\nand `policywire rules\ncheck rules`"
    assert commands(text) == [["dead-letters", "list", "--limit", "1"], ["rules", "check", "rules"]]
    assert refusal(["rules", "check", "rules", "--strict"]) is None
    assert refusal(["rules", "chek"])
    assert refusal(["rules", "check", "--no-such-option"])


def test_what_kubectl_is_told_to_touch_is_what_the_chart_makes() -> None:
    chart = {f"{each['kind'].lower()}/{each['metadata']['name']}" for each in render().objects}
    told = {
        name for page in PAGES for name in re.findall(r"^\s*kubectl .*? (\w+/[\w-]+)", page.read_text(), re.MULTILINE)
    }
    assert told
    lines = [line for page in PAGES for line in page.read_text().splitlines() if line.strip().startswith("kubectl")]
    assert [line for line in lines if "deployment" in line] == [], "the chart makes a StatefulSet"
    assert {name.replace("/policywire", f"/{RELEASE}-policywire") for name in told} <= chart
    pods = {name for page in PAGES for name in re.findall(r"policywire-\d+\b|policywire-\w+-\w{5}\b", page.read_text())}
    assert {re.sub(r"\d+$", "", name) for name in pods} == {"policywire-"}, "pods of a StatefulSet are numbered"


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)]+)\)", page.read_text()):
            name, _, anchor = target.partition("#")
            linked = (page.parent / name) if name else page
            assert linked.is_file(), f"{page.name}: {target}"
            anchors = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in sections(linked)}
            assert not anchor or anchor in anchors, f"{page.name}: {target}"


def test_queries_of_the_pages_are_queries_and_ask_for_metrics_that_there_are(tmp_path: Path) -> None:
    queries = {
        query for page in PAGES for query in re.findall(r"promtool query instant \S+ '([^']+)'", page.read_text())
    }
    assert len(queries) > 20
    text = "\n".join(queries)
    asked = set(re.findall(r"(?<![\w:])(?:policywire|process)_[a-z0-9_]+", text))
    assert {re.sub(r"_(?:bucket|sum|count)$", "", name) for name in asked} <= set(ALL)
    recorded = {name for rule in (ROOT / "deploy/prometheus/rules").glob("*.yaml") for name in _recorded(rule)}
    assert set(re.findall(r"(?<!\")policywire:[a-z0-9_:]+", text)) - recorded == set()
    with Prometheus(tmp_path) as prometheus:
        for query in queries:
            assert isinstance(prometheus.query(query), list)


def _recorded(rules: Path) -> list[str]:
    return re.findall(r"- record: (\S+)", rules.read_text())
