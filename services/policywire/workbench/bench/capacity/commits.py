"""What a transaction costs by itself: lanes that commit one record to each output, again and again, for some seconds.

With few events a lane, as many lanes have, nearly every event is a transaction of its own; this is then what a broker
works for. Knows the worker's writing end; decides nothing.
"""

import asyncio
import time
import uuid
from typing import Final

import psutil

from policywire.stream.cluster import Cluster
from policywire.stream.opening import INPUTS
from policywire.stream.outgoing import Outgoing
from policywire.stream.settings import Settings, load_settings
from policywire.stream.transactions import Transactions
from policywire.workbench.bench.bed import LANES, Bed
from policywire.workbench.bench.capacity.disk import OUTPUTS
from policywire.workbench.bench.capacity.result import Commits

_WARM_UP_S: Final = 3.0
_VALUE: Final = b"x" * 600
"""About a determination."""


def measure_commits(bed: Bed, prefix: str, seconds: float) -> Commits:
    """One run in this process, over the empty outputs of a prefix.

    Raises:
        PolicywireError: the cluster refused something.
    """
    bed.empty_outputs(prefix)
    return asyncio.run(_run(bed, prefix, seconds))


async def _run(bed: Bed, prefix: str, seconds: float) -> Commits:
    where = {
        "bootstrap_servers": bed.bootstrap_servers,
        "topic_prefix": prefix,
        "group": f"commits-{uuid.uuid4().hex[:8]}",
    }
    settings = load_settings({"kafka": where})
    broker = psutil.Process(bed.broker_pid)
    async with Cluster(settings.kafka) as cluster:
        await cluster.partition_counts([settings.topic(name) for name in (*INPUTS, *OUTPUTS)])
        await asyncio.gather(*(_lane(cluster, settings, number, _WARM_UP_S) for number in range(LANES)))
        began, before, own = time.monotonic(), sum(broker.cpu_times()[:2]), time.process_time()
        done = sum(await asyncio.gather(*(_lane(cluster, settings, number, seconds) for number in range(LANES))))
        taken, worked = time.monotonic() - began, sum(broker.cpu_times()[:2]) - before
        own = time.process_time() - own
    return Commits(LANES, done / taken, own * 1e6 / done, worked * 1e6 / done)


async def _lane(cluster: Cluster, settings: Settings, number: int, seconds: float) -> int:
    """Commit for so long; how often."""
    kafka = settings.kafka
    transactions = Transactions(
        cluster,
        transactional_id=f"{kafka.group}-lane-{number}",
        group=kafka.group,
        timeout_s=kafka.transaction_timeout_s,
        name=f"lane {number}",
    )
    await transactions.fence()
    done, enough = 0, time.monotonic() + seconds
    while time.monotonic() < enough:
        outgoing = Outgoing(kafka.compression, int(time.time() * 1000), settings.batches.record_bytes_max)
        for name in OUTPUTS:
            outgoing.add(settings.topic(name), number, b"key", _VALUE)
        done += 1
        await transactions.commit(outgoing, {(settings.topic(name), number): done for name in INPUTS})
    return done
