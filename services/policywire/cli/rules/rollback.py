"""``policywire rules rollback``. Knows the terminal; the topic of documents goes back."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from policywire.cli.rules.published import (
    AUTHOR_VARIABLE,
    asked_reason,
    cluster_options,
    kafka_options,
    named,
    print_published,
    publication_report,
    this_second,
    with_documents,
)
from policywire.cli.rules.shown import JSON, print_json
from policywire.errors import BadInput
from policywire.rulebook.history import Account, Moment
from policywire.rulebook.succession import Wanted
from policywire.workbench.publishing.author import git_author
from policywire.workbench.publishing.way_back import moment_of

if TYPE_CHECKING:
    from policywire.stream.documents import PolicyDocuments, Published


BY = "Who goes back; recorded [default: git's user.email]."


@click.command()
@click.argument("target", required=False)
@click.option("--to", help="The same as TARGET.")
@cluster_options
@click.option("--reason", "--why", help="Why; recorded.")
@click.option("--by", "--author", "author", envvar=AUTHOR_VARIABLE, show_envvar=True, help=BY)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@JSON
def rollback(  # noqa: PLR0913  one parameter an option
    target: str | None,
    *,
    to: str | None,
    bootstrap_servers: str | None,
    topic_prefix: str | None,
    reason: str | None,
    author: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Put documents in force again, byte for byte, that were in force before.

    TARGET is `previous` (what was in force before the latest change), the number of a publication, or a revision, of
    which the first digits are enough. `policywire rules publications` lists them.

    It is one transaction, in force at once, and recorded like any publication. Neither gate nor approval is asked for:
    this is the quick way out, and these documents were published before. What waits for its instant is taken back, and
    said; to do only that, give the number of the publication in force. Everything comes from the topic policy-history;
    no files are needed.

    Ends with status 0 when the documents are in force, 1 when the cluster does not answer or another publication began
    meanwhile, 2 when TARGET, an option or the topic cannot be used.

    \b
    Example:
      policywire rules rollback previous --by ann@practice.example --reason "Wrong code in publication 3"
    """  # noqa: D301  click's \b keeps the example's lines
    wanted, now = _one_of(target, to), this_second()
    why = "" if dry_run else asked_reason(reason)
    known = author or git_author(Path())
    who = known if dry_run else named(known, "--by")

    async def back(topic: "PolicyDocuments") -> "tuple[Moment, Published]":
        moment = moment_of(await topic.history(now), wanted, now)
        told = Account(kind="rollback", author=who, reason=why, rolled_back_to=moment.number)
        publish = topic.compare if dry_run else topic.publish
        return moment, await publish(Wanted(moment.documents, cancel=True), told, now)

    moment, published = with_documents(kafka_options(bootstrap_servers, topic_prefix), back)
    if as_json:
        print_json(publication_report(published, done=published.is_needed and not dry_run))
        return
    click.echo(f"To what was in force at {moment.at:%Y-%m-%dT%H:%M:%SZ}, after publication {moment.number}:")
    print_published(published, dry_run=dry_run)


def _one_of(target: str | None, to: str | None) -> str:
    if (target is None) == (to is None):
        raise BadInput("say once where to go back to: `previous`, the number of a publication, or a revision")
    return target or to or ""
