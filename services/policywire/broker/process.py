"""One JVM under a keeper: started, watched until a line of its log says ready, ended, or killed.

Knows processes and signals. Knows nothing of Kafka.
"""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from policywire.broker.errors import NodeFailed

_KEEPER = Path(__file__).with_name("keeper.py")
_POLL_S = 0.02
_KILL_WAIT_S = 10.0
"""A killed process is gone within milliseconds; longer means that the kernel is stuck on its disk."""
_TAIL_LINES = 12


class KeptProcess:
    """A running command that dies with this process, and whose output goes to the end of a file.

    Attributes:
        pid: of the command itself, not of its keeper.
    """

    def __init__(self, command: Sequence[str], log: Path, remove_if_orphaned: Path | None = None) -> None:
        self._log = log
        self._log_start = log.stat().st_size if log.exists() else 0
        folder = str(remove_if_orphaned) if remove_if_orphaned else ""
        with log.open("ab") as stderr:
            self._keeper = subprocess.Popen(  # noqa: S603  what policywire composed
                [sys.executable, "-I", "-S", _KEEPER, str(os.getpid()), folder, *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                start_new_session=True,  # a Ctrl-C at the terminal is ours to pass on, in our order
            )
        assert self._keeper.stdout is not None  # noqa: S101  asked for above
        self.pid = int(self._keeper.stdout.readline() or 0)
        self._keeper.stdout.close()

    @property
    def status(self) -> int | None:
        """The exit status, or None while it runs."""
        return self._keeper.poll()

    def wait_for(self, line: str, timeout_s: float) -> None:
        """Return once the output has that line.

        Raises:
            NodeFailed: the process ended, or the time was up; in both cases it no longer runs.
        """
        deadline = time.monotonic() + timeout_s
        while line not in (output := self._output()):
            if self.status is not None:
                message = f"The process ended with status {self.status}. {_tail(self._log, output)}"
                raise NodeFailed(message)
            if time.monotonic() > deadline:
                self.kill()
                message = f"Not ready after {timeout_s:.0f} s. {_tail(self._log, output)}"
                raise NodeFailed(message)
            time.sleep(_POLL_S)

    def wait(self) -> int:
        """Block until it ends by itself; its exit status."""
        return self._keeper.wait()

    def end(self, timeout_s: float) -> int:
        """Ask it to end, kill it if it has not after the time; its exit status."""
        self._order(b"T")
        try:
            return self._gone(timeout_s)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self) -> int:
        """Kill it (SIGKILL) and return once it is gone; its exit status."""
        self._order(b"K")
        return self._gone(_KILL_WAIT_S)

    def _gone(self, timeout_s: float) -> int:
        status = self._keeper.wait(timeout_s)
        assert self._keeper.stdin is not None  # noqa: S101  asked for above
        self._keeper.stdin.close()
        return status

    def _order(self, order: bytes) -> None:
        stdin = self._keeper.stdin
        assert stdin is not None  # noqa: S101  asked for above
        if self.status is None:
            try:
                os.write(stdin.fileno(), order)
            except BrokenPipeError:
                return  # it ended in this very moment

    def _output(self) -> str:
        with self._log.open("rb") as file:
            file.seek(self._log_start)
            return file.read().decode("utf-8", "replace")


def _tail(log: Path, output: str) -> str:
    lines = [line for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if "ERROR" in line or "Exception" in line] or lines
    return f"Its log, {log}, says:\n" + "\n".join(telling[:_TAIL_LINES])
