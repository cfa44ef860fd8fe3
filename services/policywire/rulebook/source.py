"""Strict YAML 1.2: text becomes plain values with the position of each, or faults that say how to mend it.

Knows YAML and what of it this project refuses; does not know what a document means. Refused because they make a
document say something else than it seems to: duplicate keys, anchors, aliases, merge keys, tags, directives, several
documents, tabs, byte order marks, other encodings than UTF-8, unquoted codes (``38230`` is a number to YAML, ``1e2``
too), and files so large or deep that nobody wrote them by hand.
"""

import re
from collections.abc import Iterator
from typing import Any, Final, Literal, NamedTuple

from msgspec import Struct
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from policywire.errors import Fault

Path = tuple[str | int, ...]

FILE_BYTES_MAX: Final = 2_000_000
"""A policy of 1,000 rules is about 600 kB; beyond this somebody gave the wrong file."""

DEPTH_MAX: Final = 32
"""The deepest document that ships is 7 deep; conditions nest, but not like this."""

QUOTED: Final = frozenset(
    {"codes", "procedure_code", "unlisted", "targeted", "payer_ids", "payer_id", "carc", "provider_liable"}
    | {"patient_liable", "procedure_codes"}
)
"""Fields of codes and ids, in which YAML would take ``38230`` for a number and ``1e2`` for another code."""

_INTEGER = re.compile(r"[-+]?[0-9]{1,30}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]{1,30}|[0-9]{1,30}(\.[0-9]{0,30})?)([eE][-+]?[0-9]{1,3})?")
_CONSTANTS: Final = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


class Finding(NamedTuple):
    """Something wrong in a document before its position is known: the path, what it is, and how to mend it."""

    path: Path
    code: str
    message: str
    mend: str
    severity: Literal["fault", "warning"] = "fault"


class Source(Struct, frozen=True):
    """A file as read: its values, where each stands (0-based line and column), and what is wrong with its writing."""

    file: str
    value: Any
    marks: dict[Path, tuple[int, int]]
    keys: dict[Path, tuple[int, int]]
    faults: tuple[Fault, ...]

    def locate(self, finding: Finding) -> Fault:
        """The finding with its position in this file."""
        fault = self.fault(finding.code, finding.path, finding.message, finding.mend)
        return fault._replace(severity=finding.severity)

    def fault(self, code: str, path: Path, message: str, mend: str, *, at_key: bool = False) -> Fault:
        """A fault at a path of this file: at the value, or its key, or else the nearest part that is there."""
        near = path
        while near and near not in self.marks:
            near = near[:-1]
        marks = self.keys if at_key and path in self.keys else self.marks
        line, column = marks.get(path if marks is self.keys else near, (0, 0))
        return Fault(self.file, line + 1, column + 1, code, spell(path), message, mend)


