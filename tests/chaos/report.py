"""The report of a run as Markdown: machine, figures, faults, recovery, audit. Names no path of this machine."""

import os
import platform
from collections import Counter
from typing import get_args

import psutil
from tests.chaos.faults import MEANING, Kind
from tests.chaos.findings import MEANING as INVARIANTS
from tests.chaos.findings import Invariant
from tests.chaos.harness import Run
from tests.chaos.recovery import Cause, summary

P95_MAX_S = 15.0
MOST_MAX_S = 30.0


def render(run: Run, profile: str) -> str:
    """The whole report."""
    parts = (_head(run, profile), _faults(run), _points(run), _recovery(run), _audit(run))
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _head(run: Run, profile: str) -> list[str]:
    plan, inputs = run.plan, run.audit.inputs
    verdict = "nothing was lost, duplicated or wrong" if run.audit.is_clean else "**violations were found**"
    memory, events = psutil.virtual_memory().total / 2**30, sum(inputs.values())
    ends = Counter(each.code for each in run.exits)
    return [
        f"# A {profile} run under faults: {verdict}",
        "",
        (
            f"- **Events**: {events:,}, synthetic ({', '.join(f'{n:,} {topic}' for topic, n in inputs.items())}), "
            f"in {run.seconds / 60:.0f} minutes: {events / run.seconds:,.0f} a second on average. "
            f"{plan.strangers:.0%} of the claims are of members who are never remembered."
        ),
        f"- **Faults**: {len(run.landings)}, of which {_inside(run)} hit an open transaction.",
        (
            f"- **Machine**: {os.cpu_count()} cores, {memory:.0f} GB for {plan.workers} workers, a broker, traffic and "
            f"faults together; {platform.system()}, Python {platform.python_version()}."
        ),
        (
            f"- **Settings**: session timeout {plan.session_s:g} s, a look at what is due every 0.5 s, rules from the "
            f"{plan.rules}; seed {plan.seed}; the clock moves {plan.step} with each fault."
        ),
        f"- **Processes that ended on the way**, by exit code: {', '.join(f'{n} with {c}' for c, n in ends.items())}.",
        (
            f"- **At the end** all was taken and nothing left to do: {'yes' if run.drained else '**no**'}; on SIGTERM "
            f"the workers ended with {', '.join(map(str, run.stops))}."
        ),
    ]


def _inside(run: Run) -> int:
    return sum(bool(landing.in_transaction) for landing in run.landings)


def _faults(run: Run) -> list[str]:
    inside = Counter(landing.fault.kind for landing in run.landings if landing.in_transaction)
    rows = ["## Faults", "", "| fault | injected | inside an open transaction | what it is |", "|---|---|---|---|"]
    rows += [
        f"| `{kind}` | {run.landed[kind]} | {inside[kind]} | {MEANING[kind]} |"
        for kind in get_args(Kind)
        if run.landed[kind]
    ]
    return rows


def _points(run: Run) -> list[str]:
    named = [landing.fault for landing in run.landings if landing.fault.point]
    counts = Counter((fault.kind, fault.point) for fault in named)
    rows = ["At named points:", "", "| fault | point | times |", "|---|---|---|"]
    return rows + [f"| `{kind}` | `{point}` | {count} |" for (kind, point), count in sorted(counts.items())]


def _recovery(run: Run) -> list[str]:
    rows = [
        "## Recovery",
        "",
        "Seconds from the kill to the next committed batch: of a killed worker's lanes, and of every lane",
        (
            f"after the broker was killed and started again. The bar for a worker: p95 {P95_MAX_S:g} s, at most "
            f"{MOST_MAX_S:g} s."
        ),
        "",
        "| killed | lanes | median | p95 | most | never |",
        "|---|---|---|---|---|---|",
    ]
    if run.coordinators_mended:
        rows[2:2] = [
            f"After {run.coordinators_mended} of the broker's kills its group coordinator stayed out of sync with its",
            "own log, which ends only with a new start of the broker; the harness gave it one after 40 s.",
            "",
        ]
    for cause in get_args(Cause):
        each = summary(run.recoveries, cause)
        rows += [f"| {cause} | {each.count} | {each.median:g} | {each.p95:g} | {each.most:g} | {each.never} |"]
    return rows


def _audit(run: Run) -> list[str]:
    audit, counts = run.audit, run.audit.counts
    rows = ["## Audit", "", "| topic | demanded | committed |", "|---|---|---|"]
    rows += [
        f"| {topic} | {audit.expected[topic]:,} | {count:,} |"
        for topic, count in sorted(audit.outputs.items())
        if topic in audit.expected  # the changelog is compared by timeline, not by record
    ]
    rows += [
        "",
        f"- {audit.transactions:,} transactions by {len(audit.revisions)} rulebooks at {audit.instants} instants",
        f"- {audit.ticked:,} looks because of time and {audit.followed:,} because of changed rules changed a timeline",
        (
            f"- {audit.members:,} remembered members; {audit.settled:,} were recomputed from the input alone as well, "
            f"{audit.forgotten:,} had something forgotten on the way"
        ),
        f"- the comparison took {audit.seconds:,.0f} s",
        "",
        "| invariant | violations | broken when |",
        "|---|---|---|",
    ]
    return rows + [f"| `{name}` | {counts[name]} | {INVARIANTS[name]} |" for name in get_args(Invariant)]
