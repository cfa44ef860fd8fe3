"""A real Kafka with TLS, logins and ACLs on: a listener for each way in, and one without anything for the test itself.

=========  ==============================================================================================
ADMIN      plaintext on the loopback address, its anonymous user may do everything: topics, ACLs, feeding
SASL       TLS and SCRAM-SHA-512 or OAUTHBEARER
MUTUAL     TLS with a certificate of the client, whose subject is the user
EXPIRED    as SASL, with a server certificate that has expired
=========  ==============================================================================================
"""

import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.security.certificates import Authority
from tests.security.issuer import AUDIENCE, Issuer

from policywire.broker import LocalBroker
from policywire.broker.java import find_java
from policywire.broker.properties import HOST, Ports, free_ports, render, server_properties
from policywire.broker.release import jar_cache, pinned_release

PASSWORD = "open-sesame-7421"  # noqa: S105  of a cluster that lives for one test run
USER = "worker"
_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
_OAUTH = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;"
_VALIDATOR = "org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler"


@dataclass
class Listening:
    """The ports: of every listener, and of the controller."""

    node: Ports = field(default_factory=free_ports)
    first: Ports = field(default_factory=free_ports)
    second: Ports = field(default_factory=free_ports)

    @property
    def listeners(self) -> dict[str, int]:
        """By name; the node's own last, where LocalBroker looks for it."""
        return {
            "SASL": self.first.client,
            "MUTUAL": self.first.controller,
            "EXPIRED": self.second.client,
            "ADMIN": self.node.client,
        }


class SecuredBroker:
    """The node, its authority, its users. A context manager."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder / "authority")
        self.other_authority = Authority(folder / "other-authority")
        self.issuer = Issuer()
        self._ports = Listening()
        self._data = folder / "data"
        extra = self._properties()
        self._data.mkdir(parents=True)
        # A node takes the ports of an earlier start of its folder: so they are known before its first.
        (self._data / "server.properties").write_text(
            render(server_properties(self._ports.node, self._data / "log", extra)), "utf-8"
        )
        allowed = f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={self.issuer.keys_address}"
        self._node = LocalBroker(self._data, properties=extra, jvm_options=[allowed])

    @property
    def admin(self) -> str:
        """Where everything is allowed."""
        return f"{HOST}:{self._ports.listeners['ADMIN']}"

    def address(self, listener: str, host: str = HOST) -> str:
        """Where a listener is."""
        return f"{host}:{self._ports.listeners[listener]}"

    def scram(self, **changes: Any) -> dict[str, Any]:
        """Settings of Kafka with which the user gets in."""
        return {
            "bootstrap_servers": self.address("SASL"),
            "security_protocol": "SASL_SSL",
            "ssl_ca_file": self.authority.file,
            "sasl_username": USER,
            "sasl_password": PASSWORD,
        } | changes

    def mutual(self, user: str, **changes: Any) -> dict[str, Any]:
        """Settings of Kafka with which a user gets in by a certificate."""
        certificate = self.authority.client(user)
        return {
            "bootstrap_servers": self.address("MUTUAL"),
            "security_protocol": "SSL",
            "ssl_ca_file": self.authority.file,
            "ssl_certificate_file": certificate.chain,
            "ssl_key_file": certificate.key,
        } | changes

    def oauth(self, **changes: Any) -> dict[str, Any]:
        """Settings of Kafka for OAUTHBEARER, without a source of tokens."""
        return {
            "bootstrap_servers": self.address("SASL"),
            "security_protocol": "SASL_SSL",
            "ssl_ca_file": self.authority.file,
            "sasl_mechanism": "OAUTHBEARER",
        } | changes

    def restart(self) -> None:
        """Stop and start it: every connection is made anew."""
        self._node.restart()

    def _properties(self) -> dict[str, str]:
        ports = self._ports.listeners
        good, old = self.authority.server(), self.authority.server("expired-server", days=-1)
        listeners = ",".join(f"{name}://{HOST}:{port}" for name, port in ports.items())
        properties = {
            "listeners": f"{listeners},CONTROLLER://{HOST}:{self._ports.node.controller}",
            "advertised.listeners": listeners,
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,ADMIN:PLAINTEXT,MUTUAL:SSL,SASL:SASL_SSL,"
            "EXPIRED:SASL_SSL",
            "inter.broker.listener.name": "ADMIN",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS",
            "sasl.enabled.mechanisms": "SCRAM-SHA-512,OAUTHBEARER",
            "listener.name.mutual.ssl.client.auth": "required",
            "listener.name.mutual.ssl.principal.mapping.rules": "RULE:^.*CN=([a-z-]+).*$/$1/",
        }
        for name, certificate in (("sasl", good), ("mutual", good), ("expired", old)):
            properties |= {
                f"listener.name.{name}.ssl.keystore.type": "PEM",
                f"listener.name.{name}.ssl.keystore.location": str(certificate.keystore),
                f"listener.name.{name}.ssl.truststore.type": "PEM",
                f"listener.name.{name}.ssl.truststore.location": str(self.authority.file),
            }
        for name in ("sasl", "expired"):
            login = f"listener.name.{name}"
            properties |= {
                f"{login}.scram-sha-512.sasl.jaas.config": _SCRAM,
                f"{login}.oauthbearer.sasl.jaas.config": _OAUTH,
                f"{login}.oauthbearer.sasl.server.callback.handler.class": _VALIDATOR,
                f"{login}.oauthbearer.sasl.oauthbearer.jwks.endpoint.url": self.issuer.keys_address,
                f"{login}.oauthbearer.sasl.oauthbearer.expected.audience": AUDIENCE,
                f"{login}.oauthbearer.sasl.oauthbearer.expected.issuer": self.issuer.name,
            }
        return properties

    def __enter__(self) -> Self:
        self.issuer.start()
        try:
            self._node.start()
            set_password(self.admin, USER, PASSWORD)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._node.close()
        self.issuer.stop()


def set_password(servers: str, user: str, password: str) -> None:
    """Give a user a password for SCRAM-SHA-512, by Kafka's own tool: aiokafka cannot."""
    command = [
        *(str(find_java().executable), "-cp", pinned_release().class_path(jar_cache()), "kafka.admin.ConfigCommand"),
        *("--bootstrap-server", servers, "--alter", "--entity-type", "users", "--entity-name", user),
        *("--add-config", f"SCRAM-SHA-512=[password={password}]"),
    ]
    deadline = time.monotonic() + 60
    while (run := subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)).returncode:
        assert time.monotonic() < deadline, run.stdout + run.stderr
