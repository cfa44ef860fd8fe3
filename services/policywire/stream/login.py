"""How a client of aiokafka gets into the cluster: TLS that checks who is there, and the login.

Knows aiokafka's arguments. Everything that connects to Kafka takes them from here, so that no command is less careful
than the worker.
"""

import ssl
from typing import Any

from aiokafka.conn import AIOKafkaConnection, OAuthAuthenticator
from aiokafka.errors import SaslAuthenticationFailed

from policywire.errors import BadInput
from policywire.stream.settings import Kafka, variable
from policywire.stream.tokens import EndpointToken, FileToken, authorities


class HeardAuthenticator(OAuthAuthenticator):  # type: ignore[misc]  # aiokafka has no types
    """aiokafka's, but it hears the answer: with OAUTHBEARER a broker refuses a token by *answering* (RFC 7628, 3.2.2).

    aiokafka 0.14 takes any answer for a yes and goes on. The broker then answers every request with an error that has
    no records and no brokers in it, which looks like a quiet topic.
    """

    async def step(self, payload: bytes | None) -> tuple[bytes | str, bool] | None:
        """The token first; then nothing must come back.

        Raises:
            SaslAuthenticationFailed: something did.
        """
        if payload:
            raise SaslAuthenticationFailed("the broker refused the token")
        step: tuple[bytes | str, bool] | None = await super().step(payload)
        return step


def _heard(connection: Any) -> HeardAuthenticator:
    return HeardAuthenticator(sasl_oauth_token_provider=connection._sasl_oauth_token_provider)  # noqa: SLF001


# Every client makes its connections itself, so there is no other place where one could be given another authenticator.
AIOKafkaConnection.authenticator_oauth = _heard


def client_arguments(kafka: Kafka) -> dict[str, Any]:
    """What every aiokafka client is given to reach the cluster: addresses, TLS and login.

    Raises:
        BadInput: a file that the settings name cannot be used.
    """
    return {"bootstrap_servers": kafka.bootstrap_servers, **login_arguments(kafka)}


def login_arguments(kafka: Kafka) -> dict[str, Any]:
    """The same for one connection, whose address is given apart."""
    arguments: dict[str, Any] = {
        "security_protocol": kafka.security_protocol,
        "request_timeout_ms": int(kafka.request_timeout_s * 1000),
    }
    if kafka.is_encrypted:
        arguments["ssl_context"] = _tls(kafka)
    if kafka.uses_sasl:
        arguments |= _sasl(kafka)
    return arguments


def _sasl(kafka: Kafka) -> dict[str, Any]:
    if kafka.oauth_token_file and kafka.sasl_mechanism == "OAUTHBEARER":
        return {"sasl_mechanism": "OAUTHBEARER", "sasl_oauth_token_provider": FileToken(kafka.oauth_token_file)}
    if kafka.sasl_mechanism == "OAUTHBEARER":
        return {"sasl_mechanism": "OAUTHBEARER", "sasl_oauth_token_provider": EndpointToken(kafka)}
    assert kafka.sasl_password is not None  # noqa: S101  the settings see to it
    return {
        "sasl_mechanism": kafka.sasl_mechanism,
        "sasl_plain_username": kafka.sasl_username,
        "sasl_plain_password": kafka.sasl_password.get_secret_value(),
    }


def _tls(kafka: Kafka) -> ssl.SSLContext:
    context = authorities(kafka.ssl_ca_file, variable("kafka", "ssl_ca_file"))
    if kafka.ssl_certificate_file:
        # Without a password given, OpenSSL would ask for one at the terminal, and a service would wait for ever.
        password = kafka.ssl_key_password.get_secret_value() if kafka.ssl_key_password else ""
        try:
            context.load_cert_chain(kafka.ssl_certificate_file, kafka.ssl_key_file, lambda: password)
        except OSError as error:  # ssl.SSLError is one
            why = getattr(error, "reason", None) or error.strerror or "no certificate or no key is in it"
            raise BadInput(
                f"{variable('kafka', 'ssl_certificate_file')} {kafka.ssl_certificate_file} and "
                f"{variable('kafka', 'ssl_key_file')} {kafka.ssl_key_file} cannot be used ({why}); if the key is "
                f"encrypted, see {variable('kafka', 'ssl_key_password')}"
            ) from None
    return context
