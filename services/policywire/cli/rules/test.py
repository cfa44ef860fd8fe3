"""``policywire rules test``. Knows the terminal; the workbench runs the cases."""

from pathlib import Path
from typing import Any

import click

from policywire.cli.rules.shown import JSON, PATH, print_faults, print_json, today
from policywire.rulebook.load import Reading
from policywire.workbench.case_coverage import case_coverage, coverage_report, total
from policywire.workbench.case_coverage import told as coverage_told
from policywire.workbench.casetest import CaseRun, run_cases
from policywire.workbench.check import check_rules, fault_report, report, rules_folder, with_cases_lacking
from policywire.workbench.mutation.report import mutation_report, survivors
from policywire.workbench.mutation.report import told as mutants_told
from policywire.workbench.mutation.trial import try_mutants
from policywire.workbench.watchtest import run_watch_cases


@click.command()
@PATH
@JSON
@click.option("--coverage", is_flag=True, help="Show which rules, boundary days and codes the cases reach.")
@click.option(
    "--coverage-min",
    type=click.FloatRange(0, 100),
    metavar="PERCENT",
    help="End with status 1 when less is reached; implies --coverage.",
)
@click.option("--mutate", is_flag=True, help="Make deliberate mistakes in the rules, and show which no case notices.")
@click.option(
    "--survivors-max",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="With --mutate: so many may go unnoticed.",
)
def test(  # noqa: PLR0913 (one a option)
    path: Path | None, *, as_json: bool, coverage: bool, coverage_min: float | None, mutate: bool, survivors_max: int
) -> None:
    """Run the cases beside the policies and the watch rules through the same step that the worker uses.

    PATH is the folder of documents [default: ./rules, or else the rules that ship with policywire].

    --coverage shows by which case each rule decides and what no case reaches. --mutate tries the cases: it drops, flips
    and moves each rule, condition, outcome, flag, code, date and window in turn, in memory, and shows each mistake that
    no case notices, with a case that would; mistakes that change no answer are told apart. With either, cases may be
    lacking.

    Ends with status 0 when every case holds and reaches its rule, 1 when one does not, when less than --coverage-min is
    reached or more than --survivors-max mistakes go unnoticed, 2 when the documents have faults (policywire rules check
    shows them) or PATH cannot be read.

    \b
    Example:
      policywire rules test rules --coverage-min 100 --mutate
    """  # noqa: D301  click's own mark of a paragraph to be left as it is
    measured = coverage or coverage_min is not None
    read = with_cases_lacking if measured or mutate else check_rules
    reading = read(rules_folder(path), today())
    _refuse_faulty(reading, as_json=as_json)
    run = run_cases(reading) + run_watch_cases(reading)
    failed = bool(run.failed if measured or mutate else run.faults)
    given = _run_report(run)
    if not as_json:
        print_faults(run.faults)
    if measured:
        reached = case_coverage(reading)
        failed |= total(reached).percent < (coverage_min or 0)
        given["coverage"] = coverage_report(reached)
        _print(coverage_told(reached), as_json=as_json)
    if mutate and not run.failed:
        tried = tuple(try_mutants(reading))
        failed |= len(survivors(tried)) > survivors_max
        given["mutation"] = mutation_report(tried)
        _print(mutants_told(tried), as_json=as_json)
    if as_json:
        print_json(given | {"passed": not failed})
    else:
        click.echo(f"{run.count - run.failed} of {run.count} cases hold.{_untried(run, mutate=mutate)}")
    raise SystemExit(1 if failed else 0)


def _refuse_faulty(reading: Reading, *, as_json: bool) -> None:
    if reading.faults:
        if as_json:
            print_json(report(reading))
        else:
            print_faults(reading.faults)
        raise SystemExit(2)


def _run_report(run: CaseRun) -> dict[str, Any]:
    faults = [fault_report(fault) for fault in run.faults]
    return {"passed": not faults, "cases": run.count, "failed": run.failed, "faults": faults}


def _print(lines: Any, *, as_json: bool) -> None:
    for line in () if as_json else lines:
        click.echo(line)


def _untried(run: CaseRun, *, mutate: bool) -> str:
    """Why no mistakes were made, when they were asked for."""
    return " No mistakes were made: first every case must hold." if mutate and run.failed else ""
