"""The measured figures that sizes are worked out from, each for one claim, hit, timeline or transaction."""

import tomllib
from pathlib import Path
from statistics import median
from typing import Any, Final

from msgspec import Struct

from policywire.workbench.bench.capacity.result import Capacity, read

_FOLDER: Final = Path(__file__).parent
CAPACITY: Final = _FOLDER / "capacity.json"
_MORE: Final = _FOLDER / "figures.toml"


class Figures(Struct, frozen=True, kw_only=True):
    """What one of each costs.

    Attributes:
        source: day, machine and command, for people.
        core_s: of a worker, for a claim, in seconds.
        broker_core_s: of the broker for a claim, in seconds, in transactions of many.
        commit_core_s: of a worker, for a transaction of one record an output, in seconds.
        commit_broker_core_s: of the broker, for the same.
        lane_commits_a_second: the most that a lane made of these.
        input_octets: of a claim on disk, one copy.
        audit_octets: of a hit in the audit log.
        output_octets: of a hit in determinations and alerts, compacted.
        state_octets: of a hit in the changelog, compacted.
        memory_octets: of a remembered hit in a worker.
        worker_octets: of a worker that remembers nothing.
        timelines_a_second: that an opening lane restores.
        hits_a_timeline: mean.
        rules_ready_s: from the start of a worker with 10,000 policies until it is ready.
    """

    source: str
    core_s: float
    broker_core_s: float
    commit_core_s: float
    commit_broker_core_s: float
    lane_commits_a_second: float
    input_octets: float
    audit_octets: float
    output_octets: float
    state_octets: float
    memory_octets: float
    worker_octets: float
    timelines_a_second: float
    hits_a_timeline: float
    rules_ready_s: float


def load_figures() -> Figures:
    """Those that ship.

    Raises:
        BadInput: the file of the benchmark is none.
    """
    return figures_of(read(CAPACITY), tomllib.loads(_MORE.read_text("utf-8")))


def figures_of(capacity: Capacity, more: dict[str, Any]) -> Figures:
    """From a benchmark's result and the figures of other benchmarks."""
    taken = capacity.line(capacity.worker).taken
    hits = capacity.stored_claims * capacity.hits
    commits = capacity.commits
    stored = capacity.stored
    return Figures(
        source=(
            f"on {capacity.measured_on}, {capacity.machine}, `{capacity.command}`, "
            f"{len(taken)} run{'s' * (len(taken) > 1)}, {capacity.stored_claims:,} claims"
        ),
        core_s=median(each.core_s for each in taken) / 1e6,
        broker_core_s=median(each.broker_core_s for each in taken) / 1e6,
        commit_core_s=median(each.core_s for each in commits) / 1e6,
        commit_broker_core_s=median(each.broker_core_s for each in commits) / 1e6,
        lane_commits_a_second=median(each.a_second / each.lanes for each in commits),
        input_octets=stored["claim-events"].octets / capacity.stored_claims,
        audit_octets=stored["audit-log"].octets / hits,
        output_octets=sum(stored[name].compacted for name in ("determinations", "alerts")) / hits,
        state_octets=stored["member-timelines"].compacted / hits,
        memory_octets=more["memory"]["octets_a_remembered_hit"],
        worker_octets=more["memory"]["octets_a_worker"],
        timelines_a_second=more["restore"]["timelines_a_second"],
        hits_a_timeline=more["restore"]["hits_a_timeline"],
        rules_ready_s=more["rules"]["ready_s"],
    )
