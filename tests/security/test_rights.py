"""Who may do what: ``deploy/kafka/acls.yaml`` is enough for each kind of client, and nothing in it can be left out."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from tests.security.acls import Right, granted, rights_of, withheld
from tests.security.secured import USER, SecuredBroker
from tests.security.workers import ROOT, Running, command, decided, refusal_of
from tests.stream.harness import appointment, claim, publish, records_of, running, settings_for, until_done

from policywire.stream.login import client_arguments
from policywire.stream.settings import load_settings

FROM_TOPIC = {"source": "topic"}
POISON = (b"M-1", b'{"event_type":')


def named(right: Right) -> str:
    return f"{right.operation}-{right.kind}-{right.name.strip('.') or right.kind}"


def each_right(principal: str) -> pytest.MarkDecorator:
    """One run of the test for each right of a principal; their names are without the test's prefix."""
    return pytest.mark.parametrize("right", rights_of(principal, "", "test"), ids=named)


def here(right: Right, prefix: str) -> Right:
    """The right with the names of this test's topics."""
    name = right.name if right.kind == "group" and not right.name.startswith("readers-") else prefix + right.name
    return right._replace(name=name)


@asynccontextmanager
async def lacking(secured: SecuredBroker, user: str, prefix: str, right: Right) -> AsyncIterator[Right]:
    """A principal has all of its rights but this one."""
    lacked = here(right, prefix)
    async with (
        granted(secured.admin, user, rights_of(user, prefix, "test")),
        withheld(secured.admin, user, lacked),
    ):
        yield lacked


def publish_rules(secured: SecuredBroker, prefix: str, kafka: dict[str, Any] | None = None) -> Any:
    given = kafka or {"bootstrap_servers": secured.admin}
    account = ["--author", "ann", "--reason", "A test", "--force"]
    return command(prefix, given, "rules", "publish", str(ROOT / "rules"), *account)


async def feed(secured: SecuredBroker, prefix: str) -> None:
    """What makes a worker write to every one of its topics."""
    settings = settings_for(secured.admin, prefix)
    await publish(settings, [claim(1), POISON])
    await publish(settings, [appointment(1, "M-2"), POISON], "scheduling-events")


async def test_the_workers_rights_are_enough(secured: SecuredBroker, topics: str, tmp_path: Path) -> None:
    assert publish_rules(secured, topics).returncode == 0
    async with granted(secured.admin, USER, rights_of("worker", topics, "test")):
        with Running(topics, secured.scram(), tmp_path / "log", rules=FROM_TOPIC):
            await feed(secured, topics)
            await decided(secured.admin, topics, 2)
            settings = settings_for(secured.admin, topics)
            await until_done(settings)
    for name in ("determinations", "alerts", "audit-log", "dead-letters", "member-timelines"):
        assert await records_of(settings, name), name


@each_right("worker")
async def test_each_right_of_the_worker_is_needed_and_named_when_it_lacks(
    right: Right, secured: SecuredBroker, topics: str
) -> None:
    assert publish_rules(secured, topics).returncode == 0
    await feed(secured, topics)
    async with lacking(secured, USER, topics, right) as lacked:
        said = refusal_of(topics, secured.scram(), rules=FROM_TOPIC)
    assert f"User:{USER} has no right" in said
    assert lacked.name in said
    assert lacked.operation in said
    assert "deploy/kafka/acls.yaml" in said


@pytest.mark.parametrize(
    ("topic", "operation"),
    [("claim-events", "Read"), ("scheduling-events", "Read"), ("determinations", "Write"), ("dead-letters", "Write")],
)
async def test_a_topic_that_may_be_seen_but_not_used_is_named(
    topic: str, operation: str, secured: SecuredBroker, topics: str
) -> None:
    await feed(secured, topics)
    sight = Right("topic", topics + topic, "literal", "Describe")
    async with (
        lacking(secured, USER, topics, Right("topic", topic, "literal", operation)),
        granted(secured.admin, USER, [sight]),
    ):
        said = refusal_of(topics, secured.scram())
    assert f"User:{USER} has no right {operation} on the topic {topics}{topic}: add an ACL" in said


def write_events(folder: Path) -> str:
    file = folder / "events.jsonl"
    file.write_text("".join(json.dumps(each) + "\n" for each in (claim(1), appointment(1, "M-2"))))
    return str(file)


