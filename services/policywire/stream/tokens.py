"""Tokens for OAUTHBEARER: from a file that somebody else renews, or from an identity provider's token endpoint.

Knows aiokafka's way of asking for a token, which is at each login, so a new connection always has one that is good. A
fault is a ``KafkaError``, for that is what aiokafka survives: anything else would end its own background work unseen.
:mod:`policywire.stream.access` tells afterwards which fault it was. No token and no secret is in any text.
"""

import asyncio
import ssl
import warnings
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any, Final

from aiokafka.abc import AbstractTokenProvider
from aiokafka.errors import KafkaConnectionError, KafkaError

from policywire.errors import BadInput
from policywire.stream.settings import Kafka, variable

USED_SHARE: Final = 0.8
"""Of a token's life, after which another one is asked for: a login with one about to expire would soon be cut off."""

ENDPOINT_S: Final = 5.0
TOO_MANY_REQUESTS: Final = 429
PASSING: Final = frozenset({"server_error", "slow_down", "temporarily_unavailable", "too_many_requests"})
"""OAuth's errors (RFC 6749, RFC 8628) that nobody needs to mend; providers give them from token endpoints too."""


class TokenRefused(KafkaError):  # type: ignore[misc]  # aiokafka has no types
    """There is no token, and there will be none until somebody mends what the text names."""


class TokenLate(KafkaConnectionError):  # type: ignore[misc]
    """The endpoint did not give a token for now."""


class FileToken(AbstractTokenProvider):  # type: ignore[misc]
    """The token that a file holds at the moment of the login."""

    def __init__(self, file: Path) -> None:
        self._file = file

    async def token(self) -> str:
        """Read it.

        Raises:
            TokenRefused: the file cannot be read, or holds no token.
        """
        name = variable("kafka", "oauth_token_file")
        try:
            text = (await asyncio.to_thread(self._file.read_text, "ascii")).strip()
        except (OSError, UnicodeDecodeError) as error:
            raise TokenRefused(f"{name}: {self._file} cannot be read: {_kind(error)}") from None
        if not _is_token(text):
            raise TokenRefused(f"{name}: {self._file} holds no token")
        return text


class EndpointToken(AbstractTokenProvider):  # type: ignore[misc]
    """A token that an endpoint gives for client_credentials; used for most of its life by every login.

    Raises:
        BadInput: the packages for it are not installed, or the file of authorities cannot be used.
    """

    def __init__(self, kafka: Kafka, clock: Callable[[], float] = monotonic) -> None:
        self._kafka = kafka
        self._clock = clock
        self._tls = authorities(kafka.oauth_ca_file, variable("kafka", "oauth_ca_file"))
        self._asking = asyncio.Lock()
        self._token = ""
        self._good_until = 0.0
        _authlib()

    async def token(self) -> str:
        """The one at hand, or a new one.

        Raises:
            TokenRefused: the endpoint does not accept this client.
            TokenLate: it does not answer, or says that it cannot for now.
        """
        async with self._asking:
            if self._clock() >= self._good_until:
                answer = await self._ask()
                self._token = _token_in(answer)
                self._good_until = self._clock() + USED_SHARE * _seconds_in(answer)
            return self._token

    async def _ask(self) -> Any:
        httpx, client_type, oauth_error = _authlib()
        kafka, name = self._kafka, variable("kafka", "oauth_token_endpoint")
        # The settings see to all of these.
        assert kafka.oauth_client_secret is not None  # noqa: S101
        assert kafka.oauth_token_endpoint is not None  # noqa: S101
        client = client_type(
            kafka.oauth_client_id,
            kafka.oauth_client_secret.get_secret_value(),
            scope=kafka.oauth_scope,
            verify=self._tls,
            timeout=ENDPOINT_S,
            # Without TLS a proxy of the environment would carry the secret off this machine, readable.
            trust_env=kafka.oauth_token_endpoint.lower().startswith("https:"),
        )
        client.register_compliance_hook("access_token_response", _in_time)
        try:
            async with client:
                return await client.fetch_token(kafka.oauth_token_endpoint, grant_type="client_credentials")
        except oauth_error as error:
            if str(error.error) in PASSING:
                raise TokenLate(f"{name} cannot give a token for now: {error.error}") from None
            raise TokenRefused(f"{name} refuses {variable('kafka', 'oauth_client_id')}: {error.error}") from None
        except httpx.HTTPStatusError as error:
            raise TokenLate(f"{name} answers with status {error.response.status_code}") from None
        except (httpx.TransportError, OSError) as error:
            if (refused := certificate_fault(error)) is not None:
                raise TokenRefused(f"{name}: its certificate is not accepted: {refused.verify_message}") from None
            raise TokenLate(f"{name} does not answer: {type(error).__name__}") from None
        except ValueError as error:  # no JSON
            raise TokenRefused(f"{name} does not answer as a token endpoint does: {type(error).__name__}") from None


def authorities(file: Path | None, name: str) -> ssl.SSLContext:
    """TLS that checks certificates and host names, by the system's authorities or those of a file.

    Raises:
        BadInput: the file cannot be used; names the setting.
    """
    try:
        context = ssl.create_default_context(cafile=file)
    except OSError as error:  # ssl.SSLError is one
        raise BadInput(f"{name}: {file} cannot be used as certificates of authorities: {_kind(error)}") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def certificate_fault(error: BaseException) -> ssl.SSLCertVerificationError | None:
    """Why the other side's certificate was not accepted, if it was that."""
    for each in chain(error):
        if isinstance(each, ssl.SSLCertVerificationError):
            return each
    return None


def chain(error: BaseException | None) -> list[BaseException]:
    """An error, and those that led to it."""
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


def _in_time(response: Any) -> Any:
    """The endpoint's answer, unless it was asked too often: what is in such an answer differs by provider."""
    if response.status_code == TOO_MANY_REQUESTS:
        response.raise_for_status()
    return response


def _is_token(text: str) -> bool:
    """Whether it can be one; what cannot could end it early in the login's own syntax (RFC 7628, RFC 6750)."""
    return bool(text) and all(" " < character <= "~" for character in text)


def _token_in(answer: Any) -> str:
    token = answer.get("access_token") if isinstance(answer, dict) else None
    if not isinstance(token, str) or not _is_token(token):
        raise TokenRefused(f"{variable('kafka', 'oauth_token_endpoint')} gave no access_token")
    return token


def _seconds_in(answer: Any) -> float:
    """How long a token lives; one that does not say is used once."""
    try:
        return max(0.0, float(answer.get("expires_in") or 0))
    except (TypeError, ValueError):
        return 0.0


def _kind(error: BaseException) -> str:
    return getattr(error, "strerror", None) or getattr(error, "reason", None) or type(error).__name__


def _authlib() -> tuple[Any, Any, Any]:
    try:
        import httpx  # noqa: PLC0415  an extra
        from authlib.integrations.base_client import OAuthError  # type: ignore[import-untyped]  # noqa: PLC0415

        with warnings.catch_warnings():
            # It would rather have httpx2: for those who lock packages, not for a line in a worker's log.
            warnings.simplefilter("ignore", DeprecationWarning)
            from authlib.integrations.httpx_client import (  # type: ignore[import-untyped]  # noqa: PLC0415
                AsyncOAuth2Client,
            )
    except ImportError:
        raise BadInput(
            f"{variable('kafka', 'oauth_token_endpoint')} needs packages that are not installed: pip install "
            "'policywire[oauth]'"
        ) from None
    return httpx, AsyncOAuth2Client, OAuthError
