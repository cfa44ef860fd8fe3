"""Reads a report as a browser would, with nothing but the standard library: elements, tables, words."""

from html.parser import HTMLParser
from typing import NamedTuple

_VOID = {"meta", "link", "br", "img", "input", "hr"}


class Element(NamedTuple):
    """A start tag with its attributes."""

    tag: str
    attributes: dict[str, str]


class Read(HTMLParser):
    """What a page holds: every element, the tables by caption, the text, and tags that do not close in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.text = ""
        self.unbalanced: list[str] = []
        self._open: list[str] = []
        self._caption = ""
        self.feed(page)
        self.close()
        self.unbalanced += self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))
        if tag not in _VOID:
            self._open.append(tag)
        if tag == "caption":
            self._caption = ""
        elif tag == "tr":
            self.tables.setdefault(self._caption, []).append([])
        elif tag in ("td", "th"):
            self.tables[self._caption][-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self.text += data
        if "caption" in self._open:
            self._caption += data
        elif {"td", "th"} & set(self._open):
            self.tables[self._caption][-1][-1] += data

    def all(self, tag: str) -> list[Element]:
        """The elements with this tag."""
        return [each for each in self.elements if each.tag == tag]

    def rows(self, caption: str) -> list[dict[str, str]]:
        """The rows of a table below its header, by the names of the columns."""
        header, *rows = self.tables[caption]
        return [dict(zip(header, row, strict=True)) for row in rows]
