"""The history of what was published, read from a cluster. Knows the topics through stream/; writes nothing.

For commands that look: :func:`read_history` gives every publication with the documents that it wrote.
"""

from datetime import datetime

from policywire.rulebook.history import History, Publication
from policywire.stream.cluster import Cluster
from policywire.stream.documents import open_documents
from policywire.stream.settings import Settings


async def read_history(settings: Settings, now: datetime) -> History:
    """Every publication, the earliest first, with the documents that each wrote; ``states`` has what was held after it.

    What the topic of documents holds although no publication put it there is the last entry, of the kind ``found``.

    Args:
        settings: of the cluster, and whose topics.
        now: the time of what is found.

    Raises:
        TopicMissing: the topics do not exist.
        BadInput: a record is none that this version can read.
        ClusterFault: the cluster cannot be reached, or the topics cannot be read.
    """
    async with Cluster(settings.kafka) as cluster:
        return await (await open_documents(cluster, settings)).history(now)


async def publications(settings: Settings, now: datetime) -> list[Publication]:
    """Who published when, why, by whose leave, and which documents; the earliest first. Raises as the other does."""
    return (await read_history(settings, now)).publications
