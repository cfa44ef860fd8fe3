"""A run: broker, topics, workers and traffic are started, faults injected, everything drained, and the audit made.

``python -m tests.chaos.harness`` makes the run of ``make test`` by hand and prints its report. Each run has its own
topics, group and copy of the rules, so that runs on one broker do not meet.
"""

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from uuid import uuid4

import msgspec
from msgspec import Struct, field
from tests.chaos.faults import Fault, Injector, Landing
from tests.chaos.feeder import Feeder
from tests.chaos.findings import Audit
from tests.chaos.logs import committed_offsets, log_ends
from tests.chaos.observed import OUTPUTS
from tests.chaos.recompute import INPUTS
from tests.chaos.traffic import NOW, Traffic
from tests.chaos.workers import DeadlineMissed, Exit, WorkerProcess

from policywire.broker import LocalBroker
from policywire.resources import shipped
from policywire.stream.topic_admin import create_topics

DRAIN_S = 60.0
AUDIT_S = 240.0
LOOK_S = 0.2
_ROOT = Path(__file__).resolve().parents[2]
_IMPORTS = {"PYTHONPATH": f"{_ROOT / 'services'}{os.pathsep}{_ROOT}"}
"""Workers and auditor are processes of their own; they import this checkout, wherever the run was started."""


class Plan(Struct, frozen=True):
    """What a run is made of.

    ``rate`` is in messages a second; ``bug`` is planted in every worker; ``topics`` are settings that replace those of
    ``topics.yaml``.
    """

    claims: int
    rate: float
    faults: tuple[Fault, ...]
    workers: int = 2
    seed: int = 1
    bug: str | None = None
    topics: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


class Run(Struct, frozen=True):
    """What came of a run.

    ``drained``: the whole input was taken before the workers were stopped; ``stops`` are the exit codes with which they
    then ended; ``exits`` are the ends before.
    """

    plan: Plan
    published: int
    landings: list[Landing]
    exits: list[Exit]
    drained: bool
    stops: list[int | None]
    audit: Audit
    seconds: float
    folder: str

    @property
    def landed(self) -> Counter[str]:
        """How many faults of each kind were injected."""
        return Counter(landing.fault.kind for landing in self.landings)

    def __str__(self) -> str:
        rows = [f"{self.published:,} messages published in {self.seconds:.0f} s; logs in {self.folder}", ""]
        rows += [f"{'fault':<34}{'worker':>7}{'commits':>9}{'to come':>9}  lanes in a transaction"]
        for each in self.landings:
            name = f"{each.fault.kind} {each.fault.point or ''}"
            worker = "-" if each.worker is None else each.worker
            rows += [f"{name:<34}{worker:>7}{each.commits:>9,}{each.to_come:>9,}  {each.in_transaction}"]
        inside = sum(bool(landing.in_transaction) for landing in self.landings)
        codes = Counter(each.code for each in self.exits)
        rows += [f"{len(self.landings)} faults, {inside} of them inside an open transaction"]
        rows += [f"worker exits by code: {dict(codes)}"]
        rows += [f"drained: {self.drained}; exit codes on SIGTERM: {self.stops}", "", str(self.audit)]
        return "\n".join(rows)


