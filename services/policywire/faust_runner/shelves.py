"""Where one lane's table is kept: on disk by RocksDB, or in memory. Knows keys, values, offsets; no Kafka.

What a shelf holds is always what its changelog held up to one offset, neither more nor less. A batch's records and the
offset of the last one are one write, and that is made only when the changelog has acknowledged them. So after a crash a
shelf on disk may be behind its changelog, which the recovery makes good, but never ahead of it: a timeline that is on
disk and nowhere else would swallow what its events make to be said, once they are read again.

That is also why the table is not written through Faust's own ``table[key] = value``: there the store is written first,
and its offset when the changelog's answer comes.
"""

import struct
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from time import time
from typing import Any, Final, Protocol

from rocksdict import Options, Rdict, WriteBatch

Entry = tuple[bytes, bytes | None, int | None]
"""Key, value (None forgets), and the instant in Unix seconds at which time alone will change it, if there is one."""

NO_DUE: Final = -1
_DUE: Final = struct.Struct(">q")
_OFFSET: Final = b"\xfeoffset"
_WRITTEN: Final = b"\xfewritten"
"""Begin with a byte that neither a member id (UTF-8) nor the changelog's own keys (0xff) begin with."""

KEPT_S: Final = 43_200.0
"""A shelf on disk that was last written longer ago is read again from its changelog's start. A day after it was told to
forget a member the changelog forgets that it was (``delete.retention.ms``); a shelf that was away would never know."""


class Shelf(Protocol):
    """One lane's part of the table."""

    offset: int | None
    """Of the last changelog record that is in it; None when there is none."""

    def get(self, key: bytes) -> bytes | None:
        """The value of a key."""

    def entries(self) -> Iterator[Entry]:
        """All of it."""

    def apply(self, entries: Iterable[Entry], offset: int | None, *, recovering: bool = False) -> None:
        """Take over records of the changelog.

        Args:
            entries: they.
            offset: of the last one; None: not known, the former stays.
            recovering: they are of the past, so that the shelf is not as fresh as its latest write.
        """

    def close(self) -> None:
        """Let go of it."""


class MemoryShelf:
    """In memory: gone with the lane, so that a lane that comes back is read from its changelog's start."""

    def __init__(self) -> None:
        self.offset: int | None = None
        self._values: dict[bytes, tuple[bytes, int | None]] = {}

    def get(self, key: bytes) -> bytes | None:
        """The value of a key."""
        found = self._values.get(key)
        return None if found is None else found[0]

    def entries(self) -> Iterator[Entry]:
        """All of it."""
        for key, (value, due) in list(self._values.items()):
            yield key, value, due

    def apply(self, entries: Iterable[Entry], offset: int | None, *, recovering: bool = False) -> None:  # noqa: ARG002  is always fresh
        """Take over records of the changelog."""
        for key, value, due in entries:
            if value is None:
                self._values.pop(key, None)
            else:
                self._values[key] = value, due
        self.offset = self.offset if offset is None else offset

    def close(self) -> None:
        """Forget everything."""
        self._values.clear()
        self.offset = None


class RocksShelf:
    """On disk, in a folder of its own.

    A write goes to RocksDB's log before it returns, not to the platter: it survives the end of the process. When the
    machine goes down the log's end may be missing, records and offset alike; the recovery reads them again.

    Args:
        folder: made when it is not there.
    """

    def __init__(self, folder: Path) -> None:
        folder.parent.mkdir(parents=True, exist_ok=True)
        self._db: Any = _opened(folder)
        written = self._db.get(_WRITTEN)
        if written is not None and time() - float(written) > KEPT_S:
            self._db.close()
            Rdict.destroy(str(folder))
            self._db = _opened(folder)
        offset = self._db.get(_OFFSET)
        self.offset: int | None = None if offset is None else int(offset)

    def get(self, key: bytes) -> bytes | None:
        """The value of a key."""
        found: bytes | None = self._db.get(key)
        return None if found is None else found[_DUE.size :]

    def entries(self) -> Iterator[Entry]:
        """All of it."""
        for key, stored in self._db.items():
            if key not in {_OFFSET, _WRITTEN}:
                (due,) = _DUE.unpack_from(stored)
                yield key, stored[_DUE.size :], None if due == NO_DUE else due

    def apply(self, entries: Iterable[Entry], offset: int | None, *, recovering: bool = False) -> None:
        """Take over records of the changelog, in one write with their offset.

        A recovery may end half-way, so it must not make an old shelf young: only what a lane writes itself, which is
        at its changelog's end, or the first write of all says when the shelf was up to date.
        """
        batch = WriteBatch(raw_mode=True)
        for key, value, due in entries:
            if value is None:
                batch.delete(key)
            else:
                batch.put(key, _DUE.pack(NO_DUE if due is None else due) + value)
        if not recovering or self._db.get(_WRITTEN) is None:
            batch.put(_WRITTEN, b"%d" % time())
        if offset is not None:
            batch.put(_OFFSET, b"%d" % offset)
            self.offset = offset
        self._db.write(batch)

    def close(self) -> None:
        """Let go of the folder, so that another process can open it."""
        self._db.close()


class Timelines(Mapping[str, bytes]):
    """The members' timelines on a shelf, encoded, by member id."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def get(self, member: str, default: Any = None) -> Any:
        """A member's timeline."""
        found = self._shelf.get(member.encode())
        return default if found is None else found

    def __getitem__(self, member: str) -> bytes:
        found = self._shelf.get(member.encode())
        if found is None:
            raise KeyError(member)
        return found

    def __contains__(self, member: object) -> bool:
        return isinstance(member, str) and self._shelf.get(member.encode()) is not None

    def __iter__(self) -> Iterator[str]:
        return (key.decode() for key, _, _ in self._shelf.entries() if not key.startswith(b"\xff"))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _opened(folder: Path) -> Any:
    options = Options(raw_mode=True)
    options.create_if_missing(True)  # noqa: FBT003  rocksdict takes no name here
    return Rdict(str(folder), options=options)
