"""Where alerts are made to fire: Prometheus with the shortened rules, workers with faults, and what is sent to them."""

import asyncio
import contextlib
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

from aiokafka import AIOKafkaProducer
from tests.operations.prometheus import Prometheus
from tests.operations.workers import Worker
from tests.stream.harness import claim, publish

from policywire.resources import shipped
from policywire.stream.settings import Settings

LANES = 4


class Stage:
    """One test's Prometheus, topics and folder.

    Attributes:
        prometheus: with the shortened rules.
        settings: of whoever publishes; the workers' are their own.
        folder: of the test.
        fault: the file that faulty workers obey.
    """

    def __init__(self, prometheus: Prometheus, settings: Settings, folder: Path) -> None:
        self.prometheus = prometheus
        self.settings = settings
        self.folder = folder
        self.fault = folder / "fault"
        self.fault.write_text("")

    def worker(self, name: str = "worker", **settings: dict[str, Any]) -> Worker:
        """A worker, not yet started."""
        kafka = self.settings.kafka
        return Worker(self.folder, kafka.bootstrap_servers, kafka.topic_prefix, name=name, **settings)

    def faulty_worker(self, *planted: str, **settings: dict[str, Any]) -> Worker:
        """The same, with the faults of ``faulty_worker.py``."""
        worker = self.worker("faulty", **settings)
        worker.command = ("tests.operations.faulty_worker", str(self.fault), *planted)
        return worker

    @contextlib.contextmanager
    def scraped(self, *workers: Worker) -> Iterator[None]:
        """While workers run and are scraped; at first nothing is the matter with them."""
        with contextlib.ExitStack() as running:
            for worker in workers:
                running.enter_context(worker)
            self.prometheus.scrape([worker.address for worker in workers])
            for worker in workers:
                self.prometheus.until_scraped(worker.address)
            self.prometheus.until(lambda: not self.prometheus.alerts(), "nothing is the matter")
            yield

    def send(self, events: Sequence[Any], topic: str = "claim-events") -> None:
        """Publish events, or pairs of key and value."""
        asyncio.run(publish(self.settings, events, topic))

    async def send_backlog(self, count: int, age: timedelta) -> None:
        """Publish events to every lane, of which each fills a batch, as if they had been waiting for some time."""
        at = int((datetime.now(UTC) - age).timestamp() * 1000)
        servers = self.settings.kafka.bootstrap_servers
        async with AIOKafkaProducer(bootstrap_servers=servers, acks="all", max_request_size=1_000_000) as sender:
            for number in range(count * LANES):
                event = claim(number, f"M-{number}", comment="x" * 100_000)
                key, value = event["member_id"].encode(), json.dumps(event).encode()
                await sender.send(self.settings.topic("claim-events"), value, key=key, timestamp_ms=at)

    def firing(self, name: str) -> str:
        """Wait for an alert to fire; its summary. Its texts must have all their values."""
        alert = self.prometheus.until_firing(name)
        text = " ".join(alert.annotations.values())
        assert "<no value>" not in text, text
        assert "<error" not in text, text
        assert alert.annotations["runbook_url"].startswith("deploy/runbooks/"), text
        return alert.annotations["summary"]

    def over(self, *names: str) -> None:
        """Wait until these alerts have ended."""
        for name in names:
            self.prometheus.until_over(name)


def copy_of_rules(folder: Path) -> Path:
    """The rules that ship, to be edited; gives the folder."""
    return Path(shutil.copytree(shipped("rules"), folder))


def rename(rules: Path, title: str) -> None:
    """Change rules so that they have another revision and give the same answers."""
    policy = rules / "cigna/mm-0552/policy.yaml"
    lines = [f"title: {title}" if line.startswith("title:") else line for line in policy.read_text().splitlines()]
    policy.write_text("\n".join(lines) + "\n")


@contextlib.contextmanager
def repeated(work: Callable[[], None], every_s: float = 0.5) -> Iterator[None]:
    """Do something again and again beside a test; an error of it is raised at the end."""
    stop = Event()

    def again() -> None:
        while not stop.wait(every_s):
            work()

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(again)
        try:
            yield
        finally:
            stop.set()
        done.result()
