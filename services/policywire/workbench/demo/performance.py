"""What is played: the months of a whole practice, then the weeks of the stories, a day at a time.

Knows the order in which things happen and tells the pure core the same as the cluster. After each thing it waits until
the cluster has said what the core says, so that nobody has to guess in which order it was taken.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from policywire.resources import shipped
from policywire.rulebook.load import load_rulebook
from policywire.rulebook.rulebook import Rulebook
from policywire.workbench.demo.clock import DemoClock
from policywire.workbench.demo.expected import Expected
from policywire.workbench.demo.seen import Seen
from policywire.workbench.demo.stage import Stage, publish_rules
from policywire.workbench.demo.stories import (
    CLAIMS,
    FIRST_DAY,
    NEW_VERSION_DAY,
    POLICY_DAY,
    SCHEDULING,
    closing,
    days,
    said_on,
)
from policywire.workbench.demo.successor import write_successor
from policywire.workbench.generate import ClaimMix, Published, SchedulingMix, generate_claims, generate_scheduling
from policywire.workbench.sender import chunks

_HITS, _BAD = 0.12, 0.02
"""More than a practice has, so that there is something to see."""
_CLAIMS_SHARE: Final = 0.6
_EVENTS_A_MEMBER: Final = 4
_CHUNK: Final = 250
_FRESH: Final = 20_000
_FRESH_CHUNK: Final = 50
_PACE_S: Final = 0.03
_CHUNKS_AFTER: Final = 8
"""So many more come once a claim has been decided by the new rules."""
_FRESH_KEY: Final = b'"member_id":"N-'


class _Named(Struct):
    rulebook_revision: str


class Performance:
    """One demo on a stage.

    Args:
        stage: the cluster with its worker.
        clock: the worker's.
        rulebook: what was published.
        console: for the progress.

    Attributes:
        expected: the pure core, told the same.
    """

    def __init__(self, stage: Stage, clock: DemoClock, rulebook: Rulebook, console: Console) -> None:
        self._stage = stage
        self._clock = clock
        self._rulebook = rulebook
        self._console = console
        self.expected = Expected(rulebook, closing(FIRST_DAY))

    async def months(self, count: int, seed: int) -> int:
        """A practice's claims and then its appointments up to the stories' first day; how many events that were."""
        members = max(5, count // _EVENTS_A_MEMBER)
        last = FIRST_DAY - timedelta(1)
        billed = int(count * _CLAIMS_SHARE)
        claims = list(generate_claims(billed, seed, ClaimMix(hits=_HITS, bad=_BAD, members=members, end=last)))
        mix = SchedulingMix(hits=_HITS, bad=_BAD, members=members, end=last)
        appointments = list(generate_scheduling(count - billed, seed, mix))
        with self._progress() as bars:
            sent = bars.add_task("published", total=count)
            decided = bars.add_task("decided", total=count)
            for topic, events in ((CLAIMS, claims), (SCHEDULING, appointments)):
                self.expected.take(topic, events)
                for chunk in chunks(events, _CHUNK):
                    bars.advance(sent, await self._stage.publish(topic, chunk))
                await self._stage.until(
                    self.expected.outcomes.records, lambda done: bars.update(decided, completed=done)
                )
        return count

    async def weeks(self, seed: int, folder: Path) -> None:
        """The stories' days.

        Args:
            seed: of the claims that come while the rules change.
            folder: where the changed rules are written.
        """
        with self._progress() as bars:
            passed = bars.add_task("days", total=len(days()))
            for day in days():
                await self._begin(day)
                if day == POLICY_DAY:
                    await self._change_rules(seed, folder)
                for topic in (SCHEDULING, CLAIMS):
                    await self._say(topic, list(said_on(day, topic)))
                bars.advance(passed)

    def during_change(self, seen: Seen) -> Mapping[str, int]:
        """How many records of the claims that came while the rules changed name each revision, the former first."""
        named = [_revision(each.value) for each in seen.audit_log if _FRESH_KEY in each.value]
        return {each: named.count(each) for each in sorted(Counter(named), key=self._rulebook.revision.__ne__)}

    async def _begin(self, day: date) -> None:
        """The clock goes on to a day; what changes because of it alone is said."""
        self._clock.set(closing(day))
        self.expected.move_clock(closing(day))
        await self._settle()

    async def _say(self, topic: str, events: list[Published]) -> None:
        if events:
            self.expected.take(topic, events)
            await self._stage.publish(topic, events)
            await self._settle()

    async def _settle(self) -> None:
        await self._stage.until(self.expected.outcomes.records)

    async def _change_rules(self, seed: int, folder: Path) -> None:
        """Publish changed rules while claims come in; go on a little once some are decided by the new ones."""
        await asyncio.to_thread(
            write_successor, shipped("rules"), folder, published=POLICY_DAY, effective_from=NEW_VERSION_DAY
        )
        changed = await asyncio.to_thread(load_rulebook, folder)
        publishing = asyncio.create_task(publish_rules(self._stage.bootstrap_servers, folder))
        sent = await self._claims_meanwhile(seed, changed)
        await publishing
        named = {each.key.decode(): _revision(each.value) for each in self._stage.audit_log if _FRESH_KEY in each.value}
        self.expected.change_rules(changed)
        self.expected.take_amid_change(sent, self._rulebook, named)
        await self._settle()

    async def _claims_meanwhile(self, seed: int, changed: Rulebook) -> list[Published]:
        sent: list[Published] = []
        looked, after = len(self._stage.audit_log), 0
        for chunk in chunks(_fresh_claims(seed), _FRESH_CHUNK):
            sent += chunk
            await self._stage.publish(CLAIMS, chunk)
            await asyncio.sleep(_PACE_S)
            await self._stage.look()
            new = self._stage.audit_log[looked:]
            looked += len(new)
            is_changed = any(_FRESH_KEY in each.value and changed.revision.encode() in each.value for each in new)
            if after or is_changed:
                after += 1
            if after > _CHUNKS_AFTER:
                break
        return sent

    def _progress(self) -> Progress:
        columns = (TextColumn("{task.description:<11}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        return Progress(*columns, console=self._console)


def _fresh_claims(seed: int) -> "map[Published]":
    """Claims of that day, each hit of a member of its own of whom nothing else is known."""
    mix = ClaimMix(hits=3 * _HITS, corrections=0, members=5 * _FRESH, evenly=True, start=POLICY_DAY, end=POLICY_DAY)
    return map(_of_nobody_known, generate_claims(_FRESH, seed + 1, mix))


def _of_nobody_known(claim: Published) -> Published:
    key, value = claim.key or b"", claim.value or b""
    return Published(key.replace(b"M-", b"N-"), value.replace(b'"member_id":"M-', _FRESH_KEY))


def _revision(value: bytes) -> str:
    return msgspec.json.decode(value, type=_Named).rulebook_revision
