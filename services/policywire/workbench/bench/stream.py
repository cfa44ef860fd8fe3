"""Everything that is measured over a real Kafka, in one session: throughput beside peers, latency, memory.

Knows the order of the runs: a worker and what it is compared with in turn, so that a busy moment hits both. The
measuring is in ``throughput``, ``streams_peer``, ``raw_producer`` and ``latency``.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from policywire.workbench.bench.bed import INPUT, PEER_SINK, Bed
from policywire.workbench.bench.cores import Cores
from policywire.workbench.bench.latency import measure_latency
from policywire.workbench.bench.raw_producer import Way, run_raw_producer
from policywire.workbench.bench.streams_peer import StreamsPeer
from policywire.workbench.bench.table import Row
from policywire.workbench.bench.throughput import Bench, Run
from policywire.workbench.generate import BOOKINGS_AND_ENDINGS, ClaimMix, generate_claims, generate_scheduling
from policywire.workbench.generate_policies import write_policies

SEED: Final = 1
_POLICIES: Final = 10_000
_SCHEDULING_SHARE: Final = 0.3
"""Of the events over both topics so many are of scheduling."""
_FEW: Final = 0.03
_CLAIMS: Final = ClaimMix(hits=_FEW, corrections=0, untidy=0)
"""No corrections, codes written plainly: the peer can read nothing else."""


class Plan(Struct, frozen=True):
    """How much is measured.

    Attributes:
        runs: of everything.
        events: in the topics with few hits.
        events_all_hits: in the topic where every claim is one.
        latency_s: how long claims come at a fixed rate; they are held in memory.
    """

    runs: int = 5
    events: int = 1_000_000
    events_all_hits: int = 200_000
    latency_s: float = 10.0


QUICK: Final = Plan(runs=1, events=100_000, events_all_hits=20_000, latency_s=5.0)


def measure_stream(plan: Plan) -> Iterator[Row]:
    """The rows about the worker; with the default plan some twenty minutes."""
    peer, cores = StreamsPeer(), Cores()
    with tempfile.TemporaryDirectory(prefix="policywire-bench-") as folder, Bed() as bed:
        bench = Bench(bed, cores, Path(folder))
        few = FewHits(bench, peer, plan.events)
        yield from few.rows(plan.runs)
        yield from all_hits(bench, plan.events_all_hits, plan.runs)
        yield from _latency(bench, few.half_rate, plan)
        yield from _many_policies(bench, plan)


class FewHits:
    """The worker over claims, the same worker over claims and scheduling, and Kafka Streams over claims, in turn."""

    def __init__(self, bench: Bench, peer: StreamsPeer, events: int) -> None:
        self._bench = bench
        self._peer = peer
        self._events = events
        self._claims: list[Run] = []
        self._both: list[Run] = []
        self._peers: list[float] = []
        scheduling = int(events * _SCHEDULING_SHARE)
        bench.bed.fill("few.", claim=generate_claims(events, SEED, _CLAIMS))
        bench.bed.fill(
            "both.",
            claim=generate_claims(events - scheduling, SEED, _CLAIMS),
            scheduling=generate_scheduling(scheduling, SEED, BOOKINGS_AND_ENDINGS),
        )

    def rows(self, runs: int) -> Iterator[Row]:
        """Run everything so many times."""
        for _ in range(runs):
            self._claims.append(self._bench.run("few.", self._events))
            self._both.append(self._bench.run("both.", self._events))
            if self._peer.missing is None:
                self._peers.append(self._run_peer())
        note = self._bench.cores.note
        of_claims = f"{self._events:,} claims, 3 % hits, {note}"
        of_both = f"{self._events:,} events, 30 % of them bookings and endings, 3 % hits of each, {note}"
        yield _speed("worker, exactly once, full validation", of_claims, self._claims)
        yield Row(
            "peer Kafka Streams, no validation, no explanation",
            of_claims,
            self._peers,
            "claims/s",
            note=self._peer.missing or "from its first record to its last",
        )
        if self._peers:
            yield _ratio("worker / peer", of_claims, _median(self._claims) / median(self._peers), ">= 0.7")
        yield _speed("worker over both topics", of_both, self._both)
        yield _ratio("over both topics / over claims", of_both, _median(self._both) / _median(self._claims), ">= 0.85")
        memory = [run.rss_max_mib for run in self._claims]
        yield Row("worker's memory (RSS)", of_claims, memory, "MiB", note="the members it remembers included")

    @property
    def half_rate(self) -> float:
        """Half of what the peer does, or else of what the worker does, in claims a second."""
        return (median(self._peers) if self._peers else _median(self._claims)) / 2

    def _run_peer(self) -> float:
        servers, under = self._bench.bed.bootstrap_servers, self._bench.cores.under
        return self._peer.run(servers, f"few.{INPUT}", f"few.{PEER_SINK}", self._events, under)


def all_hits(bench: Bench, events: int, runs: int) -> Iterator[Row]:
    """Every claim a hit of one line, three claims a member; beside it bare producers of the very same records."""
    # A fifth of the members are Cigna's.
    mix = replace(_CLAIMS, hits=1.0, lines_max=1, evenly=True, members=events * 5 // 3)
    bench.bed.fill("all.", claim=generate_claims(events, SEED, mix))
    servers, transactions, under = bench.bed.bootstrap_servers, events // _A_TRANSACTION, bench.cores.under
    workers: list[Run] = []
    bare: dict[Way, list[float]] = {"batches": [], "singly": []}
    for _ in range(runs):
        workers.append(bench.run("all.", events))
        for way, rates in bare.items():
            rates.append(events / run_raw_producer(way, servers, "all.", transactions, under))
    inputs = f"{events:,} claims of one line, all hits, three a member, {bench.cores.note}"
    note = f"aiokafka, transactions of {_A_TRANSACTION:,} events; nothing decoded or decided"
    yield _speed("worker, every claim a hit", inputs, workers)
    yield Row("bare producer of the same records, whole batches", inputs, bare["batches"], "events/s", note=note)
    yield _ratio("worker / bare producer", inputs, _median(workers) / median(bare["batches"]), ">= 0.5")
    yield Row("bare producer of the same records, one by one", inputs, bare["singly"], "events/s", note=note)
    yield _ratio("worker / bare producer", inputs, _median(workers) / median(bare["singly"]), "")


_A_TRANSACTION: Final = 1_000
"""What the worker puts into one under load."""


def _speed(what: str, inputs: str, runs: list[Run]) -> Row:
    share = median(run.cpu_share for run in runs)
    # On a busy machine the worker waits for the others: what it does in a second of its own says more then.
    by_processor = median(run.events_a_second / run.cpu_share for run in runs)
    note = f"{share:.0%} of its core; {by_processor:,.0f} events a second of processor time"
    return Row(what, inputs, [run.events_a_second for run in runs], "events/s", note=note)


def _ratio(what: str, inputs: str, value: float, bar: str) -> Row:
    return Row(what, inputs, [value], "x", bar, "ratio of medians")


def _median(runs: list[Run]) -> float:
    return median(run.events_a_second for run in runs)


def _latency(bench: Bench, rate: float, plan: Plan) -> Iterator[Row]:
    taken = [measure_latency(bench, rate, plan.latency_s, _CLAIMS) for _ in range(plan.runs)]
    rates = median(each.claims_a_second for each in taken)
    inputs = f"{rates:,.0f} claims/s for {plan.latency_s:.0f} s, 3 % hits, {bench.cores.note}"
    note = f"from producer to consumer, {sum(each.determinations for each in taken):,} determinations"
    yield Row("end to end, p50", inputs, [each.p50_ms for each in taken], "ms", note=note)
    yield Row("end to end, p99", inputs, [each.p99_ms for each in taken], "ms", "< 250", note)
    yield Row("end to end, slowest", inputs, [each.max_ms for each in taken], "ms", note=note)


def _many_policies(bench: Bench, plan: Plan) -> Iterator[Row]:
    rules = bench.folder / "rules"
    write_policies(rules, _POLICIES, SEED)
    runs = [bench.run("few.", plan.events, rules) for _ in range(plan.runs)]
    inputs = f"{_POLICIES:,} policies and MM 0552, {plan.events:,} claims, 3 % hits"
    yield Row("worker with many policies", inputs, [run.events_a_second for run in runs], "claims/s")
    yield Row("worker ready, from start", inputs, [run.ready_s for run in runs], "s", "<= 15")
    yield Row("worker's memory (RSS)", inputs, [run.rss_max_mib for run in runs], "MiB", "< 300")
    growth = [run.rss_growth_mib for run in runs]
    yield Row("its growth over the last four fifths", inputs, growth, "MiB", "flat", "new members with hits included")