def spell(path: Path) -> str:
    """A path as people write it: ``versions[0].rules[2].codes``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def parse(file: str, content: bytes) -> Source:
    """The values of a YAML (or JSON) file and what is wrong with how it is written.

    Args:
        file: the name that faults carry.
        content: the bytes of the file.
    """
    refused = _refuse_bytes(file, content)
    if refused:
        return Source(file, None, {}, {}, (refused,))
    reader = _Reader(file)
    try:
        # One pure parser for each file: ruamel's instances keep state from one document to the next.
        reader.read(YAML(typ="safe", pure=True).parse(content.decode()))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = " ".join(str(part) for part in (error.context, error.problem) if part)
        line, column = (mark.line, mark.column) if mark else (0, 0)
        reader.refuse((line, column), "yaml", (), message, "Mend the YAML here or just before.")
    except (YAMLError, RecursionError) as error:
        reader.refuse((0, 0), "yaml", (), f"not YAML: {str(error).splitlines()[0]}", "Mend the YAML.")
    return Source(file, reader.value, reader.marks, reader.keys, tuple(reader.faults))


def _refuse_bytes(file: str, content: bytes) -> Fault | None:
    if len(content) > FILE_BYTES_MAX:
        message = f"{len(content)} bytes, more than {FILE_BYTES_MAX}"
        return Fault(file, 1, 1, "too-large", "", message, "Split the document, or check that it is the right file.")
    if content.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        return Fault(file, 1, 1, "byte-order-mark", "", "a byte order mark", "Save it as UTF-8 without one.")
    try:
        content.decode()
    except UnicodeDecodeError as error:
        line, column = _position(content, error.start)
        return Fault(file, line, column, "encoding", "", "not UTF-8", "Save the file as UTF-8.")
    if b"\t" in content:
        line, column = _position(content, content.index(b"\t"))
        return Fault(file, line, column, "tab", "", "a tab", "Indent and align with spaces.")
    return None


def _position(content: bytes, offset: int) -> tuple[int, int]:
    before = content[:offset]
    return before.count(b"\n") + 1, offset - (before.rfind(b"\n") + 1) + 1


class _Reader:
    """Builds values from parser events, noting every fault and going on."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.value: Any = None
        self.marks: dict[Path, tuple[int, int]] = {}
        self.keys: dict[Path, tuple[int, int]] = {}
        self.faults: list[Fault] = []
        self._documents = 0

    def refuse(self, mark: tuple[int, int], code: str, path: Path, message: str, mend: str) -> None:
        self.faults.append(Fault(self.file, mark[0] + 1, mark[1] + 1, code, spell(path), message, mend))

    def read(self, events: Iterator[Event]) -> None:
        for event in events:
            if isinstance(event, DocumentStartEvent):
                self._documents += 1
                if self._documents > 1:
                    self.refuse(_mark(event), "documents", (), "a second document", "One document a file.")
                    return
                if event.version or event.tags:
                    self.refuse(_mark(event), "directive", (), "a YAML directive", "Take the % line away.")
            elif isinstance(event, NodeEvent):
                self.value = self._node(event, events, (), quoted=False)
        if not self._documents:
            self.refuse((0, 0), "empty", (), "an empty file", "Write a document, or take the file away.")

    def _node(self, event: Any, events: Iterator[Event], path: Path, *, quoted: bool) -> Any:
        self.marks[path] = _mark(event)
        if isinstance(event, AliasEvent):
            self.refuse(_mark(event), "alias", path, f"an alias, *{event.anchor}", "Write the value out here.")
            return None
        if event.anchor is not None:
            self.refuse(_mark(event), "anchor", path, f"an anchor, &{event.anchor}", "Take it away.")
        if event.tag is not None:
            self.refuse(_mark(event), "tag", path, "a YAML tag", "Take it away.")
        if len(path) > DEPTH_MAX:
            raise MarkedYAMLError(problem=f"nested more than {DEPTH_MAX} deep", problem_mark=event.start_mark)
        if isinstance(event, MappingStartEvent):
            return self._mapping(events, path)
        if isinstance(event, SequenceStartEvent):
            return self._sequence(events, path, quoted=quoted)
        assert isinstance(event, ScalarEvent)  # noqa: S101 (the parser's events are exactly these)
        return self._scalar(event, path, quoted=quoted)

    def _mapping(self, events: Iterator[Event], path: Path) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for event in events:
            if isinstance(event, MappingEndEvent):
                break
            key = self._key(event, events, path)
            below = (*path, key)
            if key in mapping:
                message = f"{key} is already given on line {self.keys[below][0] + 1}"
                self.refuse(_mark(event), "duplicate-key", below, message, "Keep one of them.")
                self._node(next(events), events, (*path, f"{key} (again)"), quoted=False)
                continue
            self.keys[below] = _mark(event)
            mapping[key] = self._node(next(events), events, below, quoted=key in QUOTED)
        return mapping

    def _key(self, event: Event, events: Iterator[Event], path: Path) -> str:
        if not isinstance(event, ScalarEvent):
            self.refuse(_mark(event), "key", path, "a key that is not plain text", "Use a word as the key.")
            self._node(event, events, (*path, "?"), quoted=False)
            return "?"
        if event.value == "<<" and event.style is None:
            self.refuse(_mark(event), "merge-key", path, "a merge key", "Write the fields out here.")
        if event.anchor is not None or event.tag is not None:
            self.refuse(_mark(event), "anchor", path, "an anchor or tag on a key", "Take it away.")
        return str(event.value)

    def _sequence(self, events: Iterator[Event], path: Path, *, quoted: bool) -> list[Any]:
        values: list[Any] = []
        for event in events:
            if isinstance(event, SequenceEndEvent):
                break
            values.append(self._node(event, events, (*path, len(values)), quoted=quoted))
        return values

    def _scalar(self, event: ScalarEvent, path: Path, *, quoted: bool) -> Any:
        text: str = event.value
        if event.style is not None:
            return text
        if quoted and text not in _CONSTANTS:
            message = f"{text} is not quoted; YAML may take a code for a number"
            self.refuse(_mark(event), "unquoted-code", path, message, f'Write "{text}".')
            return text
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if _INTEGER.fullmatch(text):
            return int(text)
        return float(text) if _FLOAT.fullmatch(text) else text


def _mark(event: Event) -> tuple[int, int]:
    return event.start_mark.line, event.start_mark.column
