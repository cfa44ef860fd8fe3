"""A real Apache Kafka on this machine: one node that is broker and controller, for tests, demo, chaos and benchmarks.

Knows how jars, Java, settings and process come together. Knows no topics: ``stream.topic_admin`` creates them.
"""

import asyncio
import base64
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from policywire.broker.download import fetch, repository_address
from policywire.broker.errors import NodeFailed
from policywire.broker.java import find_java
from policywire.broker.process import KeptProcess
from policywire.broker.progress import download_progress
from policywire.broker.properties import HOST, Ports, free_ports, ports_of, render, server_properties
from policywire.broker.release import jar_cache, pinned_release

_READY = "Kafka Server started"
"""KafkaRaftServer says so once the node is registered, unfenced and serves every listener, with TLS or without."""
_READY_TIMEOUT_S = 60.0
"""It takes about 1.3 s on two idle cores; a machine under full load took several times that."""
_STOP_TIMEOUT_S = 20.0
_FORMAT_TIMEOUT_S = 60.0

_HEAP = ("-Xms64m", "-Xmx512m")
"""Grows only as needed: about 200 MB resident when idle; the ceiling leaves room for batches of tens of MB."""
_QUICK_START = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
"""Measured on two cores, Java 17: ready in 1.25 s, against 1.55 s with SerialGC alone and 1.6 to 2.0 s with neither."""
_LOGGING = (
    # Only log4j's API is there, for Kafka's runtime level switch; this provider keeps it from complaining.
    "-Dlog4j.provider=org.apache.logging.log4j.simple.internal.SimpleProvider",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
    # Three screens of default settings at each start.
    "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.config=warn",
)


class LocalBroker:
    """One Kafka node on free loopback ports. A context manager, synchronous and asynchronous.

    ``with LocalBroker() as broker:`` or ``async with`` starts it, and closes it at the end. Every method blocks until
    what it says is true; in a coroutine, call ``start``, ``stop``, ``kill`` and ``restart`` through
    ``asyncio.to_thread``. Data and ports last through ``stop``, ``kill`` and ``start``; a data folder's also through
    objects and processes, as long as its ports are free. When this process dies, so does the node.

    Attributes:
        data: the folder with everything: settings, Kafka's log segments, and its output ``kafka.log``.

    Args:
        data: where to keep data; by default a temporary folder, which ``close`` removes.
        properties: Kafka's own settings on top of the node's.
        full_jit: let the JVM optimise as it does in production, for benchmarks; starts slower.
        jvm_options: further options for Java, after the node's own.
    """

    def __init__(
        self,
        data: Path | None = None,
        *,
        properties: Mapping[str, str] | None = None,
        full_jit: bool = False,
        jvm_options: Sequence[str] = (),
    ) -> None:
        self._is_temporary = data is None
        self.data = Path(tempfile.mkdtemp(prefix="policywire-broker-")) if data is None else data.absolute()
        self._extra = dict(properties or {})
        self._options = (*_HEAP, *(() if full_jit else _QUICK_START), *jvm_options, *_LOGGING)
        self._ports: Ports | None = None
        self._process: KeptProcess | None = None

    @property
    def bootstrap_servers(self) -> str:
        """The address for clients, as ``host:port``; the same after a restart."""
        if self._ports is None:
            message = "The broker has no address before its first start."
            raise NodeFailed(message)
        return f"{HOST}:{self._ports.client}"

    @property
    def pid(self) -> int:
        """The process id of the JVM, for those who want to stop or measure it."""
        if self._process is None:
            message = "The broker is not running."
            raise NodeFailed(message)
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the JVM is there."""
        return self._process is not None and self._process.status is None

    @property
    def log(self) -> Path:
        """What the JVM printed, over all starts."""
        return self.data / "kafka.log"

    def start(self) -> None:
        """Return once the node serves clients; the first time, fetch the jars.

        Raises:
            BrokerError: jars or Java are missing, or the node does not start; the text says what to do.
        """
        if self.running:
            return
        java = [str(find_java().executable), *self._options, "-cp", _class_path()]
        settings = self._write_settings()
        if not (self.data / "log" / "meta.properties").exists():
            _format(java, settings)
        self._process = KeptProcess(
            [*java, "kafka.Kafka", str(settings)], self.log, self.data if self._is_temporary else None
        )
        self._process.wait_for(_READY, _READY_TIMEOUT_S)

    def stop(self) -> None:
        """Shut the node down in order; data and ports stay."""
        if self._process is not None:
            self._process.end(_STOP_TIMEOUT_S)
            self._process = None

    def kill(self) -> None:
        """Kill the node (SIGKILL), as a crash would; data and ports stay."""
        if self._process is not None:
            self._process.kill()
            self._process = None

    def restart(self) -> None:
        """Shut down, if it runs, and start again with the same data and address."""
        self.stop()
        self.start()

    def wait(self) -> int:
        """Block until the node ends by itself; its exit status."""
        return 0 if self._process is None else self._process.wait()

    def close(self) -> None:
        """Shut down and remove a temporary data folder."""
        try:
            self.stop()
        finally:
            if self._is_temporary:
                shutil.rmtree(self.data, ignore_errors=True)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.__enter__)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.close)

    def _write_settings(self) -> Path:
        self.data.mkdir(parents=True, exist_ok=True)
        settings = self.data / "server.properties"
        self._ports = self._ports or _usable(ports_of(settings)) or free_ports()
        settings.write_text(render(server_properties(self._ports, self.data / "log", self._extra)), "utf-8")
        return settings


def _usable(ports: Ports | None) -> Ports | None:
    return ports if ports is not None and ports.are_free() else None


def _class_path() -> str:
    release, folder = pinned_release(), jar_cache()
    if missing := release.missing(folder):
        size = sum(jar.size for jar in missing)
        repository = repository_address()
        with download_progress(f"Apache Kafka {release.kafka}, once", size) as progress:
            fetch(missing, folder, repository, progress)
    return release.class_path(folder)


def _format(java: Sequence[str], settings: Path) -> None:
    """Give an empty folder its cluster id and Kafka's current feature levels, as production clusters have them."""
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
    command = [*java, "kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "--config", str(settings)]
    run = subprocess.run(  # noqa: S603  what policywire composed
        command, capture_output=True, text=True, timeout=_FORMAT_TIMEOUT_S, check=False
    )
    if run.returncode != 0:
        message = f"Kafka could not prepare the data folder {settings.parent}: {run.stdout[-500:]}{run.stderr[-1500:]}"
        raise NodeFailed(message)
