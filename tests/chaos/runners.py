"""The two workers that a run may be made with: how each is started, and where it keeps its lanes' changelogs.

Knows their names. What is asked of them differs in one thing: of the second runner, which works at least once, a
transaction's outputs may stand there again.
"""

from typing import Final, Literal

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from policywire.faust_runner.outgoing import CHANGELOG_OCTETS_MAX
from policywire.faust_runner.table import changelog_name

Runner = Literal["exactly-once", "faust"]
FOREVER: Final = {"cleanup.policy": "delete", "retention.ms": "-1"}
"""Nothing is compacted or deleted: the auditor asks about every record that was ever written."""


def changelog_of(runner: Runner, group: str) -> str:
    """The topic of the lanes' changelogs, without the run's prefix."""
    return "member-timelines" if runner == "exactly-once" else changelog_name("", group)


async def create_changelog(servers: str, prefix: str, group: str, lanes: int) -> None:
    """Create the second runner's changelog before it does so itself, so that nothing of it is compacted."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        config = {**FOREVER, "max.message.bytes": str(CHANGELOG_OCTETS_MAX)}
        await admin.create_topics([NewTopic(changelog_name(prefix, group), lanes, 1, topic_configs=config)])
    finally:
        await admin.close()
