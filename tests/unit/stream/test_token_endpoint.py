"""What a token endpoint may answer: what passes by itself is told from what somebody must mend."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from policywire.stream.settings import Kafka, load_settings
from policywire.stream.tokens import EndpointToken, TokenLate, TokenRefused


@contextmanager
def endpoint(status: int, document: dict[str, Any]) -> Iterator[Kafka]:
    """Settings with a token endpoint that always answers this."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    given = {
        "bootstrap_servers": "kafka.example:9093",
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "OAUTHBEARER",
        "oauth_client_id": "worker",
        "oauth_client_secret": "secret-5583",
        "oauth_token_endpoint": f"http://127.0.0.1:{server.server_port}/token",
    }
    try:
        yield load_settings({"kafka": given}).kafka
    finally:
        server.shutdown()
        server.server_close()


def token_of(status: int, document: dict[str, Any]) -> str:
    with endpoint(status, document) as kafka:
        return asyncio.run(EndpointToken(kafka).token())


@pytest.mark.parametrize(
    ("status", "document"),
    [
        (429, {"message": "rate limit exceeded"}),
        (429, {"error": "too_many_requests"}),
        (400, {"error": "slow_down"}),
        (400, {"error": "temporarily_unavailable"}),
        (400, {"error": "server_error"}),
        (503, {}),
    ],
)
def test_what_passes_by_itself_is_late_and_not_refused(status: int, document: dict[str, Any]) -> None:
    with pytest.raises(TokenLate):
        token_of(status, document)


@pytest.mark.parametrize(
    ("status", "document"),
    [
        (401, {"error": "invalid_client"}),
        (400, {"error": "invalid_scope"}),
        (400, {"error": {"code": 400}}),
        (200, {}),
        (200, {"access_token": "a\x01auth=Bearer b", "token_type": "Bearer", "expires_in": 60}),
        (200, {"access_token": "a b", "token_type": "Bearer", "expires_in": 60}),
    ],
)
def test_what_somebody_must_mend_is_refused_without_a_secret(status: int, document: dict[str, Any]) -> None:
    with pytest.raises(TokenRefused) as refused:
        token_of(status, document)
    assert "secret-5583" not in str(refused.value)
    assert "Bearer" not in str(refused.value)


def test_a_token_is_taken_as_it_is_given() -> None:
    assert token_of(200, {"access_token": "a.b-c_d~+/=", "token_type": "Bearer", "expires_in": 60}) == "a.b-c_d~+/="


def test_a_secret_for_this_machine_does_not_leave_it_by_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    document = {"access_token": "of-the-proxy", "token_type": "Bearer", "expires_in": 60}
    with endpoint(200, document) as proxy:
        monkeypatch.setenv("HTTP_PROXY", str(proxy.oauth_token_endpoint).removesuffix("/token"))
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert token_of(200, document | {"access_token": "of-the-endpoint"}) == "of-the-endpoint"
