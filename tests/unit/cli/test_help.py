"""What the commands say of themselves."""

import click
import pytest
from click.testing import CliRunner

from policywire.cli import SUBCOMMANDS, main


def test_no_two_commands_of_a_group_are_described_alike() -> None:
    lines = [line for _, line in SUBCOMMANDS.values()]
    assert len(set(lines)) == len(lines)


@pytest.mark.parametrize("group", ["generate", "rules", "dead-letters", "bench"])
def test_each_line_of_help_is_a_sentence_of_its_own(group: str) -> None:
    found = main.get_command(click.Context(main), group)
    assert isinstance(found, click.Group)
    context = click.Context(found)
    commands = [found.get_command(context, name) for name in found.list_commands(context)]
    lines = [each.get_short_help_str(limit=80) for each in commands if each is not None]
    assert len(lines) == len(commands)
    assert len(set(lines)) == len(lines)
    shown = CliRunner().invoke(found, ["--help"]).output
    assert all(line.split(maxsplit=1)[0] in shown for line in lines)
