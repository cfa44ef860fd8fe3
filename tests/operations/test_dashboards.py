"""Grafana's dashboards: a form that Grafana reads, metrics that there are, and data of a real worker in each panel."""

import asyncio
import json
import math
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from deploy.tools.dashboards.__main__ import texts
from tests.operations.compose import load
from tests.operations.prometheus import ROOT, Prometheus, tool
from tests.operations.queries import FOLDER, Asked, dashboards, faults, metrics_of, panels, queries
from tests.operations.workers import Worker
from tests.stream.harness import appointment, claim, publish, settings_for, until_done, void

from policywire.broker import LocalBroker
from policywire.stream.metric_list import METRICS
from policywire.stream.settings import Settings
from policywire.stream.topic_admin import create_topics

DASHBOARDS: Final = dashboards()
QUERIES: Final = queries()
RULES: Final = ROOT / "deploy" / "prometheus" / "rules"
PROVISIONING: Final = FOLDER / "provisioning"
COLUMNS: Final = 24
OTHER_ALERT: Final = """
groups: [{name: of this test, rules: [{alert: PolicywireOfThisTest, expr: vector(1)}]}]
"""


def test_the_files_are_what_their_description_makes() -> None:
    assert {path.name: path.read_text() for path in FOLDER.glob("*.json")} == texts(), (
        "run python -m deploy.tools.dashboards"
    )


def read_strictly(*files: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([tool("dashboards"), *files], capture_output=True, text=True, check=False)


def test_grafanas_own_types_take_them() -> None:
    read = read_strictly(*FOLDER.glob("*.json"))
    assert read.returncode == 0, read.stderr


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ('"gridPos"', '"gridpos"', "unexpected field 'gridpos'"),
        ('"refId"', '"refid"', "unexpected field 'refid'"),
        ('"colorMode": "value",', "", "colorMode: required field is missing"),
        ('"unit": "s"', '"unit": 5', "cannot unmarshal number"),
        ('"panels": []', '"panels": [5]', "cannot unmarshal number"),
    ],
)
def test_grafanas_own_types_refuse_a_mistake(right: str, wrong: str, said: str, tmp_path: Path) -> None:
    text = (FOLDER / "operations.json").read_text()
    assert right in text
    spoiled = tmp_path / "spoiled.json"
    spoiled.write_text(text.replace(right, wrong))
    read = read_strictly(spoiled)
    assert read.returncode == 1
    assert said in read.stderr


@pytest.mark.parametrize("name", DASHBOARDS)
def test_panels_fill_the_grid_and_do_not_overlap(name: str) -> None:
    taken = [(each["title"], each["gridPos"]) for each in DASHBOARDS[name]["panels"]]
    for title, place in taken:
        assert place["x"] >= 0, title
        assert place["x"] + place["w"] <= COLUMNS, title
        assert place["h"] >= 1, title
    for (first, one), (second, other) in combinations(taken, 2):
        apart = (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        )
        assert apart, f"{first} overlaps {second}"
    for line in {place["y"] for _, place in taken}:
        assert sum(place["w"] for _, place in taken if place["y"] == line) == COLUMNS, f"line {line} has a gap"


