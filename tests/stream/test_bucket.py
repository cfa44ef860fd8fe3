"""The denial bucket read from a real topic: what a worker wrote, without a trace of the reading."""

import asyncio
import csv
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from click.testing import CliRunner
from tests.stream.harness import appointment, claim, publish, running, settings_for, until_done, void

from policywire.broker import LocalBroker
from policywire.cli import main


async def groups(bootstrap_servers: str) -> set[str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        return {name for name, _ in await admin.list_consumer_groups()}
    finally:
        await admin.close()


def test_the_bucket_is_what_the_topic_says_now(broker: LocalBroker, topics: str, tmp_path: Path) -> None:
    settings = settings_for(broker.bootstrap_servers, topics)

    async def feed() -> None:
        await publish(settings, [claim(1), claim(2, "M-2"), claim(3, "M-3"), void(3, "M-3")])
        await publish(settings, [appointment(1)], "scheduling-events")
        async with running(settings):
            await until_done(settings)

    asyncio.run(feed())
    before = asyncio.run(groups(broker.bootstrap_servers))
    out = tmp_path / "bucket.csv"
    where = ["--bootstrap-servers", broker.bootstrap_servers, "--topic-prefix", topics]
    result = CliRunner().invoke(main, ["bucket", "MM 0552", *where, "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert "2 lines in the bucket MM 0552, $8,400.00 at risk." in result.output
    with out.open(newline="") as opened:
        assert {row["claim_id"] for row in csv.DictReader(opened)} == {"CLM-1", "CLM-2"}
    assert asyncio.run(groups(broker.bootstrap_servers)) == before


def test_a_topic_that_is_not_there_is_named(broker: LocalBroker) -> None:
    where = ["--bootstrap-servers", broker.bootstrap_servers, "--topic-prefix", "nowhere."]
    result = CliRunner().invoke(main, ["bucket", "MM 0552", *where])
    assert result.exit_code != 0
    assert "the topic nowhere.determinations does not exist on this cluster" in result.output
