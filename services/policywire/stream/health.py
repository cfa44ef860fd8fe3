"""The worker's own HTTP: /metrics, /livez, /readyz, on a thread of its own, so that a blocked event loop is reported.

Knows HTTP and what the worker says of itself. Alive is: every lane makes progress. Whether the broker can be reached
is not part of it: restarting this process would not mend the broker.
"""

import json
import sys
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Any, Self

from msgspec import Struct

from policywire.errors import BadInput
from policywire.stream.deadletters import place_of
from policywire.stream.logs import get_logger
from policywire.stream.metrics import Metrics

Answers = Mapping[str, Callable[[], tuple[int, str, bytes]]]
"""By path: what gives status, content type and body."""

PATIENCE_S = 10.0
"""A caller that is silent for longer is cut off: each holds a thread."""


class Condition(Struct, frozen=True):
    """A yes or no with its reasons."""

    holds: bool
    details: dict[str, Any]


class HealthServer:
    """Serves until closed. A context manager.

    Args:
        host: to listen on.
        port: to listen on; 0 takes a free one.
        metrics: what /metrics shows.
        alive: whether the process should go on.
        ready: whether it does its work, with what a person wants to see beside it.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        metrics: Metrics,
        alive: Callable[[], Condition],
        ready: Callable[[], Condition],
    ) -> None:
        answers: Answers = {
            "/metrics": lambda: (200, "text/plain; version=0.0.4; charset=utf-8", metrics.exposition()),
            "/livez": lambda: _condition(alive()),
            "/readyz": lambda: _condition(ready()),
        }
        try:
            self._server = _Server((host, port), type("Handler", (_Handler,), {"answers": answers}))
        except OSError as error:
            raise BadInput(
                f"{host}:{port} cannot be listened on ({error.strerror}); set POLICYWIRE_HEALTH__PORT to a free port"
            ) from error
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)

    @property
    def port(self) -> int:
        """The port, also when 0 was asked for."""
        return self._server.server_port

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    """One thread a caller; says nothing of a caller that went away."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002  the server's signature
        """Name the kind and no more: the standard server would print a traceback."""
        error = sys.exception()
        if error is not None and not isinstance(error, ConnectionError | TimeoutError):
            get_logger().error("an answer over HTTP failed", error=place_of(error))


class _Handler(BaseHTTPRequestHandler):
    """GET and HEAD of the known paths; nothing of a request, and nothing of this program but its name, is said back."""

    answers: Answers
    timeout = PATIENCE_S
    server_version = "policywire"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """Answer without the body."""
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        answer = self.answers.get(self.path.partition("?")[0])
        try:
            code, kind, body = answer() if answer else (404, "text/plain", b"/metrics /livez /readyz\n")
        except Exception as error:  # noqa: BLE001  whatever it is, whoever asks shall see that it is one
            get_logger().error("an answer over HTTP could not be made", error=place_of(error))
            code, kind, body = 500, "text/plain", b"failed; see the log\n"
        self._send(code, kind, body if with_body else b"", len(body))

    def _send(self, code: int, kind: str, body: bytes, length: int) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002  the handler's signature
        """Refuse what is no GET or HEAD; the standard handler would repeat the request in its answer."""
        self._send(code, "text/plain", b"refused\n", len(b"refused\n"))

    def log_message(self, *_: object) -> None:
        """Probes are not worth a line each."""


def _condition(condition: Condition) -> tuple[int, str, bytes]:
    body = json.dumps({"ok": condition.holds, **condition.details}, indent=1).encode() + b"\n"
    return (200 if condition.holds else 503), "application/json", body
