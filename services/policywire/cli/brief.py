"""``policywire brief``: what a policy means for a reader, on a page. Knows the terminal; the workbench writes."""

import json
from datetime import date, datetime
from pathlib import Path

import click
import msgspec

from policywire.cli.rules.shown import today
from policywire.errors import BadInput
from policywire.workbench.brief.page import Page
from policywire.workbench.brief.readers import READERS, Reader, brief
from policywire.workbench.brief.rendering import as_html, as_markdown, as_text
from policywire.workbench.brief.subject import subject
from policywire.workbench.check import rules_folder
from policywire.workbench.documents import find_policy, read_documents

_DAY = click.DateTime(["%Y-%m-%d"])
_FORMATS = {"text": as_text, "markdown": as_markdown, "html": as_html}


@click.command()
@click.argument("policy")
@click.option("--for", "reader", type=click.Choice(READERS), required=True, help="Who reads it.")
@click.option("--rules", type=click.Path(path_type=Path), help="The documents [default: ./rules, or those that ship].")
@click.option("--payer", help="The payer's key, where several have a policy of that id.")
@click.option("--as-of", type=_DAY, help="The day on which it is read [default: today in UTC].")
@click.option(
    "--version", type=_DAY, help="The version that begins on this day [default: the next, or the present one]."
)
@click.option("--format", "form", type=click.Choice(tuple(_FORMATS)), default="text", show_default=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="A file to write, not the terminal.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a page.")
def command(  # noqa: PLR0913  one parameter an option
    policy: str,
    *,
    reader: Reader,
    rules: Path | None,
    payer: str | None,
    as_of: datetime | None,
    version: datetime | None,
    form: str,
    out: Path | None,
    as_json: bool,
) -> None:
    """Write one page in plain words about a POLICY: what changes, from when, and what to do.

    It is about the next version that is announced, or else the one in force. What the sources leave open stands beside
    the list of codes: rows that were kept out, statements that disagree, what nobody has signed off. Everything comes
    from the documents.

    Ends with status 0, or 2 when there is no such policy, several payers have one, or something cannot be read.

    \b
    Example:
      policywire brief "MM 0552" --for scheduling
      policywire brief "MM 0552" --for compliance --format html --out brief.html
    """  # noqa: D301  click's mark for text that is not to be wrapped
    documents = read_documents(rules_folder(rules))
    key = find_policy(documents.policies, policy, payer)
    day = as_of.date() if as_of else today()
    page = brief(subject(documents, key, day, version.date() if version else None), reader)
    _write(_as_json(page, day) if as_json else _FORMATS[form](page), out)


def _as_json(page: Page, day: date) -> str:
    return json.dumps({"as_of": day.isoformat(), **msgspec.to_builtins(page)}, indent=2, ensure_ascii=False) + "\n"


def _write(text: str, out: Path | None) -> None:
    if out is None:
        click.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{out} cannot be written: {error.strerror}.") from error
    click.echo(f"{out} is written.")
