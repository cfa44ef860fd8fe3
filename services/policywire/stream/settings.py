"""The worker's settings: from the command line, the environment, a folder of secrets and a file, in this order.

Knows names, defaults and what makes a value unusable. Knows nothing of how a setting is used. Variables are
``POLICYWIRE_<GROUP>__<NAME>``, such as ``POLICYWIRE_KAFKA__BOOTSTRAP_SERVERS``; a secret is a file of that name in the
folder that ``POLICYWIRE_SECRETS_DIR`` names; the file (TOML, one table a group) is named by ``POLICYWIRE_SETTINGS``.
"""

import os
import re
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from policywire.cases.codec import OCTETS_MAX
from policywire.errors import BadInput
from policywire.stream.variables import PREFIX, meant, unknown_variables

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$", max_length=200)]
Prefix = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]*$", max_length=200)]
Port = Annotated[int, Field(ge=0, le=65_535)]
Seconds = Annotated[float, Field(gt=0)]


class SettingsRefused(BadInput):
    """Settings that cannot be used; every one with its variable and what to do."""


class Group(BaseModel):
    """One table of settings: nothing unknown in it, nothing changed after the start."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Kafka(Group):
    """The cluster, and how the worker takes part in it."""

    bootstrap_servers: str = Field(min_length=1, description="host:port, several with commas")
    group: Name = Field(
        default="policywire", description="Consumer group, and the beginning of the lanes' transactional ids"
    )
    topic_prefix: Prefix = Field(default="", description="In front of every topic's name")
    instance_id: Name | None = Field(
        default=None, description="The same after a restart of this worker: its lanes then come back to it at once"
    )
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT", description="How the connection is encrypted and logged in to"
    )
    allow_plaintext: bool = Field(
        default=False, description="Another layer encrypts, so plaintext may leave this machine"
    )
    ssl_ca_file: Path | None = Field(
        default=None, description="Who may sign the brokers' certificates [default: the system's]"
    )
    ssl_certificate_file: Path | None = Field(default=None, description="The client's own certificate")
    ssl_key_file: Path | None = Field(default=None, description="The key of the client's certificate")
    ssl_key_password: SecretStr | None = Field(default=None, description="Opens the key")
    sasl_mechanism: Literal["SCRAM-SHA-512", "OAUTHBEARER"] = Field(
        default="SCRAM-SHA-512", description="How a SASL login is done"
    )
    sasl_username: str | None = Field(default=None, description="Of SCRAM")
    sasl_password: SecretStr | None = Field(default=None, description="Of SCRAM")
    oauth_token_file: Path | None = Field(
        default=None, description="A token that others renew, such as a projected service account's; read at each login"
    )
    oauth_token_endpoint: str | None = Field(
        default=None, description="Where a token is asked for with client_credentials; needs the extra oauth"
    )
    oauth_client_id: str | None = Field(default=None, description="Who asks the token endpoint")
    oauth_client_secret: SecretStr | None = Field(default=None, description="Proves it to the token endpoint")
    oauth_scope: str | None = Field(default=None, description="Asked of the token endpoint")
    oauth_ca_file: Path | None = Field(default=None, description="Of the token endpoint [default: the system's]")
    session_timeout_s: Seconds = Field(default=10.0, description="Silent for longer, a worker loses its lanes")
    transaction_timeout_s: Seconds = Field(
        default=10.0, description="A transaction open for longer is aborted by the broker"
    )
    request_timeout_s: Seconds = Field(
        default=5.0, description="Below the transaction's timeout: an answer lost is known before the broker aborts"
    )
    compression: Literal["none", "lz4", "zstd"] = Field(
        default="zstd",
        description="Of records made of much the same words it leaves a twentieth, at three times aiokafka's lz4 speed",
    )

    @property
    def is_encrypted(self) -> bool:
        """Whether TLS is used."""
        return self.security_protocol in {"SSL", "SASL_SSL"}

    @model_validator(mode="after")
    def _keeps_health_information_off_open_wires(self) -> "Kafka":
        if not self.is_encrypted and not self.allow_plaintext and not _all_loopback(self.bootstrap_servers):
            raise ValueError(
                "the servers are not on this machine and the connection would not be encrypted, so members' health "
                f"information would be readable on the way; set {variable('kafka', 'security_protocol')} to SSL or "
                f"SASL_SSL, or {variable('kafka', 'allow_plaintext')}=true if another layer encrypts"
            )
        return self

    @property
    def uses_sasl(self) -> bool:
        """Whether this client logs in by SASL."""
        return self.security_protocol.startswith("SASL")

    @property
    def is_guarded(self) -> bool:
        """Whether a connection can be refused for who or what is at its ends."""
        return self.is_encrypted or self.uses_sasl

    @model_validator(mode="after")
    def _can_log_in(self) -> "Kafka":
        if not self.uses_sasl:
            return self
        if self.sasl_mechanism == "OAUTHBEARER":
            _refuse_unusable_token_source(self)
        else:
            given = {"sasl_username": self.sasl_username, "sasl_password": self.sasl_password}
            missing = [variable("kafka", name) for name, value in given.items() if not value]
            if missing:
                raise ValueError(
                    f"{self.security_protocol} needs {' and '.join(missing)}: a variable, or a file of that name in "
                    f"the folder that {PREFIX}SECRETS_DIR names"
                )
        return self

    @model_validator(mode="after")
    def _has_a_whole_certificate(self) -> "Kafka":
        if bool(self.ssl_certificate_file) != bool(self.ssl_key_file):
            raise ValueError(
                f"{variable('kafka', 'ssl_certificate_file')} and {variable('kafka', 'ssl_key_file')} go together"
            )
        if self.ssl_certificate_file and not self.is_encrypted:
            raise ValueError(
                f"{variable('kafka', 'ssl_certificate_file')} is of no use with {self.security_protocol}; set "
                f"{variable('kafka', 'security_protocol')} to SSL or SASL_SSL"
            )
        return self


class Rules(Group):
    """Where policies come from."""

    source: Literal["folder", "topic"] = Field(
        default="folder",
        description="topic: policy-documents, which `policywire rules publish` fills. A worker cannot start while it "
        "is empty, so a folder is the default",
    )
    path: Path | None = Field(default=None, description="A rules folder; by default the rules that ship")
    poll_s: Seconds = Field(default=2.0, description="How often new policies are looked for")

    @model_validator(mode="after")
    def _has_one_source(self) -> "Rules":
        if self.source == "topic" and self.path is not None:
            raise ValueError(
                f"{variable('rules', 'path')} names a folder, but {variable('rules', 'source')} is topic; take one away"
            )
        return self


class Batches(Group):
    """How much is read and decided at once."""

    partition_bytes: Annotated[int, Field(ge=65_536, le=8_388_608)] = Field(
        default=1_048_576, description="Fetched from a partition at once"
    )
    buffered_bytes: Annotated[int, Field(ge=65_536)] = Field(
        default=4_194_304, description="Fetched ahead by a lane while it commits; about the most in a transaction"
    )
    fetch_max_wait_s: Seconds = Field(default=0.1, description="A broker with nothing new answers after this long")
    slice_s: Seconds = Field(
        default=0.005,
        description="Deciding yields to heartbeats and other lanes' answers after this long; see loop lag",
    )
    decide_s: Seconds = Field(
        default=0.1, description="Enough deciding for one batch: bounds latency, and what one transaction has to carry"
    )
    deadline_s: Seconds = Field(default=8.0, description="For sending and committing a batch")
    record_bytes_max: Annotated[int, Field(ge=1_024, le=OCTETS_MAX)] = Field(
        default=1_000_000,
        description="A record, or a timeline before it is packed, larger than this stops the lane; below "
        "max.message.bytes",
    )
    tick_s: Seconds = Field(default=60.0, description="How often what is due by time alone is looked for")


class DeadLetters(Group):
    """When dead letters stop being single mishaps: then the lane stops instead of emptying the topic into them."""

    share_max: Annotated[float, Field(gt=0, le=1)] = Field(default=0.5, description="1 never stops")
    window_s: Seconds = Field(default=300.0, description="Over which the share is taken")
    events_min: Annotated[int, Field(ge=1)] = Field(default=1_000, description="In the window before the share counts")


class Health(Group):
    """The worker's own HTTP: /metrics, /livez, /readyz."""

    host: str = Field(default="127.0.0.1", description="Address to listen on")
    port: Port = Field(default=9464, description="Port to listen on; 0 takes a free one")
    progress_s: Seconds = Field(default=60.0, description="A lane silent for longer makes /livez fail")


