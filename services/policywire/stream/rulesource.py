"""Where a worker's policy documents come from: a folder, or the topic ``policy-documents``.

Knows both places and how to see that something changed there. Does not know what documents mean: what is found is
handed on as files, whole.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from policywire.errors import BadInput
from policywire.rulebook.load import File, files_in, is_about
from policywire.rulebook.publication import published_files
from policywire.rulebook.schedule import INSTANT, Documents, documents_of
from policywire.stream.documents import TOPIC, PolicyDocuments
from policywire.stream.logs import get_logger


class RuleSource(Protocol):
    """A place with policy documents."""

    async def changed(self) -> Iterable[File]:
        """All documents, once they may be others than last time; at once when asked first.

        The caller goes through them on a thread; that may raise BadInput when there is nothing to read.
        """


class FolderSource:
    """A folder, looked at every ``poll_s`` seconds."""

    def __init__(self, path: Path, poll_s: float) -> None:
        self._path = path
        self._poll_s = poll_s
        self._seen = b""

    async def changed(self) -> Iterable[File]:
        """Every document in the folder and below."""
        while True:
            seen = await asyncio.to_thread(_fingerprint, self._path)
            if seen != self._seen:
                self._seen = seen
                return files_in(self._path)
            await asyncio.sleep(self._poll_s)


class TopicSource:
    """The topic, whose end is looked at every ``poll_s`` seconds, and the instant at which something in it is due.

    All of it is read again when it moved: that is rare, and remembers nothing in between. It is read to the last stable
    offset, which a publication moves at its end, so that one is seen whole. What was published for an instant is in the
    topic already and comes into force by the clock alone, also after a restart, and with every worker.

    Args:
        documents: what is read.
        poll_s: between two looks.
        clock: now, with its time zone; must not go back, or what came into force would go again.
    """

    def __init__(self, documents: PolicyDocuments, poll_s: float, clock: Callable[[], datetime]) -> None:
        self._documents = documents
        self._poll_s = poll_s
        self._clock = clock
        self._end = -1
        self._due: datetime | None = None

    async def changed(self) -> Iterable[File]:
        """Every document in force."""
        while True:
            end, now = await self._documents.end(), self._clock()
            if end != self._end or (self._due is not None and self._due <= now):
                self._end = end
                documents = documents_of(await self._documents.read(end))
                self._due = documents.next_instant(now)
                if self._due is not None:
                    get_logger().info("other documents come into force later", at=self._due.strftime(INSTANT))
                return _published(documents, now)
            await asyncio.sleep(self._until_next_look(now))

    def _until_next_look(self, now: datetime) -> float:
        if self._due is None:
            return self._poll_s
        return min(self._poll_s, (self._due - now).total_seconds())


def _published(documents: Documents, now: datetime) -> Iterator[File]:
    in_force = documents.in_force(now)
    if not in_force:
        due = documents.next_instant(now)
        waits = f" What it holds comes into force at {due.strftime(INSTANT)}." if due else ""
        raise BadInput(f"{TOPIC} holds no documents in force. Put some there with `policywire rules publish`.{waits}")
    yield from published_files(in_force)


def _fingerprint(path: Path) -> bytes:
    """Changes when a document comes, goes or is written; reads no content, for there may be 10,000 files."""
    digest = sha256()
    documents = sorted(each for each in path.rglob("*") if not is_about(path, each))
    for file in documents if path.is_dir() else [path]:
        try:
            status = file.stat()
        except FileNotFoundError:  # gone between listing and looking: the next look will differ
            continue
        digest.update(f"{file}\0{status.st_mtime_ns}\0{status.st_size}\n".encode())
    return digest.digest()
