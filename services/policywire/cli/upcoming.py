"""``policywire upcoming``: policies announced and not yet in force. Knows the terminal; the workbench looks ahead."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from policywire.cli.rules.shown import PATH, today
from policywire.workbench.brief.upcoming import Upcoming, upcoming
from policywire.workbench.check import rules_folder
from policywire.workbench.documents import read_documents
from policywire.workbench.plain_words import day_in_words


@click.command()
@PATH
@click.option(
    "--as-of", type=click.DateTime(["%Y-%m-%d"]), help="The day from which one looks [default: today in UTC]."
)
@click.option("--within", type=click.IntRange(0), metavar="DAYS", help="Only what takes effect in so many days.")
@click.option("--payer", help="Only this payer, by its key.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
def command(path: Path | None, *, as_of: datetime | None, within: int | None, payer: str | None, as_json: bool) -> None:
    """List what is announced and not yet in force: days left, what changes, for which codes.

    PATH is the folder of documents [default: ./rules, or else the rules that ship with policywire]. A version counts as
    announced from its known_from on; the end of a policy that no version follows is listed too.

    Ends with status 0, also when nothing is to come, 2 when PATH cannot be used.

    \b
    Example:
      policywire upcoming rules --within 90
      policywire upcoming rules --as-of 2025-11-01 --json
    """  # noqa: D301  click's mark for text that is not to be wrapped
    day = as_of.date() if as_of else today()
    found = upcoming(read_documents(rules_folder(path)), day, within, payer)
    if as_json:
        click.echo(json.dumps(_report(found, day), indent=2, ensure_ascii=False))
        return
    for each in found:
        _show(each)
    click.echo(_verdict(found, day, within))


def _report(found: list[Upcoming], day: date) -> dict[str, Any]:
    return {"as_of": day.isoformat(), "upcoming": msgspec.to_builtins(found)}


def _show(each: Upcoming) -> None:
    click.echo(
        f"{_days(each.days_left)}, {day_in_words(each.effective_from)}: {each.payer_name} {each.policy}, {each.kind} "
        f"(impact {each.impact.lower()}, known since {day_in_words(each.known_from)})"
    )
    for change in each.by_codes:
        click.echo(f"    {', '.join(change.codes)}: {change.change}")
    for general in each.general:
        click.echo(f"    {general.replace('_', ' ')}")


def _days(left: int) -> str:
    return f"In {left} day{'s' if left != 1 else ''}"


def _verdict(found: list[Upcoming], day: date, within: int | None) -> str:
    when = f" within {within} days of" if within is not None else " after"
    if not found:
        return f"Nothing that is known takes effect{when} {day_in_words(day)}."
    return f"{len(found)} change{'s' if len(found) != 1 else ''} to come{when} {day_in_words(day)}."
