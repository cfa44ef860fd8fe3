"""``policywire dead-letters list``. Knows the terminal; the topic is read from Kafka, and never held whole."""

import heapq
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from policywire.cli.dead_letters.selecting import on_cluster, redriven_option, selecting, selection_of, with_topic
from policywire.cli.dead_letters.shown import HEAD, counted, document_of, line_of
from policywire.cli.rules.shown import JSON, print_json

if TYPE_CHECKING:
    from policywire.stream.cluster import Cluster
    from policywire.stream.deadletter_topic import DeadLetterTopic
    from policywire.stream.settings import Settings


class _Found(NamedTuple):
    selected: int
    redriven: int
    latest: list[tuple[str, dict[str, Any]]]
    """Line and document of each that is shown, in the order of their time."""


@click.command("list")
@selecting
@redriven_option
@click.option("--limit", default=100, show_default=True, type=click.IntRange(0), help="So many at most, the latest.")
@on_cluster
@JSON
@click.pass_obj
def list_letters(kafka: dict[str, Any], /, *, limit: int, as_json: bool, **chosen: Any) -> None:
    """List dead letters without what is in them, the latest last.

    Ends with status 0, also when there is none, 1 when the cluster does not answer, 2 when an option cannot be used.

    \b
    Example:
      policywire dead-letters list --since 2h
      policywire dead-letters list --reason key_mismatch --not-redriven --json
    """  # noqa: D301  click's \b keeps the example's lines
    selection = selection_of(kafka, chosen)

    async def found(topic: "DeadLetterTopic", _cluster: "Cluster", _settings: "Settings") -> _Found:
        selected = again = 0
        latest: list[tuple[tuple[float, int], tuple[str, dict[str, Any]]]] = []
        async for each in topic.letters(await topic.snapshot(), selection):
            selected, again = selected + 1, again + each.redriven
            heapq.heappush(latest, ((each.letter.at.timestamp(), selected), (line_of(each), document_of(each))))
            if len(latest) > limit:
                heapq.heappop(latest)
        return _Found(selected, again, [shown for _, shown in sorted(latest, key=lambda each: each[0])])

    _print(with_topic(kafka, found), as_json=as_json)


def _print(found: _Found, *, as_json: bool) -> None:
    if as_json:
        letters = [document for _, document in found.latest]
        rest = found.selected - len(letters)
        print_json({"dead_letters": found.selected, "redriven": found.redriven, "not_shown": rest, "shown": letters})
        return
    click.echo(f"{counted(found.selected)}, {found.redriven:,} of them sent again.")
    if rest := found.selected - len(found.latest):
        click.echo(f"{rest:,} earlier ones are not shown: --limit, --since or --reason chooses others.")
    if found.latest:
        click.echo(HEAD)
    for line, _ in found.latest:
        click.echo(line)
