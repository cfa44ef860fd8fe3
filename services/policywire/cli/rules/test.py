"""``policywire rules test``. Knows the terminal; the workbench runs the cases."""

from pathlib import Path

import click

from policywire.cli.rules.shown import JSON, PATH, print_faults, print_json, today
from policywire.workbench.casetest import run_cases
from policywire.workbench.check import check_rules, fault_report, report, rules_folder
from policywire.workbench.watchtest import run_watch_cases


@click.command()
@PATH
@JSON
def test(path: Path | None, *, as_json: bool) -> None:
    """Run the cases beside the policies and the watch rules through the same step that the worker uses.

    PATH is the folder of documents [default: ./rules, or else the rules that ship with policywire].

    Ends with status 0 when every case holds and reaches its rule, 1 when one does not, 2 when the documents have faults
    (policywire rules check shows them) or PATH cannot be read.
    """
    reading = check_rules(rules_folder(path), today())
    if reading.faults:
        if as_json:
            print_json(report(reading))
        else:
            print_faults(reading.faults)
        raise SystemExit(2)
    run = run_cases(reading) + run_watch_cases(reading)
    if as_json:
        faults = [fault_report(fault) for fault in run.faults]
        print_json({"passed": not faults, "cases": run.count, "failed": run.failed, "faults": faults})
    else:
        print_faults(run.faults)
        click.echo(f"{run.count - run.failed} of {run.count} cases hold.")
    raise SystemExit(1 if run.faults else 0)
