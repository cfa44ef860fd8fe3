"""The demo from start to end: broker, worker, claims, what came out, and whether that is right.

Knows the sequence and leaves no process behind, however it ends. The parts are in the modules beside it.
"""

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from policywire.broker import LocalBroker
from policywire.errors import OurBug
from policywire.model.records import Alert, Determination
from policywire.rulebook.load import load_rulebook
from policywire.stream.topic_admin import create_topics
from policywire.stream.topics import load_topics
from policywire.workbench.demo.expected import Outcomes, differences, expected
from policywire.workbench.demo.show import show_how_to_look_around, show_summary
from policywire.workbench.demo.summary import summarise
from policywire.workbench.generate import ClaimMix, Published, generate_claims
from policywire.workbench.receiver import GroupWatch, read_topics
from policywire.workbench.sender import Sender, chunks
from policywire.workbench.worker_process import WorkerProcess

MIX: Final = ClaimMix(hits=0.12, bad=0.02)
"""More hits than a clinic has, so that there is something to see."""
_INPUT: Final = "claim-events"
_GROUP: Final = "policywire"
_CHUNK: Final = 250
_POLL_S: Final = 0.05
_STALL_S: Final = 60.0

_determination = msgspec.json.Decoder(Determination).decode
_alert = msgspec.json.Decoder(Alert).decode


class Demo(Struct, frozen=True):
    """What is to be shown.

    Attributes:
        rules: the folder of policy documents.
        count: how many events.
        seed: of the generator.
        keep: stay up at the end, until Ctrl-C.
    """

    rules: Path
    count: int
    seed: int
    keep: bool


class _Seen(Struct, frozen=True):
    """What was read from the cluster: the latest record of each id, and what is to be compared."""

    determinations: dict[str, Determination]
    alerts: dict[str, Alert]
    outcomes: Outcomes


def run_demo(demo: Demo, console: Console) -> None:
    """Run it.

    Raises:
        PolicywireError: it could not be run to its end.
        OurBug: what came out is not what the pure step says.
    """
    events = list(generate_claims(demo.count, demo.seed, MIX))
    console.print("[bold]policywire demo[/]. All data is synthetic. Starting a real Apache Kafka ...")
    with tempfile.TemporaryDirectory(prefix="policywire-demo-") as folder, LocalBroker() as broker:
        asyncio.run(create_topics(broker.bootstrap_servers))
        log = Path(folder) / "worker.log"
        worker = WorkerProcess(broker.bootstrap_servers, log, ["--rules", str(demo.rules), "--group", _GROUP])
        try:
            worker.wait_until_ready()
            console.print(f"Kafka is at {broker.bootstrap_servers}, one worker is ready. Publishing claims.\n")
            seconds = asyncio.run(_flow(broker.bootstrap_servers, events, worker, console))
            seen = asyncio.run(_look(broker.bootstrap_servers))
            summary = summarise(seen.determinations, seen.alerts, seen.outcomes.dead_letters.elements())
            show_summary(console, summary, events=len(events), seconds=seconds)
            _check(events, demo.rules, seen, console)
            if demo.keep:
                show_how_to_look_around(console, broker.bootstrap_servers, worker.address, log)
                _wait(worker, broker)
        finally:
            status = worker.stop()
        if status:
            raise worker.fault(f"ended with status {status}")


async def _flow(bootstrap_servers: str, events: Sequence[Published], worker: WorkerProcess, console: Console) -> float:
    """Publish, and wait until all is decided and committed; the seconds that took."""
    columns = (TextColumn("{task.description:<11}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bars:
        sent = bars.add_task("published", total=len(events))
        decided = bars.add_task("decided", total=len(events))
        began = time.monotonic()
        follow = asyncio.create_task(
            _follow(bootstrap_servers, len(events), worker, lambda done: bars.update(decided, completed=done))
        )
        async with Sender(bootstrap_servers, _INPUT, load_topics()[_INPUT].partitions) as sender:
            for chunk in chunks(events, _CHUNK):
                bars.advance(sent, await sender.send(chunk))
        await follow
        return time.monotonic() - began


async def _follow(bootstrap_servers: str, count: int, worker: WorkerProcess, on_done: Callable[[int], object]) -> None:
    """Return once the worker has committed that many."""
    done, moved = 0, time.monotonic()
    async with GroupWatch(bootstrap_servers, _GROUP, _INPUT) as watch:
        while done < count:
            await asyncio.sleep(_POLL_S)
            if (now_done := await watch.done()) != done:
                done, moved = now_done, time.monotonic()
                on_done(done)
            if not worker.running or time.monotonic() - moved > _STALL_S:
                raise worker.fault(f"stopped after {done} of {count} events")


async def _look(bootstrap_servers: str) -> _Seen:
    """Read what came out, as any consumer would."""
    records = await read_topics(bootstrap_servers, ["determinations", "alerts", "audit-log", "dead-letters"])
    latest = {record.key.decode(): record.value for record in records["determinations"]}
    return _Seen(
        determinations={key: _determination(value) for key, value in latest.items()},
        alerts={record.key.decode(): _alert(record.value) for record in records["alerts"]},
        outcomes=Outcomes(
            determinations=latest,
            said=sum(b'"schema":"determination.' in record.value for record in records["audit-log"]),
            dead_letters=Counter(_code(record) for record in records["dead-letters"]),
        ),
    )


def _code(record: Any) -> str:
    return str(dict(record.headers)["error_code"].decode())


def _check(events: Sequence[Published], rules: Path, seen: _Seen, console: Console) -> None:
    wanted = expected(events, load_rulebook(rules), datetime.now(UTC))
    wrong = list(differences(wanted, seen.outcomes))
    if wrong:
        raise OurBug("what came out is not what the pure step says: " + "; ".join(wrong))
    console.print(
        f"[green]Checked:[/] all {wanted.said:,} determinations and {wanted.dead_letters.total():,} dead letters are "
        "what the pure step says of these events, none lost, none twice."
    )


def _wait(worker: WorkerProcess, broker: LocalBroker) -> None:
    """Return at Ctrl-C."""
    try:
        while worker.running and broker.running:
            time.sleep(_POLL_S)
    except KeyboardInterrupt:
        return
    raise worker.fault("or the broker ended by itself")
