"""Reads a table written as JSON: an array of objects, or an object a line. Knows JSON; knows no field's meaning."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from policywire.errors import BadInput
from policywire.workbench.tables.rows import Row


class Objects:
    """A file of JSON objects, each a row; the fields of all of them are the columns.

    Args:
        path: the file.

    Raises:
        BadInput: it is no such file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notes: tuple[str, ...] = ()
        self._objects = list(_objects(path))
        self._fields = tuple(dict.fromkeys(name for each in self._objects for name in each))

    def rows(self) -> Iterator[Row]:
        """The names of the fields as row 0, then the objects, numbered from 1."""
        yield Row(0, self._fields)
        for number, each in enumerate(self._objects, 1):
            yield Row(number, tuple(_plain(each.get(name)) for name in self._fields))


def _objects(path: Path) -> Iterator[dict[str, Any]]:
    content = path.read_bytes().removeprefix(b"\xef\xbb\xbf").strip()
    try:
        values = orjson.loads(content) if content.startswith(b"[") else list(map(orjson.loads, _lines(content)))
    except orjson.JSONDecodeError as error:
        raise BadInput(f"{path} is not JSON: {error}. Give an array of objects, or an object a line.") from error
    for number, value in enumerate(values, 1):
        if not isinstance(value, dict):
            raise BadInput(f"{path}, entry {number} is no object. Give an array of objects, or an object a line.")
        yield value


def _lines(content: bytes) -> list[bytes]:
    return [line for line in content.splitlines() if line.strip()]


def _plain(value: object) -> object:
    return ", ".join(map(str, value)) if isinstance(value, list) else value
