"""``policywire rules publications``. Knows the terminal; the history is read from its topic."""

import asyncio

import click
import msgspec

from policywire.cli.rules.published import by_whom, cluster_options, kafka_options, print_keys, this_second
from policywire.cli.rules.shown import JSON, print_json
from policywire.rulebook.history import Publication
from policywire.rulebook.schedule import INSTANT


@click.command()
@cluster_options
@click.option("--last", type=click.IntRange(1), help="Only so many, the latest.")
@JSON
def publications(*, bootstrap_servers: str | None, topic_prefix: str | None, last: int | None, as_json: bool) -> None:
    """List what was published: when, by whom, by whose leave, why, and which documents changed; the latest first.

    A publication of the kind `found` is what the topic held although no publication had put it there: somebody wrote to
    it past the gate, or before there was a history.

    Ends with status 0, 1 when the cluster does not answer, 2 when an option or a topic cannot be used.

    \b
    Example:
      policywire rules publications --bootstrap-servers localhost:9092 --last 5
    """  # noqa: D301  click's \b keeps the example's lines
    # Imported here: Kafka's client takes long, and `--help` needs none.
    from policywire.stream.settings import load_settings  # noqa: PLC0415
    from policywire.workbench.publishing.history import publications as recorded  # noqa: PLC0415

    settings = load_settings({"kafka": kafka_options(bootstrap_servers, topic_prefix)})
    found = asyncio.run(recorded(settings, this_second()))[::-1][:last]
    if as_json:
        print_json({"publications": [msgspec.to_builtins(each) for each in found]})
        return
    if not found:
        click.echo("Nothing was published yet.")
    for each in found:
        _print(each)


def _print(publication: Publication) -> None:
    at = publication.at.strftime(INSTANT)
    click.echo(f"{publication.number}  {at}  {publication.kind}, {by_whom(publication)}")
    click.echo(f"   {publication.reason}")
    if publication.effective_at > publication.at:
        click.echo(f"   in force from {publication.effective_at.strftime(INSTANT)} on")
    print_keys(publication, "   ")
    click.echo(f"   {publication.revision or 'no rulebook: these documents cannot be used'}")
