"""The ``server.properties`` of a node that is the whole cluster, and the ports it listens on.

Knows Kafka's settings. Knows no process and no download.
"""

import random
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"
_PORTS = range(20_000, 30_000)
"""Below what systems hand out to outgoing connections (Linux from 32768, macOS from 49152). From that range, a client
that reconnects while the node is down could get the node's own port, even be connected to itself, and keep it."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the node listens: for clients, and for its own controller."""

    client: int
    controller: int

    def are_free(self) -> bool:
        """Whether both can be listened on now."""
        return _is_free(self.client) and _is_free(self.controller)


def free_ports() -> Ports:
    """Two ports of the loopback address that nobody listens on."""
    free = (port for port in random.sample(_PORTS, len(_PORTS)) if _is_free(port))
    return Ports(client=next(free), controller=next(free))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As Java's server sockets: what lingers of closed connections is no hindrance.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def server_properties(ports: Ports, log_folder: Path, extra: Mapping[str, str]) -> dict[str, str]:
    """Kafka's settings for the node; what is in ``extra`` comes last and wins."""
    client = f"PLAINTEXT://{HOST}:{ports.client}"
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{HOST}:{ports.controller}",
        "listeners": f"{client},CONTROLLER://{HOST}:{ports.controller}",
        "advertised.listeners": client,
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_SSL:SASL_SSL",
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": str(log_folder),
        # A topic that nobody described is a mistake, here as in production.
        "auto.create.topics.enable": "false",
        # One node holds one copy, and one partition is made faster than the default of 50.
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        # After kill -9 the controller admits the same node again only once its former session has expired: measured
        # 11.2 s from start to ready with the default of 9 s.
        "broker.session.timeout.ms": "2000",
        "broker.heartbeat.interval.ms": "500",
        # The default waits 3 s for more members to join a new group.
        "group.initial.rebalance.delay.ms": "0",
        # So that a test need not wait out the default floor of 6 s to see a session expire.
        "group.min.session.timeout.ms": "1000",
        # 16 instead of 128 MiB: the cleaner's share of a small heap, enough for 700,000 keys at a pass.
        "log.cleaner.dedupe.buffer.size": "16777216",
        **extra,
    }


def render(properties: Mapping[str, str]) -> str:
    """The text of a Java properties file, in which a backslash escapes."""
    return "".join(f"{name}={value.replace(chr(92), chr(92) * 2)}\n" for name, value in properties.items())


def ports_of(server_properties_file: Path) -> Ports | None:
    """The ports that an earlier start of this folder listened on, if there was one."""
    try:
        lines = server_properties_file.read_text("utf-8").splitlines()
    except FileNotFoundError:
        return None
    named = dict(line.partition("=")[::2] for line in lines)
    ports = [named.get(name, "").rpartition(":")[2] for name in ("advertised.listeners", "controller.quorum.voters")]
    if not all(port.isdecimal() for port in ports):
        return None
    return Ports(client=int(ports[0]), controller=int(ports[1]))
