"""Puts entries into a document that somebody wrote, and leaves every other letter of it as it is.

Knows where lists and fields of a YAML document stand; knows no policy. Remarks and layout survive because nothing is
read and written again: lines are put between lines. What was put in is read back and compared by the caller.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

from policywire.errors import BadInput
from policywire.rulebook.source import Path, Source, parse
from policywire.workbench.authoring.yaml_text import Remarks, entry_text, scalar

_TOKEN: Final = re.compile(r""""(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^#]*?(?=\s+#|\s*$)""")


class Splice:
    """A document whose text is changed at some places.

    Args:
        file: the name that errors carry.
        text: the document, sound.
    """

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self._newline = "\r\n" if "\r\n" in text else "\n"
        self._lines = text.removesuffix(self._newline).split(self._newline)
        self._source: Source = parse(file, text.encode())
        self._insertions: list[tuple[int, int, list[str]]] = []

    def text(self) -> str:
        """The document as changed."""
        lines = list(self._lines)
        # From the end on, so that places that are still to come hold; what was asked for first stands first.
        for place, _, new in sorted(self._insertions, reverse=True):
            lines[place:place] = new
        return self._newline.join(lines) + self._newline

    def replace(self, path: Path, value: str) -> None:
        """Another text for a field that has one.

        Raises:
            BadInput: it is not written in one line.
        """
        line, column = self._source.marks[path]
        found = _TOKEN.match(self._lines[line], column)
        if found is None or not found[0] or found[0][0] in ">|":
            raise BadInput(f"{self.file}:{line + 1}: this field is not written in one line. Write it so.")
        kept = self._lines[line]
        self._lines[line] = kept[:column] + scalar(value) + kept[found.end() :]

    def insert(self, name: str, position: int, entries: Sequence[Any], remarks: Remarks) -> None:
        """Entries for a list at the top of the document.

        Args:
            name: the list's field; a list that is not there yet is begun before ``versions``.
            position: before which entry; the number of entries: at the end.
            entries: what to put in.
            remarks: by path, counted as in the document that comes of it.

        Raises:
            BadInput: the list is written in brackets.
        """
        present = self._source.value.get(name)
        if present is None:
            new = [f"{name}:", *self._written(name, 0, entries, remarks, 2)]
            self._put(self._above(self._source.keys[("versions",)][0], 0), new)
            return
        if not present or not self._is_block((name, 0)):
            line = self._source.keys[(name,)][0] + 1
            raise BadInput(f"{self.file}:{line}: {name} is written in brackets. Write each entry on lines of its own.")
        margin = self._lines[self._source.marks[(name, 0)][0]].index("-")
        new = self._written(name, position, entries, remarks, margin)
        at_end = position >= len(present)
        place = self._end(name) if at_end else self._above(self._source.marks[(name, position)][0], margin)
        self._put(place, new)

    def _put(self, place: int, new: list[str]) -> None:
        self._insertions.append((place, len(self._insertions), new))

    def _written(self, name: str, position: int, entries: Sequence[Any], remarks: Remarks, margin: int) -> list[str]:
        lines: list[str] = []
        for offset, each in enumerate(entries):
            lines += entry_text(each, (name, position + offset), remarks, margin)
        return lines

    def _is_block(self, path: Path) -> bool:
        line, column = self._source.marks[path]
        return self._lines[line][:column].strip() == "-"

    def _end(self, name: str) -> int:
        """The line after a list at the top: where the next field begins, without the remarks above that."""
        start = self._source.keys[(name,)][0]
        following = sorted(line for path, (line, _) in self._source.keys.items() if len(path) == 1 and line > start)
        place = following[0] if following else len(self._lines)
        while place > start and (not (line := self._lines[place - 1]).strip() or line.startswith("#")):
            place -= 1
        return place

    def _above(self, line: int, margin: int) -> int:
        """The first of the remarks that stand directly above a line, as far to the right as it."""
        head = " " * margin + "#"
        while line and self._lines[line - 1].startswith(head):
            line -= 1
        return line
