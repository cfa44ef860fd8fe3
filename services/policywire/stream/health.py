"""The worker's own HTTP: /metrics, /livez, /readyz, on a thread of its own, so that a blocked event loop is reported.

Knows HTTP and what the worker says of itself. Alive is: every lane makes progress. Whether the broker can be reached
is not part of it: restarting this process would not mend the broker.
"""

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Any, Self

from msgspec import Struct

from policywire.errors import BadInput
from policywire.stream.metrics import Metrics


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
        answers: dict[str, Callable[[], tuple[int, str, bytes]]] = {
            "/metrics": lambda: (200, "text/plain; version=0.0.4; charset=utf-8", metrics.exposition()),
            "/livez": lambda: _condition(alive()),
            "/readyz": lambda: _condition(ready()),
        }

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer = answers.get(self.path.partition("?")[0])
                code, kind, body = answer() if answer else (404, "text/plain", b"/metrics /livez /readyz\n")
                self.send_response(code)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Probes are not worth a line each."""

        try:
            self._server = ThreadingHTTPServer((host, port), Handler)
        except OSError as error:
            raise BadInput(
                f"{host}:{port} cannot be listened on ({error.strerror}); set POLICYWIRE_HEALTH__PORT to a free port"
            ) from error
        self._server.daemon_threads = True
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


def _condition(condition: Condition) -> tuple[int, str, bytes]:
    body = json.dumps({"ok": condition.holds, **condition.details}, indent=1).encode() + b"\n"
    return (200 if condition.holds else 503), "application/json", body
