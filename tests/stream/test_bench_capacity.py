"""The floor of the capacity table does what it says on a real broker, and a broker's disk is read."""

import asyncio
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from policywire.broker.process import KeptProcess
from policywire.errors import PassingFault
from policywire.workbench.bench.bed import INPUT, INPUTS, LANES, Bed
from policywire.workbench.bench.capacity.commits import measure_commits
from policywire.workbench.bench.capacity.disk import octets_by_topic
from policywire.workbench.bench.capacity.subject import Subject, so_far, take
from policywire.workbench.generate import generate_claims
from policywire.workbench.receiver import GroupWatch, read_topics

CLAIMS = 3_000
EVERY = 10
PASS_THROUGH = (sys.executable, "-m", "policywire.workbench.bench.capacity.pass_through")


@pytest.fixture(scope="module")
def bed() -> Iterator[Bed]:
    with Bed() as running:
        running.fill("few.", claim=generate_claims(CLAIMS, 1))
        yield running


async def _until_done(bed: Bed, group: str) -> None:
    deadline = time.monotonic() + 60
    async with GroupWatch(bed.bootstrap_servers, group, *(f"few.{name}" for name in INPUTS)) as watch:
        while await so_far(watch) < CLAIMS:
            assert time.monotonic() < deadline, "the pass-through did not come to the end of its input"
            await asyncio.sleep(0.05)


def test_the_pass_through_reads_all_and_copies_every_so_many_th_as_it_came(bed: Bed, tmp_path: Path) -> None:
    bed.empty_outputs("few.")
    process = KeptProcess([*PASS_THROUGH, bed.bootstrap_servers, "few.", "floor", str(EVERY)], tmp_path / "log")
    try:
        asyncio.run(_until_done(bed, "floor"))
    finally:
        process.end(10)
    found = asyncio.run(read_topics(bed.bootstrap_servers, [f"few.{INPUT}", "few.determinations"]))
    came = {record.value for record in found[f"few.{INPUT}"]}
    copied = [record.value for record in found["few.determinations"]]
    assert CLAIMS // EVERY - LANES < len(copied) <= CLAIMS // EVERY
    assert len(set(copied)) == len(copied)
    assert set(copied) < came


def test_what_ends_before_its_input_is_told_with_its_log(bed: Bed, tmp_path: Path) -> None:
    ends = Subject("a runner", CLAIMS, lambda _: [[sys.executable, "-c", "raise SystemExit('out of luck')"]])
    with pytest.raises(PassingFault, match=r"(?s)a runner: a process ended.*out of luck"):
        take(ends, bed, "few.", tmp_path / "log")


def test_the_smallest_transactions_cost_both_sides_something_and_lie_on_disk(bed: Bed) -> None:
    found = measure_commits(bed, "few.", 1.0)
    assert found.lanes == LANES
    assert min(found.a_second, found.core_s, found.broker_core_s) > 0
    octets = octets_by_topic(bed.data / "log")
    assert octets[f"few.{INPUT}"] > CLAIMS * 300
    assert octets["few.alerts"] > 600
