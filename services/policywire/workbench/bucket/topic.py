"""Determinations as the topic has them now. Knows the topic; not what is in a bucket."""

from policywire.stream.cluster import Cluster
from policywire.stream.settings import Settings
from policywire.stream.whole_topic import records_so_far
from policywire.workbench.bucket.lines import Piles

TOPIC = "determinations"


async def sort_topic(settings: Settings, piles: Piles) -> None:
    """Sort every committed determination that the topic has now into piles.

    Raises:
        BadInput: a record is no determination.
        TopicMissing: there is no such topic.
    """
    async with Cluster(settings.kafka) as cluster:
        async for record in records_so_far(cluster, settings, settings.topic(TOPIC), TOPIC):
            piles.take(record.key or b"", record.value, f"a record of {TOPIC} at offset {record.offset}")
