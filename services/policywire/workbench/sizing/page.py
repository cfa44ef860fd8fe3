"""The generated parts of ``deploy/sizing.md``, and one deployment for the terminal. Knows words and units, no sums."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from policywire.errors import BadInput
from policywire.workbench.bench.table import number
from policywire.workbench.sizing.deployment import GIB, TIB, Demand, Deployment, deployment, strains
from policywire.workbench.sizing.figures import Figures

STEPS: Final = (10_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000)
_GENERATED: Final = re.compile(r"(?P<begin><!-- generated: (?P<part>\w+) -->\n).*?(?P<end><!-- end -->)", re.DOTALL)


def rewritten(text: str, figures: Figures) -> str:
    """The page with its generated parts as the figures have them.

    Raises:
        BadInput: it names a part that there is not, or not all of them.
    """
    parts = {"figures": _figures(figures), "table": _table(figures), "breaks": _breaks(figures)}
    named = [each["part"] for each in _GENERATED.finditer(text)]
    if sorted(named) != sorted(parts):
        raise BadInput(f"the page has the generated parts {', '.join(named) or 'none'}, not {', '.join(parts)}")
    return _GENERATED.sub(lambda found: f"{found['begin']}{parts[found['part']]}\n{found['end']}", text)


def rewrite(file: Path, figures: Figures) -> None:
    """Bring a page up to date.

    Raises:
        BadInput: it cannot be read, or has not the parts.
    """
    try:
        text = file.read_text("utf-8")
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}") from None
    file.write_text(rewritten(text, figures), "utf-8")


def shown(demand: Demand, figures: Figures) -> str:
    """One deployment, a line for each of its parts."""
    rows = _rows(deployment(demand, figures))
    width = max(len(name) for name, _ in rows)
    lines = [f"{name:{width}}  {value}" for name, value in rows]
    return "\n".join((f"{demand.claims_a_day:,} claims a day, {demand.hits:.3%} of them hits:", *lines))


ALLOWED: Final = 1.5
"""Of what a worker remembers when all are there: one may be away, and a batch is decided beside the state."""


def _rows(of: Deployment) -> list[tuple[str, str]]:
    return [
        ("claims a second at the peak", number(of.peak_claims)),
        ("lanes (partitions of each topic)", f"{of.lanes:,}"),
        ("workers", f"{of.workers:,}"),
        ("cores that they use at the peak", number(of.worker_cores)),
        ("hits remembered", f"{of.remembered_hits:,.0f}"),
        ("memory of all workers", size(of.memory)),
        ("memory to allow each worker", size(ALLOWED * of.memory / of.workers)),
        ("a worker's lanes restored within", f"{number(of.restore_s)} s"),
        ("transactions a second at the peak, at most", number(of.commits)),
        ("brokers", f"{of.brokers:,}"),
        ("cores that they use at the peak, at most", number(of.broker_cores)),
        ("disk: inputs", size(of.input_disk)),
        ("disk: audit log", size(of.audit_disk)),
        ("disk: determinations and alerts", size(of.output_disk)),
        ("disk: changelog", size(of.state_disk)),
        ("network at the peak", f"{size(of.network)}/s"),
        ("connections of the lanes, at most", f"{of.connections:,}"),
    ]


def size(octets: float) -> str:
    """Bytes for people, in MiB, GiB or TiB."""
    if octets >= TIB:
        return f"{number(octets / TIB)} TiB"
    return f"{number(octets / GIB)} GiB" if octets >= GIB else f"{number(octets / 2**20)} MiB"


def _table(figures: Figures) -> str:
    columns = [_rows(deployment(Demand(claims_a_day=step), figures)) for step in STEPS]
    names = [name for name, _ in columns[0]]
    rows = [[name, *(column[row][1] for column in columns)] for row, name in enumerate(names)]
    return _markdown(["claims a day", *(f"{step:,}" for step in STEPS)], rows)


def _breaks(figures: Figures) -> str:
    """Each step's load on the deployment of the step before, the first one's on the smallest there is."""
    rows = []
    smallest = Demand(claims_a_day=1)
    for before, step in zip((smallest, *(Demand(claims_a_day=each) for each in STEPS)), STEPS, strict=False):
        first, second, *_ = strains(Demand(claims_a_day=step), deployment(before, figures), figures)
        has = "the smallest" if before is smallest else f"that for {before.claims_a_day:,}"
        rows.append([f"{step:,}", has, _strain(first.what, first.times), _strain(second.what, second.times)])
    return _markdown(["claims a day", "on the deployment", "breaks first", "then"], rows)


def _strain(what: str, times: float) -> str:
    share = f"{number(times)} times what there is" if times > 1 else f"{times:.1%} of what there is"
    return f"{what}: {share}" if times > 1 else f"nothing; nearest is {what}, {share}"


def _figures(figures: Figures) -> str:
    micro = 1e6
    rows = [
        ["a worker's core, a claim", f"{number(figures.core_s * micro)} us"],
        ["a broker's core, a claim, in large transactions", f"{number(figures.broker_core_s * micro)} us"],
        ["a worker's core, a transaction of one record an output", f"{number(figures.commit_core_s * micro)} us"],
        ["a broker's core, the same", f"{number(figures.commit_broker_core_s * micro)} us"],
        ["transactions a second of one lane, at most", number(figures.lane_commits_a_second)],
        ["disk of a claim in the inputs", f"{number(figures.input_octets)} bytes"],
        ["disk of a hit in the audit log", f"{number(figures.audit_octets)} bytes"],
        ["disk of a hit in determinations and alerts, compacted", f"{number(figures.output_octets)} bytes"],
        ["disk of a hit in the changelog, compacted", f"{number(figures.state_octets)} bytes"],
        ["memory of a remembered hit", f"{number(figures.memory_octets)} bytes"],
        ["memory of a worker without any", size(figures.worker_octets)],
        [
            "timelines restored a second, of so many hits each",
            f"{figures.timelines_a_second:,}, {figures.hits_a_timeline}",
        ],
        ["a worker ready with 10,000 policies", f"{number(figures.rules_ready_s)} s"],
    ]
    return f"Measured {figures.source}.\n\n{_markdown(['one of', 'costs'], rows)}"


def _markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(each) + " |" for each in (header, *rows)]
    lines.insert(1, "|" + "---|" * len(header))
    return "\n".join(lines)
