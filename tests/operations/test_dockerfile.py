"""The worker's image: linted, built by a real engine from this checkout, and run as docker-compose.yml runs it.

The base is stood in for (see engine.py): of the Python that the Dockerfile names it is only asked whether every locked
package has a wheel for it.
"""

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
from tests.operations.compose import load
from tests.operations.engine import STAND_IN, Engine
from tests.operations.prometheus import ROOT
from tests.stream.harness import claim, publish, records_of, settings_for, until_done

from policywire import __version__
from policywire.broker import LocalBroker
from policywire.broker.properties import free_ports
from policywire.stream.settings import Deadlines, variable

DOCKERFILE: Final = ROOT / "deploy" / "docker" / "Dockerfile"
IMAGE: Final = "policywire:test"
READY_S: Final = 60.0


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine() as started:
        started.make_stand_in()
        arguments = {"PYTHON_IMAGE": STAND_IN, "VERSION": __version__, "REVISION": "abc123"}
        started.build(DOCKERFILE, ROOT, IMAGE, arguments)
        yield started


@pytest.fixture(scope="module")
def sealed() -> list[str]:
    """The options that docker-compose.yml gives the worker, as Docker's command has them."""
    worker = load()["services"]["worker"]
    assert worker["read_only"]
    limits = worker["deploy"]["resources"]["limits"]
    return [
        "--read-only",
        *(f"--cap-drop={each}" for each in worker["cap_drop"]),
        *(f"--security-opt={each.removesuffix(':true')}" for each in worker["security_opt"]),
        *(f"--tmpfs={each}" for each in worker["tmpfs"]),
        f"--memory={limits['memory']}",
        f"--pids-limit={limits['pids']}",
    ]


def lint(dockerfile: Path) -> subprocess.CompletedProcess[str]:
    hadolint = Path(sys.executable).parent / "hadolint"
    return subprocess.run([hadolint, "--no-color", dockerfile], capture_output=True, text=True, check=False)


def test_the_linter_has_nothing_to_say() -> None:
    assert lint(DOCKERFILE).stdout == ""
    assert lint(DOCKERFILE).returncode == 0
    assert "hadolint ignore" not in DOCKERFILE.read_text()


def _latest(text: str) -> str:
    return text.replace("FROM ${PYTHON_IMAGE} AS build", "FROM python:latest AS build")


def _shell_form(text: str) -> str:
    return text.replace('CMD ["worker"]', "CMD worker")


@pytest.mark.parametrize(("spoil", "rule"), [(_latest, "DL3007"), (_shell_form, "DL3025")])
def test_the_linter_sees_a_mistake(spoil: Callable[[str], str], rule: str, tmp_path: Path) -> None:
    spoiled = tmp_path / "Dockerfile"
    spoiled.write_text(spoil(DOCKERFILE.read_text()))
    assert rule in lint(spoiled).stdout


def base_image() -> str:
    [named] = re.findall(r"^ARG PYTHON_IMAGE=(\S+)$", DOCKERFILE.read_text(), re.MULTILINE)
    return str(named)


def test_the_base_is_pinned_and_of_a_python_that_policywire_supports() -> None:
    found = re.fullmatch(r"python:(3\.\d+)\.\d+-slim-bookworm", base_image())
    assert found is not None
    assert f"Programming Language :: Python :: {found[1]}" in (ROOT / "pyproject.toml").read_text()


def pins(lock: Path) -> dict[str, set[str]]:
    """Name and version to hashes."""
    found: dict[str, set[str]] = {}
    for block in re.findall(r"^\S[^\n]*(?:\n {4}[^\n]*)*", lock.read_text(), re.MULTILINE):
        found[re.split(r"[ ;\\]", block)[0]] = set(re.findall(r"sha256:[0-9a-f]{64}", block))
    return found


def test_what_builds_the_wheel_is_locked_as_it_is_for_the_tests() -> None:
    locked = pins(ROOT / "deploy" / "locks" / "dev.txt")
    building = pins(ROOT / "deploy" / "docker" / "build.txt")
    assert any(name.startswith("hatchling==") for name in building)
    assert all(locked[name] == hashes for name, hashes in building.items())


