"""A worker as a process of its own, with the metrics it shows, for tests that stop, hold and kill it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.error import HTTPError
from urllib.request import urlopen

from tests.operations.prometheus import ROOT

from policywire.stream.settings import variable

PATIENCE_S = 60.0


class Worker:
    """``policywire worker``. A context manager; can be started again, at the same address.

    Attributes:
        address: ``host:port`` of its metrics and health.
        command: what is started: a module of Python and its arguments.
        log: what it printed, over all starts.

    Args:
        folder: for its log.
        bootstrap_servers: of Kafka.
        prefix: of topics.
        name: tells it from others of the same folder.
        settings: as ``{"rules": {"path": ...}}``; those given here are added to the environment.
    """

    def __init__(
        self,
        folder: Path,
        bootstrap_servers: str,
        prefix: str,
        *,
        name: str = "worker",
        **settings: dict[str, Any],
    ) -> None:
        self.command: Sequence[str] = ("policywire", "worker")
        self.log = folder / f"{name}.log"
        self.address = f"127.0.0.1:{_free_port()}"
        groups: dict[str, dict[str, Any]] = {
            "kafka": {"bootstrap_servers": bootstrap_servers, "topic_prefix": prefix, "group": "test"},
            "health": {"port": int(self.address.rpartition(":")[2])},
        }
        for group, values in settings.items():
            groups[group] = groups.get(group, {}) | values
        self._environment = {
            variable(group, key): str(value) for group, values in groups.items() for key, value in values.items()
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """Of the last start."""
        assert self._process is not None, "it was not started"
        return self._process

    def start(self) -> None:
        """Start it, and do not wait."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("POLICYWIRE_")}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *self.command],
                env={**kept, "PYTHONPATH": f"{ROOT / 'services'}:{ROOT}", **self._environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def hold(self) -> None:
        """Let it stand still (SIGSTOP)."""
        self.process.send_signal(signal.SIGSTOP)

    def release(self) -> None:
        """Let it go on (SIGCONT)."""
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it at once (SIGKILL)."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Ask it to end (SIGTERM); its exit status."""
        self.process.terminate()
        return self.process.wait(PATIENCE_S)

    def ready(self) -> dict[str, Any]:
        """What /readyz says, ``ok`` in it; empty while nobody answers."""
        try:
            with urlopen(f"http://{self.address}/readyz", timeout=5) as answer:
                return dict(json.load(answer))
        except HTTPError as error:
            return dict(json.load(error))
        except OSError:
            return {}

    def until_ready(self) -> None:
        """Wait until it has lanes, all of them open."""
        deadline = time.monotonic() + PATIENCE_S
        while not ((state := self.ready()).get("ok") and state["lanes"]):
            assert self.process.poll() is None, f"the worker ended: {self.log.read_text()[-2000:]}"
            assert time.monotonic() < deadline, f"the worker is not ready: {state}"
            time.sleep(0.1)

    def supervise(self) -> None:
        """Start it again if it has ended, as an orchestrator would."""
        if self.process.poll() is not None:
            self.start()

    def __enter__(self) -> Self:
        self.start()
        try:
            self.until_ready()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill()


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port
