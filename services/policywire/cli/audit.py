"""``policywire audit``: two years of charges under the policies, in lines and dollars. Knows the terminal only.

Heavy packages are imported when the command runs.
"""

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct

from policywire.cli.charges import mapping_options, need_workbench
from policywire.cli.progress import progress_bar
from policywire.errors import BadInput

if TYPE_CHECKING:
    from policywire.workbench.audit.plan import AuditPlan
    from policywire.workbench.audit.result import AuditResult
    from policywire.workbench.audit.run import Audited, Engine

_OUT = click.Path(dir_okay=False, path_type=Path)
_DAY = click.DateTime(["%Y-%m-%d"])


class Dollars(click.ParamType):
    """An amount of money; the value is in cents."""

    name = "dollars"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The cents; a negative amount or one with a fraction of a cent is refused."""
        try:
            cents = Decimal(str(value).replace(",", "").removeprefix("$")) * 100
        except InvalidOperation:
            cents = Decimal(-1)
        if cents < 0 or cents != int(cents):
            self.fail("write an amount such as 10000 or 10000.00", param, ctx)
        return int(cents)


class Given(Struct, frozen=True, kw_only=True):
    """What the options say."""

    charges: tuple[str, ...]
    rules: Path | None
    out: Path | None
    xlsx: Path | None
    json_out: str | None
    rejects: Path | None
    agreements: tuple[str, ...]
    orders: tuple[str, ...]
    catalogue: Path | None
    catalogue_column: tuple[str, ...]
    catalogue_sheet: str | None
    threshold: int
    fail_over_threshold: bool
    as_of: datetime | None
    since: datetime | None
    until: datetime | None
    suppress_below: int
    note: str
    engine: str
    spark_master: str
    mapping: Any
    """A :class:`policywire.workbench.charges.mapping.ChargeMapping`, whose module is not imported here."""


@click.command()
@click.argument("charges", nargs=-1)
@click.option(
    "--rules",
    type=click.Path(exists=True, path_type=Path),
    help="Folder of policy documents [default: ./rules, or else the rules that ship].",
)
@click.option("--out", type=_OUT, help="Write the report: one HTML page that needs nothing else. Aggregates only.")
@click.option("--xlsx", type=_OUT, help="Write every decided line, with its identifiers, to work from.")
@click.option("--json", "json_out", metavar="FILE", help="Write the figures as JSON; - for standard output.")
@click.option("--rejects", type=_OUT, help="Write rows that cannot be used here [default: beside the report].")
@click.option("--agreements", multiple=True, metavar="FILE", help="Agreements to pay: a table, or events; repeatable.")
@click.option("--orders", multiple=True, metavar="FILE", help="Booked procedures, a row each; repeatable.")
@click.option(
    "--catalogue",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Charge master, preference list or order set: what to remove or mark in it.",
)
@click.option("--catalogue-column", multiple=True, metavar="NAME", help="A column of it that holds codes; repeatable.")
@click.option("--catalogue-sheet", metavar="NAME", help="Its worksheet, where an XLSX has several.")
@click.option(
    "--threshold", type=Dollars(), default="10000", show_default=True, help="Exposure beyond which compliance is told."
)
@click.option("--fail-over-threshold", is_flag=True, help="End with status 1 when the exposure is over the threshold.")
@click.option("--as-of", type=_DAY, help="The day of the audit [default: today in UTC].")
@click.option("--since", type=_DAY, help="First date of service [default: 24 months before the last].")
@click.option("--until", type=_DAY, help="Last date of service [default: the day of the audit].")
@click.option(
    "--suppress-below", type=click.IntRange(0), default=0, help="Merge rows of the report with fewer lines than this."
)
@click.option("--note", default="", help="Words to stand above the report, such as that the data are synthetic.")
@click.option(
    "--engine", type=click.Choice(["duckdb", "spark"]), default="duckdb", show_default=True, help="Who does the work."
)
@click.option("--spark-master", default="local[*]", show_default=True, help="Where Spark runs.")
@mapping_options
def command(**given: Any) -> None:
    """Look back over CHARGES (CSV, Parquet, JSON lines; .gz too; files or quoted patterns) under the policies.

    Which lines fall under which policy, what is expected to be denied and whose loss that is, by month, code, payer,
    specialty and provider; services without an agreement; coding around; practice lines that took these services up;
    contracts touched; bookings ahead. Columns are found by their usual names; --column and --mapping say others.

    Each row is good, or it is told in the file of rejects with row, column, problem and mend. Equal inputs, rules and
    --as-of give equal JSON, whatever engine and order of files.

    Exit status: 0 when the audit was made, 1 with --fail-over-threshold when the exposure is over it, 2 when arguments,
    rules or files cannot be used.

    \b
    Example:
      policywire audit 'charges-2025-*.csv' --column procedure_code=CPT --agreements signed.csv --out report.html
    """  # noqa: D301  the character \b, which keeps click from refilling the lines
    options = Given(**given)
    need_workbench()
    if not options.charges and not options.catalogue:
        raise BadInput("There is nothing to audit: name files of charges, or a --catalogue.")
    with TemporaryDirectory(prefix="policywire-audit-") as folder:
        plan = _plan(options, Path(folder))
        audited = _run(plan, options, Path(folder))
        _write(audited, options)
    over = audited.result.compliance.exceeded and options.fail_over_threshold
    raise SystemExit(1 if over else 0)


def _plan(options: Given, folder: Path) -> "AuditPlan":
    from policywire.rulebook.load import load_rulebook  # noqa: PLC0415
    from policywire.workbench.audit.catalogue_file import read_catalogue  # noqa: PLC0415  of the extra
    from policywire.workbench.audit.plan import AuditPlan, by_content, window  # noqa: PLC0415
    from policywire.workbench.charges.files import ChargeFile, find_files  # noqa: PLC0415
    from policywire.workbench.check import rules_folder  # noqa: PLC0415

    as_of = options.as_of.date() if options.as_of else datetime.now(UTC).date()
    since, until = window(as_of, *(each and each.date() for each in (options.since, options.until)))

    def found(role: str, given: tuple[str, ...]) -> tuple[ChargeFile, ...]:
        unpacked = folder / role
        unpacked.mkdir()
        return by_content(find_files(given, unpacked))

    return AuditPlan(
        charges=found("charges", options.charges),
        orders=found("orders", options.orders),
        agreements=found("agreements", options.agreements),
        catalogue=read_catalogue(options.catalogue, options.catalogue_sheet, options.catalogue_column)
        if options.catalogue
        else None,
        rulebook=load_rulebook(rules_folder(options.rules)),
        mapping=options.mapping,
        as_of=as_of,
        since=since,
        until=until,
        threshold_cents=options.threshold,
    )


def _run(plan: "AuditPlan", options: Given, folder: Path) -> "Audited":
    from policywire.workbench.audit.run import run_audit  # noqa: PLC0415  of the extra

    with progress_bar() as tell:
        progress = _share_read(plan, tell)
        return run_audit(plan, folder, engine=_engine(options), rejects=_rejects(options), progress=progress)


def _engine(options: Given) -> "Engine":
    if options.engine == "spark":
        from policywire.workbench.audit.spark import on_spark  # noqa: PLC0415  of an extra of its own

        return on_spark(options.spark_master)
    from policywire.workbench.audit.run import here  # noqa: PLC0415

    return here


def _rejects(options: Given) -> Path:
    if options.rejects:
        return options.rejects
    json_file = Path(options.json_out) if options.json_out and options.json_out != "-" else None
    return (options.out or options.xlsx or json_file or Path("audit")).with_suffix(".rejects.csv")


def _share_read(plan: "AuditPlan", tell: Callable[[str, float], None]) -> Callable[[int, int, float], None]:
    """Tells a bar how much of all files' bytes has been read, from what is told of each."""
    sizes = [max(1, file.content.stat().st_size) for file in (*plan.charges, *plan.orders)]
    done = [0.0] * len(sizes)

    def told(file: int, rows: int, share: float) -> None:  # noqa: ARG001  a bar has no room for the rows
        done[file] = share
        tell("Reading", sum(size * each for size, each in zip(sizes, done, strict=True)) / sum(sizes))

    return told


