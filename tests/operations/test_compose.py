"""docker-compose.yml as Docker Compose's own loader reads it: what every service must have, and what none may.

No container is started here. That Kafka's settings start a Kafka is run on the jars of the same release; the worker's
image is built and run by test_dockerfile.
"""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.operations.compose import COMPOSE_FILE, ComposeRefused, load
from tests.operations.prometheus import ROOT

from policywire.broker import LocalBroker
from policywire.broker.properties import free_ports
from policywire.stream.settings import Health, load_settings
from policywire.stream.topics import load_topics

SERVICES = ["grafana", "kafka", "kafka-ui", "prometheus", "topics", "worker"]
ONE_SHOT = {"topics"}
PINNED = re.compile(r"^[a-z0-9./-]+:v?\d+\.\d+\.\d+(@sha256:[0-9a-f]{64})?$")
SECRET = re.compile(r"passw|secret|token|api_?key|credential", re.IGNORECASE)


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return load()


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest, project: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = project["services"][request.param]
    return {"name": request.param, **found}


def seconds(duration: str) -> float:
    """Of Go's notation, such as ``1m0s``."""
    parts = re.findall(r"([\d.]+)(ms|h|m|s)", duration)
    return sum(float(number) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600}[unit] for number, unit in parts)


def test_these_are_the_services(project: dict[str, Any]) -> None:
    assert sorted(project["services"]) == SERVICES
    assert [name for name, each in project["services"].items() if each.get("profiles")] == ["kafka-ui"]


def test_its_image_is_pinned_to_a_release(service: dict[str, Any]) -> None:
    assert PINNED.match(service["image"])


def test_it_has_no_privileges(service: dict[str, Any]) -> None:
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    forbidden = {"privileged", "cap_add", "devices", "network_mode", "pid", "ipc", "userns_mode", "env_file"}
    assert forbidden.isdisjoint(service)


def test_it_has_limits(service: dict[str, Any]) -> None:
    limits = service["deploy"]["resources"]["limits"]
    assert all(float(limits[each]) > 0 for each in ("cpus", "memory", "pids"))
    assert service["logging"]["options"] == {"max-size": "10m", "max-file": "3"}


def test_its_health_is_looked_at_unless_it_ends_by_itself(service: dict[str, Any]) -> None:
    if service["name"] in ONE_SHOT:
        assert service["healthcheck"] == {"disable": True}
        assert service["restart"] == "no"
        return
    check = service["healthcheck"]
    assert seconds(check["timeout"]) < seconds(check["interval"])
    assert seconds(check["start_period"]) >= 30
    assert service["restart"] == "unless-stopped"


def test_it_waits_for_what_it_needs(project: dict[str, Any]) -> None:
    waits = {
        (name, needed): how["condition"]
        for name, each in project["services"].items()
        for needed, how in each.get("depends_on", {}).items()
    }
    assert waits == {
        ("topics", "kafka"): "service_healthy",
        ("worker", "kafka"): "service_healthy",
        ("worker", "topics"): "service_completed_successfully",
        ("grafana", "prometheus"): "service_healthy",
        ("kafka-ui", "kafka"): "service_healthy",
    }


def test_it_opens_ports_of_this_machine_alone(service: dict[str, Any]) -> None:
    assert all(port["host_ip"] == "127.0.0.1" for port in service.get("ports", []))


def test_it_mounts_what_is_in_the_repository_and_cannot_change_it(
    service: dict[str, Any], project: dict[str, Any]
) -> None:
    for mount in service.get("volumes", []):
        if mount["type"] == "volume":
            assert mount["source"] in project["volumes"]
            continue
        assert mount["read_only"] is True
        path = Path(mount["source"])
        assert path.is_relative_to(ROOT)
        tracked = subprocess.run(["git", "ls-files", "--", path], cwd=ROOT, capture_output=True, text=True, check=True)
        assert tracked.stdout, f"{path} is not in the repository"


def test_it_holds_no_secret(service: dict[str, Any]) -> None:
    assert [name for name in service.get("environment", {}) if SECRET.search(name)] == []
    assert not re.search(r"://[^/\s]+:[^/\s]+@", json.dumps(service))


