"""Everybody over the same claims, in turn, several times, so that a busy moment hits all of them.

Knows the order of the runs. The slow get an input of their own, for over the whole one they would take an hour.
"""

import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from msgspec import Struct

from policywire.errors import BadInput
from policywire.workbench.bench.bed import Bed
from policywire.workbench.bench.capacity.disk import Stored, stored
from policywire.workbench.bench.capacity.result import Capacity, Line
from policywire.workbench.bench.capacity.runners import FLOOR, WORKER, Runners
from policywire.workbench.bench.capacity.subject import Subject, Taken, take
from policywire.workbench.bench.cores import Cores
from policywire.workbench.bench.streams_peer import StreamsPeer
from policywire.workbench.bench.table import machine
from policywire.workbench.generate import ClaimMix, generate_claims

SEED: Final = 1
HITS: Final = 0.03
_CLAIMS: Final = ClaimMix(hits=HITS, corrections=0, untidy=0)
"""No corrections, codes written plainly: the peers can read nothing else."""
_ALL: Final = "all-runners."
_SLOW: Final = "slow-runners."


class Plan(Struct, frozen=True):
    """How much is measured.

    Attributes:
        runs: of everything.
        claims: for the quick.
        claims_slow: for the slow.
    """

    runs: int = 3
    claims: int = 1_000_000
    claims_slow: int = 60_000


QUICK: Final = Plan(runs=1, claims=200_000, claims_slow=10_000)


def measure_capacity(plan: Plan, only: Sequence[str] = (), say: Callable[[str], None] = lambda _: None) -> Capacity:
    """With the default plan a quarter of an hour.

    Args:
        plan: how much.
        only: words of which one must be in a runner's name; none for all. The floor and the worker always run.
        say: told what runs now.

    Raises:
        BadInput: no runner has such a word.
        PassingFault: one did not come to its end.
    """
    cores = Cores()
    with tempfile.TemporaryDirectory(prefix="policywire-bench-") as folder, Bed() as bed:
        contest = _Contest(bed, cores, Path(folder), say)
        contest.fill(plan)
        contest.choose(only)
        for _ in range(plan.runs):
            contest.run(plan)
        return Capacity(
            measured_on=datetime.now(UTC).date().isoformat(),
            machine=machine(),
            command="policywire bench capacity",
            pinned=cores.note,
            hits=HITS,
            lines=contest.lines(plan),
            floor=FLOOR,
            worker=WORKER,
            stored_claims=plan.claims,
            stored=contest.stored,
        )


class _Contest:
    def __init__(self, bed: Bed, cores: Cores, folder: Path, say: Callable[[str], None]) -> None:
        self.stored: dict[str, Stored] = {}
        self._bed = bed
        self._folder = folder
        self._say = say
        servers = bed.bootstrap_servers
        self._quick = Runners(servers, _ALL, cores, folder).quick(StreamsPeer())
        self._slow = Runners(servers, _SLOW, cores, folder).slow()
        self._taken: dict[str, list[Taken]] = {each.name: [] for each in (*self._quick, *self._slow)}

    def fill(self, plan: Plan) -> None:
        """Publish the claims."""
        self._bed.fill(_ALL, claim=generate_claims(plan.claims, SEED, _CLAIMS))
        self._bed.fill(_SLOW, claim=generate_claims(plan.claims_slow, SEED, _CLAIMS))

    def choose(self, only: Sequence[str]) -> None:
        """Leave out who is not asked for."""
        if not only:
            return
        chosen = {name for name in self._taken if any(word.lower() in name.lower() for word in only)}
        if not chosen:
            raise BadInput(f"no runner has {', '.join(only)} in its name; there are: {'; '.join(self._taken)}")
        chosen |= {FLOOR, WORKER}
        self._quick = [each for each in self._quick if each.name in chosen]
        self._slow = [each for each in self._slow if each.name in chosen]

    def run(self, plan: Plan) -> None:
        """Everybody once."""
        for subject in self._quick:
            self._take(subject, _ALL, plan.claims)
            if subject.name == WORKER:
                self.stored = stored(self._bed, _ALL, plan.claims)
        for subject in self._slow:
            self._take(subject, _SLOW, plan.claims_slow)

    def lines(self, plan: Plan) -> list[Line]:
        """What came out, in the order of the table."""
        return [
            Line(subject.name, claims, self._taken[subject.name], subject.missing or subject.note)
            for subjects, claims in ((self._quick, plan.claims), (self._slow, plan.claims_slow))
            for subject in subjects
        ]

    def _take(self, subject: Subject, prefix: str, claims: int) -> None:
        if subject.missing is not None:
            return
        self._say(subject.name)
        self._taken[subject.name].append(take(subject, self._bed, prefix, claims, self._folder / "runner.log"))
