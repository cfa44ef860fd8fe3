"""A worker as a process of its own, for the demo and the benchmarks: started, waited for, ended; it dies with us.

Knows the worker's command line and its /readyz. Knows nothing of what it does.
"""

import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.error import URLError
from urllib.request import urlopen

from policywire.broker.process import KeptProcess
from policywire.errors import PassingFault

_POLL_S: Final = 0.05
_READY_TIMEOUT_S: Final = 60.0
_STOP_TIMEOUT_S: Final = 15.0
"""A worker drains within 10 s."""
_TAIL_LINES: Final = 12


class WorkerProcess:
    """Starts at once.

    Args:
        bootstrap_servers: the cluster.
        log: the file that gets what it prints.
        options: of ``policywire worker``, beside the cluster and the port.
        under: a command to run it under, such as ``taskset -c 1``.
        program: what Python runs: the worker's command, or a module that takes its options.

    Attributes:
        address: of its HTTP, as ``http://host:port``.
    """

    def __init__(
        self,
        bootstrap_servers: str,
        log: Path,
        options: Sequence[str] = (),
        under: Sequence[str] = (),
        program: Sequence[str] = ("policywire", "worker"),
    ) -> None:
        port = _free_port()
        self.address = f"http://127.0.0.1:{port}"
        self._log = log
        worker = [sys.executable, "-m", *program]
        where = ["--bootstrap-servers", bootstrap_servers, "--health-port", str(port)]
        self._process = KeptProcess([*under, *worker, *where, *options], log)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it is there."""
        return self._process.status is None

    def wait_until_ready(self) -> None:
        """Return once all its lanes are open.

        Raises:
            PassingFault: it ended, or took too long; the text has the end of its log.
        """
        deadline = time.monotonic() + _READY_TIMEOUT_S
        while not self._is_ready():
            if not self.running or time.monotonic() > deadline:
                raise self.fault("did not become ready")
            time.sleep(_POLL_S)

    def fault(self, what: str) -> PassingFault:
        """An error that says what went wrong and shows the end of its log."""
        lines = self._log.read_text("utf-8", "replace").splitlines()[-_TAIL_LINES:]
        return PassingFault("\n".join((f"The worker {what}. Its log, {self._log}, ends with:", *lines)))

    def stop(self) -> int:
        """Ask it to end and wait until it has; its exit status."""
        return self._process.end(_STOP_TIMEOUT_S)

    def _is_ready(self) -> bool:
        try:
            with urlopen(f"{self.address}/readyz", timeout=1) as answer:  # noqa: S310  our own address
                return bool(answer.status == 200)  # noqa: PLR2004  HTTP's OK
        except (URLError, OSError):
            return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
