"""``policywire upcoming``: policies announced and not yet in force. Knows the terminal; the workbench looks ahead."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from policywire.cli.charges import mapping_options
from policywire.cli.rules.shown import PATH, today
from policywire.workbench.brief.upcoming import Upcoming, upcoming
from policywire.workbench.check import rules_folder
from policywire.workbench.documents import read_documents
from policywire.workbench.plain_words import day_in_words

if TYPE_CHECKING:
    from policywire.workbench.brief.touched import Touch, Touched
    from policywire.workbench.charges.mapping import ChargeMapping

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@PATH
@click.option(
    "--as-of", type=click.DateTime(["%Y-%m-%d"]), help="The day from which one looks [default: today in UTC]."
)
@click.option("--within", type=click.IntRange(0), metavar="DAYS", help="Only what takes effect in so many days.")
@click.option("--payer", help="Only this payer, by its key.")
@click.option("--charges", multiple=True, type=_FILE, help="Tables of charges: count the lines of the last 365 days.")
@click.option("--orders", multiple=True, type=_FILE, help="Tables of booked procedures: count those that it concerns.")
@mapping_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
def command(  # noqa: PLR0913  one parameter an option
    path: Path | None,
    *,
    as_of: datetime | None,
    within: int | None,
    payer: str | None,
    charges: tuple[Path, ...],
    orders: tuple[Path, ...],
    mapping: "ChargeMapping",
    as_json: bool,
) -> None:
    """List what is announced and not yet in force: days left, what changes, for which codes.

    PATH is the folder of documents [default: ./rules, or else the rules that ship with policywire]. A version counts as
    announced from its known_from on; the end of a policy that no version follows is listed too.

    Ends with status 0, also when nothing is to come, 2 when PATH cannot be used.

    \b
    Example:
      policywire upcoming rules --within 90
      policywire upcoming rules --charges charges.parquet --orders orders.csv --json
    """  # noqa: D301  click's mark for text that is not to be wrapped
    day = as_of.date() if as_of else today()
    found = upcoming(read_documents(rules_folder(path)), day, within, payer)
    touch = _touch(found, charges, orders, mapping, day) if charges or orders else None
    if as_json:
        click.echo(json.dumps(_report(found, touch, day), indent=2, ensure_ascii=False))
        return
    for number, each in enumerate(found):
        _show(each)
        if touch is not None:
            click.echo(f"    concerns {_told(touch.by_change[number])}")
    if touch is not None and touch.bad_rows:
        told = _count(touch.bad_rows, "row")
        click.echo(f"{told} of the tables could not be read: `policywire audit` says which and why.")
    click.echo(_verdict(found, day, within))


def _touch(
    found: list[Upcoming], charges: tuple[Path, ...], orders: tuple[Path, ...], mapping: "ChargeMapping", day: date
) -> "Touch":
    # Imported here: it needs the extra, and looking ahead alone does not.
    from policywire.workbench.brief.touched import touched  # noqa: PLC0415

    return touched(found, charges, orders, mapping, day)


def _report(found: list[Upcoming], touch: "Touch | None", day: date) -> dict[str, Any]:
    report: dict[str, Any] = {"as_of": day.isoformat(), "upcoming": msgspec.to_builtins(found)}
    if touch is not None:
        for each, concerned in zip(report["upcoming"], touch.by_change, strict=True):
            each["concerns"] = msgspec.to_builtins(concerned)
        report["bad_rows"] = touch.bad_rows
    return report


def _show(each: Upcoming) -> None:
    click.echo(
        f"{_days(each.days_left)}, {day_in_words(each.effective_from)}: {each.payer_name} {each.policy}, {each.kind} "
        f"(impact {each.impact.lower()}, known since {day_in_words(each.known_from)})"
    )
    for change in each.by_codes:
        click.echo(f"    {', '.join(change.codes)}: {change.change}")
    for general in each.general:
        click.echo(f"    {general.replace('_', ' ')}")


def _told(concerned: "Touched") -> str:
    return (
        f"{_count(concerned.lines, 'line')} of the last 365 days, charged ${concerned.charge_cents / 100:,.2f}; "
        f"{_count(concerned.booked, 'booked procedure')}, estimated ${concerned.estimate_cents / 100:,.2f}"
    )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' if number != 1 else ''}"


def _days(left: int) -> str:
    return f"In {_count(left, 'day')}"


def _verdict(found: list[Upcoming], day: date, within: int | None) -> str:
    when = f" within {within} days of" if within is not None else " after"
    if not found:
        return f"Nothing that is known takes effect{when} {day_in_words(day)}."
    return f"{_count(len(found), 'change')} to come{when} {day_in_words(day)}."
