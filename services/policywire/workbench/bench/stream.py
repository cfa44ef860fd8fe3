"""Everything that is measured over a real Kafka, in one session: throughput beside the peer, latency, memory.

Knows the order of the runs: worker and peer in turn, so that a busy moment hits both. The measuring is in
``throughput``, ``streams_peer`` and ``latency``.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Final

from msgspec import Struct

from policywire.workbench.bench.bed import INPUT, PEER_SINK, Bed
from policywire.workbench.bench.cores import Cores
from policywire.workbench.bench.latency import measure_latency
from policywire.workbench.bench.streams_peer import StreamsPeer
from policywire.workbench.bench.table import Row
from policywire.workbench.bench.throughput import Bench, Run
from policywire.workbench.generate import ClaimMix
from policywire.workbench.generate_policies import write_policies

SEED: Final = 1
_PERCENT: Final = 100
_POLICIES: Final = 10_000


class Plan(Struct, frozen=True):
    """How much is measured.

    Attributes:
        runs: of everything.
        claims: in the topic with few hits.
        claims_all_hits: in the topic where every claim is one.
        latency_s: how long claims come at a fixed rate; they are held in memory.
    """

    runs: int = 5
    claims: int = 1_000_000
    claims_all_hits: int = 200_000
    latency_s: float = 10.0


QUICK: Final = Plan(runs=1, claims=100_000, claims_all_hits=20_000, latency_s=5.0)


def measure_stream(plan: Plan) -> Iterator[Row]:
    """The rows about the worker; with the default plan some ten minutes."""
    peer, cores = StreamsPeer(), Cores()
    with tempfile.TemporaryDirectory(prefix="policywire-bench-") as folder, Bed() as bed:
        bench = Bench(bed, cores, Path(folder))
        rates: list[float] = []
        for hits, claims in ((0.03, plan.claims), (1.0, plan.claims_all_hits)):
            side_by_side = _SideBySide(bench, peer, hits, claims)
            yield from side_by_side.rows(plan.runs)
            rates += [side_by_side.half_rate]
        yield from _latency(bench, rates[0], plan)
        yield from _many_policies(bench, plan)


def _mix(hits: float) -> ClaimMix:
    # No corrections, codes written plainly: the peer can read nothing else.
    return ClaimMix(hits=hits, corrections=0, untidy=0)


class _SideBySide:
    """Worker and peer over the same filled topic, in turn."""

    def __init__(self, bench: Bench, peer: StreamsPeer, hits: float, claims: int) -> None:
        self._bench = bench
        self._peer = peer
        self._claims = claims
        self._prefix = f"hits-{hits * _PERCENT:.0f}."
        self._inputs = f"{claims:,} claims, {hits * _PERCENT:.0f} % hits, {bench.cores.note}"
        self._workers: list[Run] = []
        self._peers: list[float] = []
        bench.bed.fill(self._prefix, claims, SEED, _mix(hits))

    def rows(self, runs: int) -> Iterator[Row]:
        for _ in range(runs):
            self._workers.append(self._bench.run(self._prefix, self._claims))
            if self._peer.missing is None:
                self._peers.append(self._run_peer())
        speeds = [run.claims_a_second for run in self._workers]
        share = median(run.cpu_share for run in self._workers)
        # On a busy machine the worker waits for the others: what it does in a second of its own says more then.
        by_processor = median(run.claims_a_second / run.cpu_share for run in self._workers)
        note = f"{share:.0%} of its core; {by_processor:,.0f} claims a second of processor time"
        yield Row("worker, exactly once, full validation", self._inputs, speeds, "claims/s", note=note)
        yield Row(
            "peer Kafka Streams, no validation, no explanation",
            self._inputs,
            self._peers,
            "claims/s",
            note=self._peer.missing or "from its first record to its last",
        )
        if self._peers:
            ratio = median(speeds) / median(self._peers)
            yield Row("worker / peer", self._inputs, [ratio], "x", ">= 0.7 at 3 %", "ratio of medians")
        memory = [run.rss_max_mib for run in self._workers]
        yield Row("worker's memory (RSS)", self._inputs, memory, "MiB", note="the members it remembers included")

    @property
    def half_rate(self) -> float:
        """Half of what the peer does, or else of what the worker does, in claims a second."""
        return median(self._peers or [run.claims_a_second for run in self._workers]) / 2

    def _run_peer(self) -> float:
        bed = self._bench.bed
        source, sink = self._prefix + INPUT, self._prefix + PEER_SINK
        return self._peer.run(bed.bootstrap_servers, source, sink, self._claims, self._bench.cores.under)


def _latency(bench: Bench, rate: float, plan: Plan) -> Iterator[Row]:
    taken = [measure_latency(bench, rate, plan.latency_s, _mix(0.03)) for _ in range(plan.runs)]
    rates = median(each.claims_a_second for each in taken)
    inputs = f"{rates:,.0f} claims/s for {plan.latency_s:.0f} s, 3 % hits, {bench.cores.note}"
    note = f"from producer to consumer, {sum(each.determinations for each in taken):,} determinations"
    yield Row("end to end, p50", inputs, [each.p50_ms for each in taken], "ms", note=note)
    yield Row("end to end, p99", inputs, [each.p99_ms for each in taken], "ms", "< 250", note)
    yield Row("end to end, slowest", inputs, [each.max_ms for each in taken], "ms", note=note)


def _many_policies(bench: Bench, plan: Plan) -> Iterator[Row]:
    rules = bench.folder / "rules"
    write_policies(rules, _POLICIES, SEED)
    runs = [bench.run("hits-3.", plan.claims, rules) for _ in range(plan.runs)]
    inputs = f"{_POLICIES:,} policies and MM 0552, {plan.claims:,} claims, 3 % hits"
    yield Row("worker with many policies", inputs, [run.claims_a_second for run in runs], "claims/s")
    yield Row("worker ready, from start", inputs, [run.ready_s for run in runs], "s", "<= 15")
    yield Row("worker's memory (RSS)", inputs, [run.rss_max_mib for run in runs], "MiB", "< 300")
    growth = [run.rss_growth_mib for run in runs]
    yield Row("its growth over the last four fifths", inputs, growth, "MiB", "flat", "new members with hits included")
