"""A lane's state as records of ``member-timelines``, and reading it back. Knows its keys and values, no timeline.

Four kinds of records, told apart by their key:

* a member's timeline: the member id; the value is the timeline's own encoding, or null when it is to be forgotten;
  the header ``due`` has the instant (Unix seconds) at which time alone will change something, so that restoring does
  not decide again;
* the lane's input offsets: they, not the group's committed ones, say where the lane goes on; beside them the revision
  with which all that is booked was last looked at, so that a lane which opens knows whether the rules have changed;
* what was said of a policy, in lane 0 (:mod:`policywire.cases.announcements`);
* the barrier that an opening lane writes: what stands before it is the state.

The last three begin with a byte that no UTF-8 text has, so no member id can be one of them.
"""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from time import monotonic

import msgspec
from msgspec import Struct, field

from policywire.cases import announcements
from policywire.cases.announcements import Key
from policywire.cases.codec import TimelineUnreadable, check
from policywire.stream.ending import ClusterFault, LaneStopped
from policywire.stream.flood import Remembered
from policywire.stream.outgoing import Header
from policywire.stream.reader import Chunk, Reader

TOPIC = "member-timelines"
OFFSETS_KEY = b"\xffoffsets"
BARRIER_KEY = b"\xffbarrier"
POLICY_KEY = b"\xffpolicy\0"
DUE = "due"
SLICE_S = 0.02


class Offsets(Struct, frozen=True):
    """The next offset wanted of each input, by the topic's name without prefix, and how far it followed the rules.

    ``swept`` is the revision with which everybody's appointments were last looked at, ``said`` the one of which all was
    said that is to be said of policies; each is empty while that is under way. ``now`` is the instant by which the
    lane was decided last; the first release wrote none. ``flood`` is the flood guard's window.
    """

    offsets: dict[str, int]
    version: int = 1
    swept: str = ""
    said: str = ""
    now: datetime | None = None
    flood: Remembered = ()


class Restored(Struct):
    """What a lane starts from: encoded timelines, dues in Unix seconds, offsets, and how many records were read.

    ``swept``, ``said``, ``now`` and ``flood`` are those of the last :class:`Offsets`; ``policies`` is what was said of
    them, encoded.
    """

    timelines: dict[str, bytes]
    dues: dict[str, float]
    offsets: dict[str, int] | None
    records: int
    swept: str = ""
    said: str = ""
    now: datetime | None = None
    policies: dict[Key, bytes] = field(default_factory=dict)
    flood: Remembered = ()


def encode_offsets(
    offsets: dict[str, int], swept: str = "", said: str = "", now: datetime | None = None, flood: Remembered = ()
) -> bytes:
    """The value of the lane's offsets record."""
    return msgspec.json.encode(Offsets(offsets, swept=swept, said=said, now=now, flood=flood))


def policy_key(key: Key) -> bytes:
    """The key of what was said of a policy."""
    return POLICY_KEY + "\0".join(key).encode()


def due_header(due: float | None) -> list[Header]:
    """The header that goes with a timeline."""
    return [] if due is None else [(DUE, b"%d" % due)]


async def restore(reader: Reader, barrier: int, lane: int, idle_s: float) -> Restored:
    """Read a lane's state.

    Args:
        reader: reads the lane's changelog partition from its start.
        barrier: the offset of the barrier record; everything before it is the state.
        lane: its number, for errors.
        idle_s: when nothing came for this long, the restore has failed.

    Raises:
        LaneStopped: a record cannot be read.
        ClusterFault: the changelog did not come.
    """
    restored = Restored({}, {}, None, 0)
    (partition,) = reader.positions
    arrived = monotonic()
    while reader.positions[partition] <= barrier:
        chunks = await reader.fetch()
        for chunk in chunks:
            _take(chunk, barrier, restored, lane)
            arrived = monotonic()
            await asyncio.sleep(0)
        if monotonic() - arrived > idle_s:
            raise ClusterFault(f"lane {lane}: its changelog did not come for {idle_s:.0f} s")
    await _check_all(restored.timelines.values(), lane)
    return restored


def _take(chunk: Chunk, barrier: int, restored: Restored, lane: int) -> None:
    timelines, dues = restored.timelines, restored.dues
    for record in chunk.records:
        if record.offset >= barrier:
            return
        restored.records += 1
        key, value = record.key, record.value
        if key == OFFSETS_KEY:
            last = read_offsets(value, lane)
            restored.offsets, restored.swept, restored.said = last.offsets, last.swept, last.said
            restored.now, restored.flood = last.now, last.flood
        elif key is not None and key.startswith(POLICY_KEY):
            take_policy(key, value, restored.policies, lane)
        elif key != BARRIER_KEY:
            member = _member(key, lane)
            dues.pop(member, None)
            if value is None:
                timelines.pop(member, None)
                continue
            timelines[member] = value
            for name, due in record.headers:
                if name == DUE:
                    dues[member] = float(due)


def take_policy(key: bytes, value: bytes | None, policies: dict[Key, bytes], lane: int) -> None:
    """Take what was said of a policy; raises LaneStopped when it cannot be read."""
    try:
        payer, policy_id = key.removeprefix(POLICY_KEY).decode().split("\0")
        if value is None:
            policies.pop((payer, policy_id), None)
        else:
            announcements.decode(value)  # now, so that a lane that opens can be trusted
            policies[payer, policy_id] = value
    except (ValueError, msgspec.MsgspecError) as error:
        raise LaneStopped(f"lane {lane}: what its changelog has of a policy cannot be read; {_MEND}") from error


def read_offsets(value: bytes | None, lane: int) -> Offsets:
    """The lane's offsets record; raises LaneStopped when it cannot be read or is of a newer release."""
    try:
        offsets = msgspec.json.decode(value or b"", type=Offsets)
    except msgspec.MsgspecError as error:
        raise LaneStopped(f"lane {lane}: the offsets record of its changelog cannot be read; {_MEND}") from error
    if offsets.version != 1:
        raise LaneStopped(
            f"lane {lane}: its changelog was written by a newer policywire (offsets version {offsets.version}); "
            "run that version or later"
        )
    return offsets


def _member(key: bytes | None, lane: int) -> str:
    try:
        return (key or b"\xff").decode()
    except UnicodeDecodeError as error:
        raise LaneStopped(f"lane {lane}: its changelog has a key that policywire never writes; {_MEND}") from error


async def _check_all(timelines: Iterable[bytes], lane: int) -> None:
    """Look at every timeline now: a lane that opens can be trusted, instead of one that stops at some member later.

    Its checksum and its version say all that decoding it would, for the checksum is of what was encoded.
    """
    began = monotonic()
    for number, timeline in enumerate(timelines):
        try:
            check(timeline)
        except TimelineUnreadable as error:
            raise unreadable(lane, error) from None
        if not number % 512 and monotonic() - began > SLICE_S:
            await asyncio.sleep(0)
            began = monotonic()


def unreadable(lane: int, error: TimelineUnreadable) -> LaneStopped:
    """The error for a timeline that cannot be decoded; says what to do by its kind, and nothing that is in it."""
    if error.kind == "newer":
        return LaneStopped(f"lane {lane}: its changelog was written by a newer policywire; run that one or later")
    return LaneStopped(f"lane {lane}: a timeline of its changelog cannot be read; {_MEND}")


_MEND = (
    "it was written to by others or damaged. Restore it from a replica or a backup; or reset the group's offsets "
    "and the topic on purpose and read the input again"
)
