"""Runs an audit: reads and decides every piece, sums what came of it, and gives the result.

The whole audit can be read in :func:`run_audit`. Knows the order of the steps; the clock, the terminal and the looks of
a report are others'.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import pyarrow.parquet as pq

from policywire import __version__
from policywire.errors import BadInput
from policywire.workbench.audit.catalogue import catalogue_findings
from policywire.workbench.audit.ledger import Counts, Ledger
from policywire.workbench.audit.patterns import practice_lines, scheduled, unlisted_patterns
from policywire.workbench.audit.plan import AuditPlan, options_of
from policywire.workbench.audit.policies import audited_policies
from policywire.workbench.audit.result import AuditResult, Compliance, InputFile, Reproduction, Role
from policywire.workbench.audit.sums import Decided
from policywire.workbench.audit.work import Batch, Piece, Task, work
from policywire.workbench.charges.agreements import read_agreements
from policywire.workbench.charges.files import ChargeFile, open_file
from policywire.workbench.charges.read import check_headers

Engine = Callable[[Sequence[Piece], Task], Iterator[Batch]]
"""Does the work on every piece; batches of one piece come in order."""
_LINES_AT_ONCE: Final = 5_000
Progress = Callable[[int, int, float], None]
"""Is told the file's place, how many rows were read and how much of the file has been, from 0 to 1."""


class Audited(NamedTuple):
    """What an audit leaves: its result, and in the caller's folders the decided lines and the rows that are bad."""

    result: AuditResult
    decided: Path
    """Parquet, by :data:`policywire.workbench.audit.ledger.SPILLED`; holds identifiers."""
    files: tuple[str, ...]
    """The names of the files that ``file`` in it counts."""
    rejects: Path | None

    def lines(self) -> Iterator[dict[str, list[Any]]]:
        """The decided lines in some thousands at once, as columns, with the names of their files."""
        with pq.ParquetFile(self.decided) as opened:
            for batch in opened.iter_batches(_LINES_AT_ONCE):
                columns = batch.to_pydict()
                columns["file"] = [self.files[number] for number in columns["file"]]
                yield columns


def here(pieces: Sequence[Piece], task: Task) -> Iterator[Batch]:
    """The engine of one machine: one piece after the other."""
    for piece in pieces:
        yield from work(piece, task)


def run_audit(
    plan: AuditPlan,
    folder: Path,
    *,
    engine: Engine = here,
    rejects: Path | None = None,
    progress: Progress | None = None,
) -> Audited:
    """The audit that a plan asks for.

    Args:
        plan: what is to be looked at.
        folder: an empty folder of the caller's, for what does not fit in memory.
        engine: who does the work.
        rejects: the file to which bad rows are to be told; an old one is removed.
        progress: is told how far the work is.

    Raises:
        BadInput: a file cannot be read, or does not say what a charge must say.
    """
    files = (*plan.charges, *plan.orders, *plan.agreements)
    notes = _check_headers(plan)
    with Ledger(folder, tuple(file.path.name for file in files), rejects) as ledger:
        agreements, reports = read_agreements(plan.agreements, plan.mapping, plan.rulebook)
        for number, report in enumerate(reports, len(plan.charges) + len(plan.orders)):
            ledger.counts[number].good, ledger.counts[number].bad = report.good, report.bad
            ledger.find(number, report.findings)
        task = Task(plan.rulebook, agreements, plan.mapping, plan.as_of, plan.since, plan.until)
        pieces = _pieces(plan)
        for batch in engine(pieces, task):
            ledger.take(batch)
            if progress:
                counts = ledger.counts[batch.file]
                progress(batch.file, counts.good + counts.bad, batch.done)
        for number, words in notes:
            ledger.note(number, words)
        if plan.catalogue is not None:
            ledger.reject(
                [(each.file, each.row, each.column, each.problem, each.mend) for each in plan.catalogue.rejects]
            )
    lines = folder / "lines.parquet"
    return Audited(_result(plan, ledger, folder, lines), lines, ledger.names, ledger.rejects)


