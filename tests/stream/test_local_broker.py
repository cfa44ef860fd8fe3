"""The local broker on the real Apache Kafka."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError

from policywire.broker import LocalBroker, NodeFailed
from policywire.stream.topic_admin import create_topics

GONE_TIMEOUT_S = 10


async def publish(bootstrap_servers: str, topic: str, value: bytes, transactional_id: str | None = None) -> None:
    async with AIOKafkaProducer(
        bootstrap_servers=bootstrap_servers, transactional_id=transactional_id, enable_idempotence=True
    ) as producer:
        if transactional_id is None:
            await producer.send_and_wait(topic, value, key=b"M-1")
            return
        async with producer.transaction():
            await producer.send_and_wait(topic, value, key=b"M-1")


async def committed_values(bootstrap_servers: str, topic: str) -> list[bytes | None]:
    """Every value that is in the topic now, for a reader of committed records."""
    async with AIOKafkaConsumer(
        topic,
        bootstrap_servers=bootstrap_servers,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
    ) as consumer:
        ends = await consumer.end_offsets(consumer.assignment())
        assert len(ends) == 4
        values: list[bytes | None] = []
        while any([await consumer.position(partition) < end for partition, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=100)).values():
                values += [record.value for record in records]
        return values


async def test_a_record_of_a_committed_transaction_can_be_read(broker: LocalBroker, topics: str) -> None:
    topic = f"{topics}determinations"
    await publish(broker.bootstrap_servers, topic, b"kept", transactional_id=f"{topics}lane-0")
    assert await committed_values(broker.bootstrap_servers, topic) == [b"kept"]


async def test_a_record_of_an_aborted_transaction_is_not_seen(broker: LocalBroker, topics: str) -> None:
    topic = f"{topics}determinations"
    async with AIOKafkaProducer(
        bootstrap_servers=broker.bootstrap_servers, transactional_id=f"{topics}lane-0"
    ) as producer:
        await producer.begin_transaction()
        await producer.send_and_wait(topic, b"dropped", key=b"M-1")
        await producer.abort_transaction()
    await publish(broker.bootstrap_servers, topic, b"kept")
    assert await committed_values(broker.bootstrap_servers, topic) == [b"kept"]


async def test_data_and_address_last_through_a_restart_and_a_kill() -> None:
    async with LocalBroker() as own:
        address = own.bootstrap_servers
        await create_topics(address)
        await publish(address, "alerts", b"before the restart")
        await asyncio.to_thread(own.restart)
        await publish(own.bootstrap_servers, "alerts", b"before the kill", transactional_id="lane-0")
        killed = own.pid
        await asyncio.to_thread(own.kill)
        assert not psutil.pid_exists(killed)
        await asyncio.to_thread(own.start)
        assert own.bootstrap_servers == address
        assert await committed_values(address, "alerts") == [b"before the restart", b"before the kill"]


async def test_a_data_folder_keeps_records_and_address_for_the_next_object(tmp_path: Path) -> None:
    with LocalBroker(tmp_path / "kafka") as first:
        address = first.bootstrap_servers
        await create_topics(address)
        await publish(address, "alerts", b"kept")
    with LocalBroker(tmp_path / "kafka") as second:
        assert second.bootstrap_servers == address
        assert await committed_values(address, "alerts") == [b"kept"]


def test_closing_ends_the_jvm_and_removes_the_temporary_folder() -> None:
    with LocalBroker() as own:
        pid, folder = own.pid, own.data
        assert psutil.pid_exists(pid)
    assert not psutil.pid_exists(pid)
    assert not folder.exists()


@pytest.mark.parametrize("from_thread", [False, True], ids=["main thread", "a thread that has ended"])
def test_when_its_user_is_killed_no_process_and_no_temporary_folder_stay(*, from_thread: bool) -> None:
    program = textwrap.dedent("""
        import sys, threading, time
        from policywire.broker import LocalBroker
        broker = LocalBroker()
        if sys.argv[1] == "True":
            starter = threading.Thread(target=broker.start)
            starter.start()
            starter.join()
        else:
            broker.start()
        print(broker.pid, broker.data, flush=True)
        time.sleep(600)
    """)
    with subprocess.Popen([sys.executable, "-c", program, str(from_thread)], stdout=subprocess.PIPE, text=True) as user:
        assert user.stdout is not None
        pid, folder = user.stdout.readline().split()
        jvm = psutil.Process(int(pid))
        keeper = jvm.parent()
        assert keeper is not None
        assert jvm.is_running()
        user.send_signal(signal.SIGKILL)
    _, alive = psutil.wait_procs([jvm, keeper], timeout=GONE_TIMEOUT_S)
    assert alive == []
    assert not Path(folder).exists()


def test_when_its_keeper_is_killed_the_jvm_ends() -> None:
    with LocalBroker() as own:
        jvm = psutil.Process(own.pid)
        keeper = jvm.parent()
        assert keeper is not None
        os.kill(keeper.pid, signal.SIGKILL)
        assert psutil.wait_procs([jvm], timeout=GONE_TIMEOUT_S)[1] == []
        assert not own.running


def test_a_setting_that_kafka_refuses_is_told_with_its_log() -> None:
    own = LocalBroker(properties={"num.io.threads": "none"})
    with pytest.raises(NodeFailed, match=r"num\.io\.threads"):
        own.__enter__()
    assert not own.data.exists()


async def test_extra_properties_reach_the_node() -> None:
    async with LocalBroker(properties={"message.max.bytes": "1000", "auto.create.topics.enable": "true"}) as own:
        with pytest.raises(MessageSizeTooLargeError):
            await publish(own.bootstrap_servers, "not-in-topics-yaml", b"x" * 2000)
