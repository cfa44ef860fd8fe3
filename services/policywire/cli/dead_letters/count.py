"""``policywire dead-letters count``. Knows the terminal."""

from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from policywire.cli.dead_letters.selecting import on_cluster, redriven_option, selecting, selection_of, with_topic
from policywire.cli.dead_letters.shown import counted, plain
from policywire.cli.rules.shown import JSON, print_json

if TYPE_CHECKING:
    from policywire.stream.cluster import Cluster
    from policywire.stream.deadletter_topic import DeadLetter, DeadLetterTopic
    from policywire.stream.settings import Settings

BY = {
    "reason": "error_code",
    "topic": "source_topic",
    "partition": "source_partition",
    "detail": "error_detail",
    "hour": "hour",
    "day": "day",
}
"""What can be counted by, and its name for programs."""

Groups = Counter[tuple[str, ...]]


@click.command()
@selecting
@redriven_option
@click.option(
    "--by", multiple=True, type=click.Choice(list(BY)), help="May be given again [default: reason, then topic]."
)
@on_cluster
@JSON
@click.pass_obj
def count(kafka: dict[str, Any], /, *, by: tuple[str, ...], as_json: bool, **chosen: Any) -> None:
    """Count dead letters, and those of them that were sent again.

    Ends with status 0, also when there is none, 1 when the cluster does not answer, 2 when an option cannot be used.

    \b
    Example:
      policywire dead-letters count --since 2h
      policywire dead-letters count --by detail --reason schema_violation
      policywire dead-letters count --by day --by reason --json
    """  # noqa: D301  click's \b keeps the example's lines
    names = by or ("reason", "topic")
    selection = selection_of(kafka, chosen)

    async def found(topic: "DeadLetterTopic", _cluster: "Cluster", _settings: "Settings") -> tuple[Groups, Groups]:
        groups, again = Groups(), Groups()
        async for each in topic.letters(await topic.snapshot(), selection):
            group = tuple(_part(each.letter, name) for name in names)
            groups[group] += 1
            again[group] += each.redriven
        return groups, again

    groups, again = with_topic(kafka, found)
    if as_json:
        print_json(_document(names, groups, again))
    else:
        _print(names, groups, again)


def _part(letter: "DeadLetter", name: str) -> str:
    if name == "hour":
        return f"{letter.at:%Y-%m-%dT%H}:00Z"
    if name == "day":
        return f"{letter.at:%Y-%m-%d}"
    return str(getattr(letter, BY[name]))


def _ordered(names: tuple[str, ...], groups: Groups) -> list[tuple[str, ...]]:
    """By time where time is asked for first, else the most frequent first."""
    if names[0] in {"hour", "day"}:
        return sorted(groups)
    return sorted(groups, key=lambda group: (-groups[group], group))


def _document(names: tuple[str, ...], groups: Groups, again: Groups) -> dict[str, Any]:
    keys = [BY[name] for name in names]
    return {
        "dead_letters": groups.total(),
        "redriven": again.total(),
        "counts": [
            dict(zip(keys, group, strict=True)) | {"dead_letters": groups[group], "redriven": again[group]}
            for group in _ordered(names, groups)
        ],
    }


def _print(names: tuple[str, ...], groups: Groups, again: Groups) -> None:
    rows = [("dead letters", "sent again", *names)]
    rows += [(f"{groups[group]:,}", f"{again[group]:,}", *map(plain, group)) for group in _ordered(names, groups)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows if groups else []:
        numbers = [cell.rjust(width) for cell, width in zip(row[:2], widths[:2], strict=True)]
        words = [cell.ljust(width) for cell, width in zip(row[2:], widths[2:], strict=True)]
        click.echo("  ".join([*numbers, *words]).rstrip())
    click.echo(f"{counted(groups.total())} in all, {again.total():,} of them sent again.")
