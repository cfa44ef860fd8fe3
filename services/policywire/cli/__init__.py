"""The ``policywire`` command: a group that imports a subcommand's module only when it is called.

Knows each subcommand's name, where it is, and its one line of help. ``policywire replay`` must answer fast, so nothing
of a subcommand (Kafka's client, YAML, metrics) may be imported for another one, nor for ``--help``.
"""

import sys
from importlib import import_module

import click

from policywire import __version__
from policywire.errors import BadInput, PolicywireError

SUBCOMMANDS = {
    "replay": ("policywire.cli.replay:command", "Decide a file of events, with no broker."),
    "rules": ("policywire.cli.rules:command", "Check, test and publish policy documents."),
    "validate": ("policywire.cli.validate:command", "Check a file of events before you send them."),
    "worker": ("policywire.cli.worker:command", "Decide events from Kafka as they come, exactly once."),
    "dead-letters": ("policywire.cli.dead_letters:command", "List, show and send again what could not be used."),
    "bench": ("policywire.cli.bench:command", "Measure speed and memory on this machine."),
    "demo": ("policywire.cli.demo:command", "See a practice's months and four members' stories on a real Kafka."),
    "read": ("policywire.cli.read:command", "Print what is in a topic."),
    "generate": ("policywire.cli.generate:command", "Write synthetic events to try things with."),
    "broker": ("policywire.cli.broker:command", "Run a real Apache Kafka on this machine, with every topic."),
}
"""Name to (``module:attribute``, its line in ``policywire --help``)."""


class LazyGroup(click.Group):
    """The group; a policywire error ends it with one message and the status that ``policywire.errors`` promises."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """The subcommands by name."""
        return sorted(SUBCOMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        """The subcommand, imported now."""
        if cmd_name not in SUBCOMMANDS:
            return None
        module, _, attribute = SUBCOMMANDS[cmd_name][0].partition(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)  # noqa: S101  the table above is ours
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of subcommands for ``--help``, which imports none of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, SUBCOMMANDS[name][1]) for name in self.list_commands(ctx)])

    def invoke(self, ctx: click.Context) -> object:
        """Run the subcommand."""
        try:
            return super().invoke(ctx)
        except PolicywireError as error:
            click.echo(f"policywire: {error}", err=True)
            sys.exit(2 if isinstance(error, BadInput) else 1)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="policywire")
def main() -> None:
    """Tell what a payer's coverage policy will do to a claim line or a booked procedure, while one can still act."""
