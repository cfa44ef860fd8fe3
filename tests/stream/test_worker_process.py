"""The worker as a process: how it starts, stops and refuses; and how rules change under it."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.stream.harness import claim, publish, records_of, running, settings_for, until, until_done

from policywire.broker import LocalBroker
from policywire.errors import RulesRefused
from policywire.resources import shipped
from policywire.stream.metrics import Metrics
from policywire.stream.rulefeed import RuleFeed
from policywire.stream.rulesource import FolderSource

COMMAND = [sys.executable, "-m", "policywire", "worker", "--health-port", "0", "--group", "test"]


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("POLICYWIRE_")}
    return {**kept, "PYTHONPATH": str(Path(__file__).parents[2] / "services"), **more}


@pytest.fixture
def process(broker: LocalBroker, topics: str) -> Iterator[subprocess.Popen[str]]:
    command = [*COMMAND, "--bootstrap-servers", broker.bootstrap_servers, "--topic-prefix", topics]
    with subprocess.Popen(command, env=environment(), stderr=subprocess.PIPE, text=True) as started:
        yield started
        if started.poll() is None:
            started.kill()


def lines_until(process: subprocess.Popen[str], event: str) -> list[dict[str, object]]:
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(json.loads(line))
        if lines[-1]["event"] == event:
            return lines
    raise AssertionError(f"it ended without {event!r}: {lines}")


def test_sigterm_drains_within_ten_seconds_and_nothing_is_redone(
    process: subprocess.Popen[str], broker: LocalBroker, topics: str
) -> None:
    settings = settings_for(broker.bootstrap_servers, topics)
    lines_until(process, "lane open")
    asyncio.run(publish(settings, [claim(number, f"M-{number}") for number in range(500)]))
    asyncio.run(until_done(settings))
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    drained = lines_until(process, "drained")
    assert process.wait(10) == 0
    assert time.monotonic() - began < 10
    assert {line["level"] for line in drained} == {"info"}
    assert len(asyncio.run(records_of(settings, "determinations"))) == 500


def test_unusable_settings_end_with_2_and_the_variable() -> None:
    result = subprocess.run(COMMAND, env=environment(), capture_output=True, text=True, check=False, timeout=60)
    assert result.returncode == 2
    assert "POLICYWIRE_KAFKA__BOOTSTRAP_SERVERS" in result.stderr


def test_no_kafka_is_a_passing_fault_that_ends_with_1() -> None:
    command = [*COMMAND, "--bootstrap-servers", "127.0.0.1:1"]
    result = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False, timeout=60)
    assert result.returncode == 1
    last = json.loads(result.stderr.splitlines()[-1])
    assert (last["event"], last["kind"]) == ("worker ended", "ClusterFault")


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    return Path(shutil.copytree(shipped("rules"), tmp_path / "rules"))


def set_title(rules: Path, title: str) -> None:
    policy = rules / "cigna" / "mm-0552" / "policy.yaml"
    lines = [f"title: {title}" if line.startswith("title:") else line for line in policy.read_text().splitlines()]
    policy.write_text("\n".join(lines) + "\n")


async def test_changed_rules_are_taken_and_bad_ones_leave_the_former_in_force(
    broker: LocalBroker, topics: str, rules: Path
) -> None:
    settings = settings_for(broker.bootstrap_servers, topics, rules={"path": rules, "poll_s": 0.1})
    async with running(settings) as worker:
        feed = worker._rules
        await until(lambda: bool(worker._lanes))
        first = feed.current.revision
        await publish(settings, [claim(1, "M-1")])
        await until_done(settings)
        set_title(rules, "Stem Cell Therapy, renamed")
        await until(lambda: feed.current.revision != first)
        second = feed.current.revision
        (rules / "cigna" / "mm-0552" / "policy.yaml").write_text("document: nonsense\n")
        await until(lambda: feed.refused is not None)
        await publish(settings, [claim(2, "M-2")])
        await until_done(settings)
        metrics = worker.metrics.exposition().decode()
        ready = worker._ready()
    revisions = {
        record.document["member_id"]: record.document["rulebook_revision"]
        for record in await records_of(settings, "determinations")
    }
    assert revisions == {"M-1": first, "M-2": second}
    assert f'policywire_rulebook_info{{revision="{second}"}} 1.0' in metrics
    assert 'policywire_rulebook_reloads_total{result="refused"} 1.0' in metrics
    assert ready.details["rules_refused"]


async def test_a_worker_does_not_start_on_bad_rules(rules: Path) -> None:
    (rules / "cigna" / "mm-0552" / "policy.yaml").write_text("document: nonsense\n")
    with pytest.raises(RulesRefused):
        await RuleFeed(Metrics()).start(FolderSource(rules, 1))
