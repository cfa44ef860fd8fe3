"""How commands reach the cluster: with the worker's own settings, and what they say when they do not get in.

Knows aiokafka's errors and the settings. Knows no topic's content.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from aiokafka.errors import KafkaError

from policywire.errors import PassingFault, PolicywireError
from policywire.stream.access import refusal, rights_missing
from policywire.stream.login import client_arguments
from policywire.stream.settings import Kafka, load_settings

T = TypeVar("T")


def kafka_of(bootstrap_servers: str | None, topic_prefix: str | None) -> Kafka:
    """The settings of the cluster: the worker's, from environment, secrets and file, and what the command line gave.

    Raises:
        BadInput: they cannot be used, such as plaintext to another machine.
    """
    given = {"bootstrap_servers": bootstrap_servers, "topic_prefix": topic_prefix}
    return load_settings({"kafka": {name: value for name, value in given.items() if value is not None}}).kafka


def on_cluster(
    kafka: Kafka, topics: Sequence[str], work: Callable[[dict[str, Any]], Coroutine[Any, Any, T]], *, right: str
) -> T:
    """Run something that uses aiokafka's clients.

    Args:
        kafka: where.
        topics: that it is about, for the words of an error.
        work: gets what each client is to be given.
        right: what is needed on the topics, by Kafka's name of the operation.

    Raises:
        BadInput: files of the settings cannot be used; a certificate, login or right is not accepted.
        PassingFault: the cluster does not answer.
    """
    try:
        return asyncio.run(_asked(kafka, topics, work, right))
    except KafkaError as error:
        raise PassingFault(f"No Kafka answers at {kafka.bootstrap_servers}: {error}. Is it running?") from error


async def _asked(
    kafka: Kafka, topics: Sequence[str], work: Callable[[dict[str, Any]], Coroutine[Any, Any, T]], right: str
) -> T:
    try:
        return await work(client_arguments(kafka))
    except (KafkaError, PolicywireError) as error:
        refused = rights_missing(error, kafka, {"topic": topics}, right) or await refusal(kafka, _addresses(kafka))
        raise refused or error from None


def _addresses(kafka: Kafka) -> list[tuple[str, int]]:
    parts = (server.strip().rpartition(":") for server in kafka.bootstrap_servers.split(","))
    return [(host.strip("[]"), int(port)) for host, _, port in parts if port.isdecimal()]