def test_grafana_has_viewers_and_no_users(project: dict[str, Any]) -> None:
    environment = project["services"]["grafana"]["environment"]
    assert environment["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"] == "true"
    assert environment["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"
    assert environment["GF_AUTH_DISABLE_LOGIN_FORM"] == "true"
    assert environment["GF_AUTH_BASIC_ENABLED"] == "false"
    home = Path(environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    mounts = {mount["target"]: mount["source"] for mount in project["services"]["grafana"]["volumes"]}
    assert (Path(mounts[str(home.parent)]) / home.name).is_file()


def test_there_can_be_as_many_workers_as_lanes(project: dict[str, Any]) -> None:
    worker = project["services"]["worker"]
    assert {"container_name", "hostname", "ports", "volumes"}.isdisjoint(worker)
    assert "POLICYWIRE_KAFKA__INSTANCE_ID" not in worker["environment"]


def test_the_workers_settings_are_taken_and_leave_it_time_to_end(
    project: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = project["services"]["worker"]
    for name, value in worker["environment"].items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert settings.kafka.allow_plaintext
    assert settings.health.host == "0.0.0.0"  # noqa: S104  in a container of its own
    assert seconds(worker["stop_grace_period"]) > settings.deadlines.drain_s + settings.deadlines.revoke_s


def test_prometheus_looks_where_workers_answer(project: dict[str, Any]) -> None:
    [mount] = [each for each in project["services"]["prometheus"]["volumes"] if each["type"] == "bind"]
    command = project["services"]["prometheus"]["command"]
    [named] = [part.partition("=")[2] for part in command if part.startswith("--config.file=")]
    config = Path(mount["source"]) / Path(named).relative_to(mount["target"])
    [job] = [each for each in yaml.safe_load(config.read_text())["scrape_configs"] if each["job_name"] == "policywire"]
    [found] = job["dns_sd_configs"]
    assert found["names"] == ["worker"]
    assert found["port"] == Health().port
    assert "watch" in project["services"]["worker"]["networks"]
    assert "watch" in project["services"]["prometheus"]["networks"]


def test_a_variable_names_the_version(project: dict[str, Any]) -> None:
    named = load(variables={"POLICYWIRE_VERSION": "9.8.7"})["services"]
    assert {named[each]["image"] for each in ("topics", "worker")} == {"policywire:9.8.7"}
    assert named["worker"]["build"]["args"]["VERSION"] == "9.8.7"
    dockerfile = ROOT / project["services"]["worker"]["build"]["dockerfile"]
    assert dockerfile.is_file()


def kafka_properties(environment: dict[str, str]) -> dict[str, str]:
    """What the image makes of its variables: KAFKA_LOG_DIRS is log.dirs."""
    return {
        name.removeprefix("KAFKA_").lower().replace("_", "."): value
        for name, value in environment.items()
        if name.startswith("KAFKA_") and name != "KAFKA_HEAP_OPTS"
    }


def test_kafkas_settings_start_a_kafka_on_which_the_topics_can_be_made(project: dict[str, Any], tmp_path: Path) -> None:
    kafka = project["services"]["kafka"]
    machine, control = free_ports(), free_ports()
    properties = kafka_properties(kafka["environment"])
    # A container has its ports for itself; here they must be free ones. Nothing else is changed.
    for name in ("listeners", "advertised.listeners", "controller.quorum.voters"):
        value = properties[name].replace("kafka:", "127.0.0.1:").replace("//:", "//127.0.0.1:")
        for port, free in (("19092", machine.client), ("29093", control.controller), ("9092", machine.controller)):
            value = re.sub(rf":{port}\b", f":{free}", value)
        properties[name] = value
    properties["log.dirs"] = str(tmp_path / "log")
    with LocalBroker(tmp_path, properties=properties):
        made = subprocess.run(
            [sys.executable, "-m", "policywire", "broker", "--bootstrap-servers", f"127.0.0.1:{machine.client}"],
            env={"PYTHONPATH": str(ROOT / "services")},
            capture_output=True,
            text=True,
            check=False,
        )
    assert made.returncode == 0, made.stderr
    assert made.stderr.count("created") == len(load_topics())
    assert "topics.yaml says" not in made.stderr


def test_the_broker_is_the_one_that_the_tests_run_on(project: dict[str, Any]) -> None:
    release = json.loads((ROOT / "services/policywire/broker/jars.json").read_text())["kafka"]
    assert project["services"]["kafka"]["image"] == f"apache/kafka:{release}"


def _misspelt(text: str) -> str:
    return text.replace("read_only:", "readonly:", 1)


def _unknown_service(text: str) -> str:
    return text.replace("topics: {condition: service_completed_successfully}", "topic: {condition: service_started}")


def _unknown_network(text: str) -> str:
    return text.replace("networks: [watch]", "networks: [wtach]", 1)


def _unknown_volume(text: str) -> str:
    return text.replace("- prometheus:/prometheus", "- promethues:/prometheus")


def _no_duration(text: str) -> str:
    return text.replace("stop_grace_period: 60s", "stop_grace_period: a minute")


@pytest.mark.parametrize("spoil", [_misspelt, _unknown_service, _unknown_network, _unknown_volume, _no_duration])
def test_the_loader_refuses_a_mistake(spoil: Callable[[str], str], tmp_path: Path) -> None:
    text = COMPOSE_FILE.read_text()
    spoiled = spoil(text)
    assert spoiled != text
    file = tmp_path / "docker-compose.yml"
    file.write_text(spoiled)
    with pytest.raises(ComposeRefused):
        load(file)
