"""``policywire search``: policies by code, words, payer and date. Knows the terminal; the workbench searches."""

import asyncio
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, get_args

import click
import msgspec

from policywire.cli.rules.published import cluster_options, kafka_options, this_second
from policywire.cli.rules.shown import JSON, today
from policywire.model.records import Outcome
from policywire.rulebook.load import File, files_in
from policywire.workbench.check import rules_folder
from policywire.workbench.plain_words import PRIOR_AUTHORIZATION, outcome_in_words, window_in_words
from policywire.workbench.search.hit import Found, Hit, RuleHit
from policywire.workbench.search.nearest import with_nearest
from policywire.workbench.search.published import files_in_force
from policywire.workbench.search.query import Query, Status, asked
from policywire.workbench.search.shelf import index_of, refuse_a_file

_DAY: Final = click.DateTime(["%Y-%m-%d"])
_RULES_SHOWN: Final = 6
"""Of a hit that no code narrows; --json has all."""
_CODES_SHOWN: Final = 12
CACHE_VARIABLE: Final = "POLICYWIRE_SEARCH_CACHE"


def cache_folder() -> Path:
    """Where indexes are kept unless somebody says otherwise: the user's folder for what can be made again."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / "policywire" / "search"


@click.command()
@click.argument("words", nargs=-1)
@click.option(
    "--code", "codes", multiple=True, help="A code, range (20930-20934) or beginning (056*); of several, any."
)
@click.option("--text", "texts", multiple=True, help="Words, also where they have the shape of a code; all of them.")
@click.option("--payer", help="Its key, its name, or an id that senders use.")
@click.option("--policy", help="Its id; case and blanks do not matter.")
@click.option("--outcome", "outcomes", multiple=True, type=click.Choice([str(each) for each in Outcome]))
@click.option("--status", "statuses", multiple=True, type=click.Choice(get_args(Status)))
@click.option("--on", type=_DAY, help="A date of service: what decides it.")
@click.option("--known-on", type=_DAY, help="Only what could be known on that day.")
@click.option("--all-versions", is_flag=True, help="Every version that fits, not one of each policy.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="So many hits at most.")
@click.option("--offset", type=click.IntRange(0), default=0, help="Leave out so many first.")
@click.option("--rules", type=click.Path(path_type=Path), help="Folder of documents [default: ./rules, or what ships].")
@click.option(
    "--cache",
    type=click.Path(path_type=Path),
    envvar=CACHE_VARIABLE,
    show_envvar=True,
    help="Where indexes are kept [default: policywire/search among the user's cached files].",
)
@click.option("--no-cache", is_flag=True, help="Keep no index.")
@click.option("--from-topic", is_flag=True, help="What was published; with --known-on what was in force on that day.")
@cluster_options
@JSON
def command(  # noqa: PLR0913  one a question that people ask
    *,
    words: tuple[str, ...],
    codes: tuple[str, ...],
    texts: tuple[str, ...],
    payer: str | None,
    policy: str | None,
    outcomes: tuple[str, ...],
    statuses: tuple[Status, ...],
    on: datetime | None,
    known_on: datetime | None,
    all_versions: bool,
    limit: int,
    offset: int,
    rules: Path | None,
    cache: Path | None,
    no_cache: bool,
    from_topic: bool,
    bootstrap_servers: str | None,
    topic_prefix: str | None,
    as_json: bool,
) -> None:
    """Find policies by code, range, words, payer, outcome and date, over every payer and version.

    WORDS are codes (0565T), ranges (20930-20934) and beginnings (056*) by their shape; all else are words of the title,
    indications, rationales and what the policy rests on. A word also finds what begins with it. Without --all-versions
    each policy is shown once: as it is in force today (or on --on), else as it will be, else as it last was.

    With --from-topic what was published is searched instead of a folder, with --known-on as it was in force then.

    Of the documents an index is kept, so that the next search takes no time; it is made again when they change.

    Exit status: 0 when something was found, 1 when nothing was (it says what comes near), 2 for arguments or documents
    that cannot be used.

    \b
    Example:
      policywire search 0565T
      policywire search 20930-20999 --on 2026-01-05
      policywire search stem cell --payer cigna --outcome review
      policywire search 38232 --known-on 2025-12-01 --json
    """  # noqa: D301  click's \b keeps the example's lines
    sets, stems = asked(words, codes, texts)
    query = Query(
        codes=sets,
        words=stems,
        payer=payer,
        policy=policy,
        outcomes=tuple(map(Outcome, outcomes)),
        statuses=statuses,
        on=_date(on),
        known_on=_date(known_on),
        all_versions=all_versions,
        limit=limit,
        offset=offset,
    )
    shelf = None if no_cache else cache or cache_folder()
    if shelf is not None:
        refuse_a_file(shelf)
    kafka = kafka_options(bootstrap_servers, topic_prefix)
    files = _published(kafka, query.known_on) if from_topic else files_in(rules_folder(rules))
    index = index_of(files, shelf)
    found = with_nearest(index, query, today())
    for each in index.unreadable:
        click.echo(f"policywire: not searched: {each}", err=True)
    if as_json:
        click.echo(json.dumps(_report(found, index.unreadable), indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join(_lines(found)))
    raise SystemExit(0 if found.total else 1)


def _published(kafka: Mapping[str, Any], known_on: date | None) -> Iterable[File]:
    # Imported here: Kafka's client takes long, and a search of a folder needs none.
    from policywire.stream.settings import load_settings  # noqa: PLC0415
    from policywire.workbench.publishing.history import read_history  # noqa: PLC0415

    now = this_second()
    return files_in_force(asyncio.run(read_history(load_settings({"kafka": kafka}), now)), known_on, now)


def _date(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()


def _report(found: Found, unreadable: tuple[str, ...]) -> dict[str, object]:
    return {**msgspec.to_builtins(found), "unreadable": list(unreadable)}


def _lines(found: Found) -> Iterator[str]:
    as_known = f", as known on {found.known_on}" if found.known_on else ""
    if not found.total:
        yield f"Nothing found as of {found.day}{as_known}."
        yield from found.nearest
        return
    for hit in found.hits:
        yield from _hit(hit)
        if found.known_on is not None and hit.document_known_from > found.known_on:
            yield f"  as a later state of the document tells it, known from {hit.document_known_from}"
        yield ""
    shown = len(found.hits)
    first = found.offset + 1
    page = f"{first} to {found.offset + shown} of {found.total}" if shown < found.total else f"{found.total}"
    yield f"{page} found; statuses as of {found.day}{as_known}."


def _hit(hit: Hit) -> Iterator[str]:
    yield f"{hit.payer_name}, {hit.policy}: {hit.title}"
    window = window_in_words(hit.effective_from, hit.effective_through)
    authorization = PRIOR_AUTHORIZATION[hit.prior_authorization]
    yield f"  version {hit.version}, {hit.status.replace('_', ' ')}: services {window}; known from {hit.known_from}"
    yield f"  prior authorization: {authorization}"
    narrowed = any(rule.matched != rule.codes for rule in hit.rules)
    rules = hit.rules if narrowed else hit.rules[:_RULES_SHOWN]
    for rule in rules:
        yield from _rule(rule)
    if len(hit.rules) > len(rules):
        yield f"    and {len(hit.rules) - len(rules)} more rules"
    for change in hit.timeline:
        yield f"  {change}"
    yield from _beside(hit)


def _rule(rule: RuleHit) -> Iterator[str]:
    codes = ", ".join(rule.matched[:_CODES_SHOWN])
    more = f" and {len(rule.matched) - _CODES_SHOWN} more" if len(rule.matched) > _CODES_SHOWN else ""
    when = "" if rule.condition == "always" else f" if {rule.condition}"
    handoff = f" ({rule.handoff})" if rule.handoff else ""
    yield f"    {codes}{more}: {outcome_in_words(rule.outcome)}{handoff}{when}"
    yield f"      {rule.id}: {rule.indication}"


def _beside(hit: Hit) -> Iterator[str]:
    counts = ((hit.source_conflicts, "source conflict"), (hit.quarantined, "quarantined row"))
    told = [f"{count} {what}{'s' if count != 1 else ''}" for count, what in counts if count]
    if told:
        yield f'  beside it: {" and ".join(told)}; policywire rules history "{hit.policy}" tells them'
