"""``policywire generate``: synthetic events to try things with. Knows the terminal; the workbench generates."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

import click
from msgspec import Struct

from policywire.errors import BadInput
from policywire.workbench.generate import ClaimMix, Published, SchedulingMix, generate_claims, generate_scheduling
from policywire.workbench.generate.charge_files import write_rows
from policywire.workbench.generate.charge_rows import FIRST_DAY as FIRST_SERVICE
from policywire.workbench.generate.charge_rows import LAST_DAY as LAST_SERVICE
from policywire.workbench.generate.charge_rows import Charge, ChargeMix, SignedAgreement
from policywire.workbench.generate.charges import generate_agreements, generate_charges, generate_orders
from policywire.workbench.generate.pieces import CIGNA_EVERY, FIRST_DAY, LAST_DAY

BOOTSTRAP_VARIABLE = "POLICYWIRE_KAFKA__BOOTSTRAP_SERVERS"
_DAY = click.DateTime(["%Y-%m-%d"])
_SHARE = click.FloatRange(0, 1)
_SERVERS_HELP = "For --publish, as host:port."


class Order(Struct, frozen=True, kw_only=True):
    """What the options ask for; those of both commands are the same."""

    count: int
    seed: int
    hits: float
    bad: float
    members: int | None
    start: datetime
    end: datetime
    out: BinaryIO
    publish: bool
    bootstrap_servers: str | None

    @property
    def mix(self) -> dict[str, Any]:
        """The fields that every mix has."""
        days = {"start": self.start.date(), "end": self.end.date()}
        return {"hits": self.hits, "bad": self.bad, "members": self.members, "keyed": self.publish, **days}


def _options(command: Callable[..., None]) -> Callable[..., None]:
    """The options of an :class:`Order`."""
    for option in reversed(
        (
            click.option("--count", type=click.IntRange(0), required=True, help="How many events."),
            click.option("--seed", default=1, show_default=True, help="The same seed gives the same events."),
            click.option("--hits", type=_SHARE, default=0.03, show_default=True, help="Share with a listed code."),
            click.option("--bad", type=_SHARE, default=0.01, show_default=True, help="Share that is no good."),
            click.option(
                "--members", type=click.IntRange(CIGNA_EVERY), help="How many members [default: a few events each]."
            ),
            click.option(
                "--start", type=_DAY, default=f"{FIRST_DAY}", show_default=True, help="Day of the first event."
            ),
            click.option("--end", type=_DAY, default=f"{LAST_DAY}", show_default=True, help="Day of the last event."),
            click.option("--out", type=click.File("wb"), default="-", help="A file [default: -, standard output]."),
            click.option("--publish", is_flag=True, help="Publish to the topic on a Kafka of your own instead."),
            click.option("--bootstrap-servers", envvar=BOOTSTRAP_VARIABLE, show_envvar=True, help=_SERVERS_HELP),
        )
    ):
        command = option(command)
    return command


@click.group()
def command() -> None:
    """Write synthetic events: nobody's data, the same for the same seed."""


@command.command()
@_options
def claims(**given: Any) -> None:
    """Claims, as JSON lines that `policywire replay` reads.

    A mix of specialties and payers; among Cigna's the situations that MM 0552 speaks of, on both sides of its change;
    drafts, replaced and voided claims; bad ones of every kind. All of it is synthetic.
    """
    order = Order(**given)
    _deliver("claim-events", generate_claims(order.count, order.seed, ClaimMix(**order.mix)), order)


@command.command()
@_options
def scheduling(**given: Any) -> None:
    """Appointments and agreements, as such JSON lines.

    Appointments that are booked, moved, cancelled, kept or missed, and agreements to pay for the listed codes among
    them, some of which do not hold; late and bad ones. The members are those of `generate claims`: of the same number
    the same person. All of it is synthetic.
    """
    order = Order(**given)
    _deliver("scheduling-events", generate_scheduling(order.count, order.seed, SchedulingMix(**order.mix)), order)


_FILE = click.Path(dir_okay=False, path_type=Path)


@command.command()
@click.option("--count", type=click.IntRange(0), required=True, help="How many lines.")
@click.option("--out", type=_FILE, required=True, help="A file that ends in .parquet, .csv or .jsonl.")
@click.option("--agreements", type=_FILE, help="Also write agreements to pay for some of what is denied, to this file.")
@click.option("--orders", type=_FILE, help="Also write booked procedures of the twelve weeks after, to this file.")
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same rows.")
@click.option(
    "--hits", type=click.FloatRange(0, 0.6), default=0.03, show_default=True, help="Share with a listed code."
)
@click.option("--bad", type=_SHARE, default=0.0, show_default=True, help="Share that is no good.")
@click.option("--start", type=_DAY, default=f"{FIRST_SERVICE}", show_default=True, help="First day of service.")
@click.option("--end", type=_DAY, default=f"{LAST_SERVICE}", show_default=True, help="Last day of service.")
def charges(  # noqa: PLR0913, PLR0917  one argument an option
    count: int,
    out: Path,
    agreements: Path | None,
    orders: Path | None,
    seed: int,
    hits: float,
    bad: float,
    start: datetime,
    end: datetime,
) -> None:
    """Charge lines as a table that `policywire audit` reads: CSV, Parquet or JSON lines.

    Two years of a made-up group of practices, some of which take up the services of MM 0552 on the way; with
    agreements and booked procedures of the same members where wanted. All of it is synthetic.

    \b
    Example:
      policywire generate charges --count 100000 --out charges.parquet --agreements agreements.csv --orders orders.csv
    """  # noqa: D301  the character \b, which keeps click from refilling the lines
    mix = ChargeMix(hits=hits, bad=bad, start=start.date(), end=end.date())
    wrote = {out: write_rows(out, Charge._fields, generate_charges(count, seed, mix))}
    ahead = max(1, count // 100)
    if orders:
        wrote[orders] = write_rows(orders, Charge._fields, generate_orders(ahead, seed, mix))
    if agreements:
        lines = chain(generate_charges(count, seed, mix), generate_orders(ahead, seed, mix))
        wrote[agreements] = write_rows(agreements, SignedAgreement._fields, generate_agreements(lines, seed))
    for path, rows in wrote.items():
        click.echo(f"{rows:,} synthetic rows are in {path}.", err=True)


def _deliver(topic: str, events: Iterable[Published], order: Order) -> None:
    if not order.publish:
        order.out.writelines(event.value + b"\n" for event in events if event.value is not None)
        return
    if not order.bootstrap_servers:
        raise BadInput(f"--publish needs to know where: give --bootstrap-servers or set {BOOTSTRAP_VARIABLE}.")
    published = _publish(order.bootstrap_servers, topic, events)
    click.echo(f"{published:,} synthetic events are in {topic}.", err=True)


def _publish(bootstrap_servers: str, topic: str, events: Iterable[Published]) -> int:
    # Kafka's client only for those who publish.
    from policywire.cli.cluster import kafka_of, on_cluster  # noqa: PLC0415
    from policywire.stream.topics import load_topics  # noqa: PLC0415
    from policywire.workbench.sender import Sender  # noqa: PLC0415

    async def sent(client: Mapping[str, Any]) -> int:
        async with Sender(topic=topic, partitions=load_topics()[topic].partitions, **client) as sender:
            return await sender.send(events)

    return on_cluster(kafka_of(bootstrap_servers, ""), [topic], sent, right="Write")
