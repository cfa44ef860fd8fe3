"""A click group that imports a subcommand's module only when it is called.

Knows each subcommand's name, where it is, and its one line of help. ``policywire replay`` must answer fast, so nothing
of a subcommand (Kafka's client, YAML, metrics, DuckDB) may be imported for another one, nor for ``--help``.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

Subcommands = Mapping[str, tuple[str, str]]
"""Name to (``module:attribute``, its line in the group's ``--help``)."""


class LazyGroup(click.Group):
    """A group of subcommands that are not imported before one is called.

    Args:
        subcommands: what there is.
        settings: click's own, as its decorator passes them.
    """

    def __init__(self, *, subcommands: Subcommands, **settings: Any) -> None:
        super().__init__(**settings)
        self.subcommands = subcommands

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """The subcommands by name."""
        return sorted(self.subcommands)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        """The subcommand, imported now."""
        if cmd_name not in self.subcommands:
            return None
        module, _, attribute = self.subcommands[cmd_name][0].partition(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)  # noqa: S101  the tables are ours
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of subcommands for ``--help``, which imports none of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, self.subcommands[name][1]) for name in self.list_commands(ctx)])
