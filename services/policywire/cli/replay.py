"""``policywire replay``: events from a file, records to standard output, no broker."""

import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import click
import msgspec

from policywire.model.records import Alert, Determination, Record
from policywire.rulebook.load import load_rulebook
from policywire.workbench.replay import BadLine, Replay

_encoder = msgspec.json.Encoder()


class InstantParam(click.ParamType):
    """An RFC 3339 instant with an offset."""

    name = "instant"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The moment; a date without a time or a time without an offset is refused."""
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            self.fail("write an instant with its offset, such as 2026-01-10T12:00:00Z", param, ctx)
        return moment


@click.command()
@click.option(
    "--rules",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path("rules"),
    show_default=True,
    help="Folder of policy documents.",
)
@click.option(
    "--as-of", type=InstantParam(), help="After the last event, move the clock to this instant if it is later."
)
@click.argument("events", type=click.File("rb"))
def command(rules: Path, as_of: datetime | None, events: BinaryIO) -> None:
    """Replay claim and scheduling events from EVENTS: a file of one JSON object a line, or - for standard input.

    Prints one JSON object a line: determinations and alerts as the worker would publish them, and a dead letter for
    each line that cannot be used. Time is the time of the events: the latest so far is now.

    Exit status: 0 when the file was read to its end, whatever its events were worth; 2 when arguments or rules cannot
    be used.
    """
    replay = Replay(load_rulebook(rules))
    out = sys.stdout.buffer
    for number, line in enumerate(events, 1):
        if line.strip():
            _print(out, replay.feed(number, line))
    _print(out, replay.advance())
    _print(out, replay.advance(as_of))


def _print(out: BinaryIO, results: Iterable[Record | BadLine]) -> None:
    out.writelines(_encoder.encode(_as_printed(result)) + b"\n" for result in results)


def _as_printed(result: Record | BadLine) -> dict[str, object]:
    match result:
        case Determination():
            return {"topic": "determinations", "key": result.determination_id, "value": result}
        case Alert():
            return {"topic": "alerts", "key": result.alert_id, "value": result}
        case BadLine(line, rejected):
            letter = {"error_code": rejected.code, "error_detail": rejected.detail, "line": line}
            return {"topic": "dead-letters", "key": None, **letter}