def _write(audited: "Audited", options: Given) -> None:
    from policywire.workbench.audit.report.outputs import rejects_in, write_lines, write_report  # noqa: PLC0415
    from policywire.workbench.audit.result import encode  # noqa: PLC0415

    if options.json_out == "-":
        sys.stdout.buffer.write(encode(audited.result))
    elif options.json_out:
        try:
            Path(options.json_out).write_bytes(encode(audited.result))
        except OSError as error:
            raise BadInput(f"{options.json_out} cannot be written: {error.strerror}.") from error
    if options.out:
        write_report(options.out, audited.result, suppress_below=options.suppress_below, note=options.note)
    if options.xlsx:
        rejects = rejects_in(audited.rejects) if audited.rejects else ()
        write_lines(options.xlsx, audited.result, audited.lines(), rejects, options.note)
    for line in _summary(audited.result, audited.rejects):
        click.echo(line, err=options.json_out == "-")


def _summary(result: "AuditResult", rejects: Path | None) -> Iterator[str]:
    """What a reader wants to know first; aggregates only."""
    totals, span = result.totals, result.reproduction
    yield (
        f"{totals.lines_read:,} lines read, {totals.lines_bad:,} of them bad; "
        f"{totals.lines_decided:,} decided for dates of service {span.since} to {span.until}."
    )
    if totals.lines_outside_window:
        yield (
            f"{totals.lines_outside_window:,} lines were served outside these dates and not decided: "
            "try --since, or another day with --as-of."
        )
    yield f"{totals.denied_lines:,} are expected to be denied: {_dollars(totals.denied_cents)}."
    yield (
        f"At risk: {_dollars(totals.exposure_cents)}; {_dollars(totals.patient_cents)} are the members' by agreement. "
        f"{totals.review_lines:,} lines need review: {_dollars(totals.review_cents)}."
    )
    if result.scheduled:
        yield (
            f"{result.scheduled.denied_orders:,} of {result.scheduled.orders:,} orders ahead are expected to be "
            f"denied, {result.scheduled.without_agreement_orders:,} without an agreement."
        )
    if result.catalogue is not None:
        yield f"{len({each.row for each in result.catalogue}):,} rows of the catalogue need something done."
    if result.unknown_payers:
        lines = sum(each.lines for each in result.unknown_payers)
        yield f"{lines:,} lines with listed codes are under payer ids that no profile has: they were not decided."
    if result.compliance.exceeded:
        yield f"Over the threshold of {_dollars(result.compliance.threshold_cents)}: tell the compliance officer."
    for each in result.problems:
        if each.effect == "rejected":
            yield f"  {each.file}: {each.problem}: {each.count:,} rows, first {'; '.join(each.places[:3])}. {each.mend}"
    if rejects:
        yield f"Every bad row is told in {rejects}."


def _dollars(cents: int) -> str:
    return f"${cents // 100:,}.{cents % 100:02}"
