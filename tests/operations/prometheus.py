"""A real Prometheus on a free port, with given targets and rules, and what it says. And its tools, found or asked for.

Knows Prometheus' command line and its HTTP interface; knows nothing of policywire. Targets can change while it runs.
"""

import json
import math
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlencode
from urllib.request import urlopen

import yaml
from msgspec import Struct

ROOT: Final = Path(__file__).parents[2]
TOOLS: Final = ROOT / "build" / "tools"
JOB: Final = "policywire"
"""The job of the workers, as ``deploy/prometheus/prometheus.yaml`` calls it and the rules expect it."""
READY_S: Final = 30.0
PATIENCE_S: Final = 60.0
LOOK_S: Final = 0.1


class ToolMissing(AssertionError):
    """A program that these tests need is not on this machine."""


def tool(name: str) -> str:
    """The path of a program: from PATH, or from ``build/tools``.

    Raises:
        ToolMissing: it is in neither; the text says where it comes from.
    """
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), str(TOOLS)]))
    if found is None:
        source = "apt-get install prometheus" if name.startswith("prom") else "make tools"
        raise ToolMissing(f"{name} is neither on PATH nor in build/tools, and this test needs it: {source}")
    return found


class Sample(Struct, frozen=True):
    """One series of an instant query."""

    labels: dict[str, str]
    value: float

    @property
    def name(self) -> str:
        return self.labels.get("__name__", "")


class Alert(Struct, frozen=True):
    """A monitoring alert as /api/v1/alerts shows it; ``state`` is pending or firing."""

    labels: dict[str, str]
    annotations: dict[str, str]
    state: str
    value: str

    @property
    def name(self) -> str:
        return self.labels["alertname"]


class Prometheus:
    """Prometheus with a data folder that is thrown away. A context manager.

    Attributes:
        url: where it answers.
        fired: the names of alerts that :meth:`until_firing` has seen.
        log: what it printed.

    Args:
        folder: for its settings, data and log; must exist.
        targets: ``host:port`` of what is scraped; more with :meth:`scrape`.
        rules: rule files, taken as they are.
        interval_s: between two scrapes, and between two evaluations of rules.
        job: the targets' job label.
    """

    def __init__(
        self,
        folder: Path,
        targets: Sequence[str] = (),
        *,
        rules: Sequence[Path] = (),
        interval_s: float = 0.5,
        job: str = JOB,
    ) -> None:
        self._folder = folder
        self._settings = folder / "prometheus.yaml"
        self._targets = folder / "targets.json"
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""
        self.fired: set[str] = set()
        self.log = folder / "prometheus.log"
        self._settings.write_text(yaml.safe_dump(self._configuration(rules, interval_s, job)))
        self.scrape(targets)

    def _configuration(self, rules: Sequence[Path], interval_s: float, job: str) -> dict[str, Any]:
        every = f"{int(interval_s * 1000)}ms"
        return {
            "global": {"scrape_interval": every, "scrape_timeout": every, "evaluation_interval": every},
            "rule_files": [str(rule.absolute()) for rule in rules],
            "scrape_configs": [
                {"job_name": job, "file_sd_configs": [{"files": [str(self._targets)], "refresh_interval": "1s"}]}
            ],
        }

    def scrape(self, targets: Sequence[str], **labels: str) -> None:
        """Scrape these from now on, and no others."""
        written = self._targets.with_suffix(".new")
        written.write_text(json.dumps([{"targets": list(targets), "labels": labels}]))
        written.replace(self._targets)

    def __enter__(self) -> Self:
        # Another process may take the port in between: then Prometheus ends at once, and another port is tried.
        for _ in range(3):
            port = _free_port()
            self.url = f"http://127.0.0.1:{port}"
            with self.log.open("ab") as log:
                self._process = subprocess.Popen(
                    [
                        tool("prometheus"),
                        f"--config.file={self._settings}",
                        f"--storage.tsdb.path={self._folder / 'data'}",
                        f"--web.listen-address=127.0.0.1:{port}",
                        "--log.level=warn",
                    ],
                    stdout=log,
                    stderr=log,
                )
            if self._is_ready():
                return self
            self._end()
        raise AssertionError(f"Prometheus does not start: {self.log.read_text()[-2000:]}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _is_ready(self) -> bool:
        deadline = time.monotonic() + READY_S
        while self._process is not None and self._process.poll() is None and time.monotonic() < deadline:
            try:
                with urlopen(f"{self.url}/-/ready", timeout=1) as answer:  # noqa: S310  our own address
                    if answer.status == 200:
                        return True
            except OSError:
                pass
            time.sleep(LOOK_S)
        return False

    def _end(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def ask(self, path: str, **parameters: str) -> Any:
        """The data of an answer of its HTTP interface, such as ``ask("rules")``.

        Raises:
            urllib.error.HTTPError: it refuses, for example a query that is not one.
        """
        with urlopen(f"{self.url}/api/v1/{path}?{urlencode(parameters)}", timeout=10) as answer:  # noqa: S310  our own address
            return json.load(answer)["data"]

    def query(self, expression: str) -> list[Sample]:
        """An instant query that gives a vector or a scalar."""
        data = self.ask("query", query=expression)
        if data["resultType"] == "scalar":
            return [Sample({}, float(data["result"][1]))]
        return [Sample(each["metric"], float(each["value"][1])) for each in data["result"]]

    def value(self, expression: str) -> float:
        """The value of the only series of a query; NaN when there is none."""
        samples = self.query(expression)
        assert len(samples) <= 1, f"{expression} gives {len(samples)} series"
        return samples[0].value if samples else math.nan

    def alerts(self) -> list[Alert]:
        """Every pending or firing alert."""
        return [
            Alert(each["labels"], each["annotations"], each["state"], each["value"])
            for each in self.ask("alerts")["alerts"]
        ]

    def firing(self, name: str) -> list[Alert]:
        """The firing alerts of a rule."""
        return [alert for alert in self.alerts() if alert.name == name and alert.state == "firing"]

    def targets(self) -> Mapping[str, str]:
        """The health (up, down, unknown) of each target by its address."""
        return {each["labels"]["instance"]: each["health"] for each in self.ask("targets")["activeTargets"]}

    def until(self, condition: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
        """Wait until something holds; ``what`` is for the error.

        Raises:
            AssertionError: it did not come to that.
        """
        deadline = time.monotonic() + patience_s
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"{what}: not within {patience_s:g} s; alerts now: {self._brief()}")
            time.sleep(LOOK_S)

    def until_scraped(self, address: str) -> None:
        """Wait until a target has been scraped and answered."""
        self.until(lambda: self.targets().get(address) == "up", f"{address} is scraped")

    def until_firing(self, name: str, patience_s: float = PATIENCE_S) -> Alert:
        """Wait for an alert to fire; the first of that name."""
        self.until(lambda: bool(self.firing(name)), f"{name} fires", patience_s)
        self.fired.add(name)
        return next(iter(self.firing(name)))

    def until_over(self, name: str, patience_s: float = PATIENCE_S) -> None:
        """Wait until no alert of that name is firing or pending."""
        self.until(lambda: all(each.name != name for each in self.alerts()), f"{name} is over", patience_s)

    def _brief(self) -> str:
        return ", ".join(sorted(f"{alert.name} {alert.state} ({alert.value})" for alert in self.alerts())) or "none"


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port
