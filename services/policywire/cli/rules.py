"""``policywire rules``: what a policy analyst runs before publishing. Knows the terminal; the workbench works."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from policywire.errors import Fault
from policywire.rulebook.shape import KINDS, schema_text
from policywire.workbench.casetest import run_cases
from policywire.workbench.check import check_rules, fault_report, report, rules_folder, summary
from policywire.workbench.watchtest import run_watch_cases

_PATH = click.argument("path", required=False, type=click.Path(path_type=Path))
_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")


@click.group()
def command() -> None:
    """Check and test policy documents."""


@command.command()
@_PATH
@_JSON
def check(path: Path | None, *, as_json: bool) -> None:
    """Check every document in a folder: how it is written, its shape, its meaning, what it refers to, its cases.

    PATH is the folder of documents [default: ./rules, or else the rules that ship with policywire].

    Every fault comes at once as file:line:column: code: path: message. mend. Ends with status 0 when the documents are
    sound (warnings are for the reader), 1 when they have faults, 2 when PATH cannot be read.
    """
    reading = check_rules(rules_folder(path))
    if as_json:
        _print_json(report(reading))
    else:
        _print_faults(reading.warnings, "warning: ")
        _print_faults(reading.faults)
        click.echo(f"{summary(reading)}.")
        click.echo(_verdict(len(reading.faults), len(reading.warnings), summary(reading).revision))
    raise SystemExit(1 if reading.faults else 0)


@command.command()
@_PATH
@_JSON
def test(path: Path | None, *, as_json: bool) -> None:
    """Run the cases beside the policies and the watch rules through the same step that the worker uses.

    PATH is the folder of documents [default: ./rules, or else the rules that ship with policywire].

    Ends with status 0 when every case holds and reaches its rule, 1 when one does not, 2 when the documents have faults
    (policywire rules check shows them) or PATH cannot be read.
    """
    reading = check_rules(rules_folder(path))
    if reading.faults:
        if as_json:
            _print_json(report(reading))
        else:
            _print_faults(reading.faults)
        raise SystemExit(2)
    run = run_cases(reading) + run_watch_cases(reading)
    if as_json:
        faults = [fault_report(fault) for fault in run.faults]
        _print_json({"passed": not faults, "cases": run.count, "failed": run.failed, "faults": faults})
    else:
        _print_faults(run.faults)
        click.echo(f"{run.count - run.failed} of {run.count} cases hold.")
    raise SystemExit(1 if run.faults else 0)


@command.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def schemas(folder: Path) -> None:
    """Write the JSON Schema of each kind of document into FOLDER, for the completion of editors.

    A document names its schema in its first line: # yaml-language-server: $schema=../schemas/policy.v1.schema.json
    """
    folder.mkdir(parents=True, exist_ok=True)
    for kind in KINDS:
        (folder / f"{kind}.schema.json").write_text(schema_text(kind), encoding="utf-8")


def _print_json(value: dict[str, Any]) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def _print_faults(faults: Iterable[Fault], prefix: str = "") -> None:
    for fault in faults:
        click.echo(f"{prefix}{fault}")


def _verdict(faults: int, warnings: int, revision: str | None) -> str:
    noted = f" {warnings} warning{'s' if warnings != 1 else ''} to know of." if warnings else ""
    if revision is None:
        return f"{faults} fault{'s' if faults != 1 else ''}: these documents are not used.{noted}"
    return f"Sound.{noted} Revision {revision}."
