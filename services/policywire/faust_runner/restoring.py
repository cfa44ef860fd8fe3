"""A lane's start from its shelf: what stands there, and whether the group agrees. Knows the changelog's keys."""

from collections.abc import Mapping

from msgspec import Struct

from policywire.cases.codec import TimelineUnreadable, check
from policywire.faust_runner.outgoing import OUTBOX_KEY, Remembered
from policywire.faust_runner.shelves import Entry, Shelf
from policywire.faust_runner.table import entry_of
from policywire.stream import changelog
from policywire.stream.ending import LaneStopped
from policywire.stream.lane import Surroundings
from policywire.stream.offsets import committed_offsets
from policywire.stream.opening import INPUTS
from policywire.stream.reader import Partition, first_offsets


class Restored(Struct):
    """What the shelf says of a lane beside its timelines: dues, progress, what was said of policies, the barrier."""

    dues: dict[str, float]
    rest: changelog.Restored
    members: set[str]
    barrier: bytes | None = None


def restore(shelf: Shelf, lane: int) -> Restored:
    """Look at all of a lane's shelf: every timeline's checksum, the dues, and the lane's own records.

    Raises:
        LaneStopped: something cannot be read.
    """
    restored = Restored({}, changelog.Restored({}, {}, None, 0), set())
    rest = restored.rest
    for key, value, due in shelf.entries():
        rest.records += 1
        if key == changelog.OFFSETS_KEY:
            last = changelog.read_offsets(value, lane)
            rest.offsets, rest.swept, rest.said, rest.now = last.offsets, last.swept, last.said, last.now
            rest.flood = last.flood
        elif key == changelog.BARRIER_KEY:
            restored.barrier = value
        elif key == OUTBOX_KEY:
            pass
        elif key.startswith(changelog.POLICY_KEY):
            changelog.take_policy(key, value, rest.policies, lane)
        else:
            restored.members.add(key.decode())
            try:
                check(value or b"")
            except TimelineUnreadable as error:
                raise changelog.unreadable(lane, error) from None
            if due is not None:
                restored.dues[key.decode()] = float(due)
    return restored


def as_entry(remembered: Remembered) -> Entry:
    """A record that the changelog has acknowledged, as the shelf takes it."""
    return entry_of(remembered.key, remembered.value, remembered.headers)


async def agreed_positions(
    lane: int, around: Surroundings, remembered: Mapping[str, int] | None
) -> dict[Partition, int]:
    """Where to go on: where the state says. A group that was further is refused: events would be missing in the state.

    Raises:
        LaneStopped: the group has read what the state does not know of.
    """
    settings, outlets = around.settings, around.outlets
    wanted = {(settings.topic(name), lane): offset for name, offset in (remembered or {}).items()}
    inputs: list[Partition] = [(settings.topic(name), lane) for name in INPUTS]
    channel = f"lane-{lane}-open"
    committed = await committed_offsets(around.cluster, settings.kafka.group, inputs, channel)
    for partition, offset in committed.items():
        if offset is not None and offset > wanted.get(partition, 0):
            raise LaneStopped(
                f"lane {lane}: group {settings.kafka.group} has read {partition[0]} up to {offset}, the table has "
                f"{wanted.get(partition, 'nothing')}. If the exactly-once worker had this group, its state is in "
                "another topic: take another group, which reads the inputs from their start, or copy the state. Else "
                f"somebody deleted {outlets.changelog}"
            )
    missing = [partition for partition in inputs if partition not in wanted]
    return {**await first_offsets(around.cluster, missing, channel), **wanted}
