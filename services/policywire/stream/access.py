"""When the cluster does not take us, or we do not take it: which of the two, and what somebody must mend.

aiokafka writes such reasons into its log and tries again, so they are asked for here with one more connection. Knows
the errors of TLS, of SASL and of Kafka's authorizer, and puts them into words that name a setting, or the right that an
ACL must give; no secret is in them.
"""

import ssl
from collections.abc import Iterable, Mapping
from typing import Any, Final

from aiokafka import errors
from aiokafka.conn import create_conn

from policywire.errors import BadInput
from policywire.stream.ending import ClusterFault
from policywire.stream.login import login_arguments
from policywire.stream.settings import Kafka, variable
from policywire.stream.tokens import TokenLate, TokenRefused, certificate_fault, chain

ACLS: Final = "deploy/kafka/acls.yaml lists what each kind of client needs"

RIGHTS: Final = {
    errors.TopicAuthorizationFailedError: "topic",
    errors.GroupAuthorizationFailedError: "group",
    errors.TransactionalIdAuthorizationFailed: "transactional id",
    errors.ClusterAuthorizationFailedError: "cluster",
}
"""What Kafka's authorizer refuses, by its error."""

EXPIRED, NOT_YET_VALID = 10, 9
UNKNOWN_AUTHORITY = (18, 19, 20, 21)
OTHER_HOST = (62, 64)
"""OpenSSL's numbers (``X509_V_ERR_*``)."""


class AccessRefused(BadInput):
    """A certificate, a login or a right is not accepted, and will not be until somebody mends what the text names."""


def principal(kafka: Kafka) -> str:
    """Who this client is for the cluster, as far as the settings say."""
    if kafka.uses_sasl:
        return "the client of the token" if kafka.sasl_mechanism == "OAUTHBEARER" else f"User:{kafka.sasl_username}"
    if kafka.ssl_certificate_file:
        return f"the subject of {kafka.ssl_certificate_file}"
    return "User:ANONYMOUS"


def right_missing(kafka: Kafka, kind: str, names: Iterable[str], operation: str) -> AccessRefused:
    """In words: the cluster has no ACL that lets this client do something."""
    what = ", ".join(sorted(names))
    return AccessRefused(
        f"{principal(kafka)} has no right {operation} on the {kind} {what}: add an ACL that allows it ({ACLS})"
    )


def rights_missing(
    error: BaseException, kafka: Kafka, names: Mapping[str, Iterable[str]], operation: str = "Read"
) -> AccessRefused | None:
    """The same of an error that a client of aiokafka raised.

    Args:
        error: it, or what it led to.
        kafka: whose.
        names: what was wanted: the names of each kind of resource.
        operation: that was wanted of them.
    """
    for each in chain(error):
        kind = RIGHTS.get(type(each))
        if kind is not None:
            return right_missing(kafka, kind, names.get(kind, ()), operation)
    return None


async def refusal(
    kafka: Kafka, addresses: Iterable[tuple[str, int]], login: Mapping[str, Any] | None = None
) -> AccessRefused | ClusterFault | None:
    """Connect to each address once, and say what stands in the way of getting in; None if nothing of the kind does.

    Args:
        kafka: how to get in.
        addresses: hosts and ports.
        login: of the client that could not, by :func:`policywire.stream.login.login_arguments`: with its token and its
            certificate, which it may have read long ago. None makes it anew.
    """
    if not kafka.is_guarded:
        return None
    if login is None:
        login = login_arguments(kafka)
    for host, port in addresses:
        try:
            connection = await create_conn(host, port, client_id="policywire-access", **login)
        except (OSError, TimeoutError, errors.KafkaError, ValueError) as error:
            late = next((each for each in chain(error) if isinstance(each, TokenLate)), None)
            if late is not None:
                return ClusterFault(str(late.args[0]))
            words = _in_words(error, kafka, host)
            if words:
                return AccessRefused(f"{host}:{port}: {words}")
        else:
            connection.close()
    return None


def _in_words(error: BaseException, kafka: Kafka, host: str) -> str | None:
    """What to mend; None when the connection only failed."""
    fault = certificate_fault(error)
    if fault is not None:
        return _of_certificate(fault, kafka, host)
    words = (_of_one(each, kafka) for each in chain(error))
    return next((each for each in words if each), None)


def _of_one(error: BaseException, kafka: Kafka) -> str | None:
    if isinstance(error, TokenRefused):
        return str(error.args[0])
    if isinstance(error, ssl.SSLError):
        return _of_tls(error.reason or "", kafka)
    if isinstance(error, errors.SaslAuthenticationFailed | errors.AuthenticationFailedError | ValueError):
        return _of_login(kafka)
    if isinstance(error, errors.UnsupportedSaslMechanismError):
        name = variable("kafka", "sasl_mechanism")
        return f"the broker does not offer {kafka.sasl_mechanism}; set {name} to what it offers"
    if isinstance(error, errors.IllegalSaslStateError):
        return f"the broker wants no login here; see {variable('kafka', 'security_protocol')} and the port"
    return None


def _of_certificate(fault: ssl.SSLCertVerificationError, kafka: Kafka, host: str) -> str:
    if fault.verify_code == EXPIRED:
        return "the broker's certificate has expired; whoever runs the cluster must renew it"
    if fault.verify_code == NOT_YET_VALID:
        return "the broker's certificate is not valid yet; see the clocks of both machines"
    if fault.verify_code in OTHER_HOST:
        servers = variable("kafka", "bootstrap_servers")
        return f"the broker's certificate is not for {host}; use a name in {servers} that it is for, or have it renewed"
    if fault.verify_code in UNKNOWN_AUTHORITY:
        from_where = kafka.ssl_ca_file or "the system's authorities"
        file = variable("kafka", "ssl_ca_file")
        return f"the broker's certificate is signed by none of {from_where}; set {file} to its authority's certificate"
    return f"the broker's certificate is not accepted: {fault.verify_message}"


def _of_tls(reason: str, kafka: Kafka) -> str | None:
    words = reason.replace("_", " ").lower()
    if "ALERT" in reason and any(word in reason for word in ("CERTIFICATE", "UNKNOWN_CA", "ACCESS_DENIED")):
        name = variable("kafka", "ssl_certificate_file")
        if kafka.ssl_certificate_file is None:
            return f"the broker wants this client's certificate ({words}); set {name} and its key"
        return (
            f"the broker does not accept the certificate of {name}, {kafka.ssl_certificate_file} ({words}): it has "
            "expired, or the broker does not know its authority; have it renewed"
        )
    if "WRONG_VERSION" in reason or "RECORD_LAYER" in reason or "PACKET_LENGTH" in reason:
        return f"no TLS is spoken there; see {variable('kafka', 'security_protocol')} and the port"
    return None


def _of_login(kafka: Kafka) -> str:
    if kafka.sasl_mechanism == "OAUTHBEARER":
        source = "oauth_token_file" if kafka.oauth_token_file else "oauth_token_endpoint"
        return (
            f"the broker does not accept the token of {variable('kafka', source)}: it has expired, or its issuer, "
            "audience or signature is not what the broker expects"
        )
    return (
        f"the broker does not accept the login of User:{kafka.sasl_username}; see "
        f"{variable('kafka', 'sasl_username')} and {variable('kafka', 'sasl_password')}"
    )
