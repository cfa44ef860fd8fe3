"""Indexes kept in files, one for each state of the documents, so that a search needs no reading of 10,000 policies.

Knows a folder of files and how they are written safely; does not know what an index holds. A file is named for the
documents' names and bytes and for the version of policywire, so it is never out of date: a change of documents asks
for another file. It is written beside its place and moved there whole, so that searches at the same time do not disturb
each other; a file that is damaged is made again. Where nothing can be written, nothing is kept.
"""

import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Final
from zlib import crc32

import msgspec

from policywire import __version__
from policywire.errors import BadInput
from policywire.rulebook.load import File
from policywire.workbench.search.build import build_index
from policywire.workbench.search.documents import documents_of
from policywire.workbench.search.index import SearchIndex

FORMAT: Final = b"policywire search index 2\n"
"""What a file begins with; the number is raised when what follows is another."""

KEPT: Final = 4
"""So many files are left: the folders that somebody works with, not every state that they ever had."""

SUFFIX: Final = ".index"
_CHECKSUM: Final = 4
_decoder: Final = msgspec.msgpack.Decoder(SearchIndex)


def index_of(files: Iterable[File], shelf: Path | None) -> SearchIndex:
    """The index of documents, from the shelf when it is there, else made and put there.

    Args:
        files: the documents.
        shelf: the folder; None: nothing is kept.

    Raises:
        BadInput: there is no policy that can be read.
    """
    documents = list(files)
    if shelf is None:
        return build_index(documents_of(documents))
    path = shelf / f"{fingerprint(documents)}{SUFFIX}"
    index = _taken(path)
    if index is None:
        index = build_index(documents_of(documents))
        with suppress(OSError):
            _put(path, index)
    return index


def fingerprint(files: Iterable[File]) -> str:
    """What names an index: a hash of the names and bytes of its documents and of what made it."""
    digest = blake2b(f"{__version__}\n".encode() + FORMAT, digest_size=16)
    for file in files:
        name = os.fsencode(file.name)
        digest.update(b"%d %d\n" % (len(name), len(file.content)))
        digest.update(name)
        digest.update(file.content)
    return digest.hexdigest()


def _taken(path: Path) -> SearchIndex | None:
    """The index in a file, or None when it is not there or damaged."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    start = len(FORMAT) + _CHECKSUM
    if not content.startswith(FORMAT) or content[len(FORMAT) : start] != _checksum(content[start:]):
        return None
    try:
        index = _decoder.decode(memoryview(content)[start:])
    except (msgspec.MsgspecError, ValueError):
        return None
    with suppress(OSError):
        path.touch()
    return index


def _put(path: Path, index: SearchIndex) -> None:
    """Write an index and let go of the oldest."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    content = msgspec.msgpack.encode(index)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as written:
        try:
            written.write(FORMAT + _checksum(content) + content)
            written.close()
            Path(written.name).replace(path)
        except BaseException:
            Path(written.name).unlink(missing_ok=True)
            raise
    by_age = sorted(path.parent.glob(f"*{SUFFIX}"), key=lambda each: each.stat().st_mtime_ns, reverse=True)
    for old in by_age[KEPT:]:
        old.unlink(missing_ok=True)


def _checksum(content: bytes) -> bytes:
    return crc32(content).to_bytes(_CHECKSUM, "big")


def refuse_a_file(shelf: Path) -> None:
    """Refuse a place for indexes that is no folder.

    Raises:
        BadInput: it is a file.
    """
    if shelf.exists() and not shelf.is_dir():
        raise BadInput(f"{shelf} is a file. Give a folder for --cache, or --no-cache.")
