"""What a broker stored of a run: bytes of the log segments, records and keys, topic by topic.

Indexes and the broker's own topics are left out: together a few percent of a full segment.
"""

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from policywire.workbench.bench.bed import INPUT, Bed
from policywire.workbench.bench.capacity.result import Stored
from policywire.workbench.receiver import read_topics

OUTPUTS: Final = ("determinations", "alerts", "audit-log", "member-timelines")
_PARTITION: Final = re.compile(r"(?P<topic>.+)-[0-9]+")
"""A folder of a partition; one that is being deleted ends otherwise."""


def stored(bed: Bed, prefix: str, claims: int) -> dict[str, Stored]:
    """The input of so many claims, and what a worker made of it."""
    octets = octets_by_topic(bed.data / "log")
    found = asyncio.run(read_topics(bed.bootstrap_servers, [prefix + name for name in OUTPUTS]))
    outputs = {
        name: Stored(
            octets[prefix + name], len(found[prefix + name]), len({record.key for record in found[prefix + name]})
        )
        for name in OUTPUTS
    }
    return {INPUT: Stored(octets[prefix + INPUT], claims, claims), **outputs}


def octets_by_topic(log: Path) -> Mapping[str, int]:
    """The sizes of all segments in a broker's log folder, by topic."""
    sizes: dict[str, int] = {}
    for folder in log.iterdir():
        if folder.is_dir() and (named := _PARTITION.fullmatch(folder.name)):
            topic = named["topic"]
            sizes[topic] = sizes.get(topic, 0) + sum(each.stat().st_size for each in folder.glob("*.log"))
    return sizes