class Deadlines(Group):
    """Times after which waiting ends with an error or an exit."""

    drain_s: Seconds = Field(default=10.0, description="To end open work at SIGTERM")
    revoke_s: Seconds = Field(default=2.0, description="To end open work when a lane goes to another worker")
    fence_s: Seconds = Field(
        default=30.0,
        description="To fence a lane and write its barrier; above the transaction timeout, which settles what was open",
    )
    agree_s: Seconds = Field(default=15.0, description="For committed offsets and the changelog's to agree")
    restore_idle_s: Seconds = Field(default=30.0, description="A restore that read nothing for this long has failed")


class Faust(Group):
    """Of the second runner alone (``policywire worker --runner faust``)."""

    store: Literal["rocksdb", "memory"] = Field(
        default="rocksdb", description="memory reads a lane's whole changelog at each opening, and needs no disk"
    )
    folder: Path = Field(
        default=Path("policywire-state"),
        description="For RocksDB, a folder below it for each group and instance; kept over a restart it saves reading",
    )
    commit_s: Seconds = Field(
        default=1.0,
        description="How often the group's offsets follow what the table's changelog has acknowledged. They bound only "
        "what is read again after a restart, for the table has offsets of its own",
    )


class Logs(Group):
    """How the worker writes its log."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="What is less than this is not logged"
    )
    format: Literal["json", "console"] = Field(default="json", description="json for machines, console for people")


class Settings(BaseSettings):
    """All of it. Build it with :func:`load_settings`, which words the faults for people."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True, secrets_dir_missing="error"
    )

    kafka: Kafka
    rules: Rules = Rules()
    batches: Batches = Batches()
    dead_letters: DeadLetters = DeadLetters()
    health: Health = Health()
    deadlines: Deadlines = Deadlines()
    faust: Faust = Faust()
    logs: Logs = Logs()

    @model_validator(mode="after")
    def _stops_before_the_broker_aborts(self) -> "Settings":
        if self.batches.deadline_s >= self.kafka.transaction_timeout_s:
            raise ValueError(
                f"{variable('batches', 'deadline_s')} must be below {variable('kafka', 'transaction_timeout_s')}: a "
                "batch must end before the broker aborts it"
            )
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  a .env file is not read: one way less to be surprised
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line, environment, secrets, file: the first that has a value wins."""
        secrets = os.environ.get(PREFIX + "SECRETS_DIR")
        file = os.environ.get(PREFIX + "SETTINGS")
        return (
            init_settings,
            env_settings,
            NestedSecretsSettingsSource(file_secret_settings, secrets_dir=secrets),
            *([TomlConfigSettingsSource(settings_cls, Path(file))] if file else []),
        )

    def topic(self, name: str) -> str:
        """The topic's name on the cluster."""
        return self.kafka.topic_prefix + name


