"""The worker's own HTTP: which requests it answers, and what it never says."""

import http.client
import socket
from collections.abc import Iterator

import pytest

from policywire.stream import health
from policywire.stream.health import Condition, HealthServer
from policywire.stream.metrics import Metrics
from policywire.stream.settings import Health

PRIVATE = "M-9876543"


def broken() -> Condition:
    raise ValueError(PRIVATE)


@pytest.fixture
def port() -> Iterator[int]:
    good = Condition(holds=True, details={"lanes": {"0": "open"}})
    with HealthServer("127.0.0.1", 0, metrics=Metrics(), alive=lambda: good, ready=broken) as server:
        yield server.port


def ask(port: int, method: str, path: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request(method, path)
    response = connection.getresponse()
    answer = response.status, dict(response.getheaders()), response.read()
    connection.close()
    return answer


def test_it_listens_on_this_machine_alone_unless_told_otherwise() -> None:
    assert Health().host == "127.0.0.1"


@pytest.mark.parametrize("path", ["/metrics", "/livez", "/livez?why=1"])
def test_known_paths_are_answered(port: int, path: str) -> None:
    status, headers, body = ask(port, "GET", path)
    assert status == 200
    assert headers["Content-Length"] == str(len(body))
    assert body


def test_head_gives_what_get_would_without_its_body(port: int) -> None:
    _, wanted, body = ask(port, "GET", "/livez")
    status, headers, nothing = ask(port, "HEAD", "/livez")
    assert (status, nothing) == (200, b"")
    assert headers["Content-Length"] == wanted["Content-Length"] == str(len(body))


@pytest.mark.parametrize("path", ["/", "/metrics/", "/metrics/../livez", "/debug", f"/{PRIVATE}", "*"])
def test_other_paths_are_not_found_and_not_repeated(port: int, path: str) -> None:
    status, _, body = ask(port, "GET", path)
    assert (status, body) == (404, b"/metrics /livez /readyz\n")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", PRIVATE])
def test_other_methods_are_refused_and_not_repeated(port: int, method: str) -> None:
    status, _, body = ask(port, method, "/metrics")
    assert (status, body) == (501, b"refused\n")


def test_what_is_no_request_is_refused_and_not_repeated(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as caller:
        caller.sendall(f"{PRIVATE} {PRIVATE} {PRIVATE}\r\n\r\n".encode())
        answer = b"".join(iter(lambda: caller.recv(4096), b""))
    assert answer == b"refused\n"


def test_an_error_of_ours_is_a_500_without_a_word_of_it(port: int, capfd: pytest.CaptureFixture[str]) -> None:
    status, _, body = ask(port, "GET", "/readyz")
    logged = "".join(capfd.readouterr())
    assert (status, body) == (500, b"failed; see the log\n")
    assert "ValueError" in logged
    assert PRIVATE not in logged
    assert "Traceback" not in logged


def test_no_answer_tells_versions_of_what_it_runs_on(port: int) -> None:
    assert ask(port, "GET", "/livez")[1]["Server"].strip() == "policywire"


def test_a_caller_that_goes_away_leaves_nothing_in_the_log(port: int, capfd: pytest.CaptureFixture[str]) -> None:
    for _ in range(3):
        caller = socket.create_connection(("127.0.0.1", port), timeout=5)
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # closes by a reset
        caller.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        caller.close()
    assert ask(port, "GET", "/livez")[0] == 200
    assert "".join(capfd.readouterr()) == ""


def test_a_caller_that_says_nothing_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health._Handler, "timeout", 0.1)
    good = Condition(holds=True, details={})
    with (
        HealthServer("127.0.0.1", 0, metrics=Metrics(), alive=lambda: good, ready=lambda: good) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=5) as caller,
    ):
        assert caller.recv(1) == b""
