"""Nothing of an event is in a log, a metric, a header, a traceback or an error's words, whatever goes wrong with it."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import psutil
import pytest
from tests.security import canaries
from tests.security.canaries import BUG, CRASH, EVENT, Message, found
from tests.security.secured import SecuredBroker
from tests.security.workers import ROOT, command, environment
from tests.stream.harness import publish, records_of, settings_for, until_done

from policywire.broker.properties import free_ports

TOPICS = {"claim-events": canaries.claim, "scheduling-events": canaries.appointment}
NEVER = {"share_max": 1.0}
"""Of the flood guard: nearly everything is a dead letter here."""


class Observed:
    """A worker with planted mistakes, and all that it lets out of itself."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path, port: int) -> None:
        self.process = process
        self._log = log
        self._port = port

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def page(self, name: str) -> str:
        try:
            with urlopen(f"http://127.0.0.1:{self._port}/{name}", timeout=10) as answer:
                return str(answer.read().decode())
        except HTTPError as error:
            return error.read().decode()


@contextmanager
def observed(secured: SecuredBroker, prefix: str, folder: Path, leak: str, guard: Any) -> Iterator[Observed]:
    log, port = folder / "worker.log", free_ports().client
    groups: dict[str, Any] = {"health": {"port": port}, "logs": {"level": "debug"}, "dead_letters": guard}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.security.planted_worker", leak],
            env=environment(prefix, {"bootstrap_servers": secured.admin}, **groups) | {"PYTHONPATH": python_path()},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        yield Observed(process, log, port)
    finally:
        process.kill()
        process.wait()


def python_path() -> str:
    return f"{ROOT}:{ROOT / 'services'}"


def with_bugs(topic: str) -> list[Message]:
    event = TOPICS[topic](event_id=f"{EVENT}-{BUG}")
    return [*canaries.messages(TOPICS[topic]()), keyed(event)]


async def fed(secured: SecuredBroker, prefix: str, of_topic: dict[str, Sequence[Message]]) -> None:
    settings = settings_for(secured.admin, prefix)
    for topic, records in of_topic.items():
        await publish(settings, list(records), topic)


def header_text(secured: SecuredBroker, prefix: str) -> str:
    letters = asyncio.run(records_of(settings_for(secured.admin, prefix), "dead-letters"))
    assert letters
    return "\n".join(f"{name}: {value.decode()}" for letter in letters for name, value in letter.headers.items())


def let_out(secured: SecuredBroker, prefix: str, folder: Path, leak: str) -> dict[str, str]:
    """Everything that leaves a worker and the commands for operators, after every kind of event and a crash."""
    where = {"bootstrap_servers": secured.admin}
    asyncio.run(fed(secured, prefix, {topic: with_bugs(topic) for topic in TOPICS}))
    with observed(secured, prefix, folder, leak, NEVER) as worker:
        asyncio.run(until_done(settings_for(secured.admin, prefix)))
        seen = {name: worker.page(name) for name in ("metrics", "livez", "readyz")}
        crash = canaries.claim(event_id=f"{EVENT}-{CRASH}")
        asyncio.run(fed(secured, prefix, {"claim-events": [keyed(crash)]}))
        assert worker.process.wait(60) == 1
        seen["log"] = worker.log
    seen["headers"] = header_text(secured, prefix)
    for name, arguments in {
        "count": ["count"],
        "list": ["list"],
        "list as JSON": ["list", "--json"],
        "show": ["show", f"{prefix}claim-events-0-1"],
        "redrive of nothing": ["redrive", f"{prefix}claim-events-0-0", "--yes"],
    }.items():
        run = command(prefix, where, "dead-letters", *arguments)
        seen[name] = run.stdout + run.stderr
    return seen


def keyed(event: dict[str, Any]) -> Message:
    return str(event["member_id"]).encode(), json.dumps(event).encode()


def test_nothing_of_an_event_leaves_a_worker_but_by_its_topics(
    secured: SecuredBroker, topics: str, tmp_path: Path
) -> None:
    seen = let_out(secured, topics, tmp_path, "none")
    assert {name: found(text) for name, text in seen.items() if found(text)} == {}
    assert "an event could not be processed" in seen["log"]
    assert "worker ended by a bug" in seen["log"]
    assert "Traceback" not in seen["log"]
    assert 'code="processing_error"' in seen["metrics"]
    codes = {line.partition(": ")[2] for line in seen["headers"].splitlines() if line.startswith("error_code")}
    assert codes >= {"processing_error", "clock_ahead"}
    assert len(codes) >= 6, codes
    records = asyncio.run(records_of(settings_for(secured.admin, topics), "determinations"))
    assert found(str([record.value for record in records])) >= {canaries.MEMBER}, "good events were decided"


@pytest.mark.parametrize(
    ("leak", "where"), [("log", "log"), ("trace", "log"), ("header", "headers"), ("metric", "metrics")]
)
def test_a_planted_leak_is_found(leak: str, where: str, secured: SecuredBroker, topics: str, tmp_path: Path) -> None:
    seen = let_out(secured, topics, tmp_path, leak)
    assert canaries.MEMBER in found(seen[where])


def test_a_flood_of_bad_events_is_told_without_one_of_them(secured: SecuredBroker, topics: str, tmp_path: Path) -> None:
    asyncio.run(fed(secured, topics, {"claim-events": with_bugs("claim-events")}))
    with observed(secured, topics, tmp_path, "none", {"events_min": 5}) as worker:
        assert worker.process.wait(60) == 2
        said = worker.log
    assert "would be dead letters" in said
    assert found(said) == set()


@pytest.mark.parametrize("topic", TOPICS)
def test_commands_that_judge_events_do_not_repeat_them(topic: str, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    values = [value for _, value in canaries.messages(TOPICS[topic]()) if value is not None]
    file.write_bytes(b"\n".join(values[1:]) + b"\n")
    validated = command("", {}, "validate", str(file))
    assert validated.returncode == 1, validated.stderr
    assert found(validated.stdout + validated.stderr) == set()
    replayed = command("", {}, "replay", str(file))
    assert replayed.returncode == 0, replayed.stderr
    assert found(replayed.stderr) == set()
    records = [json.loads(line) for line in replayed.stdout.splitlines()]
    letters = [record for record in records if record["topic"] == "dead-letters"]
    assert len(letters) > 10
    assert found(json.dumps([record | {"key": None} for record in letters])) == set()


def test_a_date_is_found_however_it_is_written() -> None:
    assert found("on 19930817 and m-canary-5c02e8") == {canaries.DATE, canaries.MEMBER}
    assert found("nothing 1993 08 17") == set()


def test_health_and_metrics_are_for_this_machine_alone(secured: SecuredBroker, topics: str, tmp_path: Path) -> None:
    with observed(secured, topics, tmp_path, "none", NEVER) as worker:
        deadline = time.monotonic() + 30
        while not (listening := listening_addresses(worker.process.pid)):
            assert time.monotonic() < deadline, worker.log
            time.sleep(0.1)
        time.sleep(1)
        assert {address for address, _ in listening_addresses(worker.process.pid)} == {"127.0.0.1"}, listening


def listening_addresses(pid: int) -> set[tuple[str, int]]:
    connections = psutil.Process(pid).net_connections(kind="inet")
    return {(each.laddr.ip, each.laddr.port) for each in connections if each.status == psutil.CONN_LISTEN}
