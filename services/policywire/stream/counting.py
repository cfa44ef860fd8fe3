"""Counting the members of a lane that has just opened, beside its work. Knows the event loop; totals do the sums."""

import asyncio
from collections.abc import Mapping
from time import perf_counter

from policywire.cases.codec import TimelineUnreadable
from policywire.stream.changelog import unreadable
from policywire.stream.totals import LaneTotals

SLICE_S = 0.002
REST_S = 0.008
"""Members are counted in slices of this length with such rests: a fifth of a core, and no slice that is felt. A million
members then take half a minute."""


async def count_members(lane: int, totals: LaneTotals, timelines: Mapping[str, bytes], counting: asyncio.Lock) -> None:
    """Count whom the totals do not have yet.

    Args:
        lane: its number, for errors.
        totals: of the lane.
        timelines: of the lane as it is, encoded, by member id; may change meanwhile.
        counting: of the worker: one lane counts at a time.

    Raises:
        LaneStopped: a timeline cannot be read.
    """
    async with counting:
        began = perf_counter()
        try:
            for _ in totals.count(timelines):
                if perf_counter() - began > SLICE_S:
                    await asyncio.sleep(REST_S)
                    began = perf_counter()
        except TimelineUnreadable as error:
            raise unreadable(lane, error) from None
