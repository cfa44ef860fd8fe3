"""``policywire dead-letters``: what could not be used, and sending it again. Knows its subcommands' names and places.

A dead letter's key and bytes are health information: only ``show --reveal`` and ``export --reveal`` give them.
"""

import click

from policywire.cli.lazy import LazyGroup, Subcommands

SUBCOMMANDS: Subcommands = {
    "count": ("policywire.cli.dead_letters.count:count", "Count them by reason, topic, detail, hour or day."),
    "list": ("policywire.cli.dead_letters.listing:list_letters", "List them without what is in them, the latest last."),
    "show": ("policywire.cli.dead_letters.show:show", "Show one: why, where from, what is wrong and how to mend it."),
    "export": ("policywire.cli.dead_letters.export:export", "Write them with their original bytes to a file."),
    "redrive": ("policywire.cli.dead_letters.redrive:redrive", "Send them to their topic again, each once."),
}


@click.group(cls=LazyGroup, subcommands=SUBCOMMANDS)
@click.option("--bootstrap-servers", help="host:port, several with commas; may stand behind the subcommand too.")
@click.option("--group", help="The workers' consumer group.")
@click.option("--topic-prefix", help="In front of every topic's name.")
@click.pass_context
def command(context: click.Context, /, **kafka: str | None) -> None:
    """Count, list, show, export and send again what could not be used.

    A dead letter's id is the place of the event it came from: topic-partition-offset. Settings of the cluster are the
    worker's: POLICYWIRE_KAFKA__BOOTSTRAP_SERVERS and the others; options win. The topic keeps dead letters for 30 days.

    Each subcommand ends with status 0 when it did what was asked, 1 when the cluster does not answer or somebody else
    was at it, 2 when arguments, an id or a topic cannot be used.
    """
    context.obj = {name: value for name, value in kafka.items() if value is not None}
