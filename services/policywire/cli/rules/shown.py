"""What the subcommands of ``policywire rules`` share: their arguments, and how they print. Knows the terminal only."""

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click

from policywire.errors import Fault

PATH = click.argument("path", required=False, type=click.Path(path_type=Path))
JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")


def today() -> date:
    """The day in UTC."""
    return datetime.now(UTC).date()


def print_json(value: dict[str, Any]) -> None:
    """One JSON object, for people too."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def print_faults(faults: Iterable[Fault], prefix: str = "") -> None:
    """A line each, as ``file:line:column: code: path: message. mend``."""
    for fault in faults:
        click.echo(f"{prefix}{fault}")
