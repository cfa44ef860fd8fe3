"""What a lane is about to write, in two parts: what it remembers, and what it says. Knows records, no meanings.

What it says is remembered too, as the *outbox*: one record of the changelog that holds the outputs of the batch. See
:mod:`policywire.faust_runner.lane` for why.
"""

from collections.abc import Iterator

import msgspec
from msgspec import Struct

from policywire.stream.ending import LaneStopped
from policywire.stream.outgoing import Header, Outgoing, RecordBatch, RecordTooLarge, Writer
from policywire.stream.reader import Partition

OUTBOX_KEY = b"\xffoutbox"
UNPACKED_MAX = 67_108_864
"""Bytes of a batch's part of the changelog before they are compressed: some ten times what a batch comes to."""
CHANGELOG_OCTETS_MAX = 8_388_608
"""Of the changelog's ``max.message.bytes``. A batch's part of it is one record batch, which Kafka stores whole or not
at all; outputs are made of much the same words and compress to a twentieth."""


class Remembered(Struct, frozen=True):
    """A record of the changelog as the table takes it: ``value`` None forgets; ``headers`` has the due."""

    key: bytes
    value: bytes | None
    headers: list[Header]


class Output(Struct, frozen=True, array_like=True):
    """A record that goes out, as the outbox keeps it; ``octets_max`` is its topic's limit where it is not the usual."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: list[Header] | None
    octets_max: int | None


class LaneOutgoing(Outgoing):
    """Collects the records of one batch of a lane.

    Args:
        changelog: the changelog's partition.
    """

    transactional = False

    def __init__(self, compression: str, timestamp: int, octets_max: int, changelog: Partition) -> None:
        super().__init__(compression, timestamp, octets_max)
        self._changelog = changelog
        self.remembered: list[Remembered] = []
        self.outputs: list[Output] = []

    def add(  # noqa: PLR0913, PLR0917  the parts of a Kafka record
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: list[Header] | None = None,
        octets_max: int | None = None,
    ) -> None:
        """Add a record, and keep it for the table or for the outbox. Raises RecordTooLarge."""
        if (topic, partition) == self._changelog and key is not None:
            super().add(topic, partition, key, value, headers, UNPACKED_MAX)
            self.remembered.append(Remembered(key, value, headers or []))
        else:
            super().add(topic, partition, key, value, headers, octets_max)
            self.outputs.append(Output(topic, partition, key, value, headers, octets_max))

    def remember_outputs(self, *, is_full: bool) -> None:
        """Put the outputs into the changelog; without any, empty an outbox that is still full of the last batch's.

        Raises:
            RecordTooLarge: they are more than a batch can have.
        """
        if self.outputs:
            outbox = msgspec.msgpack.encode((self._timestamp, self.outputs))
            self.add(*self._changelog, OUTBOX_KEY, outbox)
        elif is_full:
            self.empty_outbox()

    def empty_outbox(self) -> None:
        """Remember that everything was said."""
        self.add(*self._changelog, OUTBOX_KEY, None)

    def output_rounds(self, writer: Writer, sequences: dict[Partition, int]) -> Iterator[list[RecordBatch]]:
        """All but the changelog, in rounds as :meth:`rounds` gives them."""
        said = {part: growing for part, growing in self._partitions.items() if part != self._changelog}
        return self._rounds_of(said, writer, sequences)

    def changelog_batch(self, writer: Writer, sequences: dict[Partition, int]) -> RecordBatch:
        """The changelog's part: one record batch.

        Raises:
            RecordTooLarge: it is more than the topic takes at once.
        """
        kept = {self._changelog: self._partitions[self._changelog]}
        (batch,), *more = self._rounds_of(kept, writer, sequences)
        if more or len(batch.octets) > CHANGELOG_OCTETS_MAX:
            raise RecordTooLarge(self._changelog[0], len(batch.octets))
        return batch


def outputs_in(outbox: bytes, compression: str, octets_max: int, changelog: Partition) -> LaneOutgoing:
    """What an outbox holds, ready to be said again: the very records, at their own instant.

    Raises:
        LaneStopped: it is none.
    """
    try:
        timestamp, outputs = msgspec.msgpack.decode(outbox, type=tuple[int, list[Output]])
    except msgspec.MsgspecError as error:
        raise LaneStopped(
            f"lane {changelog[1]}: the outbox in {changelog[0]} cannot be read; the topic was written to by "
            "others, or by a newer policywire"
        ) from error
    outgoing = LaneOutgoing(compression, timestamp, octets_max, changelog)
    for each in outputs:
        outgoing.add(each.topic, each.partition, each.key, each.value, each.headers, each.octets_max)
    return outgoing
