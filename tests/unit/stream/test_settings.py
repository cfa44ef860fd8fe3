import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from policywire.stream.settings import SettingsRefused, load_settings

LOCAL = {"kafka": {"bootstrap_servers": "localhost:9092"}}


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KAFKA__BOOTSTRAP_SERVERS", "SETTINGS", "SECRETS_DIR"):
        monkeypatch.delenv(f"POLICYWIRE_{name}", raising=False)


def refusal(options: Mapping[str, Mapping[str, object]] | None = None) -> str:
    with pytest.raises(SettingsRefused) as caught:
        load_settings(options)
    return str(caught.value)


def test_without_a_cluster_the_variable_is_named() -> None:
    assert "POLICYWIRE_KAFKA__BOOTSTRAP_SERVERS: say which Kafka to use" in refusal()


def test_every_fault_is_reported_at_once_with_its_variable() -> None:
    said = refusal(LOCAL | {"batches": {"slice_s": 0}, "health": {"port": 70_000}})
    assert "POLICYWIRE_BATCHES__SLICE_S" in said
    assert "POLICYWIRE_HEALTH__PORT" in said


def test_a_misspelt_setting_is_refused() -> None:
    assert "POLICYWIRE_KAFKA__GRUOP" in refusal({"kafka": {"bootstrap_servers": "localhost:1", "gruop": "x"}})


def test_a_misspelt_setting_is_told_the_one_that_was_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLICYWIRE_KAFKA__BOOTSTRAP_SERVER", "localhost:1")
    assert "no such setting; did you mean POLICYWIRE_KAFKA__BOOTSTRAP_SERVERS?" in refusal(LOCAL)


def test_every_variable_that_nothing_reads_is_refused_at_once_without_its_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("RULE__PATH", "DEAD_LETTER__SHARE_MAX", "TYPO", "HEALTH_PORT"):
        monkeypatch.setenv(f"POLICYWIRE_{name}", "5583")
    assert refusal({}).splitlines() == [
        "POLICYWIRE_DEAD_LETTER__SHARE_MAX: no such setting; did you mean POLICYWIRE_DEAD_LETTERS__SHARE_MAX?",
        "POLICYWIRE_HEALTH_PORT: no such setting; did you mean POLICYWIRE_HEALTH__PORT?",
        "POLICYWIRE_RULE__PATH: no such setting; did you mean POLICYWIRE_RULES__PATH?",
        "POLICYWIRE_TYPO: no such setting",
        "POLICYWIRE_KAFKA__BOOTSTRAP_SERVERS: say which Kafka to use, as host:port",
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, "x") for name in ("CACHE", "SEARCH_CACHE", "AUTHOR", "BROKER__JAR_REPOSITORY", "VERSION", "REVISION")),
        *(("SERVICE_HOST", "10.0.0.1"), ("SERVICE_PORT_METRICS", "9464"), ("PORT", "tcp://10.0.0.1:9464")),
        *(("PORT_9464_TCP_ADDR", "10.0.0.1"), ("HEALTH_PORT", "tcp://10.0.0.1:9464")),
    ],
)
def test_what_others_read_or_put_there_is_let_be(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"POLICYWIRE_{name}", value)
    assert load_settings(LOCAL)


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLICYWIRE_KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setenv("POLICYWIRE_BATCHES__TICK_S", "5")
    settings = load_settings()
    assert settings.kafka.bootstrap_servers == "127.0.0.1:1"
    assert settings.batches.tick_s == 5


def test_options_win_over_the_environment_the_environment_over_secrets_and_secrets_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(
        '[kafka]\nbootstrap_servers = "localhost:1"\ngroup = "file"\ntopic_prefix = "file."\ninstance_id = "file"\n'
        'sasl_username = "file"\n'
    )
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for name in ("group", "topic_prefix", "instance_id"):
        (secrets / f"POLICYWIRE_KAFKA__{name.upper()}").write_text("secret")
    monkeypatch.setenv("POLICYWIRE_SETTINGS", str(file))
    monkeypatch.setenv("POLICYWIRE_SECRETS_DIR", str(secrets))
    monkeypatch.setenv("POLICYWIRE_KAFKA__GROUP", "environment")
    monkeypatch.setenv("POLICYWIRE_KAFKA__TOPIC_PREFIX", "environment")
    kafka = load_settings({"kafka": {"group": "option"}}).kafka
    assert (kafka.group, kafka.topic_prefix, kafka.instance_id, kafka.sasl_username) == (
        "option",
        "environment",
        "secret",
        "file",
    )


@pytest.mark.parametrize("variable", ["SETTINGS", "SECRETS_DIR"])
def test_a_file_or_folder_that_is_not_there_is_refused(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"POLICYWIRE_{variable}", str(tmp_path / "gone"))
    assert "gone" in refusal(LOCAL)


def test_a_refused_secret_is_not_repeated() -> None:
    said = refusal({"kafka": {"bootstrap_servers": "localhost:1", "sasl_password": ["hunter2"]}})
    assert "SASL_PASSWORD" in said
    assert "hunter2" not in said


def test_a_password_is_not_shown_by_printing_the_settings() -> None:
    settings = load_settings({"kafka": {"bootstrap_servers": "localhost:1", "sasl_password": "hunter2"}})
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize("servers", ["kafka.example:9092", "localhost:9092,10.0.0.1:9092", "[::2]:9092"])
def test_plaintext_leaves_the_machine_only_on_purpose(servers: str) -> None:
    assert re.search("POLICYWIRE_KAFKA__SECURITY_PROTOCOL", refusal({"kafka": {"bootstrap_servers": servers}}))
    assert load_settings({"kafka": {"bootstrap_servers": servers, "allow_plaintext": True}})
    assert load_settings({"kafka": {"bootstrap_servers": servers, "security_protocol": "SSL"}})


@pytest.mark.parametrize("servers", ["localhost:9092", "127.0.0.1:9092,127.0.0.9:1", "[::1]:9092"])
def test_plaintext_stays_on_the_machine_without_more(servers: str) -> None:
    assert load_settings({"kafka": {"bootstrap_servers": servers}})


def test_a_login_without_its_parts_is_refused() -> None:
    said = refusal({"kafka": {"bootstrap_servers": "k:1", "security_protocol": "SASL_SSL", "sasl_username": "w"}})
    assert "needs POLICYWIRE_KAFKA__SASL_PASSWORD: a variable, or a file of that name" in said
    assert "SASL_USERNAME" not in said


def test_a_batch_must_end_before_the_broker_aborts_it() -> None:
    assert "POLICYWIRE_BATCHES__DEADLINE_S" in refusal(LOCAL | {"batches": {"deadline_s": 10}})


def test_rules_come_from_one_place() -> None:
    said = refusal(LOCAL | {"rules": {"source": "topic", "path": Path("rules")}})
    assert "POLICYWIRE_RULES__PATH names a folder, but POLICYWIRE_RULES__SOURCE is topic" in said
    assert "POLICYWIRE_RULES__SOURCE" in refusal(LOCAL | {"rules": {"source": "elsewhere"}})
