"""Authorities and certificates of the tests: good ones, one of another authority, one that has expired."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

KEY_PASSWORD = "correct-horse-battery"  # noqa: S105  of a key that is made for one test run
HOST = "127.0.0.1"


@dataclass(frozen=True)
class Certificate:
    """Files of one certificate: its chain, its key, and both in one as Kafka wants a keystore."""

    chain: Path
    key: Path
    keystore: Path


class Authority:
    """An authority of its own. Certificates are made in a folder, by name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._issuer = trustme.CA()
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / "ca.pem"
        self._issuer.cert_pem.write_to_path(str(self.file))

    def server(self, name: str = "server", *, host: str = HOST, days: int = 1) -> Certificate:
        """For a broker; with negative days it expired so long ago."""
        return self._issued(name, [host], None, days, NoEncryption())

    def client(self, name: str, *, days: int = 1, password: str | None = None) -> Certificate:
        """For a client, which is ``User:<name>`` on the cluster."""
        locked = BestAvailableEncryption(password.encode()) if password else NoEncryption()
        return self._issued(name, [f"{name}.client.example"], name, days, locked)

    def _issued(
        self, name: str, hosts: list[str], subject: str | None, days: int, locked: KeySerializationEncryption
    ) -> Certificate:
        now = datetime.now(UTC)
        leaf = self._issuer.issue_cert(
            *hosts, common_name=subject, not_before=now - timedelta(30), not_after=now + timedelta(days)
        )
        chain, key, keystore = (self._folder / f"{name}.{end}" for end in ("pem", "key", "keystore.pem"))
        chain.write_bytes(b"".join(each.bytes() for each in leaf.cert_chain_pems))
        # Kafka reads PKCS 8 only.
        private = load_pem_private_key(leaf.private_key_pem.bytes(), None)
        key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked))
        keystore.write_bytes(key.read_bytes() + chain.read_bytes())
        return Certificate(chain, key, keystore)


@contextmanager
def file_with(path: Path, content: bytes) -> Iterator[Path]:
    """Another content for a while."""
    before = path.read_bytes()
    path.write_bytes(content)
    try:
        yield path
    finally:
        path.write_bytes(before)