@pytest.mark.parametrize("architecture", ["x86_64", "aarch64"])
@pytest.mark.parametrize("lock", ["deploy/locks/base.txt", "deploy/docker/build.txt"])
def test_every_locked_package_has_a_wheel_for_the_base(lock: str, architecture: str, tmp_path: Path) -> None:
    version = base_image().partition(":")[2].partition("-")[0].rpartition(".")[0]
    # bookworm has glibc 2.36.
    platforms = [f"--platform=manylinux_2_{minor}_{architecture}" for minor in (36, 34, 28, 27, 26, 24, 17, 12, 5)]
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet"),
            *(f"--target={tmp_path}", f"--python-version={version}", "--only-binary=:all:", "--require-hashes"),
            *(*platforms, f"--platform=manylinux2014_{architecture}", f"--requirement={ROOT / lock}"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr


def test_the_image_says_what_it_is_and_starts_the_worker_as_nobody(engine: Engine) -> None:
    settings = engine.image(IMAGE)["Config"]
    assert settings["User"] == "65532:65532"
    assert settings["Entrypoint"] == ["policywire"]
    assert settings["Cmd"] == ["worker"]
    assert settings["Labels"]["org.opencontainers.image.version"] == __version__
    assert settings["Labels"]["org.opencontainers.image.revision"] == "abc123"
    assert settings["Healthcheck"]["Test"] == ["CMD", "policywire", "health"]
    assert load()["services"]["worker"]["healthcheck"]["test"] == ["CMD", "policywire", "health"]


def test_nothing_that_built_it_is_in_it(engine: Engine) -> None:
    listed = engine.run(IMAGE, "-c", _LISTING, options=["--entrypoint=python"]).stdout.splitlines()
    packages = {line.partition(" ")[2].lower() for line in listed if line.startswith("package ")}
    locked = {
        re.sub("[-_.]+", "-", name.partition("==")[0]).lower() for name in pins(ROOT / "deploy" / "locks" / "base.txt")
    }
    assert "policywire" in packages
    assert packages - locked == {"policywire"}
    assert [line for line in listed if line.startswith("writable ")] == []


_LISTING: Final = """
import importlib.metadata, os, pathlib, re, sys
for each in importlib.metadata.distributions():
    print("package", re.sub("[-_.]+", "-", each.name))
for each in pathlib.Path(sys.prefix).rglob("*"):
    if os.access(each, os.W_OK):
        print("writable", each)
"""


def test_it_writes_nowhere_but_in_tmp_and_has_no_capability(engine: Engine, sealed: list[str]) -> None:
    seen = json.loads(engine.run(IMAGE, "-c", _PROBE, options=[*sealed, "--entrypoint=python"]).stdout)
    assert seen == {"uid": 65532, "capabilities": 0, "no new privileges": 1, "written": ["/tmp"]}  # noqa: S108  in a container


_PROBE: Final = """
import json, os, pathlib
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
written = []
for folder in ("/", "/opt/policywire", "/etc", "/var/tmp", "/home", "/tmp"):
    try:
        pathlib.Path(folder, "probe").write_text("x")
        written.append(folder)
    except OSError:
        pass
print(json.dumps({
    "uid": os.getuid(),
    "capabilities": sum(int(status[name], 16) for name in ("CapEff", "CapPrm", "CapBnd")),
    "no new privileges": int(status["NoNewPrivs"]),
    "written": written,
}))
"""


@pytest.mark.parametrize(
    "command", [["--version"], ["rules", "check", "--help"], ["worker", "--help"], ["dead-letters", "--help"]]
)
def test_its_commands_run_sealed(engine: Engine, sealed: list[str], command: list[str]) -> None:
    assert engine.run(IMAGE, *command, options=sealed).stdout


def test_without_settings_it_ends_with_one_message(engine: Engine, sealed: list[str]) -> None:
    ran = engine.run(IMAGE, options=sealed, check=False)
    assert ran.returncode == 2
    assert "POLICYWIRE_KAFKA__BOOTSTRAP_SERVERS: say which Kafka to use, as host:port" in ran.stderr


async def test_a_sealed_worker_decides_says_that_it_is_well_and_ends_in_time(
    engine: Engine, sealed: list[str], broker: LocalBroker, topics: str
) -> None:
    settings = settings_for(broker.bootstrap_servers, topics)
    given = {
        variable("kafka", "bootstrap_servers"): broker.bootstrap_servers,
        variable("kafka", "topic_prefix"): topics,
        variable("kafka", "group"): settings.kafka.group,
        variable("health", "port"): str(free_ports().client),
    }
    environment = [f"--env={key}={value}" for key, value in given.items()]
    engine.start("worker", IMAGE, options=[*sealed, *environment])
    try:
        await _until(lambda: engine.docker("exec", "worker", *_HEALTH, "--ready", check=False).returncode == 0)
        await publish(settings, [claim(1)])
        await until_done(settings)
        [decided] = await records_of(settings, "determinations")
        assert json.loads(decided.value or b"")["outcome"] == "not_medically_necessary"
        assert json.loads(engine.docker("exec", "worker", *_HEALTH).stdout)["ok"] is True
        await _until(lambda: _state(engine, "Health.Status") == "healthy")
        assert engine.docker("diff", "worker").stdout == ""
        began = time.monotonic()
        engine.docker("stop", "--time=60", "worker")
        assert time.monotonic() - began < Deadlines().drain_s
        assert _state(engine, "ExitCode") == "0"
    finally:
        print(engine.docker("logs", "worker", check=False).stderr)  # noqa: T201  shown when the test fails
        engine.docker("rm", "--force", "worker", check=False)


_HEALTH: Final = ("policywire", "health")


def _state(engine: Engine, name: str) -> str:
    return engine.docker("inspect", f"--format={{{{.State.{name}}}}}", "worker").stdout.strip()


async def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + READY_S
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.2)