async def run(plan: Plan, broker: LocalBroker, folder: Path) -> Run:
    """Carry a plan out on a running broker.

    Args:
        folder: for logs, boards, the rules' copy and the audit; kept.

    Raises:
        DeadlineMissed: a fault did not land, or the workers did not come back.
    """
    began = monotonic()
    prefix = f"chaos-{uuid4().hex[:8]}."
    rules = folder / "rules"
    shutil.copytree(shipped("rules"), rules)
    servers = broker.bootstrap_servers
    await create_topics(servers, prefix=prefix, config=_keep_everything(plan.topics))
    traffic = Traffic(plan.seed, plan.claims)
    feeder = Feeder(servers, prefix, traffic, rate=plan.rate, total=traffic.total)
    workers = [
        WorkerProcess(number, _environment(servers, prefix, rules, number), folder, plan.bug)
        for number in range(plan.workers)
    ]
    injector = Injector(plan.seed, workers, broker, feeder)
    lives = [asyncio.create_task(worker.run()) for worker in workers]
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(feeder.run())
            tasks.create_task(injector.run(list(plan.faults)))
        drained = await _drained(servers, prefix, workers)
        exits = [each for worker in workers for each in worker.exits]
        stops = [await worker.stop() for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
        await asyncio.gather(*lives)
    audit = await _audit(servers, prefix, rules, folder)
    return Run(
        plan, feeder.published, injector.landings, exits, drained, stops, audit, monotonic() - began, str(folder)
    )


def _keep_everything(settings: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """Let no output be compacted or deleted: the auditor asks about every record that was ever committed.

    Kafka would, and soon: the standing clock gives records a time long before that of the transactions' markers.
    """
    forever = {"cleanup.policy": "delete", "retention.ms": "-1"}
    return {topic: {**forever, **settings.get(topic, {})} for topic in OUTPUTS}


def _environment(servers: str, prefix: str, rules: Path, number: int) -> dict[str, str]:
    """A worker's settings. A short session: a held worker is missed soon."""
    return {
        "POLICYWIRE_KAFKA__BOOTSTRAP_SERVERS": servers,
        "POLICYWIRE_KAFKA__TOPIC_PREFIX": prefix,
        "POLICYWIRE_KAFKA__GROUP": prefix + "workers",
        "POLICYWIRE_KAFKA__INSTANCE_ID": f"worker-{number}",
        "POLICYWIRE_KAFKA__SESSION_TIMEOUT_S": "4",
        "POLICYWIRE_RULES__PATH": str(rules),
        "POLICYWIRE_HEALTH__PORT": "0",
        **_IMPORTS,
    }


async def _drained(servers: str, prefix: str, workers: list[WorkerProcess]) -> bool:
    """Wait until the group has committed the end of every input; false when it does not, or no worker is left."""
    deadline = monotonic() + DRAIN_S
    ends = await log_ends(servers, prefix, INPUTS)
    while monotonic() < deadline and any(worker.pid for worker in workers):
        if await committed_offsets(servers, prefix, prefix + "workers") == ends:
            return True
        await asyncio.sleep(LOOK_S)
    return False


async def _audit(servers: str, prefix: str, rules: Path, folder: Path) -> Audit:
    """Let a process of its own audit the run.

    Raises:
        DeadlineMissed: it did not end in time.
        RuntimeError: it ended without an outcome.
    """
    outcome = folder / "audit.json"
    arguments = {
        "--bootstrap-servers": servers,
        "--prefix": prefix,
        "--group": prefix + "workers",
        "--rules": str(rules),
        "--now": NOW.isoformat(),
        "--json": str(outcome),
    }
    flat = [part for pair in arguments.items() for part in pair]
    with (folder / "audit.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.chaos.auditor", *flat, env={**os.environ, **_IMPORTS}, stdout=log, stderr=log
        )
    try:
        async with asyncio.timeout(AUDIT_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        raise DeadlineMissed(f"the audit: not within {AUDIT_S:.0f} s") from None
    if not outcome.exists():
        raise RuntimeError((folder / "audit.log").read_text("utf-8"))
    return msgspec.json.decode(outcome.read_bytes(), type=Audit)


TRAFFIC_FAULTS = (
    Fault("kill"),
    Fault("kill_at", "after_begin", 8),
    Fault("kill"),
    Fault("kill_at", "after_send", 8),
    Fault("kill"),
    Fault("kill_broker"),
    Fault("kill"),
    Fault("kill_at", "after_offsets", 8),
    Fault("fail_at", "before_commit", 8),
    Fault("kill"),
    Fault("kill_at", "after_commit", 8),
    Fault("stop_at", "batch_decided", 8),
    Fault("kill"),
    Fault("kill_at", "restore_midway"),
    Fault("kill_broker"),
    Fault("kill"),
    Fault("kill"),
    Fault("kill"),
    Fault("kill"),
)
"""Ten kills at random moments and five at named points, a forced failure, a worker held past its session, two broker
kills."""


def plan_of_the_test(claims: int = 100_000, rate: float = 1_000.0, seed: int = 1) -> Plan:
    """The plan of ``make test``."""
    return Plan(claims=claims, rate=rate, faults=TRAFFIC_FAULTS, seed=seed)


def main() -> int:
    """Make the run that the arguments name and print its report; 0 when the audit finds nothing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", type=int, default=100_000)
    parser.add_argument("--rate", type=float, default=1_000.0, help="messages a second")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--bug", help="plant one of tests/chaos/bugs.py")
    parser.add_argument("--json", type=Path, help="where the report goes as JSON")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="policywire-chaos-"))
    plan = msgspec.structs.replace(
        plan_of_the_test(given.claims, given.rate, given.seed), workers=given.workers, bug=given.bug
    )
    with LocalBroker() as broker:
        outcome = asyncio.run(run(plan, broker, folder))
    print(outcome)  # noqa: T201  a command prints
    if given.json:
        given.json.write_text(json.dumps(msgspec.to_builtins(outcome), indent=1), "utf-8")
    return 0 if outcome.audit.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
