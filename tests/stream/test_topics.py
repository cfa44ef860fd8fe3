"""The topics as ``schemas/topics.yaml`` has them, and as they come to be on a real Kafka."""

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from policywire.broker import LocalBroker
from policywire.resources import shipped
from policywire.stream.topic_admin import TopicsUnusable, create_topics
from policywire.stream.topics import load_topics

CONTRACT = {
    "claim-events": "member_id",
    "scheduling-events": "member_id",
    "policy-documents": "payer/policy",
    "policy-history": "publication number, or a document's key",
    "determinations": "determination_id",
    "alerts": "alert_id",
    "audit-log": "determination_id or alert_id",
    "dead-letters": "the original key",
    "member-timelines": "member_id",
}
COMPACTED = {"policy-documents", "determinations", "alerts", "member-timelines"}


async def settings_on(bootstrap_servers: str, name: str) -> dict[str, str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
    finally:
        await admin.close()
    return {entry[0]: entry[1] for entry in answer.resources[0][4]}


def test_the_topics_and_their_keys_are_those_of_the_contract() -> None:
    assert {name: topic.key for name, topic in load_topics().items()} == CONTRACT


def test_all_topics_but_the_policies_have_a_partition_for_each_lane() -> None:
    counts = {name: topic.partitions for name, topic in load_topics(lanes=7).items()}
    assert (counts.pop("policy-documents"), counts.pop("policy-history")) == (1, 1)
    assert set(counts.values()) == {7}


def test_states_are_compacted_and_histories_are_not() -> None:
    topics = load_topics().values()
    assert {topic.name for topic in topics if topic.config["cleanup.policy"] == "compact"} == COMPACTED
    assert all("retention.ms" in topic.config for topic in topics if topic.name not in COMPACTED)


def test_inputs_are_stored_unpacked_at_kafka_s_own_limit() -> None:
    for name in ("claim-events", "scheduling-events"):
        config = load_topics()[name].config
        assert (config["compression.type"], config["max.message.bytes"]) == ("uncompressed", "1048588")


def test_a_dead_letter_has_room_for_an_event_at_the_limit_and_its_headers() -> None:
    topics = load_topics()
    assert int(topics["dead-letters"].config["max.message.bytes"]) > int(
        topics["claim-events"].config["max.message.bytes"]
    )


def test_a_file_that_does_not_ship_is_named() -> None:
    with pytest.raises(FileNotFoundError, match=r"no schemas/of-nothing\.yaml"):
        shipped("schemas/of-nothing.yaml")


@pytest.mark.parametrize("name", CONTRACT)
async def test_a_topic_on_the_broker_has_the_file_s_settings(name: str, broker: LocalBroker, topics: str) -> None:
    settings = await settings_on(broker.bootstrap_servers, topics + name)
    # One broker holds one copy, so no more can be demanded.
    wanted = {**load_topics()[name].config, "min.insync.replicas": "1"}
    assert {setting: settings[setting] for setting in wanted} == wanted


async def test_creating_twice_creates_once_and_finds_no_difference(broker: LocalBroker, topic_prefix: str) -> None:
    first = await create_topics(broker.bootstrap_servers, prefix=topic_prefix)
    second = await create_topics(broker.bootstrap_servers, prefix=topic_prefix)
    assert [state.created for state in first] == [True] * len(CONTRACT)
    assert [(state.created, state.differences) for state in second] == [(False, {})] * len(CONTRACT)


async def test_settings_that_differ_are_told_and_left(broker: LocalBroker, topic_prefix: str) -> None:
    await create_topics(broker.bootstrap_servers, prefix=topic_prefix, config={"alerts": {"segment.bytes": "2097152"}})
    states = await create_topics(
        broker.bootstrap_servers, prefix=topic_prefix, config={"alerts": {"segment.bytes": "3145728"}}
    )
    told = {state.name: state.differences for state in states if state.differences}
    assert told == {f"{topic_prefix}alerts": {"segment.bytes": ("2097152", "3145728")}}
    assert (await settings_on(broker.bootstrap_servers, f"{topic_prefix}alerts"))["segment.bytes"] == "2097152"


async def test_another_number_of_partitions_is_refused(broker: LocalBroker, topic_prefix: str) -> None:
    await create_topics(broker.bootstrap_servers, prefix=topic_prefix, partitions=2)
    with pytest.raises(TopicsUnusable, match=r"claim-events has 2, not 3"):
        await create_topics(broker.bootstrap_servers, prefix=topic_prefix, partitions=3)


async def test_what_the_cluster_refuses_is_told_by_topic(broker: LocalBroker, topic_prefix: str) -> None:
    with pytest.raises(TopicsUnusable, match=r"alerts: .*segment\.bytes"):
        await create_topics(broker.bootstrap_servers, prefix=topic_prefix, config={"alerts": {"segment.bytes": "no"}})
