"""``policywire worker``: options over the worker's settings. Knows the terminal; ``policywire.stream`` works."""

from pathlib import Path
from typing import Any

import click

from policywire.errors import BadInput
from policywire.stream.logs import configure
from policywire.stream.settings import Settings, load_settings
from policywire.stream.worker import run_worker


@click.command()
@click.option("--bootstrap-servers", help="host:port, several with commas.")
@click.option("--group", help="Consumer group, and the beginning of the lanes' transactional ids.")
@click.option("--topic-prefix", help="In front of every topic's name.")
@click.option("--instance-id", help="The same after a restart, so that the same lanes come back at once.")
@click.option("--rules", type=click.Path(path_type=Path), help="A folder of policy documents [default: those shipped].")
@click.option("--rules-from", type=click.Choice(["folder", "topic"]), help="topic: policy-documents [default: folder].")
@click.option(
    "--runner",
    type=click.Choice(["exactly-once", "faust"]),
    default="exactly-once",
    show_default=True,
    help="faust: at least once, state on disk; needs the extra faust.",
)
@click.option("--faust-store", type=click.Choice(["rocksdb", "memory"]), help="Of --runner faust [default: rocksdb].")
@click.option("--health-port", type=int, help="For /metrics, /livez and /readyz.")
@click.option("--log-format", type=click.Choice(["json", "console"]))
def command(  # noqa: PLR0913, PLR0917  one parameter an option
    bootstrap_servers: str | None,
    group: str | None,
    topic_prefix: str | None,
    instance_id: str | None,
    rules: Path | None,
    rules_from: str | None,
    runner: str,
    faust_store: str | None,
    health_port: int | None,
    log_format: str | None,
) -> None:
    """Decide claim and scheduling events as they come, exactly once or (--runner faust) at least once, until SIGTERM.

    Every setting is also a variable, POLICYWIRE_<GROUP>__<NAME>, such as POLICYWIRE_KAFKA__BOOTSTRAP_SERVERS; a file
    that POLICYWIRE_SETTINGS names and a folder of secrets that POLICYWIRE_SECRETS_DIR names are read too. Options win.
    `policywire settings` lists them all. What is wrong with settings is said as plain text, also where logs are JSON.
    """
    options: dict[str, dict[str, Any]] = {
        "kafka": {
            "bootstrap_servers": bootstrap_servers,
            "group": group,
            "topic_prefix": topic_prefix,
            "instance_id": instance_id,
        },
        "rules": {"path": rules, "source": rules_from},
        "faust": {"store": faust_store},
        "health": {"port": health_port},
        "logs": {"format": log_format},
    }
    settings = load_settings({name: _given(values) for name, values in options.items()})
    configure(settings.logs.level, settings.logs.format)
    if runner == "faust":
        _run_faust_worker(settings)
    else:
        run_worker(settings)


def _run_faust_worker(settings: Settings) -> None:
    try:
        from policywire.faust_runner.runner import run_faust_worker  # noqa: PLC0415  only where the extra is installed
    except ModuleNotFoundError as error:
        raise BadInput(
            f"--runner faust needs the extra faust ({error.name} is missing): pip install 'policywire[faust]'"
        ) from None
    run_faust_worker(settings)


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
