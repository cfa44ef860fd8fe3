"""The options by which every command that reads charges is told how to read them. Knows the terminal only.

Heavy packages are imported when a command runs, so that ``--help`` needs none of the extra.
"""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from policywire.errors import BadInput

if TYPE_CHECKING:
    from policywire.workbench.charges.mapping import ChargeMapping

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_OPTIONS = (
    click.option("--mapping", "mapping_file", type=_FILE, help="YAML with columns, constants and the settings below."),
    click.option(
        "--column",
        "columns",
        multiple=True,
        metavar="NAME=HEADER",
        help="A column's header where it is not the usual, as procedure_code=CPT or diagnoses=DX1,DX2.",
    ),
    click.option(
        "--constant", "constants", multiple=True, metavar="NAME=VALUE", help="What every row has, as payer_id=62308."
    ),
    click.option("--date-format", help="How days are written: iso, mdy, dmy, or a pattern such as %d.%m.%y."),
    click.option("--encoding", help="Of CSV files, such as cp1252 [default: what they look like]."),
    click.option("--delimiter", help="Of CSV files [default: what they look like]."),
    click.option("--pad-codes", is_flag=True, default=None, help="Put lost leading zeros of codes back: 565 is 00565."),
)


def mapping_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options to a command, which gets what they say as ``mapping``, a :class:`ChargeMapping`."""
    return _with_mapping(command, needed=lambda given: True)  # noqa: ARG005  it always is


def mapping_options_with(*options: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The same for a command that reads tables only when it is given one of its options; else ``mapping`` is None."""
    return lambda command: _with_mapping(command, needed=lambda given: any(given[option] for option in options))


def _with_mapping(command: Callable[..., Any], needed: Callable[[dict[str, Any]], bool]) -> Callable[..., Any]:
    @wraps(command)
    def with_mapping(
        *args: Any, mapping_file: Path | None, columns: tuple[str, ...], constants: tuple[str, ...], **given: Any
    ) -> Any:
        settings = {name: given.pop(name) for name in ("date_format", "encoding", "delimiter", "pad_codes")}
        mapping = _mapping(mapping_file, columns, constants, settings) if needed(given) else None
        return command(*args, mapping=mapping, **given)

    for option in reversed(_OPTIONS):
        with_mapping = option(with_mapping)
    return with_mapping


def need_workbench() -> None:
    """Refuse to go on without the packages that read charges.

    Raises:
        BadInput: they are not installed; the text names the extra.
    """
    from importlib.util import find_spec  # noqa: PLC0415

    if any(find_spec(name) is None for name in ("duckdb", "pyarrow", "charset_normalizer")):
        raise BadInput("charges are read with packages of the extra: pip install 'policywire[workbench]'")


def _mapping(
    file: Path | None, columns: tuple[str, ...], constants: tuple[str, ...], settings: dict[str, Any]
) -> "ChargeMapping":
    need_workbench()
    from policywire.workbench.charges.mapping import mapping_of  # noqa: PLC0415  of the extra

    return mapping_of(file, columns, constants, **settings)
