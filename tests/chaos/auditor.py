"""The auditor: recomputes from the input topics what every output record must be, and compares. A process of its own.

``python -m tests.chaos.auditor --bootstrap-servers ... --prefix ... --group ... --editions ... --clock ...`` prints a
table, writes its findings as JSON, and ends with 0 when there are none, with 1 when there are.
"""

import argparse
import asyncio
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import get_args

import msgspec
from msgspec import Struct
from tests.chaos.compare import dead_letter_findings, differences
from tests.chaos.editions import load_editions
from tests.chaos.findings import Audit, Finding
from tests.chaos.history import History, history_of
from tests.chaos.intake import INPUTS, Intake, Share, take_in
from tests.chaos.logs import Log, Stream, committed_offsets, read_log
from tests.chaos.observed import DEAD_LETTERS, OUTPUTS, Observed, Uttered, observe
from tests.chaos.policies import replay_policies
from tests.chaos.replay import Explained, Replay, is_settled
from tests.chaos.runners import Runner, changelog_of
from tests.chaos.settled import contradictions

from policywire.rulebook.rulebook import Rulebook

CHANGELOG = "member-timelines"
_DAY_MS = 86_400_000


class World(Struct, frozen=True):
    """What the harness knows of a run: its rulebooks by revision, the last one, and all its clock ever showed."""

    rulebooks: Mapping[str, Rulebook]
    rulebook: Rulebook
    clock: Sequence[datetime]

    @property
    def now(self) -> datetime:
        """What the clock showed at the end, which was more than ever before."""
        return max(self.clock)


class Auditor:
    """Compares the outputs in a log with what its inputs demand.

    Args:
        prefix: of the topics on the cluster.
        may_repeat: at least once is asked: what a transaction said may stand there again, at once after it.
    """

    def __init__(self, log: Log, world: World, prefix: str, *, may_repeat: bool = False) -> None:
        self._may_repeat = may_repeat
        self._log = log
        self._world = world
        self._prefix = prefix
        partitions = Counter(topic for topic, _ in log.entries)
        self._partitions = partitions
        self._replay = Replay(world.rulebooks, partitions, may_repeat=may_repeat)
        self._observed = Observed()
        self._expected: Counter[str] = Counter()
        self.audit = Audit()

    def run(self, group_offsets: Mapping[Stream, int]) -> Audit:
        """Do it; ``group_offsets`` is what the workers' group has committed, by stream."""
        began, audit, log = perf_counter(), self.audit, self._log
        audit.inputs = {topic: _count(log, topic) for topic in INPUTS}
        audit.outputs = {topic: _count(log, topic) for topic in OUTPUTS}
        self._observed = observe(log, self._prefix, self._world.rulebooks.keys(), self._partitions)
        audit.findings += self._observed.findings
        audit.findings += [Finding("hanging", f"{topic}-{part}", "an open transaction") for topic, part in log.hanging]
        for lane in range(self._partitions[CHANGELOG]):
            self._lane(lane, group_offsets)
        for streams in self._observed.records.values():  # of members whom no lane explains
            audit.findings += differences({}, streams)
        audit.findings += [Finding("phantom", DEAD_LETTERS, f"of {source}") for source in self._observed.dead]
        audit.expected = dict(self._expected)
        audit.seconds = perf_counter() - began
        return audit

    def _lane(self, lane: int, group_offsets: Mapping[Stream, int]) -> None:
        audit, world = self.audit, self._world
        heads = {revision[7:23]: revision for revision in world.rulebooks}
        history = history_of(lane, self._log.entries[CHANGELOG, lane], heads)
        audit.findings += history.findings
        audit.findings += self._clock(lane, history)
        audit.findings += self._progress(lane, history, group_offsets)
        revisions = Counter(audit.revisions) + Counter(each.revision for each in history.transactions)
        audit.revisions, audit.transactions = dict(revisions), audit.transactions + len(history.transactions)
        inputs = {topic: self._log.entries.pop((topic, lane), []) for topic in INPUTS}
        intake = take_in(lane, history, inputs, world.rulebooks)
        self._dead_letters(intake)
        for member_id, shares in intake.members.items():
            self._member(lane, member_id, shares)
        self._policies(lane, history)

    def _clock(self, lane: int, history: History) -> Iterator[Finding]:
        """Every transaction is of an instant that the clock showed; a lane's now does not go back.

        But for a new owner whose wall clock is more than a day behind: that looks like a mended clock, and is believed.
        """
        shown = {int(each.timestamp() * 1000) for each in self._world.clock}
        last = 0
        for each in history.transactions:
            if each.now not in shown:
                yield Finding("clock", f"lane {lane}", f"transaction {each.number} at an instant never shown")
            if each.now < last and not (each.opened and last - each.now > _DAY_MS):
                yield Finding("clock", f"lane {lane}", f"transaction {each.number} before its forerunner")
            last = each.now
        self.audit.instants = max(self.audit.instants, len({each.now for each in history.transactions}))

    def _progress(self, lane: int, history: History, group_offsets: Mapping[Stream, int]) -> Iterator[Finding]:
        """Both records of a lane's progress must be at the end of its inputs."""
        for topic in INPUTS:
            end = self._log.ends.get((topic, lane), 0)
            group = group_offsets.get((topic, lane), 0)
            for whose, at in (("changelog", history.offsets.get(topic, 0)), ("group", group)):
                if at != end:
                    yield Finding("behind", f"lane {lane}", f"{whose} has {topic} at {at} of {end}")

    def _dead_letters(self, intake: Intake) -> None:
        self._expected[DEAD_LETTERS] += len(intake.dead)
        for source, letter in intake.dead.items():
            found = self._observed.dead.pop(source, [])
            self.audit.findings += dead_letter_findings(
                source, letter, found, self._prefix, may_repeat=self._may_repeat
            )
            if self._may_repeat:
                self.audit.repeated += max(0, len(found) - 1)

    def _member(self, lane: int, member_id: str, shares: list[Share]) -> None:
        audit = self.audit
        streams = self._observed.records.pop(member_id, {})
        explained = self._replay.explain(lane, shares, streams)
        audit.findings += explained.findings
        audit.repeated += explained.repeated
        self._compare(explained.story, streams)
        audit.findings += self._end(lane, shares, explained, streams)
        audit.members += 1
        audit.interleaved += any(share.claims and share.scheduling for share in shares)
        audit.timelines += explained.timeline is not None
        audit.ticked += explained.ticked
        audit.followed += explained.followed
        audit.forgotten += explained.forgot

    def _end(
        self,
        lane: int,
        shares: list[Share],
        explained: Explained,
        streams: Mapping[Stream, list[Uttered]],
    ) -> Iterator[Finding]:
        """Nothing is left to do; and the end is what the input alone gives, unless something expired on the way."""
        world, timeline = self._world, explained.timeline
        if not is_settled(timeline, world.rulebook, world.now):
            yield Finding("overdue", f"lane {lane}", "a member is to be looked at because of time or rules")
        elif not explained.forgot:
            self.audit.settled += 1
            heads = {revision[7:23]: rulebook for revision, rulebook in world.rulebooks.items()}
            rulebook = world.rulebook if timeline is None else heads.get(timeline.looked, world.rulebook)
            for what in contradictions(shares, timeline, streams, rulebook, world.now):
                yield Finding("final", f"lane {lane}", what)

    def _policies(self, lane: int, history: History) -> None:
        """What is said of policies is said once, however often workers start, and by one lane."""
        told = replay_policies(
            lane,
            history,
            self._observed.of_policies,
            self._world.rulebooks,
            self._partitions,
            may_repeat=self._may_repeat,
        )
        self.audit.repeated += told.repeated
        self.audit.findings += told.findings
        if lane == 0:
            self._compare(told.story, self._observed.of_policies)
            self.audit.findings += told.unsaid(self._world.rulebook)

    def _compare(self, story: Mapping[Stream, list[Uttered]], observed: Mapping[Stream, list[Uttered]]) -> None:
        self._expected.update({stream[0]: 0 for stream in story})
        for (topic, _), values in story.items():
            self._expected[topic] += len(values)
        self.audit.findings += differences(story, observed)


