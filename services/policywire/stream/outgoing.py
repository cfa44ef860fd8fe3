"""What a lane is about to write, as Kafka record batches by partition. Knows sizes and formats, not meanings."""

from collections.abc import Iterator, Mapping
from typing import Any

from aiokafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder
from msgspec import Struct

from policywire.errors import PolicywireError
from policywire.stream.reader import Partition

CODECS = {
    "none": 0,
    "lz4": DefaultRecordBatch.CODEC_LZ4,
    "zstd": DefaultRecordBatch.CODEC_ZSTD,
}
MAGIC = 2
Header = tuple[str, bytes]


class RecordTooLarge(PolicywireError):
    """One record alone is larger than its topic takes."""

    def __init__(self, topic: str, size: int) -> None:
        super().__init__(f"a record of {size} bytes is more than {topic} takes")


class Writer(Struct, frozen=True):
    """Who writes: what the broker gave a transactional id when it was opened."""

    producer_id: int
    epoch: int


class RecordBatch(Struct, frozen=True):
    """Records of one partition on their way to the broker; built once, so that a repeated send is the same bytes."""

    partition: Partition
    octets: bytes
    count: int


class _Growing:
    """Records of one partition: builders, the last one growing, and how many records are in each."""

    __slots__ = ("builders", "counts")

    def __init__(self) -> None:
        self.builders: list[Any] = []
        self.counts: list[int] = []


class Outgoing:
    """Collects records for one transaction.

    Args:
        compression: of every batch.
        timestamp: of every record, in milliseconds.
        octets_max: of a batch, and so of a record.
    """

    transactional = True
    """Whether the records belong to a transaction; the second runner's do not."""

    def __init__(self, compression: str, timestamp: int, octets_max: int) -> None:
        self._codec = CODECS[compression]
        self._timestamp = timestamp
        self._octets_max = octets_max
        self._partitions: dict[Partition, _Growing] = {}

    def add(  # noqa: PLR0913, PLR0917  the parts of a Kafka record
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: list[Header] | None = None,
        octets_max: int | None = None,
    ) -> None:
        """Add a record; ``octets_max`` is this topic's limit, where it is not the usual.

        Raises:
            RecordTooLarge: it would be refused by the broker.
        """
        growing = self._partitions.get((topic, partition))
        if growing is not None:
            count = growing.counts[-1]
            if growing.builders[-1].append(count, self._timestamp, key, value, headers or []) is not None:
                growing.counts[-1] = count + 1
                return
        limit = octets_max or self._octets_max
        size = len(key or b"") + len(value or b"")
        if size > limit:
            raise RecordTooLarge(topic, size)
        if growing is None:
            growing = self._partitions[topic, partition] = _Growing()
        builder = DefaultRecordBatchBuilder(MAGIC, self._codec, int(self.transactional), -1, -1, 0, limit)
        builder.append(0, self._timestamp, key, value, headers or [])
        growing.builders.append(builder)
        growing.counts.append(1)

    @property
    def octets_max(self) -> int:
        """Of a record, where its topic has no limit of its own."""
        return self._octets_max

    @property
    def partitions(self) -> list[Partition]:
        """Where something will be written."""
        return list(self._partitions)

    def rounds(self, writer: Writer, sequences: dict[Partition, int]) -> Iterator[list[RecordBatch]]:
        """The batches, in rounds of at most one batch a partition, to be sent one round after the other.

        Args:
            writer: who sends them.
            sequences: the next sequence number of each partition; moved on by what is built.
        """
        return self._rounds_of(self._partitions, writer, sequences)

    @staticmethod
    def _rounds_of(
        partitions: Mapping[Partition, _Growing], writer: Writer, sequences: dict[Partition, int]
    ) -> Iterator[list[RecordBatch]]:
        for number in range(max((len(growing.builders) for growing in partitions.values()), default=0)):
            yield [
                _build(partition, growing.builders[number], growing.counts[number], writer, sequences)
                for partition, growing in partitions.items()
                if number < len(growing.builders)
            ]


def _build(
    partition: Partition, builder: Any, count: int, writer: Writer, sequences: dict[Partition, int]
) -> RecordBatch:
    sequence = sequences.get(partition, 0)
    builder.set_producer_state(writer.producer_id, writer.epoch, sequence)
    sequences[partition] = (sequence + count) % 2**31
    return RecordBatch(partition, bytes(builder.build()), count)
