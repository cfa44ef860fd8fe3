"""``policywire health`` beside a worker that is well, one that is not, one that is too slow, and none."""

import socket
import time
from collections.abc import Iterator
from threading import Thread

import pytest
from click.testing import CliRunner, Result

from policywire.cli import main
from policywire.stream.health import Condition, HealthServer
from policywire.stream.metrics import Metrics
from policywire.stream.settings import variable


class Said:
    """What the worker says; a test may change it."""

    alive = Condition(holds=True, details={"lanes": {"0": "idle"}})
    ready = Condition(holds=True, details={"lanes": [0]})
    delay_s = 0.0


@pytest.fixture
def said() -> Said:
    return Said()


@pytest.fixture
def port(said: Said) -> Iterator[int]:
    def alive() -> Condition:
        time.sleep(said.delay_s)
        return said.alive

    with HealthServer("127.0.0.1", 0, metrics=Metrics(), alive=alive, ready=lambda: said.ready) as server:
        yield server.port


def ask(*options: str, **environment: str) -> Result:
    return CliRunner().invoke(main, ["health", *options], env=dict(environment))


def test_a_worker_that_is_well_is_status_0_and_what_it_says(port: int) -> None:
    asked = ask("--port", str(port))
    assert asked.exit_code == 0
    assert '"ok": true' in asked.stdout
    assert "idle" in asked.stdout


def test_the_workers_own_setting_says_where_it_is(port: int) -> None:
    assert ask(**{variable("health", "port"): str(port)}).exit_code == 0


def test_a_worker_that_is_not_well_is_status_1_and_its_reasons(port: int, said: Said) -> None:
    said.alive = Condition(holds=False, details={"lanes": {"0": "silent"}})
    asked = ask("--port", str(port))
    assert asked.exit_code == 1
    assert "silent" in asked.stdout
    assert asked.stderr == "policywire: the worker is not well\n"


def test_well_and_ready_are_two_questions(port: int, said: Said) -> None:
    said.ready = Condition(holds=False, details={"lanes": []})
    assert ask("--port", str(port)).exit_code == 0
    asked = ask("--port", str(port), "--ready")
    assert asked.exit_code == 1
    assert asked.stderr == "policywire: the worker is not ready\n"


def test_a_worker_that_does_not_answer_in_time_is_not_well(
    port: int, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("policywire.cli.health._PATIENCE_S", 0.2)
    said.delay_s = 1.0
    asked = ask("--port", str(port))
    assert asked.exit_code == 1
    assert "timed out" in asked.stderr


def test_where_nobody_listens_is_said_in_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        number = taken.getsockname()[1]
        asked = ask("--port", str(number))
    assert asked.exit_code == 1
    assert asked.stderr.startswith(f"policywire: no worker answers at 127.0.0.1:{number} (")
    assert asked.stderr.count("\n") == 1


def test_what_is_no_worker_is_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        number = stranger.getsockname()[1]

        def speak() -> None:
            connection, _ = stranger.accept()
            connection.sendall(b"SSH-2.0-nobody\r\n")
            connection.close()

        Thread(target=speak, daemon=True).start()
        asked = ask("--port", str(number))
    assert asked.exit_code == 1
    assert "no worker answers" in asked.stderr


def test_what_is_no_worker_and_answers_in_no_text_is_said_without_a_traceback() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()

        def answer() -> None:
            caller, _ = other.accept()
            with caller:
                caller.recv(1000)
                caller.sendall(b"HTTP/1.0 404 Not Found\r\nContent-Length: 2\r\n\r\n\xff\xfe")

        Thread(target=answer, daemon=True).start()
        asked = ask("--port", str(other.getsockname()[1]))
    assert asked.exit_code == 1
    assert asked.stderr == "policywire: the worker is not well\n"
