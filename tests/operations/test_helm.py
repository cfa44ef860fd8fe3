"""The chart as a whole: real Helm renders it, schemas of Kubernetes and the CRDs take it, flags do what they say."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.operations.kubernetes.chart import (
    CHART,
    FILES,
    RELEASE,
    Refused,
    Rendered,
    lint,
    package,
    render,
    render_text,
    validate,
)
from tests.operations.kubernetes.schemas import VERSIONS
from tests.operations.kubernetes.settings import settings_schema
from tests.operations.prometheus import ROOT

ALWAYS = {"StatefulSet", "Service"}
FLAGS = {
    "serviceAccount__create": {"ServiceAccount"},
    "podDisruptionBudget__enabled": {"PodDisruptionBudget"},
    "networkPolicy__enabled": {"NetworkPolicy"},
    "monitoring__serviceMonitor__enabled": {"ServiceMonitor"},
    "monitoring__prometheusRule__enabled": {"PrometheusRule"},
    "monitoring__dashboards__enabled": {"ConfigMap"},
    "autoscaling__enabled": {"ScaledObject"},
    "topicsJob__enabled": {"Job"},
    "strimzi__topics__enabled": {"KafkaTopic"},
    "strimzi__users__enabled": {"KafkaUser"},
}
"""Each flag and the kinds that it alone brings. Logging in of the scaler is tested apart: it hangs on two values."""


def all_off(**but: Any) -> Rendered:
    off = dict.fromkeys(FLAGS, False)
    return render(strimzi__cluster="events", **off | but)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", FILES)
def test_every_object_follows_its_schema(name: str, version: str) -> None:
    rendered = render(name, version=version)

    looked_at = validate(rendered.text, version)

    assert sorted(looked_at) == sorted((each["kind"], each["metadata"]["name"]) for each in rendered.objects)


@pytest.mark.parametrize("name", FILES)
def test_helm_finds_nothing_to_warn_of(name: str) -> None:
    assert "0 chart(s) failed" in lint(name)


def test_the_files_of_values_bring_every_kind_that_the_chart_has() -> None:
    templates = "".join(each.read_text() for each in (CHART / "templates").glob("*.yaml"))
    has = set(re.findall(r"^kind: (\w+)$", templates, flags=re.MULTILINE))

    assert has == set[str]().union(*(render(name).kinds for name in FILES))
    assert has == ALWAYS.union(*FLAGS.values()) | {"TriggerAuthentication"}


@pytest.mark.parametrize("flag", FLAGS)
def test_a_flag_brings_its_objects_and_no_others(flag: str) -> None:
    assert all_off().kinds == ALWAYS
    assert all_off(**{flag: True}).kinds == ALWAYS | FLAGS[flag]


MISTAKES = {
    "an unknown field of the pod": ("terminationGracePeriodSeconds: ", "terminationGraceSeconds: "),
    "a value of another type": ("minReadySeconds: 10", "minReadySeconds: soon"),
    "a word that is none of a list's": ("type: RuntimeDefault", "type: RuntimeDefault\n          level: 1"),
    "an unknown field of metadata": ("  labels:", "  lables: {}\n  labels:"),
    "a key twice": ("podManagementPolicy: Parallel", "podManagementPolicy: Parallel\n  podManagementPolicy: Parallel"),
    "an unknown kind": ("kind: StatefulSet", "kind: StatefulSets"),
    "an API version that is gone": ("apiVersion: policy/v1", "apiVersion: policy/v1beta1"),
    "a misspelt field of KEDA's": ("minReplicaCount:", "minReplicasCount:"),
    "a trigger without a type": ("- type: kafka\n", "- kind: kafka\n"),
    "an operation that Strimzi does not know": ('["Write"]', '["Wirte"]'),
    "a topic with a word for a number": ("partitions: 12", "partitions: lanes"),
    "a misspelt field of a ServiceMonitor": ("scrapeTimeout:", "scrapeTimeouts:"),
    "a rule without an expression": ("expr: absent(", "exprs: absent("),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_validator_notices(mistake: str) -> None:
    before, after = MISTAKES[mistake]
    text = render("everything").text
    assert before in text

    with pytest.raises(Refused):
        validate(text.replace(before, after, 1))


def test_the_archive_that_is_handed_on_renders_the_same(tmp_path: Path) -> None:
    assert render("everything", chart=package(tmp_path)).text == render("everything").text


REFUSALS: dict[str, tuple[dict[str, Any], str]] = {
    "no servers": ({"kafka__bootstrapServers": ""}, "bootstrapServers"),
    "a server without a port": ({"kafka__bootstrapServers": "kafka"}, "bootstrapServers"),
    "an unknown value": ({"kafka__bootstrapServer": "kafka:9093"}, "'bootstrapServer' not allowed"),
    "an unknown value at the top": ({"replicaCount": 3}, "'replicaCount' not allowed"),
    "a literal password": ({"kafka__sasl__scram__password": "hunter2"}, "'password' not allowed"),
    "a literal where a Secret's name belongs": ({"kafka__sasl__scram__passwordSecret": "hunter2"}, "want object"),
    "a value where a key belongs": ({"kafka__sasl__scram__passwordSecret__key": "p@ss word"}, "does not match"),
    "a password among the settings": ({"settings__kafka__sasl_password": "hunter2"}, "'sasl_password' not allowed"),
    "the scaler's literal password": ({"autoscaling__kafka__password": "hunter2"}, "'password' not allowed"),
    "a certificate in the values": ({"kafka__tls__clientCertificate__secret": "-----BEGIN"}, "does not match"),
    "a setting that the chart gives": ({"settings__kafka__instance_id": "worker-0"}, "'instance_id' not allowed"),
    "an unknown setting": ({"settings__batches__size": 5}, "'size' not allowed"),
    "a setting out of bounds": ({"settings__dead_letters__share_max": 2}, "share_max"),
    "more workers than lanes": ({"replicas": 5}, "replicas is 5, but there are 4 lanes"),
    "a scaler beyond the lanes": (
        {"autoscaling__enabled": True, "autoscaling__maxReplicas": 5},
        "autoscaling.maxReplicas is 5, but there are 4 lanes",
    ),
    "a fallback beyond the lanes": (
        {"autoscaling__enabled": True, "autoscaling__fallbackReplicas": 5},
        "autoscaling.fallbackReplicas is 5, but there are 4 lanes",
    ),
    "a scaler to nothing": ({"autoscaling__minReplicas": 0}, "minReplicas"),
    "at least more than at most": (
        {"autoscaling__enabled": True, "autoscaling__minReplicas": 3, "autoscaling__maxReplicas": 2},
        "autoscaling.minReplicas is 3 and more than maxReplicas, 2",
    ),
    "a scaler that cannot log in": (
        {
            "autoscaling__enabled": True,
            "kafka__sasl__mechanism": "SCRAM-SHA-512",
            "kafka__sasl__scram__username": "worker",
            "kafka__sasl__scram__passwordSecret__name": "worker",
        },
        "give autoscaling.kafka.username",
    ),
    "a scaler that asks nobody": (
        {"autoscaling__enabled": True, "autoscaling__trigger": "prometheus"},
        "give autoscaling.prometheus.serverAddress",
    ),
    "an open wire": ({"kafka__tls__enabled": False}, "health information would be readable"),
    "a login without a name": ({"kafka__sasl__mechanism": "SCRAM-SHA-512"}, "kafka.sasl.scram.username"),
    "an unknown mechanism": ({"kafka__sasl__mechanism": "PLAIN"}, "mechanism"),
    "tokens from nowhere": ({"kafka__sasl__mechanism": "OAUTHBEARER"}, "give one source of tokens"),
    "tokens from two places": (
        {
            "kafka__sasl__mechanism": "OAUTHBEARER",
            "kafka__sasl__oauth__tokenEndpoint": "https://login.example/token",
            "kafka__sasl__oauth__serviceAccountToken__audience": "kafka",
        },
        "give one source of tokens",
    ),
    "a token endpoint without a client": (
        {"kafka__sasl__mechanism": "OAUTHBEARER", "kafka__sasl__oauth__tokenEndpoint": "https://login.example/token"},
        "needs kafka.sasl.oauth.clientId",
    ),
    "a token endpoint on an open wire": (
        {"kafka__sasl__oauth__tokenEndpoint": "http://login.example"},
        "tokenEndpoint",
    ),
    "a literal client secret": ({"kafka__sasl__oauth__clientSecret": "hunter2"}, "want object"),
    "a scaler without a token": (
        {
            "autoscaling": {"enabled": True, "kafka": {"username": "a", "passwordSecret": {"name": "a", "key": "b"}}},
            "kafka__sasl__mechanism": "OAUTHBEARER",
            "kafka__sasl__oauth__serviceAccountToken__audience": "kafka",
        },
        "use trigger prometheus",
    ),
    "two authorities": ({"kafka__tls__ca": {"secret": "a", "configMap": "b", "key": "ca.crt"}}, "take one away"),
    "rules from a ConfigMap without a name": ({"rules__source": "configMap"}, "name it in rules.configMap"),
    "a ConfigMap of rules that is not used": ({"rules__configMap": "policies"}, "rules.source is image"),
    "metrics for everybody": ({"networkPolicy__metricsPeers": []}, "metricsPeers"),
    "a port that nobody knows": ({"settings__health__port": 0}, "settings.health.port is 0"),
    "topics of no cluster": ({"strimzi__topics__enabled": True}, "strimzi.cluster"),
    "topics made twice": (
        {"topicsJob__enabled": True, "strimzi": {"cluster": "events", "topics": {"enabled": True}}},
        "topicsJob and strimzi.topics both make topics",
    ),
    "a user of no role": ({"strimzi__users__roles": {"ehr": "admin"}}, "strimzi/users/roles/ehr"),
    "a threshold that is none": (
        {"monitoring__prometheusRule__enabled": True, "monitoring__prometheusRule__thresholds": {"exposure": 1}},
        "thresholds names exposure; there are policywire:exposure_threshold:dollars",
    ),
    "a digest that is none": ({"image__digest": "latest"}, "digest"),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_values_that_cannot_be_meant_are_refused(what: str) -> None:
    values, words = REFUSALS[what]

    with pytest.raises(Refused, match=re.escape(words)):
        render(**values)


def test_an_older_kubernetes_than_the_chart_is_for_is_refused() -> None:
    with pytest.raises(Refused, match="kubeVersion"):
        render(version="1.30.0")


def test_settings_in_values_are_the_workers_own_with_their_bounds() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())

    assert schema["properties"]["settings"] == settings_schema()


def test_every_object_of_the_schema_is_closed_or_is_somebody_elses() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    open_ones = {path for path, node in _objects(schema, "") if "additionalProperties" not in node}

    # Kubernetes' own types, and Helm's `global`; what they hold is validated once it is rendered.
    assert {path.rpartition("/")[2] for path in open_ones} == {"global", "peer", "resources", "affinity", "items"}


def _objects(node: Any, path: str) -> list[tuple[str, Any]]:
    if isinstance(node, list):
        return [found for number, each in enumerate(node) for found in _objects(each, f"{path}/{number}")]
    if not isinstance(node, dict):
        return []
    own = [(path, node)] if node.get("type") == "object" else []
    return own + [found for key, each in node.items() for found in _objects(each, f"{path}/{key}")]


def test_the_schema_names_every_value_and_the_readme_explains_it() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    schema = json.loads((CHART / "values.schema.json").read_text())
    readme = (CHART / "README.md").read_text()

    for top in schema["properties"].keys() - {"global"}:
        assert top in values, f"{top} is in the schema and not in values.yaml"
    rows = re.findall(r"^\| `([\w.]+)` \| (?:`([^`]*)`)? *\|", readme, flags=re.MULTILINE)
    assert dict(rows) == dict(_leaves(values))


def _leaves(values: Any, path: str = "") -> list[tuple[str, str]]:
    """Dotted names and defaults as JSON; what is a list, or is empty, is one value."""
    if isinstance(values, dict) and values and not path.endswith(WHOLE):
        return [leaf for key, value in values.items() for leaf in _leaves(value, f"{path}.{key}" if path else key)]
    return [(path, "" if values in ("", {}, []) else json.dumps(values))]


WHOLE = ("settings", "resources", "networkPolicy.dns", "dashboards.labels", "users.roles")


def test_the_readmes_examples_are_values(tmp_path: Path) -> None:
    examples = re.findall(r"^```yaml\n(.*?)^```$", (CHART / "README.md").read_text(), flags=re.MULTILINE | re.DOTALL)

    assert len(examples) == 2
    for example in examples:
        assert validate(render_text(example, tmp_path).text)


@pytest.mark.parametrize("name", FILES)
def test_names_are_such_as_kubernetes_takes(name: str) -> None:
    rendered = render(name, fullnameOverride="a-name-that-is-far-too-long-for-the-label-of-a-pod-and-so-is-cut-off")

    for each in rendered.objects:
        assert re.fullmatch(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?", each["metadata"]["name"])
        assert len(each["metadata"]["name"]) <= 63
        for label in each["metadata"].get("labels", {}).values():
            assert re.fullmatch(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?", label)
            assert len(label) <= 63
    # The pod's number and its revision's hash are labels' values, too.
    assert len(rendered.one("StatefulSet")["metadata"]["name"]) <= 63 - len("-0123456789")


@pytest.mark.parametrize("name", FILES)
def test_what_is_mounted_is_there_and_what_is_there_is_mounted(name: str) -> None:
    rendered = render(name)

    for pod in (rendered.worker, *([rendered.topics_job] if rendered.of("Job") else [])):
        mounted = [each["name"] for each in pod.container["volumeMounts"]]
        assert sorted(mounted) == sorted(each["name"] for each in pod.spec["volumes"])
        assert len({each["mountPath"] for each in pod.container["volumeMounts"]}) == len(mounted)
        variables = [each["name"] for each in pod.container["env"]]
        assert len(set(variables)) == len(variables)
        files = [value for value in pod.environment.values() if value.startswith("/etc/policywire/")]
        folders = tuple(each["mountPath"] for each in pod.container["volumeMounts"])
        assert all(value.startswith(folders) for value in files)


def test_the_image_is_run_as_the_user_that_it_is_made_for() -> None:
    (user,) = re.findall(r"^USER (\d+):(\d+)$", (ROOT / "deploy/docker/Dockerfile").read_text(), flags=re.MULTILINE)

    context = render().worker.spec["securityContext"]

    assert (str(context["runAsUser"]), str(context["runAsGroup"])) == user


def test_labels_of_selectors_never_change_with_a_version() -> None:
    selectors = [
        each["spec"]["selector"]
        for each in render("everything").objects
        if isinstance(each.get("spec"), dict) and "selector" in each["spec"]
    ]

    assert selectors
    for selector in selectors:
        assert (selector.get("matchLabels") or selector) == {
            "app.kubernetes.io/name": "policywire",
            "app.kubernetes.io/instance": RELEASE,
            "app.kubernetes.io/component": "worker",
        }
