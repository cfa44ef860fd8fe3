"""``policywire metrics``: the page on what a worker shows at /metrics. Knows the terminal; the list is the worker's."""

import click

from policywire.stream.metric_page import page


@click.command()
def command() -> None:
    r"""Print every metric that a worker shows at /metrics, described, as a page in Markdown.

    \b
    Example:
      policywire metrics > deploy/metrics.md
    """
    click.echo(page(), nl=False)
