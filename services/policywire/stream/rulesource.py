"""Where a worker's policy documents come from: a folder, or the topic ``policy-documents``.

Knows both places and how to see that something changed there. Does not know what documents mean: what is found is
handed on as files, whole.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from policywire.errors import BadInput
from policywire.rulebook.load import File, files_in, is_about
from policywire.rulebook.publication import published_files
from policywire.stream.documents import TOPIC, PolicyDocuments


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
    """The topic, whose end is looked at every ``poll_s`` seconds.

    All of it is read again when it moved: that is rare, and remembers nothing in between. It is read to the last stable
    offset, which a publication moves at its end, so that one is seen whole.
    """

    def __init__(self, documents: PolicyDocuments, poll_s: float) -> None:
        self._documents = documents
        self._poll_s = poll_s
        self._end = -1

    async def changed(self) -> Iterable[File]:
        """Every document in the topic."""
        while True:
            end = await self._documents.end()
            if end != self._end:
                self._end = end
                return _published(await self._documents.read(end))
            await asyncio.sleep(self._poll_s)


def _published(documents: Mapping[str, bytes]) -> Iterator[File]:
    if not documents:
        raise BadInput(f"{TOPIC} holds no documents. Put some there with `policywire rules publish`.")
    yield from published_files(documents)


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