def _check_headers(plan: AuditPlan) -> list[tuple[int, str]]:
    """Refuse a file without what it needs before hours have gone into another one.

    Returns:
        What a reader must know of how each file is read and of what it does not say, by the file's place.

    Raises:
        BadInput: it has not what it needs.
    """
    notes = []
    files = [(False, file) for file in plan.charges] + [(True, file) for file in plan.orders]
    for number, (orders, file) in enumerate(files):
        raw = open_file(file, plan.mapping)
        resolved = check_headers(file, raw, plan.mapping, orders=orders)
        if plan.agreements and not resolved.has("member_id"):
            raise BadInput(
                f"{file.path} has no column for member_id, by which agreements are found. "
                f"Its headers are: {', '.join(raw.headers)}. Say which it is: --column member_id=..."
            )
        lacking = [words for column, words in _LACKING.items() if not resolved.has(column)]
        notes += [(number, words) for words in (*raw.notes, *lacking)]
    return notes


_LACKING: Final = {
    "claim_id": "no column names claims, so a line that stands in two files counts twice",
    "line_number": "no column numbers lines, so a line that stands in two files counts twice",
    "member_id": "no column names members, so coding around a denied code cannot be seen",
    "diagnoses": "no column holds diagnoses, so clinical context is known from taxonomies alone",
    "narrative": "no column holds narratives, so unlisted codes are decided as having none",
}
"""What the result lacks or takes for granted when a file has no such column."""


def _pieces(plan: AuditPlan) -> list[Piece]:
    charges = [Piece(number, "charges", file) for number, file in enumerate(plan.charges)]
    orders = [Piece(number, "orders", file) for number, file in enumerate(plan.orders, len(charges))]
    return [*charges, *orders]


def _result(plan: AuditPlan, ledger: Ledger, folder: Path, lines: Path) -> AuditResult:
    counts, catalogue = ledger.counts[: len(plan.charges)], plan.catalogue
    with Decided(ledger.decided, folder, plan.since, plan.until, plan.as_of) as decided:
        decided.write_lines(lines)
        totals = decided.totals(
            read=sum(each.good + each.bad for each in counts),
            bad=sum(each.bad for each in counts),
            outside=sum(each.outside for each in counts),
        )
        return AuditResult(
            reproduction=_reproduction(plan, ledger.counts),
            totals=totals,
            policies=audited_policies(plan.rulebook, decided.policies(), plan.as_of),
            by_policy=decided.by_policy(),
            by_outcome=decided.by("outcome"),
            by_code=decided.by("procedure_code"),
            by_month=decided.by_month(),
            by_payer=decided.by("payer"),
            by_specialty=decided.by("of_specialty"),
            by_ordering_provider=decided.by("ordering_provider_npi"),
            by_rendering_provider=decided.by("rendering_provider_npi"),
            denials=decided.denials(),
            agreements=decided.agreements(),
            agreements_given=bool(plan.agreements),
            unlisted_patterns=unlisted_patterns(decided, plan.rulebook),
            practice_lines=practice_lines(decided, plan.since, plan.until),
            contracts=decided.contracts(),
            unknown_payers=decided.unknown_payers(),
            scheduled=scheduled(decided, ledger.orders) if plan.orders else None,
            catalogue=None if catalogue is None else catalogue_findings(catalogue.rows, plan.rulebook, plan.as_of),
            problems=(*ledger.problems(), *(catalogue.problems if catalogue else ())),
            compliance=Compliance(
                threshold_cents=plan.threshold_cents,
                exposure_cents=totals.exposure_cents,
                exceeded=totals.exposure_cents > plan.threshold_cents,
            ),
        )


def _reproduction(plan: AuditPlan, counts: Sequence[Counts]) -> Reproduction:
    roles: list[tuple[Role, ChargeFile]] = [("charges", file) for file in plan.charges]
    roles += [("orders", file) for file in plan.orders]
    roles += [("agreements", file) for file in plan.agreements]
    inputs = [
        InputFile(
            role=role,
            name=file.path.name,
            sha256=file.sha256,
            rows=count.good + count.bad,
            good=count.good,
            bad=count.bad,
        )
        for (role, file), count in zip(roles, counts, strict=True)
    ]
    return Reproduction(
        policywire=__version__,
        rulebook_revision=plan.rulebook.revision,
        as_of=plan.as_of,
        since=plan.since,
        until=plan.until,
        inputs=(*inputs, *([plan.catalogue.file] if plan.catalogue else ())),
        options=options_of(plan),
    )