async def test_the_publishers_rights_are_enough(secured: SecuredBroker, topics: str, tmp_path: Path) -> None:
    events = write_events(tmp_path)
    async with granted(secured.admin, "event-publisher", rights_of("event-publisher", topics, "test")):
        run = command(topics, secured.mutual("event-publisher"), "send", events)
        read = command(topics, secured.mutual("event-publisher"), "read", "claim-events")
    assert run.returncode == 0, run.stderr
    assert read.returncode == 2, "who writes events may not read them"
    assert f"no right Read on the topic {topics}claim-events" in read.stderr


@each_right("event-publisher")
async def test_each_right_of_the_publisher_is_needed(
    right: Right, secured: SecuredBroker, topics: str, tmp_path: Path
) -> None:
    async with lacking(secured, "event-publisher", topics, right) as lacked:
        run = command(topics, secured.mutual("event-publisher"), "send", write_events(tmp_path))
    refused(run, lacked)


async def test_the_rules_publishers_rights_are_enough(secured: SecuredBroker, topics: str) -> None:
    kafka = secured.mutual("rules-publisher")
    async with granted(secured.admin, "rules-publisher", rights_of("rules-publisher", topics, "test")):
        published = publish_rules(secured, topics, kafka)
        listed = command(topics, kafka, "rules", "publications")
    assert published.returncode == 0, published.stderr
    assert listed.returncode == 0, listed.stderr
    assert "ann" in listed.stdout


@each_right("rules-publisher")
async def test_each_right_of_the_rules_publisher_is_needed(right: Right, secured: SecuredBroker, topics: str) -> None:
    kafka = secured.mutual("rules-publisher")
    async with lacking(secured, "rules-publisher", topics, right) as lacked:
        run = publish_rules(secured, topics, kafka)
        if right.operation == "Read":  # what nobody published to yet has nothing to be read
            assert run.returncode == 0, run.stderr
            run = command(topics, kafka, "rules", "publications")
    refused(run, lacked)


async def dead_letters(secured: SecuredBroker, prefix: str) -> None:
    """Two, one of each input."""
    settings = settings_for(secured.admin, prefix)
    await feed(secured, prefix)
    async with running(settings):
        await until_done(settings)


async def test_the_redrive_operators_rights_are_enough(secured: SecuredBroker, topics: str) -> None:
    await dead_letters(secured, topics)
    kafka = secured.mutual("redrive-operator")
    async with granted(secured.admin, "redrive-operator", rights_of("redrive-operator", topics, "test")):
        listed = command(topics, kafka, "dead-letters", "list")
        sent = command(topics, kafka, "dead-letters", "redrive", "--all", "--yes")
    assert listed.returncode == 0, listed.stderr
    assert sent.returncode == 0, sent.stderr
    for name in ("claim-events", "scheduling-events"):
        assert len(await records_of(settings_for(secured.admin, topics), name)) == 3


@each_right("redrive-operator")
async def test_each_right_of_the_redrive_operator_is_needed(right: Right, secured: SecuredBroker, topics: str) -> None:
    await dead_letters(secured, topics)
    async with lacking(secured, "redrive-operator", topics, right) as lacked:
        run = command(topics, secured.mutual("redrive-operator"), "dead-letters", "redrive", "--all", "--yes")
    refused(run, lacked)


async def test_the_analysts_rights_are_enough(secured: SecuredBroker, topics: str) -> None:
    assert publish_rules(secured, topics).returncode == 0
    await dead_letters(secured, topics)
    kafka = secured.mutual("analyst")
    names = [right.name for right in rights_of("analyst", "", "test")]
    async with granted(secured.admin, "analyst", rights_of("analyst", topics, "test")):
        runs = [command(topics, kafka, "read", name) for name in names]
        letters = command(topics, kafka, "dead-letters", "list")
    assert {name: run.stderr for name, run in zip(names, runs, strict=True) if run.returncode or not run.stdout} == {}
    assert letters.returncode == 2, "dead letters are not an analyst's"


@each_right("analyst")
async def test_each_right_of_the_analyst_is_needed(right: Right, secured: SecuredBroker, topics: str) -> None:
    async with lacking(secured, "analyst", topics, right) as lacked:
        run = command(topics, secured.mutual("analyst"), "read", right.name)
    refused(run, lacked)