@pytest.mark.parametrize("name", DASHBOARDS)
def test_each_panel_explains_itself(name: str) -> None:
    dashboard = DASHBOARDS[name]
    assert re.fullmatch(r"policywire-[a-z]+", dashboard["uid"])
    shown = panels(dashboard)
    assert len({each["title"] for each in shown}) == len(shown)
    assert len({each["id"] for each in dashboard["panels"]}) == len(dashboard["panels"])
    for panel in shown:
        assert len(panel["description"].split()) >= 6, panel["title"]
        assert panel["description"].endswith("."), panel["title"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert panel["fieldConfig"]["defaults"]["unit"]


def test_a_runbook_that_a_panel_points_to_is_there() -> None:
    links = {link["url"] for each in DASHBOARDS.values() for panel in panels(each) for link in panel["links"]}
    assert links
    missing = [url for url in links if not (ROOT / url.removeprefix("${runbooks}")).is_file()]
    assert missing == []


def test_no_two_dashboards_have_one_address() -> None:
    assert sorted(each["uid"] for each in DASHBOARDS.values()) == ["policywire-business", "policywire-operations"]


def test_grafana_is_told_where_data_and_dashboards_are() -> None:
    [source] = yaml.safe_load((PROVISIONING / "datasources" / "prometheus.yaml").read_text())["datasources"]
    assert source["url"] == "http://prometheus:9090"
    scraped = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yaml").read_text())
    assert source["jsonData"]["timeInterval"] == scraped["global"]["scrape_interval"]
    [provider] = yaml.safe_load((PROVISIONING / "dashboards" / "policywire.yaml").read_text())["providers"]
    mounts = {each["target"]: each["source"] for each in load()["services"]["grafana"]["volumes"]}
    assert mounts[provider["options"]["path"]] == str(FOLDER)
    assert mounts["/etc/grafana/provisioning"] == str(PROVISIONING)


@pytest.mark.parametrize("asked", QUERIES, ids=str)
def test_a_query_names_what_there_is(asked: Asked) -> None:
    assert faults(asked) == []


@pytest.mark.parametrize(
    ("expression", "legend", "fault"),
    [
        ("sum(policywire_lane_opened)", "", "no metric policywire_lane_opened"),
        ("policywire_end_to_end_seconds", "", "no metric policywire_end_to_end_seconds"),
        ("policywire:lag_minutes:max", "", "no metric policywire:lag_minutes:max"),
        ('policywire_lane_open{line="1"}', "", "policywire_lane_open has no line"),
        ("sum by (topic) (policywire_lane_open)", "", "nothing here has topic"),
        ("sum by (lane) (policywire_lane_lag_records)", "{{topic}}", "the legend's topic is not kept"),
    ],
)
def test_a_query_that_names_what_is_not_there_is_seen(expression: str, legend: str, fault: str) -> None:
    assert fault in faults(Asked("", "", expression, legend, over_time=True))


def test_every_metric_of_policywire_is_looked_at_somewhere() -> None:
    used = {re.sub(r"_(bucket|sum|count)$", "", name) for asked in QUERIES for name, _ in metrics_of(asked.expression)}
    assert {metric.name for metric in METRICS} - used == set()


def test_prometheus_own_parser_takes_every_query(tmp_path: Path) -> None:
    rules = [{"record": f"query:{at}", "expr": asked.plain} for at, asked in enumerate(QUERIES)]
    file = tmp_path / "queries.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    checked = subprocess.run([tool("promtool"), "check", "rules", file], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"{len(QUERIES)} rules found" in checked.stdout


@pytest.fixture(scope="module")
def watched(broker: LocalBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A Prometheus that scraped a worker while it decided two waves of events and its rules changed twice."""
    folder, prefix = tmp_path_factory.mktemp("dashboards"), "dashboards."
    asyncio.run(create_topics(broker.bootstrap_servers, prefix=prefix))
    settings = settings_for(broker.bootstrap_servers, prefix)
    own_rules = folder / "rules"
    shutil.copytree(ROOT / "rules", own_rules)
    alert = folder / "alert.yaml"
    alert.write_text(OTHER_ALERT)
    served = {"path": own_rules, "poll_s": 0.2}
    with (
        Worker(folder, broker.bootstrap_servers, prefix, rules=served) as worker,
        Prometheus(folder, [worker.address], rules=[*sorted(RULES.glob("*.yaml")), alert]) as prometheus,
    ):
        prometheus.until_scraped(worker.address)
        for wave in range(2):
            asyncio.run(send_everything(settings, wave))
            _until_seen(prometheus, f"sum(policywire_events_total) == {EVENTS * (wave + 1)}")
        policy = own_rules / "cigna" / "mm-0552" / "policy.yaml"
        text = policy.read_text()
        policy.write_text(text + "# Another content, another revision.\n")
        policy.write_text(text.replace("outcome: not_medically_necessary", "outcome: unheard_of", 1))
        _until_seen(prometheus, 'sum(increase(policywire_rulebook_reloads_total{result="refused"}[1m])) > 0')
        _until_seen(prometheus, 'count(ALERTS{alertstate="firing"})')
        yield prometheus


def _until_seen(prometheus: Prometheus, expression: str) -> None:
    prometheus.until(lambda: bool(prometheus.query(expression)), expression)


EVENTS: Final = 12
"""Of one wave."""


async def send_everything(settings: Settings, wave: int) -> None:
    """Events of every sort that a panel is about; two waves share none."""
    number, soon = wave * 100, (datetime.now(UTC).date() + timedelta(2)).isoformat()
    happened = {"occurred_at": datetime.now(UTC).isoformat()}
    members = [f"M-{number + at}" for at in range(9)]
    listed = claim(number + 1, members[1])
    claims: list[Any] = [
        claim(number, members[0]),
        listed,
        void(number + 1, members[1]),
        claim(number + 3, members[3], payer_id="00000"),
        claim(number + 4, members[4], lines=[listed["lines"][0] | {"procedure_code": "99213"}]),
        claim(number + 5, members[5], lines=[listed["lines"][0] | {"procedure_code": "20999"}]),
        (members[6].encode(), b"{"),
        (members[7].encode(), json.dumps(claim(number + 7, members[7]) | {"payer_id": 5}).encode()),
    ]
    bookings = [
        appointment(number, members[0], service_date=soon, **happened),
        appointment(number + 1, members[1], service_date=soon, **happened),
        appointment(number + 2, members[2], service_date=soon, **happened),
        agreement(number, members[2]) | happened,
    ]
    assert len(claims) + len(bookings) == EVENTS
    await publish(settings, claims)
    await publish(settings, bookings, "scheduling-events")
    await until_done(settings)


def agreement(number: int, member: str) -> dict[str, Any]:
    """A member's word to pay for a listed code."""
    today = datetime.now(UTC).date()
    return {
        "event_id": f"evt-a{number}",
        "event_type": "agreement.signed",
        "agreement_id": f"AGR-{number}",
        "member_id": member,
        "payer_id": "62308",
        "procedure_codes": ["0565T"],
        "service_date_from": today.isoformat(),
        "service_date_through": (today + timedelta(30)).isoformat(),
        "signed_at": datetime.now(UTC).isoformat(),
    }


@pytest.mark.parametrize("asked", QUERIES, ids=str)
def test_a_query_finds_data_of_a_worker(asked: Asked, watched: Prometheus) -> None:
    if asked.over_time:
        now = time.time()
        data = watched.ask("query_range", query=asked.plain, start=str(now - 120), end=str(now), step="1")
        values = [float(value) for series in data["result"] for _, value in series["values"]]
    else:
        values = [sample.value for sample in watched.query(asked.plain)]
    assert any(math.isfinite(value) for value in values), asked.plain


@pytest.mark.parametrize(
    ("panel", "holds"),
    [
        ("Workers", lambda value: value == 1),
        ("Lanes without an owner", lambda value: value == 0),
        ("Dead letters, last hour", lambda value: value >= 2),
        ("Our bugs, last day", lambda value: value == 0),
        ("Changed rules", lambda value: value == 1),
        ("Dollars at risk", lambda value: value > 0),
        ("Critical, in the next three days", lambda value: value == 4),
        ("Denials expected, last day", lambda value: value > 0),
        ("Lanes counted", lambda value: value == 1),
    ],
)
def test_a_number_at_a_glance_is_what_happened(panel: str, holds: Callable[[float], bool], watched: Prometheus) -> None:
    [asked] = [each for each in QUERIES if each.panel == panel]
    value = watched.value(asked.plain)
    assert holds(value), value
