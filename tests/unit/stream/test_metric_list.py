"""The list of metrics, the code that fills them, what a worker shows and the page say the same."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from prometheus_client import Counter, Gauge
from prometheus_client.metrics import MetricWrapperBase

from policywire.cli import main
from policywire.model.rejection import ErrorCode
from policywire.stream import metric_list
from policywire.stream.metric_list import ALL, FOREIGN, METRICS, Metric
from policywire.stream.metrics import Metrics

ROOT = Path(__file__).parents[3]
SOURCES = {each: each.read_text() for each in sorted((ROOT / "services").rglob("*.py"))}
MAY_MAKE = {"metrics.py", "lane_view.py"}
"""The modules that may know Prometheus' library."""


def shown_of(metrics: Metrics) -> dict[str, tuple[str, str]]:
    """Type and text of every family that a scrape gives, by the name that is queried."""
    return {
        family.name + ("_total" if family.type == "counter" else ""): (family.type, family.documentation)
        for family in metrics.registry.collect()
    }


def labels_of(metrics: Metrics) -> dict[str, tuple[str, ...]]:
    """The labels of every metric that is an attribute, by the attribute."""
    return {
        attribute: tuple(ALL[name_of(made)].labels)
        for attribute, made in vars(metrics).items()
        if isinstance(made, MetricWrapperBase)
    }


def name_of(made: MetricWrapperBase) -> str:
    (family,) = made.describe()
    return str(family.name) + ("_total" if isinstance(made, Counter) else "")


def wrong_labels(source: str, labels: dict[str, tuple[str, ...]]) -> Iterator[str]:
    """Every ``.labels(...)`` that is not given each label of its metric by name."""
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "labels"):
            continue
        made = node.func.value
        if not isinstance(made, ast.Attribute) or made.attr not in labels:
            yield f"not an attribute of Metrics: {ast.unparse(node)}"
        elif node.args or [each.arg for each in node.keywords] != list(labels[made.attr]):
            yield f"labels are {labels[made.attr]}: {ast.unparse(node)}"


def knows_prometheus(source: str) -> bool:
    imported = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Import | ast.ImportFrom))
    return any("prometheus_client" in ast.unparse(node) for node in imported)


def test_a_worker_shows_what_is_listed_and_nothing_else() -> None:
    assert shown_of(Metrics()).keys() == ALL.keys()


def test_it_shows_them_with_the_type_and_the_words_of_the_list() -> None:
    shown = shown_of(Metrics())
    assert {each.name: shown[each.name] for each in METRICS} == {each.name: (each.kind, each.text) for each in METRICS}
    assert {each.name: shown[each.name][0] for each in FOREIGN} == {each.name: each.kind for each in FOREIGN}


def test_every_sample_has_the_labels_of_the_list() -> None:
    metrics = Metrics()
    for made in vars(metrics).values():
        if isinstance(made, MetricWrapperBase) and made._labelnames:
            made.labels(*made._labelnames)
    for family in metrics.registry.collect():
        listed = ALL[family.name + ("_total" if family.type == "counter" else "")]
        for sample in family.samples:
            assert sample.labels.keys() - {"le"} == listed.labels.keys() or listed in FOREIGN, sample.name
            assert "_created" not in sample.name


def test_every_metric_is_made_from_the_list_in_one_place() -> None:
    assert {path.name for path, source in SOURCES.items() if knows_prometheus(source)} == MAY_MAKE
    assert knows_prometheus("def f():\n    from prometheus_client import Gauge")


def test_every_use_names_each_label() -> None:
    labels = labels_of(Metrics())
    found = {str(path.relative_to(ROOT)): list(wrong_labels(source, labels)) for path, source in SOURCES.items()}
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize(
    "use",
    [
        "metrics.alerts.labels('a', 'b', 'c')",
        "metrics.alerts.labels(severity=s, kind=k, status=t)",
        "metrics.alerts.labels(kind=k, severity=s)",
        "metrics.alerts.labels(kind=k, severity=s, status=t, member=m)",
        "gauge.labels(lane='1')",
        "metrics.members.labels(lane='1')",
    ],
)
def test_a_use_of_other_labels_is_seen(use: str) -> None:
    assert list(wrong_labels(use, labels_of(Metrics())))


def test_a_metric_that_is_not_listed_cannot_be_made() -> None:
    with pytest.raises(KeyError):
        Metrics()._make(Gauge, "members")


def test_no_two_metrics_of_the_list_have_one_name() -> None:
    assert len(ALL) == len(METRICS) + len(FOREIGN)


@pytest.mark.parametrize("metric", METRICS, ids=lambda each: each.name)
def test_names_follow_prometheus_customs(metric: Metric) -> None:
    assert metric.name.startswith("policywire_")
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    assert bool(metric.buckets) == (metric.kind == "histogram")
    assert list(metric.buckets) == sorted(set(metric.buckets))
    assert metric.labels.keys().isdisjoint({"member", "member_id", "claim", "claim_id", "npi", "date", "day", "le"})
    if metric.unit in {"seconds", "dollars", "bytes"}:
        assert metric.unit in metric.name


def test_what_may_come_only_now_and_then_is_there_from_the_start() -> None:
    shown = Metrics().exposition().decode()
    expected = [
        *(f'policywire_dead_letters_total{{code="{each.value}"}} 0.0' for each in ErrorCode),
        *(f'policywire_agreements_total{{event_type="{each}"}} 0.0' for each in metric_list.AGREEMENT_EVENTS),
        *(f'policywire_listed_lines_without_total{{fact="{each}"}} 0.0' for each in metric_list.FACTS),
        'policywire_rulebook_reloads_total{result="refused"} 0.0',
        "policywire_kafka_unanswered_total 0.0",
    ]
    assert [line for line in expected if line not in shown] == []


def test_what_runs_here_is_said() -> None:
    assert 'policywire_build_info{runner="faust"' in Metrics("faust").exposition().decode()


def test_a_revision_takes_the_place_of_the_one_before() -> None:
    metrics = Metrics()
    for revision, policies in (("sha256:1", 3), ("sha256:1", 3), ("sha256:2", 4)):
        metrics.rulebook_in_force(revision, policies)
    shown = metrics.exposition().decode()
    assert [line for line in shown.splitlines() if line.startswith("policywire_rulebook_info")] == [
        'policywire_rulebook_info{revision="sha256:2"} 1.0'
    ]
    assert "policywire_rulebook_policies 4.0" in shown


def test_the_page_is_what_the_command_prints() -> None:
    printed = CliRunner().invoke(main, ["metrics"], catch_exceptions=False)
    assert printed.exit_code == 0
    assert (ROOT / "deploy" / "metrics.md").read_text() == printed.output, "run: policywire metrics > deploy/metrics.md"
    assert all(f"| `{name}` |" in printed.output for name in ALL)
