"""``policywire health``: ask a worker on this machine how it is. Knows the terminal and the worker's two answers.

For container health checks and for people beside a container: an image needs neither a shell nor curl for it.
"""

import http.client

import click

from policywire.errors import PassingFault
from policywire.stream.settings import Health, variable

_PATIENCE_S = 5.0
"""A worker that answers later than this has a process in trouble, whatever it then says."""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Where the worker is.")
@click.option(
    "--port",
    type=click.IntRange(1, 65_535),
    default=Health().port,
    envvar=variable("health", "port"),
    show_default=True,
    show_envvar=True,
    help="Of its /livez and /readyz.",
)
@click.option(
    "--ready", is_flag=True, help="Ask whether it does its work (/readyz), not whether it should go on (/livez)."
)
def command(host: str, port: int, *, ready: bool) -> None:
    """Say how a running worker is: status 0 when it is well, 1 when it is not or nobody answers.

    Well is: every lane makes progress. With --ready: every lane that it was given is open.
    """
    status, answer = _ask(host, port, "/readyz" if ready else "/livez")
    click.echo(answer.rstrip())
    if status != http.client.OK:
        raise PassingFault("the worker is not ready" if ready else "the worker is not well")


def _ask(host: str, port: int, path: str) -> tuple[int, str]:
    """Status and text of an answer.

    Raises:
        PassingFault: nobody answers.
    """
    connection = http.client.HTTPConnection(host, port, timeout=_PATIENCE_S)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        raise PassingFault(f"no worker answers at {host}:{port} ({error})") from error
    finally:
        connection.close()
