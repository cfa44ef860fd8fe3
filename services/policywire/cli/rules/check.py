"""``policywire rules check``. Knows the terminal; the workbench checks."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
from msgspec.structs import replace

from policywire.cli.rules.shown import JSON, PATH, print_faults, print_json, today
from policywire.errors import BadInput
from policywire.rulebook.load import Reading
from policywire.workbench.check import check_rules, report, rules_folder, summary
from policywire.workbench.lint.accepted import Judged, judged
from policywire.workbench.lint.catalogue import CATALOGUE, named
from policywire.workbench.lint.catalogue.code import Code
from policywire.workbench.lint.sarif import sarif
from policywire.workbench.lint.selection import selection


def _show_codes(codes: Iterable[Code], *, in_full: bool, as_json: bool) -> None:
    """Codes of the catalogue: a line each, or in full with mend and example."""
    if as_json:
        print_json({"codes": [code._asdict() for code in codes]})
        return
    for code in codes:
        click.echo(_explained(code) if in_full else f"{code.id}  {code.slug:<22} {code.severity:<8} {code.means}")


def _explained(code: Code) -> str:
    example = "\n".join(f"    {line}" for line in code.example.splitlines())
    return f"{code.id} {code.slug} ({code.severity})\n{code.means}\n{code.mend}\n\n{example}"


@click.command()
@PATH
@JSON
@click.option("--sarif", "sarif_file", metavar="FILE", help="Also write SARIF 2.1.0 for code scanning; -: print it.")
@click.option("--select", multiple=True, metavar="CODE", help="Show these codes alone: a slug, PW318, or PW3 for all.")
@click.option("--ignore", multiple=True, metavar="CODE", help="Show no finding of these codes.")
@click.option("--strict", is_flag=True, help="Warnings that are shown and not accepted end with status 1 too.")
@click.option("--list", "list_codes", is_flag=True, help="Show every code, and check nothing.")
@click.option("--explain", metavar="CODE", help="Say what a code means and how to mend it, and check nothing.")
def check(  # noqa: PLR0913 (one a option)
    path: Path | None,
    *,
    as_json: bool,
    sarif_file: str | None,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    strict: bool,
    list_codes: bool,
    explain: str | None,
) -> None:
    """Check every document in a folder: how it is written, its shape, its meaning, what it refers to, its cases.

    PATH is the folder of documents [default: ./rules, or else the rules that ship with policywire].

    Every finding comes at once as file:line:column: code: path: message. mend. A document accepts a warning by a
    comment with the reason: # accept CODE: why. Ends with status 0 when the documents are sound (warnings are for the
    reader), 1 when they have faults, shown or not, or with --strict warnings, 2 when PATH cannot be read or a code is
    unknown.

    \b
    Example:
      policywire rules check rules --strict --ignore source-conflict --sarif findings.sarif
    """  # noqa: D301  click's own mark of a paragraph to be left as it is
    if list_codes or explain is not None:
        _show_codes(CATALOGUE if explain is None else (named(explain),), in_full=explain is not None, as_json=as_json)
        return
    if as_json and sarif_file == "-":
        raise click.UsageError("--json and --sarif - would both print. Give SARIF a file.")
    chosen = selection(select, ignore)
    reading = check_rules(rules_folder(path), today())
    told = judged(reading.warnings, reading.contents)
    accepted = tuple((each, why) for each, why in told.accepted if chosen.of((each,)))
    told = Judged(chosen.of(told.standing), accepted)
    shown = replace(reading, faults=chosen.of(reading.faults), warnings=told.standing)
    if sarif_file is not None:
        _write_sarif(sarif_file, sarif((*shown.faults, *told.standing), accepted, Path.cwd()))
    if as_json:
        # Whether they are sound does not depend on what is shown.
        print_json(report(shown, accepted) | {"sound": not reading.faults, "hidden": _hidden(reading, shown)})
    elif sarif_file != "-":
        _print(reading, shown, len(accepted))
    raise SystemExit(1 if reading.faults or (strict and told.standing) else 0)


def _write_sarif(file: str, log: dict[str, Any]) -> None:
    try:
        with click.open_file(file, "w", encoding="utf-8") as opened:
            opened.write(json.dumps(log, indent=2, ensure_ascii=False) + "\n")
    except OSError as error:
        raise BadInput(f"{file} cannot be written: {error.strerror}. Give another place for SARIF.") from error


def _hidden(reading: Reading, shown: Reading) -> int:
    """How many faults are not shown."""
    return len(reading.faults) - len(shown.faults)


def _print(reading: Reading, shown: Reading, accepted: int) -> None:
    print_faults(shown.warnings, "warning: ")
    print_faults(shown.faults)
    click.echo(f"{summary(reading)}.")
    click.echo(_verdict(reading, len(shown.warnings), accepted, _hidden(reading, shown)))


def _verdict(reading: Reading, warnings: int, accepted: int, hidden: int) -> str:
    noted = f" {warnings} warning{'s' if warnings != 1 else ''} to know of." if warnings else ""
    noted += f" {accepted} accepted." if accepted else ""
    revision = summary(reading).revision
    if revision is None:
        faults = len(reading.faults)
        unseen = f" {hidden} of them not shown." if hidden else ""
        return f"{faults} fault{'s' if faults != 1 else ''}: these documents are not used.{unseen}{noted}"
    return f"Sound.{noted} Revision {revision}."