def refused(run: Any, lacked: Right) -> None:
    """A command ended with the right that it lacks, and with nothing that only a programmer reads."""
    assert run.returncode == 2, run.stdout + run.stderr
    assert lacked.name in run.stderr
    assert lacked.operation in run.stderr
    assert "Traceback" not in run.stderr


async def as_reader(secured: SecuredBroker, prefix: str, names: Sequence[str]) -> int:
    """How many records a billing system reads, with a group of its own, that committed what it read."""
    kafka = load_settings({"kafka": secured.mutual("output-reader")}).kafka
    count = 0
    async with AIOKafkaConsumer(
        *(prefix + name for name in names),
        group_id=f"{prefix}readers-billing",
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        **client_arguments(kafka),
    ) as consumer:
        for _ in range(20):
            batches = await consumer.getmany(timeout_ms=500)
            count += sum(map(len, batches.values()))
            if {partition.topic for partition in batches} or count:
                break
        await consumer.commit()
    return count


async def test_the_readers_rights_are_enough(secured: SecuredBroker, topics: str) -> None:
    await dead_letters(secured, topics)
    async with granted(secured.admin, "output-reader", rights_of("output-reader", topics, "test")):
        assert await as_reader(secured, topics, ["determinations", "alerts"]) > 0


@each_right("output-reader")
async def test_each_right_of_the_reader_is_needed(right: Right, secured: SecuredBroker, topics: str) -> None:
    await dead_letters(secured, topics)
    async with lacking(secured, "output-reader", topics, right):
        with pytest.raises(KafkaError, match="Authorization"):
            await as_reader(secured, topics, ["determinations", "alerts"])


async def scaler_sees(secured: SecuredBroker, prefix: str) -> int:
    """How far the group is behind, as an autoscaler asks: committed offsets and the ends of the topics."""
    login = client_arguments(load_settings({"kafka": secured.mutual("lag-scaler")}).kafka)
    admin = AIOKafkaAdminClient(**login)
    try:
        await admin.start()
        offsets = await admin.list_consumer_group_offsets("test")
    finally:
        await admin.close()
    inputs = [TopicPartition(prefix + name, 0) for name in ("claim-events", "scheduling-events")]
    async with AIOKafkaConsumer(**login) as consumer:
        ends = await consumer.end_offsets(inputs)
    return sum(ends[each] - (offsets[each].offset if each in offsets else 0) for each in inputs)


async def test_the_scalers_rights_are_enough_and_show_no_record(secured: SecuredBroker, topics: str) -> None:
    await feed(secured, topics)
    async with granted(secured.admin, "lag-scaler", rights_of("lag-scaler", topics, "test")):
        assert await scaler_sees(secured, topics) == 4
        run = command(topics, secured.mutual("lag-scaler"), "read", "claim-events")
    refused(run, Right("topic", f"{topics}claim-events", "literal", "Read"))


async def test_the_topic_creators_rights_are_enough(secured: SecuredBroker, topic_prefix: str) -> None:
    kafka = secured.mutual("topic-creator")
    arguments = ["broker", "--bootstrap-servers", kafka["bootstrap_servers"], "--partitions", "1"]
    async with granted(secured.admin, "topic-creator", rights_of("topic-creator", topic_prefix, "test")):
        created, again = (command(topic_prefix, kafka, *arguments) for _ in range(2))
    assert (created.returncode, created.stderr.count("created")) == (0, 9), created.stderr
    assert (again.returncode, again.stderr.count("exists")) == (0, 9), again.stderr


@pytest.mark.parametrize("operation", ["Create", "Describe"])
async def test_each_right_of_the_topic_creator_is_needed(
    operation: str, secured: SecuredBroker, topic_prefix: str
) -> None:
    kafka = secured.mutual("topic-creator")
    arguments = ["broker", "--bootstrap-servers", kafka["bootstrap_servers"], "--partitions", "1"]
    right = Right("topic", "alerts", "literal", operation)
    async with lacking(secured, "topic-creator", topic_prefix, right) as lacked:
        run = command(topic_prefix, kafka, *arguments)
    assert run.returncode == 2, run.stderr
    assert lacked.name in run.stderr
