"""A runbook's own command lines, run in a terminal as somebody on call would, and held against what the page shows.

A block ``bash`` is run; a block ``text`` after it is what it prints, with ``...`` for what differs each time. Blocks of
other kinds are examples and are not run. Knows nothing of policywire.
"""

import re
import subprocess
from collections.abc import Iterator, Mapping
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE, OutputChecker
from pathlib import Path
from textwrap import dedent
from types import TracebackType
from typing import Final, Self

from msgspec import Struct

END: Final = "-- end of the command --"


class Block(Struct, frozen=True):
    """A fenced block: its kind and text."""

    kind: str
    text: str


class Section:
    """A section of a page, walked in its order: each block is taken once.

    Args:
        page: the Markdown file.
        heading: the section's, as it stands there.
        terminal: runs its commands.
    """

    def __init__(self, page: Path, heading: str, terminal: "Terminal") -> None:
        parts = re.split(r"^## (.+)$", page.read_text(), flags=re.MULTILINE)
        text = dict(zip(parts[1::2], parts[2::2], strict=True))[heading]
        self.text = text
        self._terminal = terminal
        self._blocks = [block for block in blocks_of(text) if block.kind in {"bash", "text"}]

    def shows(self, seen: str) -> None:
        """The next block is what is seen somewhere else, such as in a log."""
        block = self._blocks.pop(0)
        assert block.kind == "text", block
        assert_alike(f"...{block.text.rstrip()}...", seen)

    def run(self) -> str:
        """Run the next block; what it printed, which is what the page shows."""
        block = self._blocks.pop(0)
        assert block.kind == "bash", block
        printed = self._terminal.run(block.text)
        if self._blocks and self._blocks[0].kind == "text":
            assert_alike(self._blocks.pop(0).text, printed)
        return printed

    def assert_walked(self) -> None:
        """Nothing of the section is left."""
        assert self._blocks == []


def blocks_of(text: str) -> Iterator[Block]:
    """The fenced blocks of a text, those within lists too."""
    for found in re.finditer(r"^( *)```(\w*)\n(.*?)^\1```$", text, flags=re.MULTILINE | re.DOTALL):
        yield Block(found[2], dedent(found[3]))


def assert_alike(wanted: str, seen: str) -> None:
    """A text is what a page shows: ``...`` stands for anything, and blanks are not counted."""
    alike = OutputChecker().check_output(wanted, seen, ELLIPSIS | NORMALIZE_WHITESPACE)
    assert alike, f"the page shows:\n{wanted}\nand what was seen is:\n{seen}"


class Terminal:
    """One shell for a whole walk, so that a variable of one command is there for the next. A context manager.

    Args:
        folder: where it works.
        environment: all of it.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = dict(environment)
        self._shell: subprocess.Popen[str]

    def __enter__(self) -> Self:
        self._shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._shell.kill()
        self._shell.communicate()

    def run(self, commands: str) -> str:
        """Run lines one after the other; what they printed, errors included.

        Raises:
            AssertionError: the last one failed.
        """
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        # In a group, so that no command reads the lines that follow it as its input.
        self._shell.stdin.write(f"{{ {commands.rstrip()}\n}} < /dev/null\necho '{END}' $?\n")
        self._shell.stdin.flush()
        printed = []
        for line in self._shell.stdout:
            text, end, status = line.partition(END)
            if end:
                printed.append(text)
                assert int(status) == 0, f"{commands} failed: {''.join(printed)}"
                break
            printed.append(line)
        return "".join(printed)
