"""The rules of ``deploy/prometheus/`` are sound, tested near their bounds, explained, and lead to a page that helps."""

import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest
import yaml
from tests.operations.alert_rules import (
    FOLDER,
    RULES,
    UNIT_TESTS,
    AlertRule,
    alert_rules,
    expressions,
    mutants,
    seconds,
    shortened,
    unit_tests,
    unit_tests_of,
)
from tests.operations.prometheus import JOB, ROOT, tool

from policywire.stream.metric_list import ALL

RUNBOOKS = "{{ $externalLabels.runbooks }}"
ALERTS = alert_rules()
SEVERITIES = {"critical", "warning"}
GIVEN_BY_SCRAPING = {"namespace", "instance", "job"}
ENDS = {"counter": ("",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}
SERIES = {name + end: metric.labels for name, metric in ALL.items() for end in ENDS[metric.kind]}
TEAMS = {"operations", "integration", "policies", "compliance"}


def promtool(*arguments: object, folder: Path = FOLDER) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [tool("promtool"), *map(str, arguments)], cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )


def named(rule: AlertRule) -> str:
    return rule.name


def test_prometheus_takes_its_settings_and_every_rules_file() -> None:
    result = promtool("check", "config", "prometheus.yaml")
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"{len(RULES)} rule files found" in result.stdout
    assert result.stdout.count("rules found") == len(RULES)


def test_the_job_is_the_one_that_rules_ask_for() -> None:
    [job] = yaml.safe_load((FOLDER / "prometheus.yaml").read_text())["scrape_configs"]
    assert job["job_name"] == JOB
    assert set(re.findall(r'job="([^"]+)"', "\n".join(expressions()))) == {JOB}


def test_a_broken_rule_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text(RULES[0].read_text().replace("sum by", "sum bye", 1))
    assert broken.read_text() != RULES[0].read_text()
    assert promtool("check", "rules", broken).returncode != 0


@pytest.mark.parametrize("file", UNIT_TESTS, ids=lambda file: file.stem)
def test_the_unit_tests_of_the_rules_hold(file: Path) -> None:
    result = promtool("test", "rules", file)
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_alert_has_a_unit_test_in_which_it_fires_and_one_in_which_it_is_quiet() -> None:
    asked = Counter(unit_tests())
    wanted = {(rule.name, fires) for rule in ALERTS for fires in (True, False)}
    assert wanted == set(asked)


@pytest.mark.parametrize("rule", ALERTS, ids=named)
def test_a_wrong_number_in_an_alert_is_noticed_by_its_unit_tests(rule: AlertRule, tmp_path: Path) -> None:
    shutil.copytree(FOLDER / "rules", tmp_path / "rules")
    tests = dict(unit_tests_of(rule))
    for name, content in tests.items():
        (tmp_path / name).write_text(yaml.safe_dump(content))
    assert promtool("test", "rules", *tests, folder=tmp_path).returncode == 0
    unnoticed = []
    for change, text in mutants(rule):
        (tmp_path / "rules" / rule.file.name).write_text(text)
        if promtool("test", "rules", *tests, folder=tmp_path).returncode == 0:
            unnoticed.append(change)
    assert unnoticed == []


def test_an_alert_has_a_name_of_its_own_and_closed_labels() -> None:
    assert Counter(rule.name for rule in ALERTS).most_common(1)[0][1] == 1
    for rule in ALERTS:
        assert rule.name.startswith("Policywire"), rule.name
        assert set(rule.labels) == {"severity", "team"}, rule.name
        assert rule.labels["severity"] in SEVERITIES, rule.name
        assert rule.labels["team"] in TEAMS, rule.name


def test_how_long_an_alert_must_hold_is_said_with_a_reason() -> None:
    for rule in ALERTS:
        lines = rule.file.read_text().splitlines()
        begin = lines.index(f"      - alert: {rule.name}")
        at = next(number for number in range(begin, len(lines)) if lines[number].startswith("        for: "))
        assert lines[at - 1].startswith("        # "), f"{rule.name}: no reason above its for"
        assert rule.lasts, rule.name


def test_an_alert_says_what_is_the_matter_and_where_to_read_on() -> None:
    for rule in ALERTS:
        assert set(rule.annotations) == {"summary", "description", "runbook_url"}, rule.name
        address = rule.annotations["runbook_url"]
        page, _, anchor = address.removeprefix(RUNBOOKS).partition("#")
        assert address.startswith(RUNBOOKS), rule.name
        assert anchor == rule.name.lower(), rule.name
        assert (ROOT / page).is_file(), f"{rule.name}: {page} is not there"


def test_rules_ask_for_metrics_and_labels_that_there_are() -> None:
    recorded = set(re.findall(r"- record: (\S+)", "".join(file.read_text() for file in RULES)))
    text = "\n".join(expressions())
    asked = set(re.findall(r"(?<![\w:\"])(?:policywire[:_]|process_|python_)[a-z0-9_:]+", re.sub(r'"[^"]*"', "", text)))
    assert len(asked) > len(ALERTS)
    assert asked - recorded - set(SERIES) == set()
    assert recorded <= asked, "a recording rule that nothing uses"
    for name, matchers in re.findall(r"(policywire_\w+)\{([^}]*)\}", text):
        assert set(re.findall(r"(\w+)=", matchers)) <= set(SERIES[name]), f"{name}{{{matchers}}}"
    grouped = {label for labels in re.findall(r"\b(?:by|on) \(([^)]*)\)", text) for label in re.findall(r"\w+", labels)}
    assert grouped <= GIVEN_BY_SCRAPING | {"le"} | {label for labels in SERIES.values() for label in labels}


def test_shortened_rules_differ_in_durations_only() -> None:
    for file in RULES:
        text, short = file.read_text(), shortened(file.read_text())
        pattern = re.compile(r"\d+(?:ms|[smhd])\b")
        assert pattern.sub("", short) == pattern.sub("", text)
    assert shortened("x[1d] offset 1h\n  for: 15m\n") == "x[24000ms] offset 24000ms\n  for: 4000ms\n"
    assert shortened("  for: 0s\n  for: 2m\nrate(x[5m])") == "  for: 0s\n  for: 2000ms\nrate(x[10000ms])"
    assert seconds("1m30s") == 90
