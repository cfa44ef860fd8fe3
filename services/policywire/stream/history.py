"""The topic ``policy-history``: every publication ever made, with the documents that it wrote. Knows its records.

For each publication there is one record a document, under the key that it has in ``policy-documents`` and with the
header ``publication``, and then one under the publication's number that tells of it. All of them are written in the
transaction that writes the documents themselves, so the two topics cannot disagree. A record a document, because one of
10,000 would be larger than Kafka takes.
"""

from typing import Final

import msgspec

from policywire.errors import BadInput
from policywire.rulebook.history import NAME, Entry, History, Publication
from policywire.stream.cluster import Cluster
from policywire.stream.outgoing import Outgoing
from policywire.stream.reader import Partition, stable_end
from policywire.stream.settings import Settings
from policywire.stream.whole_topic import records_until

TOPIC = NAME
CHANNEL = "policy-history"
HEADER: Final = "publication"
"""Of a document's record: the number of the publication that wrote it."""

ANY_BYTES: Final = "surrogateescape"
"""Somebody may have written a key that is no UTF-8; it must be read, named in a fault, and removed."""

PUBLICATION_BYTES_MAX: Final = 8_000_000
"""A publication names the key of each document that it wrote: some 50,000 of them. Below ``max.message.bytes``."""


class PolicyHistory:
    """The topic. Its partition count must have been asked of the cluster: only then are its leaders followed.

    Args:
        cluster: where it is.
        settings: whose topics.
    """

    def __init__(self, cluster: Cluster, settings: Settings) -> None:
        self._cluster = cluster
        self._settings = settings
        self.partition: Partition = (settings.topic(TOPIC), 0)

    async def end(self) -> int:
        """Where the topic ends for a reader of committed records."""
        return await stable_end(self._cluster, self.partition, CHANNEL)

    async def read(self) -> History:
        """All that is recorded.

        Raises:
            BadInput: a record is none that this version can read.
            ClusterFault: the topic cannot be read.
        """
        entries: list[Entry] = []
        changes: dict[str, bytes | None] = {}
        ends = {self.partition: await self.end()}
        async for record in records_until(self._cluster, self._settings, ends, CHANNEL):
            if HEADER in dict(record.headers):
                changes[(record.key or b"").decode(errors=ANY_BYTES)] = record.value
            else:
                entries.append(Entry(_publication(record.value, record.offset), changes))
                changes = {}
        return History(entries)

    def add_to(self, outgoing: Outgoing, entry: Entry) -> None:
        """Put what is to be recorded of a publication into its transaction.

        Raises:
            RecordTooLarge: there are more documents than a publication may have.
        """
        number = str(entry.publication.number).encode()
        for key, content in entry.changes.items():
            outgoing.add(*self.partition, key.encode(errors=ANY_BYTES), content, [(HEADER, number)])
        told = msgspec.json.encode(entry.publication)
        outgoing.add(*self.partition, number, told, octets_max=PUBLICATION_BYTES_MAX)


def _publication(value: bytes | None, offset: int) -> Publication:
    try:
        return msgspec.json.decode(value or b"", type=Publication)
    except msgspec.DecodeError as error:
        raise BadInput(
            f"the record of {TOPIC} at offset {offset} is no publication that this version can read: {error}. Was it "
            "written by a newer policywire, or by something else?"
        ) from None