def _count(log: Log, topic: str) -> int:
    return sum(len(entries) for (name, _), entries in log.entries.items() if name == topic)


async def audit(bootstrap_servers: str, prefix: str, group: str, world: World, runner: Runner) -> Audit:
    """Read everything and compare."""
    changelog = changelog_of(runner, group)
    outputs = [changelog if topic == CHANGELOG else topic for topic in OUTPUTS]
    log = await read_log(bootstrap_servers, prefix, [*INPUTS, *outputs])
    offsets = await committed_offsets(bootstrap_servers, prefix, group)
    return Auditor(renamed(log, changelog), world, prefix, may_repeat=runner == "faust").run(offsets)


def renamed(log: Log, changelog: str) -> Log:
    """The log with a lane's changelog under one name, whichever runner wrote it."""

    def name(stream: Stream) -> Stream:
        return (CHANGELOG, stream[1]) if stream[0] == changelog else stream

    entries = {name(stream): entries for stream, entries in log.entries.items()}
    return Log(entries, {name(stream): end for stream, end in log.ends.items()}, log.hanging)


def main() -> int:
    """Audit what the arguments name; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bootstrap-servers", required=True)
    parser.add_argument("--prefix", required=True, help="of the run's topics")
    parser.add_argument("--group", required=True, help="the workers' group")
    parser.add_argument("--runner", choices=get_args(Runner), default="exactly-once", help="which worker it was")
    parser.add_argument("--editions", type=Path, required=True, help="a folder with the run's editions of the rules")
    parser.add_argument("--last", required=True, help="the edition in force at the end")
    parser.add_argument("--clock", required=True, help="every instant that the clock showed, with commas")
    parser.add_argument("--json", type=Path, help="where the findings go")
    given = parser.parse_args()
    editions = load_editions(given.editions)
    world = World(
        {rulebook.revision: rulebook for rulebook in editions.values()},
        editions[given.last],
        [datetime.fromisoformat(each) for each in given.clock.split(",")],
    )
    outcome = asyncio.run(audit(given.bootstrap_servers, given.prefix, given.group, world, given.runner))
    print(outcome)  # noqa: T201  a command prints
    if given.json:
        given.json.write_text(json.dumps(msgspec.to_builtins(outcome), indent=1), "utf-8")
    return 0 if outcome.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
