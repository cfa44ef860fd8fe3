"""What the chart asks of Strimzi, KEDA, the network and Prometheus, held against the files that say what is right."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.operations.kubernetes.chart import CHART, FILES, NAMESPACE, Manifest, Rendered, render
from tests.operations.kubernetes.schemas import scaler_parameters
from tests.operations.prometheus import JOB, ROOT, tool

from policywire.stream import metric_list
from policywire.stream.membership import JOIN_TIMEOUT_MS
from policywire.stream.opening import INPUTS
from policywire.stream.settings import Kafka
from policywire.stream.topic_admin import fitting_config
from policywire.stream.topics import load_topics

PRINCIPALS: dict[str, Any] = yaml.safe_load((ROOT / "deploy/kafka/acls.yaml").read_text())["principals"]
RULES = sorted((ROOT / "deploy/prometheus/rules").glob("*.yaml"))


@pytest.mark.parametrize(("copies", "prefix", "lanes"), [(3, "", 4), (1, "test.", 12), (2, "Claims_", 6), (5, "", 32)])
def test_topics_are_those_of_topics_yaml(copies: int, prefix: str, lanes: int) -> None:
    rendered = render(
        lanes=lanes,
        kafka__topicPrefix=prefix,
        strimzi={"cluster": "events", "topics": {"enabled": True, "replicas": copies}},
    )

    found = {each["spec"]["topicName"]: each["spec"] for each in rendered.of("KafkaTopic")}

    wanted = {prefix + name: topic for name, topic in load_topics(lanes).items()}
    assert found.keys() == wanted.keys()
    for name, topic in wanted.items():
        assert found[name]["partitions"] == topic.partitions
        assert found[name]["replicas"] == copies
        assert found[name]["config"] == fitting_config(topic, copies)


def test_uninstalling_deletes_no_topic() -> None:
    for topic in render("scram").of("KafkaTopic"):
        assert topic["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"


def test_strimzis_resources_lie_where_its_operators_look() -> None:
    for kind in ("KafkaTopic", "KafkaUser"):
        assert {each["metadata"]["namespace"] for each in render("scram").of(kind)} == {"kafka"}
        assert {each["metadata"]["namespace"] for each in render("everything").of(kind)} == {NAMESPACE}
        assert {each["metadata"]["labels"]["strimzi.io/cluster"] for each in render("scram").of(kind)} == {"events"}


@pytest.mark.parametrize("role", PRINCIPALS)
@pytest.mark.parametrize(("prefix", "group"), [("", "policywire"), ("prod.", "coverage")])
def test_a_user_may_do_what_its_role_may_and_nothing_else(role: str, prefix: str, group: str) -> None:
    rendered = render(
        kafka__topicPrefix=prefix,
        kafka__group=group,
        strimzi={"cluster": "events", "users": {"enabled": True, "roles": {"somebody": role}}},
    )

    user = {each["metadata"]["name"]: each for each in rendered.of("KafkaUser")}["somebody"]

    assert user["spec"]["authorization"]["type"] == "simple"
    assert rights(user) == {
        (kind, entry[kind].format(prefix=prefix, group=group), entry.get("pattern", "literal"), operation)
        for entry in PRINCIPALS[role]["acls"]
        for kind in ("topic", "group", "transactional_id")
        if kind in entry
        for operation in entry["operations"]
    }


def rights(user: Manifest) -> set[tuple[str, str, str, str]]:
    """What a KafkaUser may do: kind of resource, its name, how that is meant, operation."""
    kinds = {"topic": "topic", "group": "group", "transactionalId": "transactional_id"}
    return {
        (kinds[acl["resource"]["type"]], acl["resource"]["name"], acl["resource"]["patternType"], operation)
        for acl in user["spec"]["authorization"]["acls"]
        for operation in acl["operations"]
    }


def test_nobody_may_change_the_cluster_or_more_than_they_are_named_for() -> None:
    given = {operation for each in PRINCIPALS.values() for acl in each["acls"] for operation in acl["operations"]}

    assert given == {"Read", "Write", "Describe", "Create", "DescribeConfigs"}
    for name, principal in PRINCIPALS.items():
        for acl in principal["acls"]:
            assert len(acl.keys() & {"topic", "group", "transactional_id"}) == 1
            assert acl.get("topic", "{prefix}").startswith("{prefix}")
            assert acl.get("pattern") in {None, "prefix"}
            assert "topic" not in acl or "pattern" not in acl, f"{name} may use topics that do not exist yet"


def test_the_worker_alone_may_open_lanes_and_join_its_group() -> None:
    for name, principal in PRINCIPALS.items():
        lanes = [acl for acl in principal["acls"] if "-lane-" in acl.get("transactional_id", "")]
        joins = [acl for acl in principal["acls"] if acl.get("group") == "{group}" and "Read" in acl["operations"]]
        assert (name == "worker") == bool(lanes) == bool(joins)


def test_every_topic_has_somebody_to_write_and_somebody_to_read_it() -> None:
    for topic in load_topics():
        for operation in ("Read", "Write"):
            assert [
                name
                for name, principal in PRINCIPALS.items()
                for acl in principal["acls"]
                if acl.get("topic") == f"{{prefix}}{topic}" and operation in acl["operations"]
            ]


@pytest.mark.parametrize("kind", ["scram-sha-512", "tls", "tls-external", "none"])
def test_users_log_in_as_asked(kind: str) -> None:
    users = render(strimzi={"cluster": "events", "users": {"enabled": True, "authentication": kind}}).of("KafkaUser")

    assert [user["spec"].get("authentication") for user in users] == [None if kind == "none" else {"type": kind}]


def test_the_scaler_never_runs_more_workers_than_lanes_nor_none() -> None:
    for lanes, most in ((4, 0), (12, 0), (12, 7)):
        scaler = render("scram", lanes=lanes, autoscaling__maxReplicas=most).one("ScaledObject")["spec"]
        assert scaler["maxReplicaCount"] == (most or lanes)
        assert scaler["minReplicaCount"] == 2
        assert scaler["fallback"]["replicas"] <= lanes
        assert "idleReplicaCount" not in scaler


def test_the_scaler_scales_the_workers_and_helm_leaves_their_number_alone() -> None:
    rendered = render("scram")

    target = rendered.one("ScaledObject")["spec"]["scaleTargetRef"]

    assert (target["kind"], target["name"]) == ("StatefulSet", rendered.one("StatefulSet")["metadata"]["name"])
    assert "replicas" not in rendered.one("StatefulSet")["spec"]
    assert render("minimal").one("StatefulSet")["spec"]["replicas"] == 2


def test_the_scaler_watches_both_inputs_of_the_workers_own_group() -> None:
    rendered = render("scram")

    triggers = rendered.one("ScaledObject")["spec"]["triggers"]

    assert [each["metadata"]["topic"] for each in triggers] == [f"prod.{name}" for name in INPUTS]
    assert {each["metadata"]["consumerGroup"] for each in triggers} == {
        rendered.worker.environment["POLICYWIRE_KAFKA__GROUP"]
    }
    for each in triggers:
        assert all(isinstance(value, str) for value in each["metadata"].values()), "KEDA takes texts only"
        assert each["metadata"]["allowIdleConsumers"] == "false"


def test_the_scaler_logs_in_as_itself_and_by_references() -> None:
    scram, mutual, tokens = render("scram"), render("mtls"), render("oauth")

    assert parameters(scram) == {
        "username": "configMap/rel-policywire-scaler/username",
        "password": "secret/policywire-scaler/password",
        "ca": "secret/events-cluster-ca-cert/ca.crt",
    }
    assert scram.one("ConfigMap")["data"] == {"username": "policywire-scaler"}
    assert parameters(mutual) == {
        "cert": "secret/policywire-scaler/user.crt",
        "key": "secret/policywire-scaler/user.key",
        "ca": "configMap/corporate-ca/bundle.pem",
    }
    assert {(each["metadata"].get("sasl"), each["metadata"]["tls"]) for each in triggers_of(scram)} == {
        ("scram_sha512", "enable")
    }
    assert {(each["metadata"].get("sasl"), each["metadata"]["tls"]) for each in triggers_of(mutual)} == {
        (None, "enable")
    }
    assert parameters(tokens) == {
        "username": "configMap/rel-policywire-scaler/username",
        "password": "secret/policywire-scaler-oauth/client-secret",
        "oauthTokenEndpointUri": "configMap/rel-policywire-scaler/tokenEndpoint",
        "scopes": "configMap/rel-policywire-scaler/scope",
    }
    assert tokens.one("ConfigMap")["data"] == {
        "username": "policywire-scaler",
        "tokenEndpoint": tokens.worker.environment["POLICYWIRE_KAFKA__OAUTH_TOKEN_ENDPOINT"],
        "scope": "kafka",
    }
    assert {each["metadata"]["sasl"] for each in triggers_of(tokens)} == {"oauthbearer"}
    for rendered in (scram, mutual, tokens):
        name = rendered.one("TriggerAuthentication")["metadata"]["name"]
        assert [each["authenticationRef"] for each in triggers_of(rendered)] == [{"name": name}] * 2


@pytest.mark.parametrize("name", ["scram", "mtls", "oauth", "plaintext", "token", "everything"])
def test_triggers_say_what_keda_itself_reads(name: str) -> None:
    rendered = render(name)

    for trigger in triggers_of(rendered):
        known = scaler_parameters(trigger["type"])
        for key, value in trigger["metadata"].items():
            assert "triggerMetadata" in known[key].places
            assert not known[key].words or value in known[key].words
        for key in parameters(rendered) if "authenticationRef" in trigger else ():
            assert "authParams" in known[key].places


def triggers_of(rendered: Rendered) -> list[Manifest]:
    triggers: list[Manifest] = rendered.one("ScaledObject")["spec"]["triggers"]
    return triggers


def parameters(rendered: Rendered) -> dict[str, str]:
    """What KEDA is given to log in with, and where it finds it."""
    spec = rendered.one("TriggerAuthentication")["spec"]
    sources = {"secret": spec.get("secretTargetRef", []), "configMap": spec.get("configMapTargetRef", [])}
    return {
        each["parameter"]: f"{kind}/{each['name']}/{each['key']}" for kind, found in sources.items() for each in found
    }


def test_a_scaler_that_asks_prometheus_has_nothing_of_kafkas() -> None:
    rendered = render("plaintext")

    (trigger,) = rendered.one("ScaledObject")["spec"]["triggers"]

    assert trigger["type"] == "prometheus"
    assert "authenticationRef" not in trigger
    assert "TriggerAuthentication" not in rendered.kinds
    query = trigger["metadata"]["query"]
    assert f'namespace="{NAMESPACE}", service="rel-policywire"' in query
    (name,) = re.findall(r"policywire_\w+", query)
    assert name in metric_list.ALL
    assert trigger["metadata"]["ignoreNullValues"] == "false"


def test_a_worker_reaches_kafka_and_names_only() -> None:
    out = render("mtls").one("NetworkPolicy")["spec"]["egress"]
    narrow = render("everything").one("NetworkPolicy")["spec"]["egress"]

    assert [port["port"] for port in out[0]["ports"]] == [9094, 9095]
    assert "to" not in out[0]
    assert [(port["protocol"], port["port"]) for port in out[1]["ports"]] == [("UDP", 53), ("TCP", 53)]
    assert len(out) == 2
    assert [port["port"] for port in narrow[0]["ports"]] == [9093, 9094]
    assert narrow[0]["to"][0]["podSelector"] == {"matchLabels": {"strimzi.io/cluster": "events"}}


def test_a_worker_reaches_its_token_endpoint() -> None:
    *_, tokens = render("oauth").one("NetworkPolicy")["spec"]["egress"]
    *_, usual = render(
        "oauth", kafka__sasl__oauth__tokenEndpoint="https://login.example/token", networkPolicy__tokenEndpointPeers=[]
    ).one("NetworkPolicy")["spec"]["egress"]

    assert tokens == {
        "ports": [{"protocol": "TCP", "port": 8443}],
        "to": [{"ipBlock": {"cidr": "203.0.113.10/32"}}],
    }
    assert usual == {"ports": [{"protocol": "TCP", "port": 443}]}
    assert len(render("token").one("NetworkPolicy")["spec"]["egress"]) == 2


@pytest.mark.parametrize("name", [each for each in FILES if each != "plaintext"])
def test_only_prometheus_reaches_a_worker_and_only_its_metrics(name: str) -> None:
    rendered = render(name)
    spec = rendered.one("NetworkPolicy")["spec"]

    assert spec["policyTypes"] == ["Ingress", "Egress"]
    (rule,) = spec["ingress"]
    assert rule["ports"] == [{"protocol": "TCP", "port": "metrics"}]
    assert rule["from"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]
    labels = rendered.one("StatefulSet")["spec"]["template"]["metadata"]["labels"]
    assert spec["podSelector"]["matchLabels"].items() <= labels.items()


def test_one_worker_at_a_time_may_be_taken_away() -> None:
    rendered = render()
    budget, workers = rendered.one("PodDisruptionBudget")["spec"], rendered.one("StatefulSet")["spec"]

    assert budget["maxUnavailable"] == 1
    assert budget["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
    assert budget["selector"] == workers["selector"]
    assert workers["podManagementPolicy"] == "Parallel"
    assert workers["minReadySeconds"] >= Kafka.model_fields["session_timeout_s"].default
    assert workers["minReadySeconds"] * 1000 < JOIN_TIMEOUT_MS
    spread = rendered.worker.spec["topologySpreadConstraints"]
    assert [each["topologyKey"] for each in spread] == ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]
    assert all(each["labelSelector"] == workers["selector"] for each in spread)


def test_prometheus_finds_the_workers_under_the_job_that_the_rules_ask_for() -> None:
    rendered = render("everything")
    monitor, service = rendered.one("ServiceMonitor")["spec"], rendered.one("Service")

    assert monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    (endpoint,) = monitor["endpoints"]
    assert endpoint["port"] in [port["name"] for port in service["spec"]["ports"]]
    assert endpoint["relabelings"] == [{"targetLabel": "job", "replacement": JOB}]
    assert service["spec"]["publishNotReadyAddresses"] is True


@pytest.mark.parametrize("file", RULES, ids=lambda file: file.stem)
def test_alert_rules_are_those_of_prometheus_own_files(file: Path) -> None:
    found = rules_of(render("everything"))

    wanted = yaml.safe_load(file.read_text().replace("{{ $externalLabels.runbooks }}", ""))
    assert found[file.stem] == wanted


def test_no_rules_but_those(tmp_path: Path) -> None:
    found = rules_of(render("everything"))

    assert found.keys() == {file.stem for file in RULES}
    for name, spec in found.items():
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(spec))
    files = [str(each) for each in tmp_path.glob("*.yaml")]
    assert (
        "SUCCESS"
        in subprocess.run(
            [tool("promtool"), "check", "rules", *files], capture_output=True, text=True, check=True
        ).stdout
    )


def rules_of(rendered: Rendered) -> dict[str, Manifest]:
    return {each["metadata"]["name"].removeprefix("coverage-"): each["spec"] for each in rendered.of("PrometheusRule")}


def test_a_site_sets_its_thresholds_and_where_its_runbooks_are() -> None:
    dollars, taxonomy = "policywire:exposure_threshold:dollars", "policywire:missing_fact_threshold:ratio"

    rendered = render(
        "everything",
        monitoring__prometheusRule__thresholds={dollars: 2_500_000, f"{taxonomy}/taxonomy": 0.5},
        monitoring__prometheusRule__runbooks="https://runbooks.example/policywire/",
    )

    (group,) = rules_of(rendered)["thresholds"]["groups"]
    found = {
        (rule["record"], *rule.get("labels", {}).values()): rule["expr"] for rule in group["rules"] if "record" in rule
    }
    (usual,) = yaml.safe_load((ROOT / "deploy/prometheus/rules/thresholds.yaml").read_text())["groups"]
    before = {
        (rule["record"], *rule.get("labels", {}).values()): rule["expr"] for rule in usual["rules"] if "record" in rule
    }
    assert found == before | {(dollars,): "vector(2500000)", (taxonomy, "taxonomy"): "vector(0.5)"}
    assert "externalLabels" not in rendered.text
    assert "runbook_url: https://runbooks.example/policywire/deploy/runbooks/" in rendered.text


def test_dashboards_are_grafanas_own_files() -> None:
    found = {
        name: content
        for each in render("everything").of("ConfigMap")
        for name, content in each["data"].items()
        if name.endswith(".json")
    }

    files = sorted((ROOT / "deploy/grafana").glob("*.json"))
    assert found == {file.name: file.read_text().strip() for file in files}
    assert files


def test_the_chart_repeats_nothing_that_stands_elsewhere() -> None:
    links = {each.name: each.resolve() for each in (CHART / "files").iterdir()}

    assert all(each.is_symlink() for each in (CHART / "files").iterdir())
    assert links == {
        "acls.yaml": ROOT / "deploy/kafka/acls.yaml",
        "topics.yaml": ROOT / "schemas/topics.yaml",
        "prometheus": ROOT / "deploy/prometheus/rules",
        "grafana": ROOT / "deploy/grafana",
    }
