"""Everybody that is measured, by command line. Knows what each needs to be installed, and says how when it is not."""

import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Literal

from msgspec import Struct

from policywire.workbench.bench.bed import INPUT, PEER_SINK
from policywire.workbench.bench.capacity.subject import Subject
from policywire.workbench.bench.cores import Cores
from policywire.workbench.bench.streams_peer import StreamsPeer

WORKER: Final = "worker, exactly once"
FLOOR: Final = "pass-through of 3 %"
_PEERS_PYTHON: Final = Path("build") / "peers" / "bin" / "python"
_CHECKOUT: Final = Path(__file__).resolve().parents[5]
_NO_PEERS: Final = "not run: its environment is missing; make build/peers/.ready"
_NO_FAUST: Final = "not run: the extra is missing; pip install 'policywire[faust]'"
_EVERY: Final = 33
_HALF: Final = 0.5


class Plan(Struct, frozen=True):
    """How much is measured.

    Attributes:
        runs: of everything.
        claims: in the topic, of which everybody sees the first.
        claims_faust: of these so many.
        claims_quix: of these so many.
        commits_s: how long the smallest transactions are made.
    """

    runs: int = 3
    claims: int = 1_000_000
    claims_faust: int = 60_000
    claims_quix: int = 300_000
    commits_s: float = 10.0


QUICK: Final = Plan(runs=1, claims=200_000, claims_faust=10_000, claims_quix=100_000, commits_s=3.0)
Store = Literal["memory", "rocksdb"]
Guarantee = Literal["at-least-once", "exactly-once"]


class Runners:
    """Command lines for topics of one prefix.

    Args:
        bootstrap_servers: the cluster.
        prefix: of the topics.
        cores: where they run.
        folder: for what they keep on disk.
        plan: over how many claims each is measured.
    """

    def __init__(self, bootstrap_servers: str, prefix: str, cores: Cores, folder: Path, plan: Plan) -> None:
        self._servers = bootstrap_servers
        self._prefix = prefix
        self._cores = cores
        self._folder = folder
        self._plan = plan

    def all(self, peer: StreamsPeer) -> list[Subject]:
        """In the order in which they run and are shown."""
        return [*self._quick(peer), *self._others()]

    def _quick(self, peer: StreamsPeer) -> list[Subject]:
        claims = self._plan.claims
        one = Subject(WORKER, claims, lambda group: [[*self._cores.under, *self._worker(group)]])
        note = f"the worker's reading and writing, every {_EVERY}rd record copied; nothing decoded"
        return [
            Subject(FLOOR, claims, self._pass_through(_EVERY), note=note),
            Subject("pass-through of all", claims, self._pass_through(1), note="the same, every record copied"),
            one,
            Subject(
                "2 workers, exactly once",
                claims,
                lambda group: [[*self._cores.under, *self._worker(group)], self._worker(group)],
                settled=_HALF,
                note="one on the measured core, one sharing the other with Kafka and the watch",
            ),
            Subject(
                "Kafka Streams, exactly once",
                claims,
                lambda group: [[*self._cores.under, *peer.command(self._servers, self._source, self._sink, group)]],
                missing=peer.missing,
                note="no validation, no explanation, no state",
            ),
        ]

    def _others(self) -> list[Subject]:
        stores: tuple[Store, ...] = ("memory", "rocksdb")
        guarantees: tuple[Guarantee, ...] = ("at-least-once", "exactly-once")
        return [*(self._faust(store) for store in stores), *(self._quix(each) for each in guarantees)]

    @property
    def _source(self) -> str:
        return self._prefix + INPUT

    @property
    def _sink(self) -> str:
        return self._prefix + PEER_SINK

    def _worker(self, group: str, *options: str) -> list[str]:
        where = ["--bootstrap-servers", self._servers, "--topic-prefix", self._prefix, "--group", group]
        return [sys.executable, "-m", "policywire", "worker", "--health-port", "0", *where, *options]

    def _pass_through(self, every: int) -> Callable[[str], Sequence[Sequence[str]]]:
        program = (sys.executable, "-m", "policywire.workbench.bench.capacity.pass_through")
        return lambda group: [[*self._cores.under, *program, self._servers, self._prefix, group, str(every)]]

    def _faust(self, store: Store) -> Subject:
        return Subject(
            f"Faust runner, at least once, {store}",
            self._plan.claims_faust,
            lambda group: [
                [
                    *self._cores.under,
                    *("env", f"POLICYWIRE_FAUST__FOLDER={self._folder / group}"),
                    *self._worker(group, "--runner", "faust", "--faust-store", store),
                ]
            ],
            missing=None if find_spec("faust") and find_spec("rocksdict") else _NO_FAUST,
            note="policywire's own step, validation and explanations",
        )

    def _quix(self, guarantee: Guarantee) -> Subject:
        python, job = _CHECKOUT / _PEERS_PYTHON, Path(__file__).with_name("quix_job.py")
        return Subject(
            f"Quix Streams, {guarantee.replace('-', ' ')}",
            self._plan.claims_quix,
            lambda group: [
                [
                    *(*self._cores.under, str(python), str(job), self._servers, self._source),
                    *(f"{self._sink}-quix", group, str(self._folder / group), guarantee),
                ]
            ],
            missing=None if python.exists() else _NO_PEERS,
            note="no validation, no explanation; state in RocksDB",
        )