def variable(*path: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + "__".join(path).upper()


def load_settings(options: Mapping[str, Mapping[str, Any]] | None = None) -> Settings:
    """Settings from every source.

    Args:
        options: what the command line gave, by group and name; it wins over everything else.

    Raises:
        SettingsRefused: with every fault at once, each naming its variable.
    """
    file = os.environ.get(PREFIX + "SETTINGS")
    if file and not Path(file).is_file():
        raise SettingsRefused(f"{PREFIX}SETTINGS names {file}, which is not a file")
    unknown = list(unknown_variables(os.environ, _names()))
    try:
        settings = Settings(**{name: dict(values) for name, values in (options or {}).items() if values})  # type: ignore[arg-type]
    except ValidationError as error:
        raise SettingsRefused("\n".join([*unknown, *_worded(error)])) from None
    except (OSError, ValueError) as error:
        raise SettingsRefused("\n".join([*unknown, f"the settings cannot be read: {error}"])) from error
    if unknown:
        raise SettingsRefused("\n".join(unknown))
    return settings


def _names() -> dict[str, list[str]]:
    """The names of every group's settings, by group."""
    groups = {name: field.annotation for name, field in Settings.model_fields.items()}
    return {
        name: list(group.model_fields)
        for name, group in groups.items()
        if isinstance(group, type) and issubclass(group, Group)
    }


def _worded(error: ValidationError) -> list[str]:
    """One line a fault. The value is left out, for it may be a secret."""
    lines = []
    for fault in error.errors(include_input=False, include_url=False):
        path = [str(part) for part in fault["loc"]]
        words = re.sub(r"^Value error, ", "", fault["msg"])
        if path == ["kafka"] and fault["type"] == "missing":
            path, words = ["kafka", "bootstrap_servers"], "say which Kafka to use, as host:port"
        if fault["type"] == "extra_forbidden":
            known = [f"{group}__{name}".upper() for group, names in _names().items() for name in names]
            words = "no such setting" + meant("__".join(path), known if len(path) > 1 else [*map(str.upper, _names())])
        lines.append(f"{variable(*path)}: {words}" if path else words)
    return lines


def _refuse_unusable_token_source(kafka: Kafka) -> None:
    """One source of tokens, whole; and what is asked over a network is asked over TLS, for the secret goes with it."""
    file, endpoint = variable("kafka", "oauth_token_file"), variable("kafka", "oauth_token_endpoint")
    if bool(kafka.oauth_token_file) == bool(kafka.oauth_token_endpoint):
        raise ValueError(f"OAUTHBEARER needs one source of tokens: either {file} or {endpoint}")
    if kafka.oauth_token_endpoint is None:
        return
    if not (kafka.oauth_client_id and kafka.oauth_client_secret):
        raise ValueError(
            f"{endpoint} needs {variable('kafka', 'oauth_client_id')} and {variable('kafka', 'oauth_client_secret')}"
        )
    try:
        address = urlsplit(kafka.oauth_token_endpoint)
        host, is_whole = address.hostname or "", address.scheme in {"http", "https"} and address.port != 0
    except ValueError:
        host, is_whole = "", False
    if not is_whole or not host or address.username or address.password:
        raise ValueError(f"{endpoint} must be an https address without a name or password in it")
    if address.scheme == "http" and not _is_loopback(host):
        raise ValueError(f"{endpoint} must begin with https://, or the client's secret would be readable on the way")


def _all_loopback(servers: str) -> bool:
    return all(_is_loopback(server.strip().rpartition(":")[0].strip("[]")) for server in servers.split(","))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
