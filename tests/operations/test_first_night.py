"""Every path of ``deploy/runbooks/first-night-on-call.md``, walked on a running system by the page's own lines.

Each test causes a fault, sees the alert fire, runs what the page says, mends as it says, and sees the alert go. Where
the page speaks of what runs the workers and Kafka, the test takes its part.
"""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from tests.chaos.harness import BROKER
from tests.operations.alert_rules import alert_rules, shortened_rules
from tests.operations.prometheus import ROOT, Prometheus, tool
from tests.operations.runbook_page import Section, Terminal, assert_alike, blocks_of
from tests.operations.workers import Worker
from tests.stream.harness import claim, publish, records_of, settings_for, until_done

from policywire.broker import LocalBroker
from policywire.resources import shipped
from policywire.stream.partitioning import partition_of
from policywire.stream.settings import Settings
from policywire.stream.topic_admin import create_topics

PAGE = ROOT / "deploy" / "runbooks" / "first-night-on-call.md"
LANES = 4
UNUSABLE = 2
"""The status of a worker that somebody must look at."""
HITS = 60_000
"""So many denied claims keep a worker that gets little of a core busy for half a minute."""
HELD_S, LET_S = 0.4, 0.1
"""How long such a worker waits and works in turn: far less than would cost it its place in the group or a scrape."""
FAST_FOR_LAG = ("policywire:lag_seconds:max > 60", "policywire:lag_seconds:max > 1")
"""A minute's lag would take a minute: the one threshold that is not the page's own."""


