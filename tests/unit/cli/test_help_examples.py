"""The help of the analyst's look-ups shows its examples a line each, with every exit status."""

import pytest
from click.testing import CliRunner

from policywire.cli import main


@pytest.mark.parametrize("command", [("search",), ("explain",), ("rules", "history")])
def test_examples_stand_a_line_each_and_exit_statuses_are_told(command: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(main, [*command, "--help"], terminal_width=120)
    assert shown.exit_code == 0
    assert "\\b" not in shown.output
    _, _, examples = shown.output.partition("Example:\n")
    lines = [line.strip() for line in examples.splitlines()[:3]]
    assert all(line.startswith(f"policywire {' '.join(command)} ") for line in lines)
    assert "Exit status: 0 when" in " ".join(shown.output.split())
