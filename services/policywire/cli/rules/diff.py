"""``policywire rules diff``. Knows the terminal and the clock; the workbench compares."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from policywire.cli.charges import mapping_options_with
from policywire.cli.rules.against import flip_charges
from policywire.cli.rules.published import cluster_options, kafka_options, this_second, topics_needed
from policywire.cli.rules.shown import JSON, print_json
from policywire.errors import BadInput
from policywire.workbench.check import rules_folder
from policywire.workbench.diff.comparison import compare
from policywire.workbench.diff.edition import Edition, at_version, editions
from policywire.workbench.diff.words import markdown, text
from policywire.workbench.documents import find_policy

if TYPE_CHECKING:
    from policywire.workbench.charges.mapping import ChargeMapping


@click.command()
@click.argument("before", required=False)
@click.argument("after", required=False)
@click.option("--policy", help="Only this policy, as MM 0552 or cigna/MM 0552.")
@click.option(
    "--versions",
    nargs=2,
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DAY DAY",
    help="Compare two versions of a policy of BEFORE: those in force on these dates of service.",
)
@JSON
@click.option("--markdown", "as_markdown", is_flag=True, help="Markdown instead of text, for a pull request.")
@click.option("--against", multiple=True, metavar="FILE", help="Past charges (CSV, Parquet, JSON lines) to flip.")
@click.option("--orders", multiple=True, metavar="FILE", help="With --against: booked procedures too.")
@click.option("--agreements", multiple=True, metavar="FILE", help="With --against: what members have signed.")
@click.option(
    "--lines",
    "lines_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="With --against: write the lines that flip, as .csv or .parquet. It then holds health information.",
)
@mapping_options_with("against")
@cluster_options
def diff(  # noqa: PLR0913  one parameter an option
    before: str | None,
    after: str | None,
    *,
    policy: str | None,
    versions: tuple[datetime, datetime] | None,
    as_json: bool,
    as_markdown: bool,
    against: tuple[str, ...],
    orders: tuple[str, ...],
    agreements: tuple[str, ...],
    lines_file: Path | None,
    mapping: "ChargeMapping | None",
    bootstrap_servers: str | None,
    topic_prefix: str | None,
) -> None:
    """Compare two editions of the rules in answers, not in text.

    BEFORE and AFTER are each a folder, the file of one policy, one version of a policy (rules:"MM 0552"@2025-12-16), a
    git commit (git:main, or git:main:folder), or what was published: topic, publication:7 or revision:sha256:...
    Without AFTER it is ./rules, without BEFORE too git:HEAD.

    Lines that stand for all others are decided by both editions, so nothing that is told is a mere change of words, and
    nothing is missed: codes added and removed, outcomes, dates, liability, prior authorization, flags, scope, and
    for which diagnoses, narratives or numbers.

    With --against, past charges are decided by both too: how many flip, in dollars, by code, specialty, provider and
    month. That needs the packages of policywire[workbench].

    Ends with status 0 when no answer changes, 1 when answers or alerts differ or lines were too many to decide, 2 when
    an edition cannot be read.

    \b
    Example:
      policywire rules diff rules my-rules
      policywire rules diff git:main rules --markdown
      policywire rules diff rules --policy "MM 0552" --versions 2020-03-15 2025-12-16
      policywire rules diff rules my-rules --against charges.parquet --lines flips.csv
    """  # noqa: D301  click's \b keeps the example's lines
    kafka = kafka_options(bootstrap_servers, topic_prefix)
    sides = _sides(before, after, policy, versions, lambda name: _published(name, kafka))
    only = _only(sides, policy)
    found = compare(sides[0].rulebook, sides[1].rulebook, (sides[0].name, sides[1].name), only)
    flipped = None
    if mapping is not None:
        flipped = flip_charges(sides, only, (against, orders, agreements), mapping, lines_file)
    elif orders or agreements or lines_file:
        raise BadInput("--orders, --agreements and --lines go with --against CHARGES.")
    if as_json:
        print_json(found.plain() | ({} if flipped is None else {"against": flipped.plain()}))
    else:
        for line in markdown(found) if as_markdown else text(found):
            click.echo(line)
        for line in () if flipped is None else flipped.told(as_markdown=as_markdown):
            click.echo(line)
    raise SystemExit(1 if found.differs or found.left_out else 0)


def _sides(
    before: str | None,
    after: str | None,
    policy: str | None,
    versions: tuple[datetime, datetime] | None,
    published: Callable[[str], Mapping[str, bytes]],
) -> tuple[Edition, Edition]:
    here = str(rules_folder(None))
    if versions is None:
        return editions(before or "git:HEAD", after or here, published)
    if after is not None:
        raise BadInput("--versions compares two versions of one edition; leave AFTER out.")
    edition, _ = editions(before or here, before or here, published)
    days: tuple[date, date] = (versions[0].date(), versions[1].date())
    return at_version(edition, policy, days[0]), at_version(edition, policy, days[1])


def _only(sides: tuple[Edition, Edition], policy: str | None) -> tuple[str, str] | None:
    """The one policy to compare, where one was named or a side is about one."""
    if policy is None:
        return sides[0].only or sides[1].only
    payer, _, named = policy.rpartition("/")
    keys = {(each.payer, each.id) for side in sides for each in side.rulebook.policies()}
    return find_policy(keys, named, payer or None)


def _published(name: str, kafka: Mapping[str, Any]) -> Mapping[str, bytes]:
    # Imported here: Kafka's client would make a comparison of folders slow.
    from policywire.workbench.diff.published import documents_named  # noqa: PLC0415

    with topics_needed():
        return documents_named(name, kafka, this_second())
