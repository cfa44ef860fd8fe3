"""A pod of the chart: what it is told is what the worker takes, secrets stay references, and it ends in time."""

import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.operations.kubernetes.chart import FILES, NAMESPACE, Pod, render
from tests.operations.kubernetes.kubelet import environment, fill, free_port, probe, volume_files
from tests.operations.kubernetes.settings import DERIVED, SECRETS
from tests.operations.prometheus import ROOT
from tests.operations.workers import PATIENCE_S

from policywire.broker import LocalBroker
from policywire.stream.settings import Settings, load_settings, variable
from policywire.stream.topics import load_topics

SECRET = b"hunter2-and-no-other"
SECRET_OF_T = {"name": "t", "key": "word"}


def loaded(pod: Pod, root: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings of a worker in this pod, its folder of secrets as the kubelet makes it."""
    if any(each["name"] == "secrets" for each in pod.spec["volumes"]):
        files = {path: SECRET for _, _, path in volume_files(pod, "secrets")}
        fill(root / "secrets", files, dated=str(time.monotonic_ns()))
    for name in [name for name in os.environ if name.startswith("POLICYWIRE_")]:
        monkeypatch.delenv(name)
    for name, value in environment(pod, root).items():
        monkeypatch.setenv(name, value)
    return load_settings()


@pytest.mark.parametrize("name", FILES)
def test_the_worker_takes_every_setting_that_it_is_given(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered = render(name)

    settings = loaded(rendered.worker, tmp_path, monkeypatch).model_dump()

    groups = {variable(group, each): settings[group][each] for group in settings for each in settings[group]}
    given = [each for each in rendered.worker.environment if each.startswith("POLICYWIRE_") and "__" in each]
    assert given
    assert set(given) <= set(groups), "a variable of which the worker knows nothing"


def test_settings_arrive_with_their_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = loaded(render("everything").worker, tmp_path, monkeypatch)

    assert settings.kafka.instance_id == f"{NAMESPACE}.rel-policywire-0"
    assert settings.kafka.security_protocol == "SASL_SSL"
    assert settings.kafka.ssl_ca_file == tmp_path / "tls/ca.crt"
    assert settings.kafka.ssl_certificate_file == tmp_path / "tls/client.crt"
    assert settings.kafka.ssl_key_file == tmp_path / "tls/client.key"
    assert settings.kafka.sasl_password is not None
    assert settings.kafka.sasl_password.get_secret_value().encode() == SECRET
    assert (settings.health.host, settings.health.port) == ("0.0.0.0", 9900)  # noqa: S104  as the chart must have it
    assert settings.batches.partition_bytes == 2_097_152
    assert (settings.deadlines.drain_s, settings.dead_letters.share_max) == (40.5, 0.25)
    assert settings.rules.source == "topic"


def test_tokens_come_from_an_endpoint_or_from_the_service_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = loaded(render("oauth").worker, tmp_path, monkeypatch).kafka
    own = loaded(render("token").worker, tmp_path, monkeypatch).kafka

    assert endpoint.sasl_mechanism == own.sasl_mechanism == "OAUTHBEARER"
    assert str(endpoint.oauth_token_endpoint).startswith("https://login.example:8443/realms/kafka/")
    assert (endpoint.oauth_client_id, endpoint.oauth_scope) == ("policywire", "kafka")
    assert endpoint.oauth_client_secret is not None
    assert endpoint.oauth_client_secret.get_secret_value().encode() == SECRET
    assert endpoint.oauth_ca_file == tmp_path / "tls/token-endpoint-ca.crt"
    assert own.oauth_token_file == tmp_path / "token/token"
    assert render("token").worker.volume("token")["projected"]["sources"] == [
        {"serviceAccountToken": {"audience": "kafka", "expirationSeconds": 3600, "path": "token"}}
    ]


def test_a_pod_has_an_instance_id_of_its_own_that_comes_back_with_it() -> None:
    rendered = render("minimal")

    ids = [
        environment(rendered.worker, Path("/"), name=name)["POLICYWIRE_KAFKA__INSTANCE_ID"]
        for name in ("a-0", "a-1", "a-0")
    ]

    assert ids == [f"{NAMESPACE}.a-0", f"{NAMESPACE}.a-1", f"{NAMESPACE}.a-0"]
    assert rendered.one("StatefulSet")["spec"]["serviceName"] == rendered.one("Service")["metadata"]["name"]


@pytest.mark.parametrize("name", FILES)
def test_secrets_are_references_and_nothing_else(name: str) -> None:
    rendered = render(name)

    assert "Secret" not in rendered.kinds
    assert not {variable(*path) for path in SECRETS} & set(rendered.worker.environment)
    assert not [each for each in rendered.worker.container["env"] if "secretKeyRef" in str(each)], (
        "files, not variables"
    )
    for volume in rendered.worker.spec["volumes"]:
        if "projected" in volume:
            assert volume["projected"]["defaultMode"] == 0o440


def test_secrets_come_from_the_keys_that_the_values_name() -> None:
    assert volume_files(render("scram").worker, "secrets") == [
        ("secret/policywire-worker", "password", "POLICYWIRE_KAFKA__SASL_PASSWORD")
    ]
    assert volume_files(render("mtls").worker, "secrets") == [
        ("secret/policywire-client", "user.password", "POLICYWIRE_KAFKA__SSL_KEY_PASSWORD")
    ]
    assert volume_files(render("oauth").worker, "secrets") == [
        ("secret/policywire-oauth", "client-secret", "POLICYWIRE_KAFKA__OAUTH_CLIENT_SECRET")
    ]
    assert volume_files(render("oauth").worker, "tls") == [
        ("configMap/corporate-ca", "bundle.pem", "token-endpoint-ca.crt")
    ]
    assert volume_files(render("mtls").worker, "tls") == [
        ("configMap/corporate-ca", "bundle.pem", "ca.crt"),
        ("secret/policywire-client", "user.crt", "client.crt"),
        ("secret/policywire-client", "user.key", "client.key"),
    ]


def test_what_the_chart_derives_or_keeps_secret_are_settings_of_the_worker() -> None:
    fields = {
        (group, name)
        for group, field in Settings.model_fields.items()
        for name in getattr(field.annotation, "model_fields", {})
    }

    assert fields >= SECRETS | DERIVED
    secret = {
        (group, name)
        for group, field in Settings.model_fields.items()
        for name, each in getattr(field.annotation, "model_fields", {}).items()
        if "SecretStr" in str(each.annotation)
    }
    assert secret == SECRETS


@pytest.mark.parametrize("drain_s", [0.2, 10, 10.5, 60, 300])
def test_a_pod_has_more_time_to_end_than_its_worker_takes(drain_s: float) -> None:
    values: dict[str, Any] = {"settings__deadlines__drain_s": drain_s}

    grace = render(**values).worker.spec["terminationGracePeriodSeconds"]
    longer = render(**values, terminationMarginSeconds=40).worker.spec["terminationGracePeriodSeconds"]

    assert grace == math.ceil(drain_s) + 15
    assert longer == math.ceil(drain_s) + 40


def test_without_a_word_the_drain_time_is_the_workers_own_default() -> None:
    defaults = {name: field.default for name, field in Settings.model_fields.items() if not field.is_required()}

    assert render().worker.spec["terminationGracePeriodSeconds"] == defaults["deadlines"].drain_s + 15
    assert render().worker.container["ports"] == [{"name": "metrics", "containerPort": defaults["health"].port}]


def test_a_pod_may_do_nothing_that_a_worker_need_not() -> None:
    rendered = render("minimal")
    pod, container = rendered.worker.spec, rendered.worker.container

    assert pod["automountServiceAccountToken"] is False
    assert rendered.one("ServiceAccount")["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & pod.keys()
    assert [each["mountPath"] for each in container["volumeMounts"] if not each.get("readOnly")] == ["/tmp"]  # noqa: S108
    assert "memory" in container["resources"]["limits"]


def test_the_rendered_pod_runs_becomes_ready_takes_new_rules_and_ends_in_time(
    broker: LocalBroker, topics: str, tmp_path: Path
) -> None:
    rules = {
        str(each.relative_to(ROOT / "rules")).replace("/", "-"): each.read_bytes()
        for each in (ROOT / "rules").rglob("*.yaml")
    }
    port = free_port()
    rendered = render(
        "plaintext",
        kafka__bootstrapServers=broker.bootstrap_servers,
        kafka__topicPrefix=topics,
        kafka__group="helm",
        rules={"source": "configMap", "configMap": "policies"},
        settings={"health": {"port": port}, "rules": {"poll_s": 0.2}},
    )
    fill(tmp_path / "rules", rules, dated="2026_12_01")
    container = rendered.worker.container
    with started(rendered.worker, tmp_path) as worker:
        until(worker, lambda: probe(container, "readinessProbe", port)[0] == 200)
        assert probe(container, "startupProbe", port)[0] == 200
        assert probe(container, "livenessProbe", port)[0] == 200
        revision = revision_of(container, port)
        changed = rules["cigna-mm-0552-policy.yaml"].replace(b"rationale: ", b"rationale: Now ", 1)

        fill(tmp_path / "rules", rules | {"cigna-mm-0552-policy.yaml": changed}, dated="2026_12_02")

        until(worker, lambda: revision_of(container, port) != revision)
        began = time.monotonic()
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(rendered.worker.spec["terminationGracePeriodSeconds"]) == 0
        assert time.monotonic() - began < rendered.worker.spec["terminationGracePeriodSeconds"]


def test_the_rendered_job_creates_the_topics_and_does_so_again(
    broker: LocalBroker, topic_prefix: str, tmp_path: Path
) -> None:
    rendered = render(
        "plaintext",
        lanes=3,
        kafka__bootstrapServers=broker.bootstrap_servers,
        kafka__topicPrefix=topic_prefix,
        topicsJob__enabled=True,
    )

    for told in ("created", "exists"):
        with started(rendered.topics_job, tmp_path) as job:
            assert job.wait(rendered.one("Job")["spec"]["activeDeadlineSeconds"]) == 0
        lines = [line.split() for line in (tmp_path / "log").read_text().splitlines() if topic_prefix in line]
        assert {(name, int(count), state) for name, count, _, state in lines} == {
            (topic_prefix + name, topic.partitions, told) for name, topic in load_topics(3).items()
        }


def test_the_job_logs_in_as_itself_and_as_the_worker_where_nothing_else_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutual, tokens = render("mtls"), render("oauth")
    scram = render("everything", strimzi__topics__enabled=False, topicsJob__enabled=True)

    assert volume_files(mutual.topics_job, "tls")[1:] == [
        ("secret/topic-creator", "user.crt", "client.crt"),
        ("secret/topic-creator", "user.key", "client.key"),
    ]
    assert "secrets" not in [each["name"] for each in mutual.topics_job.spec["volumes"]], "the worker's key has one"
    assert volume_files(tokens.topics_job, "secrets") == [
        ("secret/topic-creator-oauth", "client-secret", "POLICYWIRE_KAFKA__OAUTH_CLIENT_SECRET")
    ]
    assert loaded(tokens.topics_job, tmp_path, monkeypatch).kafka.oauth_client_id == "topic-creator"
    assert loaded(tokens.worker, tmp_path, monkeypatch).kafka.oauth_client_id == "policywire"
    assert volume_files(scram.topics_job, "secrets") == volume_files(scram.worker, "secrets")
    own = render(
        "scram",
        strimzi__topics__enabled=False,
        topicsJob={"enabled": True, "username": "t", "passwordSecret": SECRET_OF_T},
    )
    assert volume_files(own.topics_job, "secrets") == [("secret/t", "word", "POLICYWIRE_KAFKA__SASL_PASSWORD")]
    assert loaded(own.topics_job, tmp_path, monkeypatch).kafka.sasl_username == "t"
    assert loaded(own.worker, tmp_path, monkeypatch).kafka.sasl_username == "policywire-worker"


def test_the_job_runs_before_the_workers_and_may_do_as_little() -> None:
    rendered = render("mtls")

    annotations = rendered.one("Job")["metadata"]["annotations"]

    assert annotations["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert rendered.topics_job.spec["securityContext"] == rendered.worker.spec["securityContext"]
    assert rendered.topics_job.container["securityContext"] == rendered.worker.container["securityContext"]
    assert rendered.topics_job.spec["automountServiceAccountToken"] is False
    labels = rendered.one("Job")["spec"]["template"]["metadata"]["labels"]
    selected = rendered.one("StatefulSet")["spec"]["selector"]["matchLabels"]
    assert not selected.items() <= labels.items(), "the StatefulSet would take the job's pod for a worker"


@contextmanager
def started(pod: Pod, root: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The container's process: the image's entry point with the container's arguments and variables."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("POLICYWIRE_")}
    with (root / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "policywire", *pod.container["args"]],
            env={**kept, "PYTHONPATH": str(ROOT / "services"), **environment(pod, root)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def until(worker: subprocess.Popen[bytes], holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert worker.poll() is None, "the worker ended"
        assert time.monotonic() < deadline, "it does not come to that"
        time.sleep(0.1)


def revision_of(container: dict[str, Any], port: int) -> str:
    answer = probe(container, "readinessProbe", port)[1]
    assert isinstance(answer, dict)
    assert answer["rules_refused"] is None
    return str(answer["rulebook_revision"])
