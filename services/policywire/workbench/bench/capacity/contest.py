"""Everybody over the same claims, in turn, several times, so that a busy moment hits all of them.

Knows the order of the runs. One topic serves all; the slow are measured over its first claims.
"""

import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from policywire.errors import BadInput
from policywire.workbench.bench.bed import Bed
from policywire.workbench.bench.capacity.commits import measure_commits
from policywire.workbench.bench.capacity.disk import stored
from policywire.workbench.bench.capacity.result import Capacity, Commits, Line, Stored, Taken
from policywire.workbench.bench.capacity.runners import FLOOR, WORKER, Plan, Runners
from policywire.workbench.bench.capacity.subject import take
from policywire.workbench.bench.cores import Cores
from policywire.workbench.bench.streams_peer import StreamsPeer
from policywire.workbench.bench.table import machine
from policywire.workbench.generate import ClaimMix, generate_claims

SEED: Final = 1
HITS: Final = 0.03
_CLAIMS: Final = ClaimMix(hits=HITS, corrections=0, untidy=0)
"""No corrections, codes written plainly: the peers can read nothing else."""
_PREFIX: Final = "capacity."


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
        contest = _Contest(bed, cores, Path(folder), plan, say)
        contest.choose(only)
        contest.fill()
        for _ in range(plan.runs):
            contest.run()
        return Capacity(
            measured_on=datetime.now(UTC).date().isoformat(),
            machine=machine(),
            command="policywire bench capacity",
            pinned=cores.note,
            hits=HITS,
            lines=contest.lines(),
            floor=FLOOR,
            worker=WORKER,
            stored_claims=plan.claims,
            stored=contest.stored,
            commits=contest.commits,
        )


class _Contest:
    def __init__(self, bed: Bed, cores: Cores, folder: Path, plan: Plan, say: Callable[[str], None]) -> None:
        self.stored: dict[str, Stored] = {}
        self.commits: list[Commits] = []
        self._commits_s = plan.commits_s
        self._bed = bed
        self._folder = folder
        self._say = say
        self._claims = plan.claims
        self._subjects = Runners(bed.bootstrap_servers, _PREFIX, cores, folder, plan).all(StreamsPeer())
        self._taken: dict[str, list[Taken]] = {each.name: [] for each in self._subjects}

    def fill(self) -> None:
        """Publish the claims."""
        self._bed.fill(_PREFIX, claim=generate_claims(self._claims, SEED, _CLAIMS))

    def choose(self, only: Sequence[str]) -> None:
        """Leave out who is not asked for."""
        if not only:
            return
        chosen = {name for name in self._taken if any(word.lower() in name.lower() for word in only)}
        if not chosen:
            raise BadInput(f"no runner has {' or '.join(only)} in its name; there are: {'; '.join(self._taken)}")
        self._subjects = [each for each in self._subjects if each.name in {FLOOR, WORKER, *chosen}]

    def run(self) -> None:
        """Everybody once, and the smallest transactions, on a broker that is warm by then."""
        for subject in self._subjects:
            if subject.missing is not None:
                continue
            self._say(subject.name)
            self._taken[subject.name].append(take(subject, self._bed, _PREFIX, self._folder / "runner.log"))
            if subject.name == WORKER:
                self.stored = stored(self._bed, _PREFIX, self._claims)
        self.commits.append(measure_commits(self._bed, _PREFIX, self._commits_s))

    def lines(self) -> list[Line]:
        """What came out, in the order of the table."""
        return [
            Line(each.name, each.claims, self._taken[each.name], each.missing or each.note) for each in self._subjects
        ]
