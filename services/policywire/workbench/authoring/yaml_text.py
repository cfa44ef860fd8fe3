"""Writes a document as YAML that a person reads: in the order of its fields, with remarks, codes and dates quoted.

Knows layout and quoting; knows no kind of document. What it writes reads back as the same value; a test says so.
"""

import json
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from policywire.rulebook.document import Document
from policywire.rulebook.source import QUOTED, Path

WIDTH: Final = 120
Remarks = Mapping[Path, str]
"""Remarks by the path of the field or entry above which they stand."""

_PLAIN: Final = re.compile(r"[A-Za-z](?:[A-Za-z0-9 _./()';-]|,(?= )){0,90}[A-Za-z0-9.)]|[A-Za-z]")
"""Text that YAML takes for itself. A comma is a separator inside brackets; such text is quoted there."""
_WORDS_OF_YAML: Final = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
_NOT_SHOWN: Final = re.compile(r"[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
"""What an editor does not show, or YAML may take for the end of a line."""


def document_text(document: Document, remarks: Remarks, *, modeline: str, about: str) -> str:
    """A document as the text of its file.

    Args:
        document: the document.
        remarks: what to say above fields and entries.
        modeline: the path from the file to its schema, by which editors complete and explain.
        about: what the document is, in a line or more.
    """
    lines = [f"# yaml-language-server: $schema={modeline}", *_remark(about, 0)]
    lines += _mapping(msgspec.to_builtins(document), 0, (), remarks)
    return "\n".join(lines) + "\n"


def entry_text(value: Any, path: Path, remarks: Remarks, indent: int) -> list[str]:
    """One entry of a list as lines, to stand in a document that is there."""
    return _entry(msgspec.to_builtins(value), indent, path, remarks)


def scalar(value: object, *, quoted: bool = False, inside: bool = False) -> str:
    """A value as YAML.

    Args:
        value: text, a number, yes or no, or None.
        quoted: text is quoted whatever it is, for a code may look like a number.
        inside: it stands between brackets or braces.
    """
    if not isinstance(value, str):
        return json.dumps(value)
    is_plain = _PLAIN.fullmatch(value) and value.casefold() not in _WORDS_OF_YAML
    if quoted or not is_plain or (inside and "," in value) or "  " in value or " #" in value:
        return _NOT_SHOWN.sub(_escape, json.dumps(value, ensure_ascii=False))
    return value


def _escape(found: re.Match[str]) -> str:
    number = ord(found[0])
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"  # noqa: PLR2004  YAML's own two forms


def _remark(text: str, indent: int) -> list[str]:
    margin = " " * indent + "# "
    return [margin + line for part in text.split("\n") for line in textwrap.wrap(part, WIDTH - len(margin)) or [""]]


def _mapping(value: Mapping[str, Any], indent: int, path: Path, remarks: Remarks) -> Iterator[str]:
    for key, each in value.items():
        below = (*path, key)
        if below in remarks:
            yield from _remark(remarks[below], indent)
        yield from _field(each, indent, below, remarks)


def _field(value: Any, indent: int, path: Path, remarks: Remarks) -> Iterator[str]:
    head = f"{' ' * indent}{scalar(path[-1])}:"
    if not isinstance(value, Mapping | list | tuple) or not value:
        yield from _short_field(head, value, indent, path)
        return
    is_flat = _may_be_flat(path, value) and not _has_remarks(path, remarks)
    flat = f"{head} {_flat(value, path)}"
    if is_flat and len(flat) <= WIDTH:
        yield flat
        return
    yield head
    if isinstance(value, Mapping):
        yield from _mapping(value, indent + 2, path, remarks)
    elif is_flat:
        yield from _wrapped_list(value, indent + 2, path)
    else:
        for position, each in enumerate(value):
            yield from _entry(each, indent + 2, (*path, position), remarks)


def _has_remarks(path: Path, remarks: Remarks) -> bool:
    return any(known[: len(path)] == path and len(known) > len(path) for known in remarks)


def _may_be_flat(path: Path, value: Any) -> bool:
    """Whether a value is read more easily in one line: lists of words, and small mappings deep in a document."""
    if isinstance(value, list | tuple):
        return not any(isinstance(each, Mapping) for each in value)
    return len(path) > 2  # noqa: PLR2004  a part of an entry


def _short_field(head: str, value: object, indent: int, path: Path) -> Iterator[str]:
    line = (
        f"{head} {_flat(value, path)}"
        if not isinstance(value, str)
        else f"{head} {scalar(value, quoted=_quoted(path))}"
    )
    if len(line) <= WIDTH or not isinstance(value, str) or _quoted(path) or not _folds(value):
        yield line
        return
    margin = " " * (indent + 2)
    yield f"{head} >-"
    yield from (margin + each for each in _wrapped(value, len(margin)))


def _wrapped(text: str, margin: int) -> list[str]:
    return textwrap.wrap(text, WIDTH - margin, break_long_words=False, break_on_hyphens=False)


def _folds(text: str) -> bool:
    """Whether folding and unfolding gives the same text: one blank between words, nothing else that is not shown."""
    return _NOT_SHOWN.search(text) is None and " ".join(text.split()) == text


def _wrapped_list(values: Sequence[object], indent: int, path: Path) -> Iterator[str]:
    """A list in brackets over several lines, for codes by the hundred."""
    line = " " * indent + "["
    for position, each in enumerate(values):
        part = _flat(each, path) + ("]" if position + 1 == len(values) else ",")
        if len(line) + 1 + len(part) > WIDTH and not line.endswith("["):
            yield line
            line = " " * (indent + 1) + part
        else:
            line += part if line.endswith("[") else f" {part}"
    yield line


def _entry(value: Any, indent: int, path: Path, remarks: Remarks) -> list[str]:
    margin = " " * indent
    lines = _remark(remarks[path], indent) if path in remarks else []
    if not isinstance(value, Mapping):
        return [*lines, f"{margin}- {scalar(value, quoted=_quoted(path))}"]
    first, *others = _mapping(value, indent + 2, path, remarks)
    while first.lstrip().startswith("#"):  # a remark of the first field stands above its dash
        lines.append(first[2:])
        first, *others = others
    return [*lines, f"{margin}- {first[indent + 2 :]}", *others]


def _flat(value: Any, path: Path) -> str:
    if isinstance(value, Mapping):
        pairs = (f"{scalar(key)}: {_flat(each, (*path, key))}" for key, each in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_flat(each, path) for each in value)}]"
    return scalar(value, quoted=_quoted(path), inside=True)


def _quoted(path: Path) -> bool:
    """Whether what stands here is a code or an id, which YAML may take for a number."""
    return not QUOTED.isdisjoint(path)
