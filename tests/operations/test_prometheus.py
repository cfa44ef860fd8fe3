"""The Prometheus of these tests is a real one, and says when it or a tool is missing."""

from pathlib import Path

import pytest
from tests.operations.prometheus import Prometheus, ToolMissing, tool
from tests.operations.workers import Worker

from policywire.broker import LocalBroker

RULE = """
groups:
  - name: itself
    rules:
      - alert: Scraped
        expr: up == 1
"""


def test_it_scrapes_evaluates_rules_and_forgets_a_target_that_is_gone(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULE)
    with Prometheus(tmp_path, rules=[rules]) as prometheus:
        assert prometheus.alerts() == []
        address = prometheus.url.removeprefix("http://")
        prometheus.scrape([address])
        prometheus.until_scraped(address)
        assert prometheus.until_firing("Scraped").labels["instance"] == address
        assert prometheus.value("sum(up)") == 1
        prometheus.scrape([])
        prometheus.until_over("Scraped")


def test_a_missing_tool_fails_with_where_it_comes_from() -> None:
    with pytest.raises(ToolMissing, match="make tools"):
        tool("no-such-tool")


def test_a_worker_process_is_scraped(broker: LocalBroker, topics: str, tmp_path: Path) -> None:
    with (
        Worker(tmp_path, broker.bootstrap_servers, topics) as worker,
        Prometheus(tmp_path, [worker.address]) as prometheus,
    ):
        prometheus.until_scraped(worker.address)
        lanes = len(worker.ready()["lanes"])
        prometheus.until(lambda: prometheus.value("sum(policywire_lane_open)") == lanes, "every lane is open")
        worker.kill()
        prometheus.until(lambda: prometheus.value("sum(up)") == 0, "the dead worker is seen")
        worker.start()
        worker.until_ready()
        prometheus.until(lambda: prometheus.value("sum(up)") == 1, "the new worker is seen")
        assert worker.stop() == 0
