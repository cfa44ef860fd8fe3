"""``policywire broker``: a node of one's own with every topic, or the topics on a cluster that is there.

Knows the terminal. The node is ``policywire.broker``'s, the topics are ``policywire.stream``'s.
"""

import asyncio
import signal
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from policywire.broker import LocalBroker, NodeFailed
from policywire.cli.cluster import kafka_of, on_cluster
from policywire.stream.settings import Kafka
from policywire.stream.topic_admin import TopicState, create_topics
from policywire.stream.topics import load_topics

BOOTSTRAP_VARIABLE = "POLICYWIRE_KAFKA__BOOTSTRAP_SERVERS"


@click.command()
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Keep data here [default: temporary].")
@click.option("--partitions", type=click.IntRange(1, 1000), help="Lanes, instead of the number in topics.yaml.")
@click.option("--topic-prefix", help="In front of every topic's name.")
@click.option("--full-jit", is_flag=True, help="Let the JVM optimise as in production: slower start, for benchmarks.")
@click.option(
    "--bootstrap-servers",
    envvar=BOOTSTRAP_VARIABLE,
    show_envvar=True,
    help="Start nothing: create the topics on this cluster.",
)
def command(
    data: Path | None,
    partitions: int | None,
    topic_prefix: str | None,
    *,
    full_jit: bool,
    bootstrap_servers: str | None,
) -> None:
    """Run a real Apache Kafka on this machine, with every topic.

    The first start fetches Kafka's jars (38 MB) into the cache; later ones need no network. Stops at Ctrl-C or SIGTERM
    and leaves no process behind. All on the loopback address, without TLS: for development, not for real data.

    With --bootstrap-servers, settings of the cluster are the worker's: POLICYWIRE_KAFKA__SECURITY_PROTOCOL and others.
    """
    if bootstrap_servers:
        _report(_topics(kafka_of(bootstrap_servers, topic_prefix), partitions))
        click.echo(f"{BOOTSTRAP_VARIABLE}={bootstrap_servers}")
        return
    for number in (signal.SIGTERM, signal.SIGINT):  # the latter is ignored by what a script starts in the background
        signal.signal(number, signal.default_int_handler)
    with suppress(KeyboardInterrupt), LocalBroker(data, full_jit=full_jit) as broker:
        _report(asyncio.run(create_topics(broker.bootstrap_servers, prefix=topic_prefix or "", partitions=partitions)))
        click.echo(f"Apache Kafka is ready, its data in {broker.data}. Ctrl-C stops it.", err=True)
        click.echo(f"{BOOTSTRAP_VARIABLE}={broker.bootstrap_servers}")
        status = broker.wait()
        message = f"Kafka ended by itself with status {status}. With --data, its kafka.log there would say why."
        raise NodeFailed(message)


def _topics(kafka: Kafka, partitions: int | None) -> list[TopicState]:
    def created(client: dict[str, Any]) -> Coroutine[Any, Any, list[TopicState]]:
        return create_topics(prefix=kafka.topic_prefix, partitions=partitions, **client)

    names = [kafka.topic_prefix + name for name in load_topics()]
    return on_cluster(kafka, names, created, right="Create")


def _report(topics: Sequence[TopicState]) -> None:
    """One line a topic on standard error; standard output is for the address alone."""
    for topic in topics:
        state = "created" if topic.created else "exists"
        click.echo(f"  {topic.name:<24} {topic.partitions:>3} partitions  {state}", err=True)
        for setting, (has, wanted) in topic.differences.items():
            click.echo(f"    {setting} is {has or 'not set'}; topics.yaml says {wanted}. Left as it is.", err=True)
