"""``policywire rules``: what a policy analyst runs before publishing. Knows the terminal; the workbench works."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from policywire.errors import Fault
from policywire.rulebook.load import Reading, files_in
from policywire.rulebook.publication import publication
from policywire.rulebook.shape import KINDS, schema_text
from policywire.workbench.casetest import run_cases
from policywire.workbench.check import check_rules, fault_report, report, rules_folder, summary
from policywire.workbench.watchtest import run_watch_cases

if TYPE_CHECKING:
    from policywire.stream.documents import Published

_PATH = click.argument("path", required=False, type=click.Path(path_type=Path))
_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")


@click.group()
def command() -> None:
    """Check, test and publish policy documents."""


@command.command()
@_PATH
@_JSON
def check(path: Path | None, *, as_json: bool) -> None:
    """Check every document in a folder: how it is written, its shape, its meaning, what it refers to, its cases.

    PATH is the folder of documents [default: ./rules, or else the rules that ship with policywire].

    Every fault comes at once as file:line:column: code: path: message. mend. Ends with status 0 when the documents are
    sound (warnings are for the reader), 1 when they have faults, 2 when PATH cannot be read.
    """
    reading = check_rules(rules_folder(path), _today())
    if as_json:
        _print_json(report(reading))
    else:
        _print_faults(reading.warnings, "warning: ")
        _print_faults(reading.faults)
        click.echo(f"{summary(reading)}.")
        click.echo(_verdict(len(reading.faults), len(reading.warnings), summary(reading).revision))
    raise SystemExit(1 if reading.faults else 0)


@command.command()
@_PATH
@_JSON
def test(path: Path | None, *, as_json: bool) -> None:
    """Run the cases beside the policies and the watch rules through the same step that the worker uses.

    PATH is the folder of documents [default: ./rules, or else the rules that ship with policywire].

    Ends with status 0 when every case holds and reaches its rule, 1 when one does not, 2 when the documents have faults
    (policywire rules check shows them) or PATH cannot be read.
    """
    reading = check_rules(rules_folder(path), _today())
    if reading.faults:
        if as_json:
            _print_json(report(reading))
        else:
            _print_faults(reading.faults)
        raise SystemExit(2)
    run = run_cases(reading) + run_watch_cases(reading)
    if as_json:
        faults = [fault_report(fault) for fault in run.faults]
        _print_json({"passed": not faults, "cases": run.count, "failed": run.failed, "faults": faults})
    else:
        _print_faults(run.faults)
        click.echo(f"{run.count - run.failed} of {run.count} cases hold.")
    raise SystemExit(1 if run.faults else 0)


@command.command()
@_PATH
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
    _refuse_faulty(check_rules(folder, _today()))
    documents = publication(folder, files_in(folder))
    given = {"bootstrap_servers": bootstrap_servers, "topic_prefix": topic_prefix}
    kafka = {name: value for name, value in given.items() if value is not None}
    _show_published(asyncio.run(_publish(kafka, documents, keep=keep, dry_run=dry_run)), dry_run=dry_run)


def _today() -> date:
    return datetime.now(UTC).date()


def _refuse_faulty(reading: Reading) -> None:
    """End with what is wrong when documents have faults or a case does not hold."""
    run = None if reading.faults else run_cases(reading) + run_watch_cases(reading)
    faults = reading.faults if run is None else run.faults
    if faults:
        _print_faults(faults)
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


@command.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def schemas(folder: Path) -> None:
    """Write the JSON Schema of each kind of document into FOLDER, for the completion of editors.

    A document names its schema in its first line: # yaml-language-server: $schema=../schemas/policy.v1.schema.json
    """
    folder.mkdir(parents=True, exist_ok=True)
    for kind in KINDS:
        (folder / f"{kind}.schema.json").write_text(schema_text(kind), encoding="utf-8")


def _print_json(value: dict[str, Any]) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def _print_faults(faults: Iterable[Fault], prefix: str = "") -> None:
    for fault in faults:
        click.echo(f"{prefix}{fault}")


def _verdict(faults: int, warnings: int, revision: str | None) -> str:
    noted = f" {warnings} warning{'s' if warnings != 1 else ''} to know of." if warnings else ""
    if revision is None:
        return f"{faults} fault{'s' if faults != 1 else ''}: these documents are not used.{noted}"
    return f"Sound.{noted} Revision {revision}."
