"""``policywire upcoming``: policies announced and not yet in force. Knows the terminal; the workbench looks ahead."""

import asyncio
import json
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from policywire.cli.charges import mapping_options_with
from policywire.cli.rules.published import cluster_options, kafka_options, this_second
from policywire.cli.rules.shown import PATH, today
from policywire.errors import BadInput
from policywire.rulebook.publication import published_files
from policywire.workbench.brief.upcoming import Upcoming, upcoming
from policywire.workbench.brief.waiting import Waiting, waiting
from policywire.workbench.check import rules_folder
from policywire.workbench.documents import Documents, documents_from, read_documents
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
@mapping_options_with("charges", "orders")
@click.option("--from-topic", is_flag=True, help="Of what is published instead of PATH; what waits is listed too.")
@cluster_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
def command(  # noqa: PLR0913  one parameter an option
    path: Path | None,
    *,
    as_of: datetime | None,
    within: int | None,
    payer: str | None,
    charges: tuple[Path, ...],
    orders: tuple[Path, ...],
    mapping: "ChargeMapping | None",
    from_topic: bool,
    bootstrap_servers: str | None,
    topic_prefix: str | None,
    as_json: bool,
) -> None:
    """List what is announced and not yet in force: days left, what changes, for which codes.

    PATH is the folder of documents [default: ./rules, or else the rules that ship with policywire]. A version counts as
    announced from its known_from on; the end of a policy that no version follows is listed too. With --from-topic also
    publications that wait for their instant.

    Ends with status 0, also when nothing is to come, 1 when the cluster does not answer, 2 when PATH, a table or an
    option cannot be used.

    \b
    Example:
      policywire upcoming rules --within 90
      policywire upcoming rules --charges charges.parquet --orders orders.csv --json
    """  # noqa: D301  click's mark for text that is not to be wrapped
    day = as_of.date() if as_of else today()
    published = _published(kafka_options(bootstrap_servers, topic_prefix), day) if from_topic else None
    documents = read_documents(rules_folder(path)) if published is None else published[0]
    found = upcoming(documents, day, within, payer)
    waits = [] if published is None else _asked_for(published[1], within, payer)
    touch = None if mapping is None else _touch(found, charges, orders, mapping, day)
    if as_json:
        click.echo(json.dumps(_report(found, waits, touch, day), indent=2, ensure_ascii=False))
        return
    for number, each in enumerate(found):
        _show(each)
        if touch is not None:
            click.echo(f"    concerns {_told(touch.by_change[number])}")
    for wait in waits:
        _show_waiting(wait)
    if touch is not None and touch.bad_rows:
        told = _count(touch.bad_rows, "row")
        click.echo(f"{told} of the tables could not be read: `policywire audit` says which and why.")
    click.echo(_verdict(found, waits, day, within))


def _asked_for(waits: list[Waiting], within: int | None, payer: str | None) -> list[Waiting]:
    in_time = (wait for wait in waits if within is None or wait.days_left <= within)
    return [wait for wait in in_time if payer is None or wait.concerns(payer)]


def _published(kafka: dict[str, str], day: date) -> tuple[Documents, list[Waiting]]:
    # Imported here: Kafka's client is not needed for a folder.
    from policywire.stream.settings import load_settings  # noqa: PLC0415
    from policywire.workbench.publishing.history import read_history  # noqa: PLC0415

    now = this_second()
    history = asyncio.run(read_history(load_settings({"kafka": kafka}), now))
    if not history.states:
        raise BadInput("nothing is published yet: `policywire rules publish` puts documents there.")
    documents = documents_from(published_files(history.states[-1].in_force(now)))
    return documents, waiting(history, max(now, datetime.combine(day, time(), UTC)))


def _touch(
    found: list[Upcoming], charges: tuple[Path, ...], orders: tuple[Path, ...], mapping: "ChargeMapping", day: date
) -> "Touch":
    # Imported here: it needs the extra, and looking ahead alone does not.
    from policywire.workbench.brief.touched import touched  # noqa: PLC0415

    return touched(found, charges, orders, mapping, day)


def _report(found: list[Upcoming], waits: list[Waiting], touch: "Touch | None", day: date) -> dict[str, Any]:
    report: dict[str, Any] = {"as_of": day.isoformat(), "upcoming": msgspec.to_builtins(found)}
    report["waiting"] = msgspec.to_builtins(waits)
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


def _show_waiting(wait: Waiting) -> None:
    by = f"publication {wait.publication} by {wait.author}" if wait.publication else "a publication"
    approved = f", approved by {', '.join(wait.approved_by)}" if wait.approved_by else ""
    click.echo(f"{_days(wait.days_left)}, {wait.at:%Y-%m-%dT%H:%M:%SZ}: {by}{approved}, comes into force")
    click.echo(f"    {', '.join(wait.documents)}")
    if wait.reason:
        click.echo(f"    why: {wait.reason}")


def _told(concerned: "Touched") -> str:
    return (
        f"{_count(concerned.lines, 'line')} of the last 365 days, charged ${concerned.charge_cents / 100:,.2f}; "
        f"{_count(concerned.booked, 'booked procedure')}, estimated ${concerned.estimate_cents / 100:,.2f}"
    )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' if number != 1 else ''}"


def _days(left: int) -> str:
    return f"In {_count(left, 'day')}"


def _verdict(found: list[Upcoming], waits: list[Waiting], day: date, within: int | None) -> str:
    when = f" within {within} days of" if within is not None else " after"
    told = [_count(len(found), "change")] if found else []
    told += [f"{_count(len(waits), 'publication')} waiting"] if waits else []
    if not told:
        return f"Nothing that is known takes effect{when} {day_in_words(day)}."
    return f"{' and '.join(told)} to come{when} {day_in_words(day)}."
