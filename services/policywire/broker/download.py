"""Fetches jars into the cache: in parallel, resumed where they broke off, and named only once their hash is right.

Knows HTTP and ``file:`` addresses of Maven's layout. Knows nothing of Kafka or Java.
"""

import fcntl
import hashlib
import http.client
import os
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

from policywire.broker.errors import JarCorrupt, JarsUnavailable
from policywire.broker.release import Jar

REPOSITORY_VARIABLE = "POLICYWIRE_BROKER__JAR_REPOSITORY"

_PARALLEL = 6
"""Downloads at a time: what browsers allow themselves to one host, so no repository takes offence."""
_CHUNK_BYTES = 256 * 1024
_TIMEOUT_S = 30.0
"""Without a byte for so long, a connection is given up and taken up again where it broke off."""
_ATTEMPTS = 4
_BACKOFF_S = 0.5
"""Doubled at each attempt: 0.5, 1 and 2 s outlast a restarting proxy and do not try a waiting person."""

Progress = Callable[[int], None]
"""Told of bytes as they arrive; a negative number takes back what turned out to be useless."""


def repository_address() -> str:
    """The base address that jars are fetched from, without a slash at its end.

    Raises:
        JarsUnavailable: no mirror is set, and the extra that knows the public repository is not installed.
    """
    if chosen := os.environ.get(REPOSITORY_VARIABLE):
        return chosen.rstrip("/")
    try:
        from jgo.constants import MAVEN_CENTRAL_URL  # noqa: PLC0415  of an extra, needed once in a machine's life
    except ImportError as error:
        message = (
            "The jars of Apache Kafka are not in the cache yet and nothing says where to fetch them. "
            f"Install the extra (pip install 'policywire[broker]') or set {REPOSITORY_VARIABLE} to a mirror."
        )
        raise JarsUnavailable(message) from error
    return str(MAVEN_CENTRAL_URL).rstrip("/")


def fetch(jars: Sequence[Jar], folder: Path, repository: str, progress: Progress) -> None:
    """Bring the jars into the folder; when one fails, those that are whole stay and the others can be resumed.

    Raises:
        JarsUnavailable: a jar could not be had.
        JarCorrupt: a jar is not the pinned one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    over = threading.Event()

    def counted(count: int) -> None:
        if over.is_set():
            raise CancelledError
        progress(count)

    with _one_at_a_time(folder), ThreadPoolExecutor(_PARALLEL) as pool:
        futures = [pool.submit(_fetch_one, jar, folder, repository, counted) for jar in jars]
        try:
            for future in as_completed(futures):
                future.result()
        finally:
            # After a fault or a Ctrl-C nobody waits for the other downloads; the next start takes them up.
            over.set()


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Two processes that start on an empty cache must not write the same partial file."""
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetch_one(jar: Jar, folder: Path, repository: str, progress: Progress) -> None:
    target = jar.within(folder)
    if target.exists() and target.stat().st_size == jar.size:
        progress(jar.size)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + ".part")
    address = f"{repository}/{jar.path}"
    resumed = _fill(address, partial, jar, progress)
    if resumed and _sha256(partial) != jar.sha256:
        # What an earlier run left may be of another server or version: once more from nothing before blaming anyone.
        _discard(partial, progress)
        _fill(address, partial, jar, progress)
    if (found := _sha256(partial)) != jar.sha256:
        _discard(partial, progress)
        message = (
            f"{address} is not the pinned jar: SHA-256 {found} instead of {jar.sha256}. Nothing was kept. "
            f"A proxy may answer in its place: set {REPOSITORY_VARIABLE} to a repository that you trust, start again."
        )
        raise JarCorrupt(message)
    partial.replace(target)


def _fill(address: str, partial: Path, jar: Jar, progress: Progress) -> bool:
    """Bring the partial file to the jar's size; whether some of it was there before."""
    had = partial.stat().st_size if partial.exists() else 0
    if had > jar.size:
        partial.unlink()
        had = 0
    progress(had)
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            if not partial.exists() or partial.stat().st_size < jar.size:
                _receive(address, partial, jar.size, progress)
        except (OSError, http.client.HTTPException) as error:
            if attempt == _ATTEMPTS or not _may_pass(error):
                raise JarsUnavailable(_unavailable(address, error)) from error
            time.sleep(_BACKOFF_S * 2 ** (attempt - 1))
        else:
            break
    return had > 0


def _receive(address: str, partial: Path, size: int, progress: Progress) -> None:
    had = partial.stat().st_size if partial.exists() else 0
    request = urllib.request.Request(address, headers={"Range": f"bytes={had}-"} if had else {})  # noqa: S310  the address is the operator's own setting, file: included on purpose
    with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310  as above
        if had and getattr(answer, "status", None) != HTTPStatus.PARTIAL_CONTENT:
            _discard(partial, progress)
            had = 0
        with partial.open("ab") as file:
            # Never past the pinned size, whatever the server goes on to say.
            while had < size and (chunk := answer.read(min(_CHUNK_BYTES, size - had))):
                file.write(chunk)
                had += len(chunk)
                progress(len(chunk))
    if had < size:
        message = f"the connection ended after {had} of {size} bytes"
        raise ConnectionError(message)


def _discard(partial: Path, progress: Progress) -> None:
    progress(-partial.stat().st_size)
    partial.unlink()


def _may_pass(error: Exception) -> bool:
    """Whether the same request may go through a moment later: not where the server answered that it will not."""
    if isinstance(error, urllib.error.HTTPError):
        return error.code >= HTTPStatus.INTERNAL_SERVER_ERROR or error.code == HTTPStatus.TOO_MANY_REQUESTS
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    return not isinstance(reason, ConnectionRefusedError | FileNotFoundError | socket.gaierror)


def _unavailable(address: str, error: Exception) -> str:
    return (
        f"Could not fetch {address}: {error}. The first start needs the network once, later ones do not. "
        f"Connect and start again (it goes on where it broke off), set {REPOSITORY_VARIABLE} to a mirror of Maven's "
        "layout that you can reach (https:, http: or file:), or copy the jars folder of a machine that has it and "
        "point POLICYWIRE_CACHE at its parent. With a cluster of your own, no jar is needed: --bootstrap-servers."
    )


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
