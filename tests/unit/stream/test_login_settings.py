"""Ways into a cluster that cannot work, or would give something away, are refused before anything is sent."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from policywire.stream.login import HeardAuthenticator, client_arguments
from policywire.stream.settings import SettingsRefused, load_settings
from policywire.stream.tokens import FileToken, TokenRefused

ELSEWHERE = {"bootstrap_servers": "kafka.example:9093"}
OAUTH = ELSEWHERE | {"security_protocol": "SASL_SSL", "sasl_mechanism": "OAUTHBEARER"}
ENDPOINT = {"oauth_client_id": "worker", "oauth_client_secret": "secret-5583"}


def refusal(kafka: dict[str, Any]) -> str:
    with pytest.raises(SettingsRefused) as refused:
        load_settings({"kafka": kafka})
    assert "secret-5583" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize(
    ("kafka", "named"),
    [
        (ELSEWHERE | {"security_protocol": "SASL_PLAINTEXT", "sasl_username": "w", "sasl_password": "p"}, "encrypted"),
        (OAUTH, "OAUTH_TOKEN_FILE"),
        (OAUTH | ENDPOINT | {"oauth_token_file": "t", "oauth_token_endpoint": "https://i.example/t"}, "one source"),
        (OAUTH | {"oauth_token_endpoint": "https://i.example/t"}, "OAUTH_CLIENT_ID"),
        (OAUTH | ENDPOINT | {"oauth_token_endpoint": "http://i.example/t"}, "https://"),
        (OAUTH | ENDPOINT | {"oauth_token_endpoint": "https://user:pw@i.example/t"}, "without a name or password"),
        (OAUTH | ENDPOINT | {"oauth_token_endpoint": "i.example/t"}, "https"),
        (ELSEWHERE | {"security_protocol": "SSL", "ssl_certificate_file": "c.pem"}, "SSL_KEY_FILE"),
        ({"bootstrap_servers": "localhost:1", "ssl_certificate_file": "c", "ssl_key_file": "k"}, "SECURITY_PROTOCOL"),
    ],
)
def test_a_way_in_that_cannot_be_right_is_refused_with_its_setting(kafka: dict[str, Any], named: str) -> None:
    assert named in refusal(kafka)


@pytest.mark.parametrize(
    "kafka",
    [
        OAUTH | {"oauth_token_file": "token"},
        OAUTH | ENDPOINT | {"oauth_token_endpoint": "https://issuer.example/token"},
        OAUTH | ENDPOINT | {"oauth_token_endpoint": "http://127.0.0.1:8080/token"},
        ELSEWHERE | {"security_protocol": "SSL", "ssl_certificate_file": "c.pem", "ssl_key_file": "k.pem"},
    ],
)
def test_a_way_in_that_may_be_right_is_taken(kafka: dict[str, Any]) -> None:
    assert load_settings({"kafka": kafka})


def test_tls_looks_at_certificate_and_host_name() -> None:
    kafka = load_settings({"kafka": ELSEWHERE | {"security_protocol": "SSL"}}).kafka
    context = client_arguments(kafka)["ssl_context"]
    assert context.check_hostname
    assert context.verify_mode.name == "CERT_REQUIRED"
    assert context.minimum_version.name == "TLSv1_2"


def test_a_token_is_read_at_each_login(tmp_path: Path) -> None:
    file = tmp_path / "token"
    provider = FileToken(file)
    for token in ("first.token", "second.token"):
        file.write_text(token + "\n")
        assert asyncio.run(provider.token()) == token
    file.write_text("a\x01b")
    with pytest.raises(TokenRefused, match="holds no token"):
        asyncio.run(provider.token())


def test_a_refused_token_is_heard() -> None:
    async def answered(challenge: bytes) -> Any:
        authenticator = HeardAuthenticator(sasl_oauth_token_provider=Given())
        assert await authenticator.step(None)
        return await authenticator.step(challenge)

    class Given:
        async def token(self) -> str:
            return "token"

    assert asyncio.run(answered(b"")) is None
    with pytest.raises(Exception, match="refused the token"):
        asyncio.run(answered(b'{"status":"invalid_token"}'))
