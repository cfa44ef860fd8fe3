"""Bugs to plant into the second runner. Each replaces named parts of it in the worker's own process."""

import asyncio
from typing import Any, Final
from uuid import uuid4

from tests.chaos.bugs import BUGS
from tests.chaos.planting import Bug, put

from policywire.faust_runner import lane as lanes
from policywire.faust_runner.lane import FaustLane
from policywire.faust_runner.outgoing import LaneOutgoing
from policywire.faust_runner.restoring import as_entry
from policywire.faust_runner.writer import FencedWriter
from policywire.stream.batch import Batch
from policywire.stream.offsets import committed_offsets
from policywire.stream.reader import Chunk

COMMIT_S = 1.0
"""Longer than the group's offsets take to be committed in a run."""


def _outbox_ignored() -> None:
    """A lane opens, and what its former owner had remembered and not said stays unsaid."""

    async def say_nothing(this: FaustLane) -> None:
        """Nothing."""

    put(FaustLane, "_say_again", say_nothing)


def _state_without_outbox() -> None:
    """The state is remembered before the outputs are said, and nobody remembers that they are to be said."""
    put(LaneOutgoing, "remember_outputs", lambda _this, *, is_full: None)  # noqa: ARG005  the signature is the method's


def _outputs_first() -> None:
    """Outputs are said before they are remembered, as at least once is mostly done; later they are decided anew."""
    _state_without_outbox()
    write_changelog, write_outputs = FencedWriter.write_changelog, FencedWriter.write_outputs

    async def outputs_then_changelog(this: FencedWriter, outgoing: LaneOutgoing) -> int:
        await write_outputs(this, outgoing)
        return await write_changelog(this, outgoing)

    async def nothing_left(this: FencedWriter, outgoing: LaneOutgoing) -> None:
        """All of it was said."""

    put(FencedWriter, "write_changelog", outputs_then_changelog)
    put(FencedWriter, "write_outputs", nothing_left)


def _group_offsets_trusted() -> None:
    """The group's offsets are committed when a batch begins, and a lane goes on from them."""
    decide = FaustLane._decide

    async def commit_then_decide(this: FaustLane, batch: Batch, chunks: list[Chunk]) -> None:
        await decide(this, batch, chunks)
        if chunks:
            this._done(this._offsets_after(chunks))
            await asyncio.sleep(COMMIT_S)

    async def agree_with_the_group(this: FaustLane, _remembered: dict[str, int] | None) -> None:
        inputs = [(topic, this.number) for topic in this._names]
        group = this._around.settings.kafka.group
        committed = await committed_offsets(this._around.cluster, group, inputs, f"lane-{this.number}-open")
        this._next = {place: offset or 0 for place, offset in committed.items()}

    put(FaustLane, "_decide", commit_then_decide)
    put(FaustLane, "_agree", agree_with_the_group)


def _shelf_ahead() -> None:
    """The table on disk is written before the changelog has acknowledged the same, as Faust's own tables are."""
    new_outgoing, write_changelog = FaustLane._new_outgoing, FencedWriter.write_changelog

    def with_its_lane(this: FaustLane, now: Any) -> LaneOutgoing:
        outgoing: Any = new_outgoing(this, now)
        outgoing.lane = this
        return outgoing  # type: ignore[no-any-return]

    async def shelf_first(this: FencedWriter, outgoing: Any) -> int:
        outgoing.lane._shelf.apply(map(as_entry, outgoing.remembered), None)
        return await write_changelog(this, outgoing)

    put(FaustLane, "_new_outgoing", with_its_lane)
    put(FencedWriter, "write_changelog", shelf_first)


def _nobody_fenced() -> None:
    """A lane's writing end has another identity at each start, so no former owner is shut out."""

    def build(*arguments: Any, transactional_id: str, **rest: Any) -> FencedWriter:
        return FencedWriter(*arguments, transactional_id=f"{transactional_id}-{uuid4().hex}", **rest)

    put(lanes, "FencedWriter", build)


FAUST_BUGS: Final[dict[str, Bug]] = {
    "outbox_ignored": Bug("does not say again what a former owner may not have said", _outbox_ignored),
    "state_without_outbox": Bug("remembers the state before the outputs are said, without them", _state_without_outbox),
    "outputs_said_first": Bug("says the outputs before it remembers anything, and decides them anew", _outputs_first),
    "offsets_before_outputs": Bug(
        "commits the group's offsets when a batch begins, and goes on from them", _group_offsets_trusted
    ),
    "shelf_ahead": Bug("writes the table on disk before its changelog", _shelf_ahead),
    "nobody_fenced": Bug("shuts no former owner out", _nobody_fenced),
    "answers_unheard": Bug("sends records without looking at the answers", BUGS["answers_ignored"].plant),
}
