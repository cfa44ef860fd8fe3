"""``policywire settings``: the page on a worker's settings. Knows the terminal; the settings are the worker's."""

import click

from policywire.stream.settings_page import page


@click.command()
def command() -> None:
    r"""Print every setting of a worker with its variable, default and choices, as a page in Markdown.

    \b
    Example:
      policywire settings > deploy/settings.md
    """
    click.echo(page(), nl=False)
