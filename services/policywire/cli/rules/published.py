"""What the commands share that publish, go back, or look at the history: options of the cluster, and how they print.

Knows the terminal; Kafka's client is imported only when it is called.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from policywire.errors import BadInput, PolicywireError
from policywire.rulebook.history import Publication, as_text
from policywire.rulebook.schedule import INSTANT
from policywire.workbench.publishing.person import folded

if TYPE_CHECKING:
    from policywire.stream.documents import PolicyDocuments, Published

T = TypeVar("T")
AUTHOR_VARIABLE = "POLICYWIRE_AUTHOR"
SERVERS_VARIABLE = "POLICYWIRE_KAFKA__BOOTSTRAP_SERVERS"


def cluster_options(command: Callable[..., None]) -> Callable[..., None]:
    """Where the topics are; the worker's other settings of the cluster are read from the environment."""
    for option in (
        click.option("--topic-prefix", help="In front of the topics' names."),
        click.option("--bootstrap-servers", envvar=SERVERS_VARIABLE, show_envvar=True, help="host:port, with commas."),
    ):
        command = option(command)
    return command


def kafka_options(bootstrap_servers: str | None, topic_prefix: str | None) -> dict[str, str]:
    """Those of them that were given."""
    given = {"bootstrap_servers": bootstrap_servers, "topic_prefix": topic_prefix}
    return {name: value for name, value in given.items() if value is not None}


def this_second() -> datetime:
    """Now in UTC: publications are told apart by their numbers, not by fractions of a second."""
    return datetime.now(UTC).replace(microsecond=0)


@contextmanager
def topics_needed() -> Iterator[None]:
    """For commands whose status 1 is an answer: topics that cannot be read give none, so they end with status 2.

    Raises:
        BadInput: in place of every error of the cluster.
    """
    try:
        yield
    except BadInput:
        raise
    except PolicywireError as error:
        raise BadInput(f"{error}. Nothing was compared; see that Kafka runs there, and try again.") from error


def with_documents(kafka: Mapping[str, str], use: "Callable[[PolicyDocuments], Awaitable[T]]") -> T:
    """Open the topics, use them, and close the connection."""
    # Imported here: Kafka's client would make `rules check` slow.
    from policywire.stream.cluster import Cluster  # noqa: PLC0415
    from policywire.stream.documents import open_documents  # noqa: PLC0415
    from policywire.stream.settings import load_settings  # noqa: PLC0415

    settings = load_settings({"kafka": kafka})

    async def used() -> T:
        async with Cluster(settings.kafka) as cluster:
            return await use(await open_documents(cluster, settings))

    return asyncio.run(used())


def named(author: str | None, option: str) -> str:
    """Who is at work, as they call themselves.

    Raises:
        BadInput: nobody is named.
    """
    if author is None or not folded(author):
        raise BadInput(f"say who you are: {option} NAME, or {AUTHOR_VARIABLE}, or git config user.email")
    return as_text(author.strip())


def asked_reason(reason: str | None) -> str:
    """What changed and why, in the author's words.

    Raises:
        BadInput: nothing was said.
    """
    if reason is None or not reason.strip():
        raise BadInput("say what changes and why, for whoever reads the history: --reason TEXT")
    return as_text(reason.strip())


def publication_report(published: "Published", *, done: bool) -> dict[str, Any]:
    """A publication as plain values, for ``--json``.

    Args:
        published: what it did or would do.
        done: whether it was written; else it has no number.
    """
    record: dict[str, Any] = msgspec.to_builtins(published.publication)
    return {
        "published": done,
        "publication": record if done else {**record, "number": None},
        "unchanged": published.unchanged,
        "scheduled": list(published.scheduled),
    }


def print_published(published: "Published", *, dry_run: bool) -> None:
    """What a publication did, or would do, for people."""
    publication = published.publication
    print_keys(publication)
    if published.is_needed:
        written, removed = len(publication.written), len(publication.removed)
        counts = f"{written} written, {removed} removed, {published.unchanged} unchanged"
    else:
        counts = "Nothing to do: the topic holds these documents already"
    click.echo(f"{counts}. Revision {published.revision}." + (" Nothing was done: --dry-run." if dry_run else ""))
    if published.is_needed and not dry_run:
        click.echo(f"Publication {publication.number}, {by_whom(publication)}.")
    if publication.effective_at > publication.at:
        click.echo(f"In force from {publication.effective_at.strftime(INSTANT)} on, without anything else to be done.")
    _print_waiting(published)


def _print_waiting(published: "Published") -> None:
    at = published.publication.effective_at.strftime(INSTANT)
    others = [each for each in published.scheduled if not each.endswith(f"@{at}")]
    if others:
        click.echo("Still waiting for its instant (--cancel-scheduled takes it back):")
    for each in others:
        click.echo(f"  waits  {as_text(each)}")


def print_keys(publication: Publication, indent: str = "  ") -> None:
    """Which documents a publication wrote, removed and took back, a line each."""
    for done, keys in (
        ("written", publication.written),
        ("removed", publication.removed),
        ("cancelled", publication.cancelled),
    ):
        for key in keys:
            click.echo(f"{indent}{done}  {key}")


def by_whom(publication: Publication) -> str:
    """Who published, by whose leave, or without."""
    said = [f"by {publication.author}" if publication.author else "by nobody known"]
    if publication.approvals:
        said.append("approved by " + ", ".join(each.by for each in publication.approvals))
    if publication.gate:
        said.append(f"passed by the gate on {publication.gate.ran_at}")
    if publication.forced:
        said.append("forced: " + ", ".join(publication.forced))
    return ", ".join(said)
