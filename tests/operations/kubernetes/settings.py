"""Which of the worker's settings may stand in a chart's values, as JSON Schema made from the worker's own model."""

from typing import Any

from policywire.stream.settings import Settings

SECRETS = {("kafka", "sasl_password"), ("kafka", "ssl_key_password"), ("kafka", "oauth_client_secret")}
"""Come from Secrets and never from values."""

DERIVED = {
    *(("kafka", name) for name in ("bootstrap_servers", "group", "topic_prefix", "instance_id", "security_protocol")),
    *(("kafka", name) for name in ("allow_plaintext", "ssl_ca_file", "ssl_certificate_file", "ssl_key_file")),
    *(("kafka", name) for name in ("sasl_mechanism", "sasl_username", "oauth_token_file", "oauth_token_endpoint")),
    *(("kafka", name) for name in ("oauth_client_id", "oauth_scope", "oauth_ca_file")),
    *(("rules", "source"), ("rules", "path"), ("health", "host")),
}
"""The chart gives them from values of its own."""


def settings_schema() -> dict[str, Any]:
    """The schema of the value ``settings``."""
    model = Settings.model_json_schema()
    groups = {name: model["$defs"][_referred(group)] for name, group in model["properties"].items()}
    return _closed({name: _closed(_free(name, group["properties"])) for name, group in groups.items()})


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _referred(group: dict[str, Any]) -> str:
    return str(group["$ref"]).rpartition("/")[2]


def _free(group: str, properties: dict[str, Any]) -> dict[str, Any]:
    taken = SECRETS | DERIVED
    return {
        name: {key: value for key, value in schema.items() if key not in {"title", "default"}}
        for name, schema in properties.items()
        if (group, name) not in taken
    }
