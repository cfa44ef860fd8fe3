"""``python -m tests.chaos``: make a run by hand and print its report; 0 when the audit finds nothing."""

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import get_args

import msgspec
from tests.chaos.bugs import BUGS
from tests.chaos.faust_bugs import FAUST_BUGS
from tests.chaos.harness import BROKER, Plan, run
from tests.chaos.profiles import faust_plan, long_plan, short_plan
from tests.chaos.report import render
from tests.chaos.runners import Runner

from policywire.broker import LocalBroker


def main() -> int:
    """Make the run that the arguments name."""
    given = _arguments().parse_args()
    folder = Path(tempfile.mkdtemp(prefix="policywire-chaos-"))
    with LocalBroker(folder / "broker", properties=BROKER) as broker:
        outcome = asyncio.run(run(_plan(given), broker, folder))
    shutil.rmtree(broker.data)  # kept when a run could not be finished: Kafka's own log may say why
    print(outcome)  # noqa: T201  a command prints
    if given.json:
        given.json.write_text(json.dumps(msgspec.to_builtins(outcome, str_keys=True), indent=1), "utf-8")
    if given.report:
        given.report.write_text(render(outcome, given.profile), "utf-8")
    return 0 if outcome.audit.is_clean and outcome.drained else 1


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--profile", choices=("short", "long"), default="short")
    parser.add_argument("--claims", type=int, help="claim events; a tenth as many scheduling events are added")
    parser.add_argument("--rate", type=float, help="messages a second")
    parser.add_argument("--workers", type=int, choices=(1, 2, 3, 4), default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--share", type=float, default=1.0, help="of the long profile's faults, for a rehearsal")
    parser.add_argument("--rules", choices=("folder", "topic"), default="folder", help="where workers read rules from")
    parser.add_argument("--bug", choices=sorted({*BUGS, *FAUST_BUGS}), help="plant one of the bugs")
    parser.add_argument("--runner", choices=get_args(Runner), default="exactly-once", help="which worker")
    parser.add_argument("--report", type=Path, help="where the report goes as Markdown")
    parser.add_argument("--json", type=Path, help="where everything goes as JSON")
    return parser


def _plan(given: argparse.Namespace) -> Plan:
    sizes = {name: value for name in ("claims", "rate") if (value := getattr(given, name)) is not None}
    if given.profile == "long":
        plan = long_plan(**sizes, seed=given.seed, share=given.share)
    else:
        plan = (faust_plan if given.runner == "faust" else short_plan)(**sizes, seed=given.seed)
    return msgspec.structs.replace(plan, workers=given.workers, rules=given.rules, bug=given.bug, runner=given.runner)


if __name__ == "__main__":
    sys.exit(main())
