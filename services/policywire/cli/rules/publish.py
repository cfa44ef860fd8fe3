"""``policywire rules publish``. Knows the terminal; the topic of documents publishes."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from policywire.cli.rules.published import (
    AUTHOR_VARIABLE,
    asked_reason,
    cluster_options,
    kafka_options,
    named,
    print_published,
    publication_report,
    this_second,
    with_documents,
)
from policywire.cli.rules.shown import JSON, PATH, print_faults, print_json
from policywire.errors import BadInput, Fault
from policywire.rulebook.load import files_in
from policywire.rulebook.publication import publication
from policywire.rulebook.schedule import instant_of
from policywire.rulebook.succession import Wanted
from policywire.workbench.casetest import run_cases
from policywire.workbench.check import check_rules, fault_report, rules_folder
from policywire.workbench.publishing.author import git_author
from policywire.workbench.publishing.leave import Refusal, leave_for
from policywire.workbench.watchtest import run_watch_cases

if TYPE_CHECKING:
    from policywire.stream.documents import Published


@click.command()
@PATH
@cluster_options
@click.option("--reason", "--why", help="What changes and why; recorded.")
@click.option("--author", envvar=AUTHOR_VARIABLE, show_envvar=True, help="Who publishes [default: git's user.email].")
@click.option("--at", metavar="INSTANT", help="In force from then on, as 2026-12-16T00:00:00Z [default: at once].")
@click.option("--keep", is_flag=True, help="Leave what else the topic holds, instead of removing it.")
@click.option("--cancel-scheduled", is_flag=True, help="Take back what waits for its instant.")
@click.option("--force", is_flag=True, help="Without the gate or an approval; recorded, with the reason.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@JSON
def publish(  # noqa: PLR0913  one parameter an option
    path: Path | None,
    *,
    bootstrap_servers: str | None,
    topic_prefix: str | None,
    reason: str | None,
    author: str | None,
    at: str | None,
    keep: bool,
    cancel_scheduled: bool,
    force: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Publish the documents of a folder to policy-documents, for workers with --rules-from topic.

    PATH is the folder of documents [default: ./rules, or else the rules that ship with policywire].

    They are checked and their cases run first. This very content must have passed `policywire rules gate`, and somebody
    else than the author must have approved of it with `policywire rules approve`. What differs from the topic is then
    written in one transaction, and what is no longer in PATH removed, so that workers see all of it or nothing; who,
    when and why goes to policy-history with it. Cases stay here.

    With --at nothing changes before that instant; then every worker takes the documents by its own clock, also when it
    was restarted meanwhile. The settings of the cluster are the worker's: POLICYWIRE_KAFKA__BOOTSTRAP_SERVERS and the
    others.

    Ends with status 0 when the topic holds the documents, 1 when they have faults, a case does not hold, gate or
    approval are missing, the cluster does not answer, or another publication began meanwhile, 2 when PATH, an option or
    the topic cannot be used.

    \b
    Example:
      policywire rules gate rules
      policywire rules approve rules --by bob@practice.example
      policywire rules publish rules --reason "Two codes fewer" --at 2026-12-16T00:00:00Z
    """  # noqa: D301  click's \b keeps the example's lines
    folder, now = rules_folder(path), this_second()
    why = "" if dry_run else asked_reason(reason)
    instant = None if at is None else _coming(at, now)
    faults = _faults(folder, now)
    if faults:
        _show_faults(faults, as_json=as_json)
        raise SystemExit(1)
    who = author or git_author(folder) or ""
    files = tuple(files_in(folder))
    leave = leave_for(folder, files, who if dry_run else named(who, "--author"))
    refused = () if force else leave.refusals
    if refused and not dry_run:
        _show_refusals(refused, as_json=as_json)
        raise SystemExit(1)
    account = leave.account(who, why)
    wanted = Wanted(publication(folder, files), keep=keep, at=instant, cancel=cancel_scheduled)
    published = with_documents(
        kafka_options(bootstrap_servers, topic_prefix),
        lambda topic: (topic.compare if dry_run else topic.publish)(wanted, account, now),
    )
    _show_published(published, refused, dry_run=dry_run, as_json=as_json)
    raise SystemExit(1 if refused else 0)


def _faults(folder: Path, now: datetime) -> tuple[Fault, ...]:
    """What is wrong with the documents, or else the cases that do not hold."""
    reading = check_rules(folder, now.date())
    return reading.faults or (run_cases(reading) + run_watch_cases(reading)).faults


def _coming(text: str, now: datetime) -> datetime:
    at = instant_of(text)
    if at <= now:
        raise BadInput(f"{text} is past. Leave --at out to publish at once; then it is in force from now on.")
    return at


def _show_faults(faults: Iterable[Fault], *, as_json: bool) -> None:
    if as_json:
        print_json({"published": False, "faults": [fault_report(each) for each in faults], "refused": []})
    else:
        print_faults(faults)
        click.echo("Not published.")


def _show_refusals(refused: Iterable[Refusal], *, as_json: bool) -> None:
    if as_json:
        print_json({"published": False, "faults": [], "refused": _plain(refused)})
    else:
        _print_refusals(refused)
        click.echo("Not published. --force publishes all the same; that and the reason are recorded.")


def _print_refusals(refused: Iterable[Refusal]) -> None:
    for each in refused:
        click.echo(f"refused: {each}")


def _show_published(published: "Published", refused: Iterable[Refusal], *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        report = publication_report(published, done=published.is_needed and not dry_run)
        print_json({**report, "faults": [], "refused": _plain(refused)})
    else:
        print_published(published, dry_run=dry_run)
        _print_refusals(refused)


def _plain(refused: Iterable[Refusal]) -> list[Any]:
    return [msgspec.to_builtins(each) for each in refused]
