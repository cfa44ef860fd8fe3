"""``policywire broker`` as its user meets it."""

import os
import signal
import subprocess
import sys

import psutil
import pytest

from policywire.broker import LocalBroker
from policywire.stream.topics import load_topics

POLICYWIRE = [sys.executable, "-m", "policywire"]
STOP_TIMEOUT_S = 30


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_its_address_and_stops_in_order_at_a_signal(number: signal.Signals) -> None:
    with subprocess.Popen(
        [*POLICYWIRE, "broker", "--partitions", "2"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as command:
        assert command.stdout is not None
        assert command.stdout.readline().startswith("POLICYWIRE_KAFKA__BOOTSTRAP_SERVERS=127.0.0.1:")
        below = psutil.Process(command.pid).children(recursive=True)
        assert len(below) == 2
        command.send_signal(number)
        _, told = command.communicate(timeout=STOP_TIMEOUT_S)
    assert command.returncode == 0
    assert "claim-events               2 partitions  created" in told
    assert psutil.wait_procs(below, timeout=STOP_TIMEOUT_S)[1] == []


def test_a_node_that_dies_by_itself_ends_the_command_with_an_error() -> None:
    with subprocess.Popen(
        [*POLICYWIRE, "broker"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as command:
        assert command.stdout is not None
        command.stdout.readline()
        (jvm,) = [one for one in psutil.Process(command.pid).children(recursive=True) if "java" in one.name()]
        jvm.kill()
        _, told = command.communicate(timeout=STOP_TIMEOUT_S)
    assert command.returncode == 1
    assert "Kafka ended by itself with status 137" in told


def test_with_a_cluster_of_ones_own_it_only_creates_the_topics(broker: LocalBroker, topic_prefix: str) -> None:
    run = subprocess.run(
        [*POLICYWIRE, "broker", "--topic-prefix", topic_prefix],
        env={**os.environ, "POLICYWIRE_KAFKA__BOOTSTRAP_SERVERS": broker.bootstrap_servers},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == f"POLICYWIRE_KAFKA__BOOTSTRAP_SERVERS={broker.bootstrap_servers}\n"
    assert run.stderr.count("created") == len(load_topics()) == 9


def test_a_cluster_that_does_not_answer_is_named() -> None:
    run = subprocess.run(
        [*POLICYWIRE, "broker", "--bootstrap-servers", "127.0.0.1:1"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert "No Kafka answers at 127.0.0.1:1" in run.stderr
    assert "Traceback" not in run.stderr


def test_help_imports_no_subcommand() -> None:
    program = (
        "import sys, contextlib\nfrom policywire.cli import main\n"
        "with contextlib.suppress(SystemExit): main(['--help'])\n"
        "print([name for name in ('aiokafka', 'ruamel', 'prometheus_client', 'rich') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "Run a real Apache Kafka" in run.stdout
    assert run.stdout.endswith("[]\n")
