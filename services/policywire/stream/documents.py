"""The topic ``policy-documents``: what it holds now, and publishing to it. Knows the topic; judges no document.

A publication is one transaction, so a reader of committed records sees all of it or nothing. Two publications at a time
exclude each other: both open the same transactional id, and the fence of the later one shuts out the earlier one before
it can commit.
"""

import asyncio
from collections.abc import Mapping
from time import time

from msgspec import Struct

from policywire.errors import BadInput, RulesRefused
from policywire.rulebook.load import read_rules
from policywire.rulebook.publication import NAME, published_files
from policywire.stream.cluster import RETRY_S, Cluster
from policywire.stream.outgoing import Outgoing, RecordTooLarge
from policywire.stream.reader import Partition, Reader, first_offsets, stable_end
from policywire.stream.settings import Settings
from policywire.stream.transactions import Transactions

TOPIC = NAME
CHANNEL = "policy-documents"

ANY_BYTES = "surrogateescape"
"""Somebody may have written a key that is no UTF-8; it must be read, named in a fault, and removed."""

TRANSACTION_S = 60.0
"""10,000 policies are some 50 MB; and nobody waits for a publication that died in the midst but the next one."""


class Published(Struct, frozen=True):
    """What a publication did, or would do: keys written and removed, how many stay, and the revision that results."""

    written: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: int
    revision: str


class PolicyDocuments:
    """The topic. Its partition count must have been asked of the cluster: only then are its leaders followed.

    Args:
        cluster: where it is.
        settings: whose topics.
    """

    def __init__(self, cluster: Cluster, settings: Settings) -> None:
        self._cluster = cluster
        self._settings = settings
        self._partition: Partition = (settings.topic(TOPIC), 0)

    async def end(self) -> int:
        """Where the topic ends for a reader of committed records; it moves with every publication."""
        return await stable_end(self._cluster, self._partition, CHANNEL)

    async def read(self, end: int) -> dict[str, bytes]:
        """The documents by key, up to an offset that :meth:`end` gave.

        Raises:
            LaneStopped: records were deleted while they were read.
            ClusterFault: the topic cannot be read.
        """
        reader = Reader(
            self._cluster,
            await first_offsets(self._cluster, [self._partition], CHANNEL),
            channel=CHANNEL,
            partition_bytes=self._settings.batches.partition_bytes,
            wait_ms=int(self._settings.batches.fetch_max_wait_s * 1000),
        )
        held: dict[str, bytes] = {}
        while reader.positions[self._partition] < end:
            for chunk in await reader.fetch():
                for record in chunk.records:
                    if chunk.first <= record.offset < end:
                        _take(held, (record.key or b"").decode(errors=ANY_BYTES), record.value)
        return held

    async def publish(self, documents: Mapping[str, bytes], *, keep: bool) -> Published:
        """Make the topic hold these documents, in one transaction; write only what differs. Then all readers see it.

        Args:
            documents: by key.
            keep: leave what else the topic holds, instead of removing it.

        Raises:
            RulesRefused: together with those kept they are no rulebook.
            BadInput: one is larger than the topic takes.
            LaneLost: another publication began after this one; look what it did and try again.
        """
        transactions = Transactions(
            self._cluster,
            transactional_id=f"{self._settings.kafka.topic_prefix}{TOPIC}-publish",
            group=self._settings.kafka.group,
            timeout_s=TRANSACTION_S,
            name="publication",
        )
        await transactions.fence()
        published = await self.compare(documents, keep=keep)
        if published.written or published.removed:
            first = await transactions.commit(self._outgoing(documents, published), {})
            await self._until_seen(first[self._partition])
        return published

    async def _until_seen(self, offset: int) -> None:
        """Wait for the transaction's marker: it is committed before, but a reader sees it only then."""
        while await self.end() <= offset:  # noqa: ASYNC110  it happens on the broker
            await asyncio.sleep(RETRY_S)

    async def compare(self, documents: Mapping[str, bytes], *, keep: bool) -> Published:
        """What publishing would do.

        Raises:
            RulesRefused: together with those kept they are no rulebook.
        """
        held = await self.read(await self.end())
        written = tuple(sorted(key for key, value in documents.items() if held.get(key) != value))
        removed = () if keep else tuple(sorted(held.keys() - documents.keys()))
        reading = read_rules(published_files({**(held if keep else {}), **documents}))
        if reading.rulebook is None:
            raise RulesRefused(reading.faults)
        return Published(written, removed, len(documents) - len(written), reading.rulebook.revision)

    def _outgoing(self, documents: Mapping[str, bytes], published: Published) -> Outgoing:
        outgoing = Outgoing(
            self._settings.kafka.compression, int(time() * 1000), self._settings.batches.record_bytes_max
        )
        for key in (*published.written, *published.removed):
            try:
                outgoing.add(*self._partition, key.encode(errors=ANY_BYTES), documents.get(key))
            except RecordTooLarge as error:
                raise BadInput(f"{key} cannot be published: {error}. Split the document") from None
        return outgoing


def _take(held: dict[str, bytes], key: str, value: bytes | None) -> None:
    if value is None:
        held.pop(key, None)
    else:
        held[key] = value


def refuse_several_partitions(count: int) -> None:
    """Publications stay in order among themselves only in one partition.

    Raises:
        BadInput: there are more.
    """
    if count != 1:
        raise BadInput(f"{TOPIC} has {count} partitions; it must have one, so that its documents keep their order")
