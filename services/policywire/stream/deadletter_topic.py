"""Dead letters read back from their topic. Knows its headers and markers, and which were sent again; writes nothing.

A topic of millions is read in passes, never held: what is remembered of a dead letter is one bit for its place.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from policywire.errors import PassingFault
from policywire.stream import deadletters
from policywire.stream.cluster import Cluster
from policywire.stream.ending import LaneStopped
from policywire.stream.reader import Partition, end_offsets
from policywire.stream.settings import Settings
from policywire.stream.whole_topic import in_time, records_until

MARKER = "redriven"
"""Header of a marker record; its value is the dead letter's id."""

LANDED = "redriven_to"
"""Header of a marker record; its value is the place where an event that was sent again stands now, as an id."""

CHANNEL = "dead-letters"
IDLE_S = 30.0
"""Longer than any transaction of a worker may stay open, so that waiting means that a broker is away."""

BLOCK_BITS = 512
"""Places of a flood are neighbours: a million of them are two thousand blocks."""


class DeadLetter(Struct, frozen=True):
    """An event that could not be used: why, where it stood, and its original bytes.

    ``at`` is when it was judged; ``source_timestamp`` is that of the event's own record, in ms since 1970, -1 for none.
    """

    error_code: str
    error_detail: str
    source_topic: str
    source_partition: int
    source_offset: int
    source_timestamp: int
    policywire_version: str
    at: datetime
    key: bytes | None
    value: bytes | None

    @property
    def id(self) -> str:
        """Its source record's place; a record gives one dead letter at most."""
        return f"{self.source_topic}-{self.source_partition}-{self.source_offset}"


class Places:
    """A set of places of records, a bit each."""

    def __init__(self) -> None:
        self._blocks: dict[tuple[str, int, int], int] = {}

    def add(self, topic: str, partition: int, offset: int) -> bool:
        """Put a place in; whether it is new."""
        block, bit = (topic, partition, offset // BLOCK_BITS), 1 << offset % BLOCK_BITS
        bits = self._blocks.get(block, 0)
        self._blocks[block] = bits | bit
        return not bits & bit

    def __contains__(self, letter: DeadLetter) -> bool:
        block = (letter.source_topic, letter.source_partition, letter.source_offset // BLOCK_BITS)
        return bool(self._blocks.get(block, 0) & 1 << letter.source_offset % BLOCK_BITS)


class Found(Struct, frozen=True):
    """A dead letter; whether it was sent again; and whether its event had been before, so that it came back."""

    letter: DeadLetter
    redriven: bool
    came_back: bool


class Selection(Struct, frozen=True):
    """Which dead letters are meant; what is left out does not restrict."""

    ids: frozenset[str] = frozenset()
    reason: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    source_topic: str | None = None
    source_partition: int | None = None
    redriven: bool | None = None

    def holds(self, found: Found) -> bool:
        """Whether a dead letter is meant."""
        letter = found.letter
        return (
            (not self.ids or letter.id in self.ids)
            and self.reason in {None, letter.error_code}
            and (self.since is None or letter.at >= self.since)
            and (self.until is None or letter.at < self.until)
            and self.source_topic in {None, letter.source_topic}
            and self.source_partition in {None, letter.source_partition}
            and self.redriven in {None, found.redriven}
        )


class Snapshot(Struct, frozen=True):
    """The topic as it was at a moment: where its partitions ended, which dead letters had been sent again, where to.

    An attempt that is killed may leave unsaid where its last few hundred went: should they come back, nobody knows that
    they had been sent.
    """

    ends: Mapping[Partition, int]
    redriven: Places
    landed: Places


class DeadLetterTopic:
    """The topic of dead letters, for looking.

    Args:
        cluster: where it is.
        settings: whose topics.
    """

    def __init__(self, cluster: Cluster, settings: Settings) -> None:
        self._cluster = cluster
        self._settings = settings
        self.name = settings.topic(deadletters.TOPIC)

    async def snapshot(self) -> Snapshot:
        """Look at the topic now; waits for transactions that are open before its end.

        Raises:
            TopicMissing: there is no such topic, or it may not be seen.
            PassingFault: it cannot be read.
        """
        counts = await self._cluster.partition_counts([self.name])
        partitions: list[Partition] = [(self.name, number) for number in range(counts[self.name])]
        async with in_time(IDLE_S):
            ends = await end_offsets(self._cluster, partitions, CHANNEL)
        marked = {MARKER: Places(), LANDED: Places()}
        async for record in self._records(ends):
            for name, value in record.headers:
                if name in marked and (place := place_of_id(value.decode(errors="replace"))):
                    marked[name].add(*place)
        return Snapshot(ends, marked[MARKER], marked[LANDED])

    async def letters(self, snapshot: Snapshot, selection: Selection) -> AsyncIterator[Found]:
        """The selected dead letters of a snapshot.

        One partition of the topic after the other, each in its order, so twice the same gives the same order; events of
        one source partition keep theirs. An event that was judged twice, after offsets were set back, comes once.

        Raises:
            PassingFault: the topic cannot be read.
        """
        seen = Places()
        async for record in self._records(snapshot.ends):
            letter = _letter(record)
            if letter is None:
                continue
            found = Found(letter, letter in snapshot.redriven, letter in snapshot.landed)
            if selection.holds(found) and seen.add(letter.source_topic, letter.source_partition, letter.source_offset):
                yield found

    async def _records(self, ends: Mapping[Partition, int]) -> AsyncIterator[Any]:
        try:
            for partition, end in sorted(ends.items()):
                async for record in records_until(
                    self._cluster, self._settings, {partition: end}, CHANNEL, idle_s=IDLE_S
                ):
                    yield record
        except LaneStopped as error:
            message = "dead letters were deleted by the topic's retention while they were read; do the same again"
            raise PassingFault(message) from error


def place_of_id(letter_id: str) -> tuple[str, int, int] | None:
    """Topic, partition and offset that an id names; None: it is no id."""
    topic, partition, offset = ["", "", "", *letter_id.rsplit("-", 2)][-3:]
    if not (topic and partition.isdecimal() and offset.isdecimal()):
        return None
    return topic, int(partition), int(offset)


def _letter(record: Any) -> DeadLetter | None:
    """The dead letter that a record is; None: a marker, or nothing that policywire wrote."""
    headers = {name: value.decode(errors="replace") for name, value in record.headers}
    try:
        return DeadLetter(
            error_code=headers["error_code"],
            error_detail=headers["error_detail"],
            source_topic=headers["source_topic"],
            source_partition=int(headers["source_partition"]),
            source_offset=int(headers["source_offset"]),
            source_timestamp=int(headers["source_timestamp"]),
            policywire_version=headers["policywire_version"],
            at=datetime.fromtimestamp(record.timestamp / 1000, UTC),
            key=record.key,
            value=record.value,
        )
    except (KeyError, ValueError):
        return None
