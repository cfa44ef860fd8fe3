"""The ``policywire`` command.

Knows each subcommand's name, where it is, and its one line of help; see :mod:`policywire.cli.lazy` for why.
"""

import sys

import click

from policywire import __version__
from policywire.cli.lazy import LazyGroup, Subcommands
from policywire.errors import BadInput, PolicywireError

SUBCOMMANDS: Subcommands = {
    "backtest": ("policywire.cli.backtest:command", "Run recorded events through a draft of the rules."),
    "brief": ("policywire.cli.brief:command", "Write a page in plain words on what a policy means for a reader."),
    "audit": ("policywire.cli.audit:command", "Look back over two years of charges under the policies, in dollars."),
    "upcoming": ("policywire.cli.upcoming:command", "List what is announced and not yet in force, with the days left."),
    "bucket": ("policywire.cli.bucket:command", "Write one policy's expected denials as a table to work from."),
    "search": ("policywire.cli.search:command", "Find policies by code, words, payer and date of service."),
    "explain": ("policywire.cli.explain:command", "Explain one line: why, who pays, and what would flip the answer."),
    "replay": ("policywire.cli.replay:command", "Decide a file of events, with no broker."),
    "send": ("policywire.cli.send:command", "Send a file of events to their topics."),
    "rules": ("policywire.cli.rules:command", "Write, check, test and publish policy documents."),
    "validate": ("policywire.cli.validate:command", "Check a file of events before you send them."),
    "worker": ("policywire.cli.worker:command", "Decide events from Kafka as they come, exactly once."),
    "health": ("policywire.cli.health:command", "Ask a worker on this machine how it is."),
    "settings": ("policywire.cli.settings:command", "Describe every setting of a worker."),
    "metrics": ("policywire.cli.metrics:command", "Describe every metric that a worker shows."),
    "dead-letters": ("policywire.cli.dead_letters:command", "List, show and send again what could not be used."),
    "bench": ("policywire.cli.bench:command", "Measure speed and memory on this machine."),
    "size": ("policywire.cli.size:command", "Size a deployment for so many claims a day, on paper."),
    "demo": ("policywire.cli.demo:command", "See a practice's months and four members' stories on a real Kafka."),
    "read": ("policywire.cli.read:command", "Print what is in a topic."),
    "generate": ("policywire.cli.generate:command", "Write synthetic events to try things with."),
    "broker": ("policywire.cli.broker:command", "Run a real Apache Kafka on this machine, with every topic."),
}


class Policywire(LazyGroup):
    """The group; a policywire error ends it with one message and the status that ``policywire.errors`` promises."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the subcommand."""
        try:
            return super().invoke(ctx)
        except PolicywireError as error:
            click.echo(f"policywire: {error}", err=True)
            sys.exit(2 if isinstance(error, BadInput) else 1)


@click.group(cls=Policywire, subcommands=SUBCOMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="policywire")
def main() -> None:
    """Tell what a payer's coverage policy will do to a claim line or a booked procedure, while one can still act."""
