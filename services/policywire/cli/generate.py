"""``policywire generate``: synthetic events to try things with. Knows the terminal; the workbench generates."""

from datetime import datetime
from typing import BinaryIO

import click

from policywire.workbench.generate import ClaimMix, generate_claims
from policywire.workbench.generate.claims import FIRST_DAY, LAST_DAY

_DAY = click.DateTime(["%Y-%m-%d"])
_SHARE = click.FloatRange(0, 1)


@click.group()
def command() -> None:
    """Write synthetic events: nobody's data, the same for the same seed."""


@command.command()
@click.option("--count", type=click.IntRange(0), required=True, help="How many events.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same events.")
@click.option("--hits", type=_SHARE, default=0.03, show_default=True, help="Share with a code that MM 0552 lists.")
@click.option("--bad", type=_SHARE, default=0.01, show_default=True, help="Share that is no good, of every kind.")
@click.option("--members", type=click.IntRange(5), help="How many members [default: a few claims each].")
@click.option("--start", type=_DAY, default=FIRST_DAY.isoformat(), show_default=True, help="Day of the first event.")
@click.option("--end", type=_DAY, default=LAST_DAY.isoformat(), show_default=True, help="Day of the last event.")
@click.option("--out", type=click.File("wb"), default="-", help="A file, or - for standard output [default: -].")
def claims(  # noqa: PLR0913  one for each option
    *,
    count: int,
    seed: int,
    hits: float,
    bad: float,
    members: int | None,
    start: datetime,
    end: datetime,
    out: BinaryIO,
) -> None:
    """Write claim events as JSON lines, as `policywire replay` reads them.

    A mix of specialties and payers; among Cigna's the situations that MM 0552 speaks of, on both sides of its change;
    drafts, replaced and voided claims. All of it is synthetic.
    """
    mix = ClaimMix(hits=hits, bad=bad, members=members, start=start.date(), end=end.date(), keyed=False)
    out.writelines(event.value + b"\n" for event in generate_claims(count, seed, mix) if event.value is not None)
