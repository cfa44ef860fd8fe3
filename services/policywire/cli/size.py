"""``policywire size``: how large a deployment must be. Knows the terminal; ``policywire.workbench.sizing`` works."""

from pathlib import Path

import click

from policywire.errors import BadInput


@click.command()
@click.option("--claims-per-day", type=click.IntRange(1), help="Claim and scheduling events alike.")
@click.option("--hits", type=click.FloatRange(0, 1), default=0.03, show_default=True, help="Share with a listed line.")
@click.option("--peak", type=click.FloatRange(1), default=5.0, show_default=True, help="Busiest minutes over the mean.")
@click.option("--years", type=click.FloatRange(0), default=7.0, show_default=True, help="Of the audit log.")
@click.option("--copies", type=click.IntRange(1), default=3, show_default=True, help="Of each record on brokers.")
@click.option("--worker-gib", type=click.FloatRange(1), default=4.0, show_default=True, help="Memory of a worker.")
@click.option(
    "--page", type=click.Path(path_type=Path), help="Bring the generated parts of deploy/sizing.md up to date."
)
def command(  # noqa: PLR0913, PLR0917  one parameter an option
    claims_per_day: int | None,
    hits: float,
    peak: float,
    years: float,
    copies: int,
    worker_gib: float,
    page: Path | None,
) -> None:
    """Size a deployment on paper: lanes, workers, memory, brokers and disk for so many claims a day.

    From figures that were measured, and from assumptions that deploy/sizing.md names; run a real load before you buy.
    """
    from policywire.workbench.sizing.deployment import Demand  # noqa: PLC0415
    from policywire.workbench.sizing.figures import load_figures  # noqa: PLC0415
    from policywire.workbench.sizing.page import rewrite, shown  # noqa: PLC0415

    figures = load_figures()
    if page is not None:
        rewrite(page, figures)
    elif claims_per_day is not None:
        demand = Demand(
            claims_a_day=claims_per_day, hits=hits, peak=peak, years=years, copies=copies, worker_gib=worker_gib
        )
        click.echo(shown(demand, figures))
    else:
        raise BadInput("say how many claims a day: policywire size --claims-per-day 1000000")
