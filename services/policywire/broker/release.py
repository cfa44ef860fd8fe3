"""The pinned Apache Kafka: which jars, with what hash, where in the cache.

Knows ``jars.json``, beside this file: the runtime closure of Kafka's server artifact, less what no class of it uses in
a single node (Scala reflection, log4j's core in favour of slf4j-simple, what commons-validator's XML side wants). To
move to another Kafka, resolve the closure with any Maven client, and write size and SHA-256 of each jar there.
Knows no network.
"""

import os
from pathlib import Path

import msgspec

_PINNED = Path(__file__).with_name("jars.json")


class Jar(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One jar.

    Attributes:
        path: in a repository of Maven's layout.
        sha256: of its bytes, in hex.
        size: in bytes.
    """

    path: str
    sha256: str
    size: int

    def within(self, folder: Path) -> Path:
        """The file that this jar is in a cache folder."""
        return folder / self.path


class Release(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One version of Apache Kafka and all the jars that it runs with."""

    kafka: str
    jars: tuple[Jar, ...]

    def missing(self, folder: Path) -> tuple[Jar, ...]:
        """The jars that the cache folder lacks.

        A jar gets its name only after its hash was checked, so its size is enough to know it again.
        """
        return tuple(jar for jar in self.jars if not _is_whole(jar.within(folder), jar.size))

    def class_path(self, folder: Path) -> str:
        """Java's ``-cp`` for the jars of the cache folder."""
        return os.pathsep.join(str(jar.within(folder)) for jar in self.jars)


def _is_whole(file: Path, size: int) -> bool:
    try:
        return file.stat().st_size == size
    except FileNotFoundError:
        return False


def pinned_release() -> Release:
    """The release that this policywire was tested with."""
    return msgspec.json.decode(_PINNED.read_bytes(), type=Release)


def jar_cache() -> Path:
    """Where jars are kept: ``$POLICYWIRE_CACHE/jars``, by default ``policywire/jars`` in the user's cache folder."""
    if chosen := os.environ.get("POLICYWIRE_CACHE"):
        return Path(chosen).absolute() / "jars"
    # The XDG base directory specification: a relative path there is invalid and to be ignored.
    xdg = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (xdg if xdg.is_absolute() else Path.home() / ".cache") / "policywire" / "jars"