class System:
    """Prometheus, workers and the terminal of a walk.

    Args:
        folder: for everything.
        broker: Kafka.
        prefix: of its topics.
        prometheus: scrapes what is added.
    """

    def __init__(self, folder: Path, broker: LocalBroker, prefix: str, prometheus: Prometheus) -> None:
        self.settings: Settings = settings_for(broker.bootstrap_servers, prefix)
        self.prometheus = prometheus
        self._folder = folder
        self._workers: list[Worker] = []

    def worker(self, **settings: dict[str, Any]) -> Worker:
        """A worker that is scraped, not started yet."""
        kafka = self.settings.kafka
        name = f"worker-{len(self._workers)}"
        worker = Worker(self._folder, kafka.bootstrap_servers, kafka.topic_prefix, name=name, **settings)
        self._workers.append(worker)
        self.scrape(*self._workers)
        return worker

    def scrape(self, *workers: Worker) -> None:
        """Let Prometheus ask these workers, and no others."""
        self._workers = list(workers)
        self.prometheus.scrape([worker.address for worker in workers])

    @contextmanager
    def section(self, heading: str, worker: Worker, **variables: str) -> Iterator[Section]:
        """A section of the page, in a terminal that is set up as the page's beginning says; walked to its end."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("POLICYWIRE_")}
        kafka = self.settings.kafka
        environment = kept | {
            "PATH": os.pathsep.join(
                [str(Path(sys.executable).parent), str(Path(tool("promtool")).parent), kept["PATH"]]
            ),
            "PYTHONPATH": str(ROOT / "services"),
            "PROMETHEUS": self.prometheus.url,
            "WORKER": f"http://{worker.address}",
            "POLICYWIRE_KAFKA__BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
            "POLICYWIRE_KAFKA__TOPIC_PREFIX": kafka.topic_prefix,
            "POLICYWIRE_KAFKA__GROUP": kafka.group,
            **variables,
        }
        with Terminal(self._folder, environment) as terminal:
            section = Section(PAGE, heading, terminal)
            yield section
            section.assert_walked()

    def send(self, events: list[Any]) -> None:
        """Publish to claim-events."""
        asyncio.run(publish(self.settings, events))

    def wait_until_done(self) -> None:
        """Wait until all that was published is committed."""
        asyncio.run(until_done(self.settings))

    def count(self, topic: str) -> int:
        """How many records a topic has."""
        return len(asyncio.run(records_of(self.settings, topic)))

    def until_lanes_open(self, lanes: int = LANES) -> None:
        """Wait until Prometheus sees so many lanes open."""
        query = "sum(policywire_lane_open)"
        self.prometheus.until(lambda: self.prometheus.value(query) == lanes, f"{lanes} lanes are open")


Begin = Callable[[LocalBroker], System]


@pytest.fixture
def system(broker: LocalBroker, topics: str, tmp_path: Path) -> Iterator[System]:
    with _prometheus(tmp_path) as prometheus:
        yield System(tmp_path, broker, topics, prometheus)


def _prometheus(folder: Path) -> Prometheus:
    seen: list[bool] = []

    def nearer(text: str) -> str:
        seen.append(FAST_FOR_LAG[0] in text)
        return text.replace(*FAST_FOR_LAG)

    rules = shortened_rules(folder / "rules-of-prometheus", nearer)
    assert any(seen), "the lag's threshold is another one now"
    return Prometheus(folder, rules=rules)


def test_every_alert_that_the_page_names_exists_and_every_link_leads_somewhere() -> None:
    text = PAGE.read_text()
    words = {word.strip(".,:;|") for word in text.split()}
    named = {word for word in words if word.startswith("Policywire")}
    assert len(named) > 10
    assert named <= {rule.name for rule in alert_rules()}
    anchors = {line[3:].lower().replace(" ", "-") for line in text.splitlines() if line.startswith("## ")}
    links = {part.partition(")")[0] for part in text.split("](")[1:]}
    assert {link[1:] for link in links if link.startswith("#")} <= anchors
    files = {link.partition("#")[0] for link in links if not link.startswith("#")}
    assert [file for file in files if not (PAGE.parent / file).is_file()] == []


def test_every_panel_that_the_page_names_is_on_the_dashboard() -> None:
    dashboard = json.loads((ROOT / "deploy" / "grafana" / "operations.json").read_text())
    shown = {panel["title"] for panel in dashboard["panels"]}
    named = {name for part in re.findall(r"panels? (\*[^;:.)]+)", PAGE.read_text()) for name in part.split("*")[1::2]}
    assert len(named) > 5
    assert named <= shown
    assert f"*{dashboard['title']}*" in PAGE.read_text()


def test_a_page_that_is_not_true_is_noticed() -> None:
    blocks = list(blocks_of("1. See\n   ```bash\n   echo 7 lanes\n   ```\n   ```text\n   ... lanes\n   ```\n"))
    assert [(block.kind, block.text) for block in blocks] == [("bash", "echo 7 lanes\n"), ("text", "... lanes\n")]
    assert_alike("... lanes\n", "7 lanes\n")
    with pytest.raises(AssertionError, match="the page shows"):
        assert_alike("... lanes\n", "7 workers\n")


@contextmanager
def starved(worker: Worker) -> Iterator[None]:
    """A worker whose machine is busy with something else: how fast it is says nothing of how fast a lag is gone."""
    over = Event()

    def hold_and_let() -> None:
        while not over.wait(LET_S):
            worker.hold()
            over.wait(HELD_S)
            worker.release()

    neighbour = Thread(target=hold_and_let)
    neighbour.start()
    try:
        yield
    finally:
        over.set()
        neighbour.join()


def test_lag(system: System) -> None:
    system.send([claim(number, f"M-{number}") for number in range(HITS)])
    with system.worker() as worker:
        with starved(worker):
            system.prometheus.until_firing("PolicywireLagHigh")
        with system.section("Lag", worker) as page:
            page.run()
            page.run()
            page.run()
            with system.worker() as second:
                system.prometheus.until_scraped(second.address)
                system.prometheus.until_over("PolicywireLagHigh")
                system.wait_until_done()
                system.until_lanes_open()
                page.run()
                assert second.stop() == 0
    assert system.count("determinations") == HITS


def test_dead_letters(system: System) -> None:
    bad = [claim(number, "M-1") for number in range(1_000, 1_030)]
    for event in bad:
        event["lines"][0]["charge_amount"] = "$4200"
    with system.worker(dead_letters={"events_min": 50, "window_s": 20}) as worker:
        system.send([claim(number, "M-1") for number in range(300)])
        system.wait_until_done()
        system.prometheus.until_scraped(worker.address)
        system.send(bad)
        alert = system.prometheus.until_firing("PolicywireDeadLetters")
        assert "dead-letters.md" in alert.annotations["runbook_url"]
        with system.section("Dead letters", worker) as page:
            for _ in range(4):
                page.run()
            system.wait_until_done()
            assert system.count("determinations") == 301
            system.prometheus.until_over("PolicywireDeadLetters")
            assert "29 dead letters in all" in page.run()


def test_a_flood_of_dead_letters(system: System) -> None:
    member = next(f"M-{number}" for number in range(100) if partition_of(f"M-{number}".encode(), LANES) == 1)
    guard = {"events_min": 50}
    worker = system.worker(dead_letters=guard)
    system.send([claim(number, member) for number in range(20)])
    with worker:
        system.wait_until_done()
        system.until_lanes_open()
        system.send([(member.encode(), b"broken")] * 100)
        for _ in range(2):  # what runs the workers starts them again, and then waits longer each time
            assert worker.process.wait(60) == UNUSABLE
            worker.start()
        assert worker.process.wait(60) == UNUSABLE
        system.prometheus.until_firing("PolicywireLanesWithoutOwner")
        assert system.count("dead-letters") == 0
        with system.section("A flood of dead letters", worker) as page:
            page.shows(worker.log.read_text().splitlines()[-1])
            system.scrape()
            with system.worker(dead_letters=guard | {"share_max": 1}) as without_guard:
                system.wait_until_done()
                lagging = "sum(policywire_lane_lag_records)"
                system.prometheus.until(lambda: system.prometheus.value(lagging) == 0, "nothing lags")
                assert "100 dead letters in all" in page.run()
                assert without_guard.stop() == 0
            system.scrape(worker)
            worker.start()
            worker.until_ready()
            system.send([(member.encode(), b"broken")])
            system.wait_until_done()
            system.until_lanes_open()
            page.run()
            system.prometheus.until_over("PolicywireLanesWithoutOwner")
            assert worker.process.poll() is None


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """The shipped rules in a repository, as a site keeps them."""
    folder = Path(shutil.copytree(shipped("rules"), tmp_path / "site" / "rules"))
    _git(folder, "init", "--quiet")
    _commit(folder, "The rules")
    return folder


def _commit(folder: Path, message: str) -> None:
    _git(folder, "add", ".")
    _git(folder, "commit", "--quiet", "-m", message)


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, env=os.environ | WHO)


WHO = {f"GIT_{role}_{what}": "ann@practice.example" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


def test_a_bad_rulebook(system: System, rules: Path) -> None:
    with system.worker(rules={"path": rules, "poll_s": 0.5}) as worker:
        policy = rules / "cigna" / "mm-0552" / "policy.yaml"
        policy.write_text(policy.read_text().replace("effective_from:", "effective_form:", 1))
        _commit(rules, "A slip of the pen")
        system.prometheus.until_firing("PolicywireRulesRefused")
        with system.section("A bad rulebook", worker, RULES=str(rules), **WHO) as page:
            page.run()
            page.run()
            page.run()
            system.prometheus.until_over("PolicywireRulesRefused")
            page.run()
        assert worker.process.poll() is None


def test_a_stuck_lane(system: System, tmp_path: Path) -> None:
    fault = tmp_path / "fault"
    fault.write_text("")
    worker = system.worker()
    worker.command = ("tests.operations.faulty_worker", str(fault))
    with worker:
        fault.write_text("stuck")
        system.send([claim(number, f"M-{number}") for number in range(100)])
        system.prometheus.until_firing("PolicywireLaneStuck")
        with system.section("A stuck lane", worker, WORKER_PID=str(worker.process.pid)) as page:
            page.run()
            page.run()
            assert worker.process.wait(10) == -9
            fault.write_text("")
            worker.start()  # by what runs the workers
            worker.until_ready()
            system.prometheus.until_over("PolicywireLaneStuck")
            system.until_lanes_open()
            page.run()
        system.wait_until_done()
    assert system.count("determinations") == 100


def test_a_frozen_worker(system: System) -> None:
    with system.worker() as worker, system.worker() as frozen:
        each = [worker, frozen]
        system.prometheus.until(lambda: [len(one.ready()["lanes"]) for one in each] == [2, 2], "lanes are shared")
        system.until_lanes_open()
        frozen.hold()
        system.prometheus.until_firing("PolicywireWorkerDown")
        system.send([claim(number, f"M-{number}") for number in range(100)])
        with system.section("A frozen worker", frozen, WORKER_PID=str(frozen.process.pid)) as page:
            page.run()
            page.run()
            page.run()
            assert frozen.process.wait(10) == -9
            frozen.start()  # by what runs the workers
            frozen.until_ready()
            system.prometheus.until_over("PolicywireWorkerDown")
            system.prometheus.until_over("PolicywireLanesWithoutOwner")
            page.run()
        system.wait_until_done()
    assert system.count("determinations") == 100


def test_a_lost_broker(tmp_path: Path) -> None:
    with LocalBroker(properties=BROKER) as broker, _prometheus(tmp_path) as prometheus:
        asyncio.run(create_topics(broker.bootstrap_servers))
        system = System(tmp_path, broker, "", prometheus)
        with system.worker() as worker:
            system.send([claim(1)])
            system.wait_until_done()
            broker.kill()
            prometheus.until_firing("PolicywireKafkaUnanswered")
            with system.section("A lost broker", worker) as page:
                page.run()
                broker.start()
                if worker.process.poll() is not None:  # by what runs the workers
                    worker.start()
                worker.until_ready()
                prometheus.until_over("PolicywireKafkaUnanswered")
                system.until_lanes_open()
                page.run()
            system.send([claim(2)])
            system.wait_until_done()
        assert system.count("determinations") == 2
