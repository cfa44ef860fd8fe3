"""The demo from start to end: broker, rules, worker, a practice's months, four members' weeks, and whether it is right.

Knows the sequence and leaves no process behind, however it ends. The parts are in the modules beside it.
"""

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Final

from msgspec import Struct
from rich.console import Console

from policywire.broker import LocalBroker
from policywire.errors import OurBug
from policywire.resources import shipped
from policywire.rulebook.load import load_rulebook
from policywire.stream.topic_admin import create_topics
from policywire.workbench.demo.clock import DemoClock
from policywire.workbench.demo.expected import differences, latest_differ
from policywire.workbench.demo.performance import Performance
from policywire.workbench.demo.seen import Seen, look
from policywire.workbench.demo.show import show_how_to_look_around, show_policy_change, show_story, show_summary
from policywire.workbench.demo.stage import GROUP, Stage, publish_rules
from policywire.workbench.demo.stories import FIRST_DAY, POLICY_DAY, STORIES, closing
from policywire.workbench.demo.summary import summarise
from policywire.workbench.demo.telling import Teller, ending
from policywire.workbench.worker_process import WorkerProcess

_POLL_S: Final = 0.05
_NEVER_MS: Final = "86400000"
_PROPERTIES: Final = {
    # The worker's clock stands in the past, and with it its records': none is old enough to be deleted under our eyes.
    "log.retention.check.interval.ms": _NEVER_MS,
    "group.initial.rebalance.delay.ms": "0",
}


class Demo(Struct, frozen=True):
    """What is to be shown.

    Attributes:
        count: how many events before the stories begin.
        seed: of the generator.
        keep: stay up at the end, until Ctrl-C.
    """

    count: int
    seed: int
    keep: bool


def run_demo(demo: Demo, console: Console) -> None:
    """Run it.

    Raises:
        PolicywireError: it could not be run to its end.
        OurBug: what came out is not what the pure step says.
    """
    console.print("[bold]policywire demo[/]. All data is synthetic. Starting a real Apache Kafka ...")
    with tempfile.TemporaryDirectory(prefix="policywire-demo-") as name, LocalBroker(properties=_PROPERTIES) as broker:
        folder, servers = Path(name), broker.bootstrap_servers
        clock = DemoClock(folder / "clock")
        clock.set(closing(FIRST_DAY))
        asyncio.run(_prepare(servers))
        worker = WorkerProcess(
            servers,
            folder / "worker.log",
            [str(folder / "clock"), GROUP],
            program=["policywire.workbench.demo.worker"],
        )
        try:
            worker.wait_until_ready()
            console.print(f"Kafka is at {servers}, the rules are published, one worker follows them and is ready.\n")
            asyncio.run(_play(demo, console, servers, worker, clock, folder))
            if demo.keep:
                clock.let_go()
                show_how_to_look_around(console, servers, worker.address, folder / "worker.log")
                _wait(worker, broker)
        finally:
            status = worker.stop()
        if status:
            raise worker.fault(f"ended with status {status}")


async def _prepare(bootstrap_servers: str) -> None:
    """Topics, and the rules that ship in one of them: a worker that follows it starts only when it holds some."""
    await create_topics(bootstrap_servers)
    await publish_rules(bootstrap_servers, shipped("rules"))


async def _play(  # noqa: PLR0913, PLR0917  everything meets here, once
    demo: Demo, console: Console, bootstrap_servers: str, worker: WorkerProcess, clock: DemoClock, folder: Path
) -> None:
    async with Stage(bootstrap_servers, worker) as stage:
        performance = Performance(stage, clock, load_rulebook(shipped("rules")), console)
        began = time.monotonic()
        events = await performance.months(demo.count, demo.seed)
        seconds = time.monotonic() - began
        early = await look(bootstrap_servers, stage)
        summary = summarise(early.determinations, early.alerts, early.outcomes.dead_letters.elements())
        show_summary(console, summary, events=events, seconds=seconds)
        await performance.weeks(demo.seed, folder / "rules")
        seen = await look(bootstrap_servers, stage)
    _tell(console, performance, seen)
    _check(console, performance, seen)


def _tell(console: Console, performance: Performance, seen: Seen) -> None:
    console.print(
        "\nThe stories are read back from the topics: what the practice published, and what the audit log says, in its "
        "order. The worker is the product's own; only its clock is the demo's, so that four weeks take seconds."
    )
    teller = Teller()
    for story in STORIES:
        events, said = seen.of_member(story.member_id)
        show_story(console, f"Member {story.member_id}: {story.title}", teller.tell(events, said), ending(events, said))
        if story is STORIES[-2]:
            show_policy_change(console, seen.policy_changes, performance.during_change(seen), POLICY_DAY)


def _check(console: Console, performance: Performance, seen: Seen) -> None:
    wanted = performance.expected.outcomes
    wrong = [*differences(wanted, seen.outcomes), *latest_differ(seen.outcomes.said, seen.latest)]
    if wrong:
        raise OurBug("what came out is not what the pure step says: " + "; ".join(wrong))
    console.print(
        f"\n[green]Checked:[/] all {wanted.records:,} determinations and alerts and {wanted.dead_letters.total():,} "
        "dead letters are what the pure step says of these events, days and rules: none lost, none twice, none out of "
        "order, each of the one revision that it names."
    )


def _wait(worker: WorkerProcess, broker: LocalBroker) -> None:
    """Return at Ctrl-C."""
    try:
        while worker.running and broker.running:
            time.sleep(_POLL_S)
    except KeyboardInterrupt:
        return
    raise worker.fault("or the broker ended by itself")
