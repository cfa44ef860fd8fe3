"""How fast a lane comes back: a changelog on a real Kafka, and the worker's own opening of the lane over it.

Knows how a lane writes its state and opens. Decides nothing.
"""

from collections.abc import Iterator
from itertools import islice
from time import perf_counter
from typing import Final

import uvloop
from msgspec import Struct

from policywire.errors import OurBug
from policywire.resources import shipped
from policywire.rulebook.load import load_rulebook
from policywire.stream import changelog
from policywire.stream.cluster import Cluster
from policywire.stream.opening import INPUTS, Opening
from policywire.stream.outgoing import Outgoing
from policywire.stream.points import Point, pass_by
from policywire.stream.settings import Settings, load_settings
from policywire.stream.state import LaneState
from policywire.stream.topic_admin import create_topics
from policywire.stream.transactions import Transactions
from policywire.workbench.bench.bed import LANES, Bed
from policywire.workbench.bench.members import NOW, Remembered, histories, members
from policywire.workbench.bench.table import Row

LANE: Final = 0
PREFIX: Final = "restore."
TIMELINES_A_COMMIT: Final = 2_000
"""About as many as a batch of a busy lane changes."""


class Filled(Struct, frozen=True):
    """What was written: how many timelines, and their bytes."""

    count: int
    octets: int


def measure_restore(runs: int, count: int) -> Iterator[Row]:
    """The row about opening a lane: one lane of so many timelines, opened so often."""
    with Bed() as bed:
        settings = load_settings(
            {"kafka": {"bootstrap_servers": bed.bootstrap_servers, "topic_prefix": PREFIX, "group": "bench"}}
        )
        filled = uvloop.run(_fill(settings, count))
        seconds = [uvloop.run(_open(settings, count)) for _ in range(runs)]
    yield Row(
        "open a lane: fence, restore and check its state",
        f"{count:,} timelines of {filled.octets / filled.count:,.0f} bytes, one record each",
        [count / each for each in seconds],
        "timelines/s",
        ">= 100,000",
        "worker and broker on the same cores",
    )


async def _fill(settings: Settings, count: int) -> Filled:
    """Write a lane's changelog as commits do, its offsets and the group's in agreement."""
    await create_topics(settings.kafka.bootstrap_servers, prefix=PREFIX, partitions=LANES)
    remembered = members(count, histories(load_rulebook(shipped("rules"))))
    octets = 0
    async with Cluster(settings.kafka) as cluster:
        await cluster.partition_counts([settings.topic(name) for name in (*INPUTS, changelog.TOPIC)])
        transactions = _transactions(cluster, settings)
        await transactions.fence()
        while part := list(islice(remembered, TIMELINES_A_COMMIT)):
            octets += sum(len(each.timeline) for each in part)
            offsets = {(settings.topic(name), LANE): 0 for name in INPUTS}
            await transactions.commit(_changes(part, settings), offsets)
    return Filled(count, octets)


def _changes(part: list[Remembered], settings: Settings) -> Outgoing:
    outgoing = Outgoing(settings.kafka.compression, int(NOW.timestamp() * 1000), settings.batches.record_bytes_max)
    topic = settings.topic(changelog.TOPIC)
    for each in part:
        header = changelog.due_header(each.due)
        outgoing.add(topic, LANE, each.member_id.encode(), each.timeline, header)
    offsets = changelog.encode_offsets(dict.fromkeys(INPUTS, 0), now=NOW)
    outgoing.add(topic, LANE, changelog.OFFSETS_KEY, offsets)
    return outgoing


async def _open(settings: Settings, count: int) -> float:
    """Seconds from an owner that knows nothing to a lane that could work."""
    async with Cluster(settings.kafka) as cluster:
        await cluster.partition_counts([settings.topic(name) for name in (*INPUTS, changelog.TOPIC)])

        opening = Opening(
            LANE,
            cluster=cluster,
            settings=settings,
            transactions=_transactions(cluster, settings),
            timestamp=int(NOW.timestamp() * 1000),
            passing=_pass_by,
        )
        began = perf_counter()
        opened = await opening.open()
        state = LaneState(opened.restored.timelines, opened.restored.dues)
        seconds = perf_counter() - began
    if len(state.timelines) != count:
        raise OurBug(f"{len(state.timelines)} of {count} timelines came back")
    return seconds


async def _pass_by(point: Point) -> None:
    await pass_by(point, LANE)


def _transactions(cluster: Cluster, settings: Settings) -> Transactions:
    return Transactions(
        cluster,
        transactional_id=f"{PREFIX}bench-lane-{LANE}",
        group=settings.kafka.group,
        timeout_s=settings.kafka.transaction_timeout_s,
        name=f"lane {LANE}",
    )
