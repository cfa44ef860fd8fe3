"""``policywire rules check``. Knows the terminal; the workbench checks."""

from pathlib import Path

import click

from policywire.cli.rules.shown import JSON, PATH, print_faults, print_json, today
from policywire.workbench.check import check_rules, report, rules_folder, summary


@click.command()
@PATH
@JSON
def check(path: Path | None, *, as_json: bool) -> None:
    """Check every document in a folder: how it is written, its shape, its meaning, what it refers to, its cases.

    PATH is the folder of documents [default: ./rules, or else the rules that ship with policywire].

    Every fault comes at once as file:line:column: code: path: message. mend. Ends with status 0 when the documents are
    sound (warnings are for the reader), 1 when they have faults, 2 when PATH cannot be read.
    """
    reading = check_rules(rules_folder(path), today())
    if as_json:
        print_json(report(reading))
    else:
        print_faults(reading.warnings, "warning: ")
        print_faults(reading.faults)
        click.echo(f"{summary(reading)}.")
        click.echo(_verdict(len(reading.faults), len(reading.warnings), summary(reading).revision))
    raise SystemExit(1 if reading.faults else 0)


def _verdict(faults: int, warnings: int, revision: str | None) -> str:
    noted = f" {warnings} warning{'s' if warnings != 1 else ''} to know of." if warnings else ""
    if revision is None:
        return f"{faults} fault{'s' if faults != 1 else ''}: these documents are not used.{noted}"
    return f"Sound.{noted} Revision {revision}."
