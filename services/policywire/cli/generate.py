"""``policywire generate``: synthetic events to try things with. Knows the terminal; the workbench generates."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import BinaryIO

import click
from msgspec.structs import replace

from policywire.errors import BadInput
from policywire.workbench.generate import ClaimMix, Published, generate_claims
from policywire.workbench.generate.claims import FIRST_DAY, LAST_DAY

BOOTSTRAP_VARIABLE = "POLICYWIRE_KAFKA__BOOTSTRAP_SERVERS"
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
@click.option("--publish", is_flag=True, help="Publish to claim-events on a Kafka of your own instead.")
@click.option("--bootstrap-servers", envvar=BOOTSTRAP_VARIABLE, show_envvar=True, help="For --publish, as host:port.")
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
    publish: bool,
    bootstrap_servers: str | None,
) -> None:
    """Write claim events as JSON lines, as `policywire replay` reads them.

    A mix of specialties and payers; among Cigna's the situations that MM 0552 speaks of, on both sides of its change;
    drafts, replaced and voided claims. All of it is synthetic.
    """
    mix = ClaimMix(hits=hits, bad=bad, members=members, start=start.date(), end=end.date(), keyed=False)
    if publish:
        if not bootstrap_servers:
            raise BadInput(f"--publish needs to know where: give --bootstrap-servers or set {BOOTSTRAP_VARIABLE}.")
        published = asyncio.run(_publish(bootstrap_servers, generate_claims(count, seed, replace(mix, keyed=True))))
        click.echo(f"{published:,} synthetic events are in claim-events.", err=True)
        return
    out.writelines(event.value + b"\n" for event in generate_claims(count, seed, mix) if event.value is not None)


async def _publish(bootstrap_servers: str, events: Iterable[Published]) -> int:
    from policywire.stream.topics import load_topics  # noqa: PLC0415  Kafka's client only for those who publish
    from policywire.workbench.sender import Sender  # noqa: PLC0415

    async with Sender(bootstrap_servers, "claim-events", load_topics()["claim-events"].partitions) as sender:
        return await sender.send(events)
