"""Creates the topics on a cluster, as ``schemas/topics.yaml`` has them, and says where those that exist differ.

Knows aiokafka's admin client. It never changes or deletes what exists: that is for those who run the cluster.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import msgspec
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, TopicAuthorizationFailedError, for_code

from policywire.errors import BadInput
from policywire.stream.topics import Topic, load_topics

_VISIBLE_TIMEOUT_S = 30.0
_POLL_S = 0.02


class TopicsUnusable(BadInput):
    """The topics of a cluster cannot be used as they are; the text says what to do."""


class TopicState(msgspec.Struct, frozen=True, kw_only=True):
    """How a topic stands on the cluster.

    Attributes:
        name: with its prefix.
        partitions: how many it has.
        created: whether this call created it.
        differences: of a topic that was there: setting to (what it has, what ``topics.yaml`` says).
    """

    name: str
    partitions: int
    created: bool
    differences: dict[str, tuple[str, str]]


async def create_topics(
    bootstrap_servers: str,
    *,
    prefix: str = "",
    partitions: int | None = None,
    config: Mapping[str, Mapping[str, str]] | None = None,
    **client: Any,
) -> list[TopicState]:
    """Create the topics that are missing and return once every broker's clients can see them.

    Args:
        bootstrap_servers: ``host:port``, several with commas.
        prefix: in front of every topic's name.
        partitions: of the topics that have one for each lane, instead of the file's number.
        config: settings that replace the file's, by the topic's name without prefix.
        client: further arguments of the admin client, such as ``security_protocol``.

    Raises:
        TopicsUnusable: a topic exists with another number of partitions, or the cluster refused to create one.
        aiokafka.errors.KafkaError: the cluster cannot be reached.
    """
    overrides = config or {}
    wanted = {
        prefix + name: msgspec.structs.replace(topic, config={**topic.config, **overrides.get(name, {})})
        for name, topic in load_topics(partitions).items()
    }
    async with _admin(bootstrap_servers, client) as admin:
        copies = len((await admin.describe_cluster())["brokers"])
        created = await _create(admin, [_new(name, topic, copies) for name, topic in wanted.items()])
        counts = await _visible_counts(admin, list(wanted))
        _refuse_other_counts(wanted, counts)
        existing = {name: topic for name, topic in wanted.items() if name not in created}
        differences = await _differences(admin, existing, copies)
    return [
        TopicState(name=name, partitions=counts[name], created=name in created, differences=differences.get(name, {}))
        for name in wanted
    ]


@contextlib.asynccontextmanager
async def _admin(bootstrap_servers: str, client: Mapping[str, Any]) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers, **client)
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()


def _new(name: str, topic: Topic, brokers: int) -> NewTopic:
    replication = min(topic.replication_factor, brokers)
    return NewTopic(name, topic.partitions, replication, topic_configs=fitting_config(topic, brokers))


def fitting_config(topic: Topic, brokers: int) -> dict[str, str]:
    """The topic's settings, with no more copies demanded than leave one broker free to fail, if there is one."""
    spare = max(1, min(topic.replication_factor, brokers) - 1)
    in_sync = min(int(topic.config.get("min.insync.replicas", "1")), spare)
    return {**topic.config, "min.insync.replicas": str(in_sync)}


async def _create(admin: AIOKafkaAdminClient, topics: Sequence[NewTopic]) -> set[str]:
    """Ask for all of them in one request; the names of those that were not there."""
    answer = await admin.create_topics(list(topics))
    created, faults = set(), []
    for name, code, detail in answer.topic_errors:
        if code == 0:
            created.add(name)
        elif for_code(code) is not TopicAlreadyExistsError:
            faults.append(f"{name}: {detail or for_code(code).__name__}")
    if faults:
        message = "The cluster refused to create topics. " + "; ".join(faults)
        raise TopicsUnusable(message)
    return created


async def _visible_counts(admin: AIOKafkaAdminClient, names: list[str]) -> dict[str, int]:
    """The partitions of each topic, once the cluster's metadata has them all with a leader."""
    deadline = time.monotonic() + _VISIBLE_TIMEOUT_S
    while True:
        described = await admin.describe_topics(names)
        hidden = [each["topic"] for each in described if for_code(each["error_code"]) is TopicAuthorizationFailedError]
        if hidden:
            raise TopicsUnusable(f"This client has no right Describe on the topics {', '.join(sorted(hidden))}")
        seen = [topic for topic in described if topic["error_code"] == 0]
        led = all(part["error_code"] == 0 for topic in seen for part in topic["partitions"])
        if len(seen) == len(names) and led:
            return {topic["topic"]: len(topic["partitions"]) for topic in seen}
        if time.monotonic() > deadline:
            message = f"The cluster created the topics, but after {_VISIBLE_TIMEOUT_S:.0f} s not all have a leader."
            raise TopicsUnusable(message)
        await asyncio.sleep(_POLL_S)


def _refuse_other_counts(wanted: Mapping[str, Topic], counts: Mapping[str, int]) -> None:
    wrong = {name: topic.partitions for name, topic in wanted.items() if counts[name] != topic.partitions}
    if wrong:
        each = "; ".join(f"{name} has {counts[name]}, not {partitions}" for name, partitions in wrong.items())
        message = (
            f"Topics exist with another number of partitions: {each}. A change would move members to other lanes. "
            "Ask for the number that is there, or use other topics."
        )
        raise TopicsUnusable(message)


async def _differences(
    admin: AIOKafkaAdminClient, existing: Mapping[str, Topic], brokers: int
) -> dict[str, dict[str, tuple[str, str]]]:
    if not existing:
        return {}
    answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in existing])
    has = {
        resource[3]: {entry[0]: entry[1] for entry in resource[4]}
        for answer in answers
        for resource in answer.resources
    }
    return {
        name: {
            setting: (has[name].get(setting, ""), value)
            for setting, value in fitting_config(topic, brokers).items()
            if has[name].get(setting) != value
        }
        for name, topic in existing.items()
    }
