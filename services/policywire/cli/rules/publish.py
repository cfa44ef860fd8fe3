"""``policywire rules publish``. Knows the terminal; the topic of documents publishes."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from policywire.cli.rules.shown import PATH, print_faults, today
from policywire.rulebook.load import Reading, files_in
from policywire.rulebook.publication import publication
from policywire.workbench.casetest import run_cases
from policywire.workbench.check import check_rules, rules_folder
from policywire.workbench.watchtest import run_watch_cases

if TYPE_CHECKING:
    from policywire.stream.documents import Published


@click.command()
@PATH
@click.option("--bootstrap-servers", help="host:port, several with commas.")
@click.option("--topic-prefix", help="In front of the topic's name.")
@click.option("--keep", is_flag=True, help="Leave what else the topic holds, instead of removing it.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
def publish(
    path: Path | None, *, bootstrap_servers: str | None, topic_prefix: str | None, keep: bool, dry_run: bool
) -> None:
    """Publish the documents of a folder to policy-documents, for workers with --rules-from topic.

    PATH is the folder of documents [default: ./rules, or else the rules that ship with policywire].

    They are checked and their cases run first. What differs from the topic is then written in one transaction, and what
    is no longer in PATH removed, so that workers see all of it or nothing. Cases stay here. The settings of the cluster
    are the worker's: POLICYWIRE_KAFKA__BOOTSTRAP_SERVERS and the others. Ends with status 1 when the documents have
    faults or a case does not hold, 2 when PATH cannot be read.
    """
    folder = rules_folder(path)
    _refuse_faulty(check_rules(folder, today()))
    documents = publication(folder, files_in(folder))
    given = {"bootstrap_servers": bootstrap_servers, "topic_prefix": topic_prefix}
    kafka = {name: value for name, value in given.items() if value is not None}
    _show_published(asyncio.run(_publish(kafka, documents, keep=keep, dry_run=dry_run)), dry_run=dry_run)


def _refuse_faulty(reading: Reading) -> None:
    """End with what is wrong when documents have faults or a case does not hold."""
    run = None if reading.faults else run_cases(reading) + run_watch_cases(reading)
    faults = reading.faults if run is None else run.faults
    if faults:
        print_faults(faults)
        click.echo("Not published.")
        raise SystemExit(1)


async def _publish(
    kafka: Mapping[str, Any], documents: Mapping[str, bytes], *, keep: bool, dry_run: bool
) -> "Published":
    # Imported here: Kafka's client would make `rules check` slow.
    from policywire.stream.cluster import Cluster  # noqa: PLC0415
    from policywire.stream.documents import TOPIC, PolicyDocuments, refuse_several_partitions  # noqa: PLC0415
    from policywire.stream.settings import load_settings  # noqa: PLC0415

    settings = load_settings({"kafka": kafka})
    async with Cluster(settings.kafka) as cluster:
        (count,) = (await cluster.partition_counts([settings.topic(TOPIC)])).values()
        refuse_several_partitions(count)
        topic = PolicyDocuments(cluster, settings)
        return await (topic.compare(documents, keep=keep) if dry_run else topic.publish(documents, keep=keep))


def _show_published(published: "Published", *, dry_run: bool) -> None:
    for done, keys in (("written", published.written), ("removed", published.removed)):
        for key in keys:
            click.echo(f"  {done}  {key.encode(errors='backslashreplace').decode()}")
    if published.written or published.removed:
        counts = f"{len(published.written)} written, {len(published.removed)} removed, {published.unchanged} unchanged"
    else:
        counts = "Nothing to do: the topic holds these documents already"
    click.echo(f"{counts}. Revision {published.revision}." + (" Nothing was done: --dry-run." if dry_run else ""))
