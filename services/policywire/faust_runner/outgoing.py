"""What a lane is about to write, in two parts: what it says, and what it remembers. Knows records, no meanings.

They are kept apart because their order is what "at least once" rests on: see
:meth:`policywire.faust_runner.lane.FaustLane.work`.
"""

from collections.abc import Iterator

from msgspec import Struct

from policywire.stream.outgoing import Header, Outgoing, RecordBatch, Writer
from policywire.stream.reader import Partition


class Remembered(Struct, frozen=True):
    """A record of the changelog as the table takes it: ``value`` None forgets; ``headers`` has the due."""

    key: bytes
    value: bytes | None
    headers: list[Header]


class LaneOutgoing(Outgoing):
    """Collects the records of one batch of a lane.

    Args:
        changelog: the name of the changelog's topic on the cluster.
    """

    transactional = False

    def __init__(self, compression: str, timestamp: int, octets_max: int, changelog: str) -> None:
        super().__init__(compression, timestamp, octets_max)
        self._changelog = changelog
        self.remembered: list[Remembered] = []

    def add(  # noqa: PLR0913, PLR0917  the parts of a Kafka record
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: list[Header] | None = None,
        octets_max: int | None = None,
    ) -> None:
        """Add a record; of the changelog's keep what it says, for the table. Raises RecordTooLarge."""
        super().add(topic, partition, key, value, headers, octets_max)
        if topic == self._changelog and key is not None:
            self.remembered.append(Remembered(key, value, headers or []))

    def output_rounds(self, writer: Writer, sequences: dict[Partition, int]) -> Iterator[list[RecordBatch]]:
        """All but the changelog, in rounds as :meth:`rounds` gives them."""
        said = {part: growing for part, growing in self._partitions.items() if part[0] != self._changelog}
        return self._rounds_of(said, writer, sequences)

    def changelog_rounds(self, writer: Writer, sequences: dict[Partition, int]) -> Iterator[list[RecordBatch]]:
        """The changelog alone."""
        kept = {part: growing for part, growing in self._partitions.items() if part[0] == self._changelog}
        return self._rounds_of(kept, writer, sequences)
