"""A deployment on paper: from claims a day to lanes, workers, brokers, memory and disk, and what breaks first.

Pure. The formulas are those of ``deploy/sizing.md``; every figure that is not measured is a field of :class:`Demand`
with its reason.
"""

from math import ceil, log2

from msgspec import Struct

from policywire.workbench.sizing.figures import Figures

DAY_S = 86_400
YEAR_DAYS = 365.25
GIB = 2**30
TIB = 2**40


class Demand(Struct, frozen=True, kw_only=True):
    """What is asked of a deployment.

    Attributes:
        claims_a_day: claim and scheduling events alike.
        peak: the busiest minutes over the mean of a day: claims come in office hours, a third of the day, and batches
            of a clearinghouse on top.
        hits: share with a listed line; measured with as many.
        load_max: of a core at the peak; the rest works off what came while a worker was away.
        remembered_days: 24 months, as ``cases/retention.py`` has it.
        input_days: retention of the inputs, as schemas/topics.yaml.
        years: of the audit log, as schemas/topics.yaml; outputs are kept for ever, and shown after as many.
        copies: of each record.
        dirty: changelog on disk over what it comes to compacted: Kafka compacts once half of it is old.
        worker_gib: memory of a worker.
        broker_cores: of a broker.
        broker_tib: disk of a broker, 70 % of it to be used.
        restore_s: a worker that comes back has its lanes open within this.
    """

    claims_a_day: int
    peak: float = 5.0
    hits: float = 0.03
    load_max: float = 0.5
    remembered_days: int = 730
    input_days: int = 7
    years: float = 7.0
    copies: int = 3
    dirty: float = 2.0
    worker_gib: float = 4.0
    broker_cores: int = 8
    broker_tib: float = 8.0
    restore_s: float = 30.0


class Deployment(Struct, frozen=True, kw_only=True):
    """What it comes to. Rates a second at the peak, sizes in bytes, over all copies."""

    peak_claims: float
    lanes: int
    workers: int
    worker_cores: float
    remembered_hits: float
    memory: float
    restore_s: float
    commits: float
    brokers: int
    broker_cores: float
    input_disk: float
    audit_disk: float
    output_disk: float
    state_disk: float
    network: float
    connections: int

    @property
    def disk(self) -> float:
        """Of all topics."""
        return self.input_disk + self.audit_disk + self.output_disk + self.state_disk


LANES_MIN = 4
"""As schemas/topics.yaml has it."""
WORKERS_MIN = 2
"""One may be away."""
BROKERS_MIN = 3
LANES_A_WORKER = 2
"""Lanes cannot be added later without moving members, so there is room for twice the workers."""
_DISK_USED = 0.7
_CHANNELS = 9
"""Connections of a lane at most: one to read with, one to write with to the leader of each of its five outputs, one to
each of its two coordinators, one to spare for an opening."""


def deployment(demand: Demand, figures: Figures) -> Deployment:
    """The smallest that meets a demand."""
    peak = demand.claims_a_day * demand.peak / DAY_S
    hits_a_day = demand.claims_a_day * demand.hits
    remembered = hits_a_day * demand.remembered_days
    memory = remembered * figures.memory_octets
    workers = _workers(demand, figures, peak * figures.core_s, remembered)
    lanes = max(LANES_MIN, 2 ** ceil(log2(workers * LANES_A_WORKER)))
    commits = min(peak, lanes * figures.lane_commits_a_second)
    cores = peak * figures.core_s + commits * figures.commit_core_s
    broker_cores = (peak * figures.broker_core_s + commits * figures.commit_broker_core_s) * demand.copies
    audited = hits_a_day * demand.years * YEAR_DAYS * demand.copies
    disks = {
        "input_disk": demand.claims_a_day * demand.input_days * figures.input_octets * demand.copies,
        "audit_disk": audited * figures.audit_octets,
        "output_disk": audited * figures.output_octets,
        "state_disk": remembered * figures.state_octets * demand.dirty * demand.copies,
    }
    brokers = max(
        BROKERS_MIN,
        ceil(broker_cores / (demand.broker_cores * demand.load_max)),
        ceil(sum(disks.values()) / (demand.broker_tib * TIB * _DISK_USED)),
    )
    return Deployment(
        peak_claims=peak,
        lanes=lanes,
        workers=workers,
        worker_cores=cores,
        remembered_hits=remembered,
        memory=memory + workers * figures.worker_octets,
        restore_s=_restore_s(demand, figures, remembered / workers),
        commits=commits,
        brokers=brokers,
        broker_cores=broker_cores,
        # Written once, copied to the followers, read once by its worker.
        network=peak * figures.input_octets * (demand.copies + 1),
        connections=lanes * _CHANNELS,
        **disks,
    )


def _workers(demand: Demand, figures: Figures, cores: float, remembered: float) -> int:
    """A worker uses one core; has so much memory; and restores what it remembers in time."""
    room = demand.worker_gib * GIB - figures.worker_octets
    restored = demand.restore_s / _restore_s(demand, figures, 1.0)
    return max(
        WORKERS_MIN,
        ceil(cores / demand.load_max),
        ceil(remembered * figures.memory_octets / room),
        ceil(remembered / restored),
    )


def _restore_s(demand: Demand, figures: Figures, hits: float) -> float:
    """Until so many remembered hits are restored, with as much of the changelog outdated as is allowed."""
    return hits / figures.hits_a_timeline * demand.dirty / figures.timelines_a_second


class Strain(Struct, frozen=True):
    """How many times over a load needs what a deployment has of something; above 1 it breaks."""

    what: str
    times: float


def strains(load: Demand, has: Deployment, figures: Figures) -> list[Strain]:
    """What a deployment would lack under another load, the worst first."""
    needs = deployment(load, figures)
    commits = min(needs.peak_claims, has.lanes * figures.lane_commits_a_second)
    broker_cores = (needs.peak_claims * figures.broker_core_s + commits * figures.commit_broker_core_s) * load.copies
    disk = has.brokers * load.broker_tib * TIB * _DISK_USED
    memory = has.workers * (load.worker_gib * GIB - figures.worker_octets)
    restore_s = _restore_s(load, figures, needs.remembered_hits / has.workers)
    found = [
        Strain("memory of the workers", needs.remembered_hits * figures.memory_octets / memory),
        Strain("time until a worker's lanes are restored", restore_s / load.restore_s),
        Strain("processor of the workers", needs.peak_claims * figures.core_s / has.workers),
        Strain("processor of the brokers", broker_cores / (has.brokers * load.broker_cores)),
        Strain("disk of the brokers", needs.disk / disk),
    ]
    return sorted(found, key=lambda each: -each.times)
