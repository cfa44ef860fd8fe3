"""An identity provider on the loopback address: a token endpoint, and the keys by which Kafka checks its signatures."""

import base64
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from joserfc import jwt
from joserfc.jwk import RSAKey

AUDIENCE = "kafka"
CLIENT, SECRET = "worker-client", "client-secret-9135"


class Issuer:
    """It. ``start`` and ``stop``; what it answers can be changed meanwhile.

    Attributes:
        away: while true the token endpoint answers 503.
        asked: how many tokens it was asked for.
    """

    def __init__(self) -> None:
        self._key = RSAKey.generate_key(2048, {"kid": "1", "use": "sig", "alg": "RS256"})
        self.away = False
        self.asked = 0
        self.seconds = 300
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self.name = f"http://127.0.0.1:{self._server.server_port}"
        self.keys_address = f"{self.name}/keys"
        self.token_endpoint = f"{self.name}/token"

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def token(self, user: str, *, seconds: int | None = None, audience: str = AUDIENCE) -> str:
        """A signed token for a user, good for so long; with negative seconds it expired so long ago."""
        now, lasting = int(time.time()), self.seconds if seconds is None else seconds
        issued = now + min(0, lasting) - 60
        claims = {"iss": self.name, "sub": user, "aud": audience, "iat": issued, "exp": now + lasting}
        return jwt.encode({"alg": "RS256", "kid": "1"}, claims, self._key)

    def keys(self) -> dict[str, Any]:
        return {"keys": [self._key.as_dict(private=False)]}

    def answer(self, authorization: str, form: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        """What the token endpoint says to a request."""
        self.asked += 1
        if self.away:
            return 503, {}
        if form.get("grant_type") != ["client_credentials"]:
            return 400, {"error": "unsupported_grant_type"}
        expected = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if authorization != expected:
            return 401, {"error": "invalid_client"}
        return 200, {"access_token": self.token("worker"), "token_type": "Bearer", "expires_in": self.seconds}


def _handler_of(issuer: Issuer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._say(200, issuer.keys())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._say(*issuer.answer(self.headers.get("Authorization", ""), parse_qs(body)))

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Say nothing."""

        def _say(self, status: int, document: dict[str, Any]) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler
