"""``policywire validate``: what a sender runs in its own CI. Knows the terminal; the workbench works."""

import json
from typing import Any, BinaryIO

import click

from policywire.workbench.validate import EVENT_TYPES_OF_TOPIC, validate


@click.command()
@click.option("--topic", type=click.Choice(sorted(EVENT_TYPES_OF_TOPIC)), help="Take only the events of this topic.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
@click.argument("files", metavar="EVENTS...", nargs=-1, required=True, type=click.File("rb"))
def command(files: tuple[BinaryIO, ...], topic: str | None, *, as_json: bool) -> None:
    """Check events before you send them: files of one JSON object a line, or - for standard input.

    Prints every fault as file:line: JSON pointer: rule: mend, and no value of an event. The rules are those of the
    schemas that ship with policywire, plus the few that a schema cannot say; a key given twice is a fault here.

    Ends with status 0 when every event is good, 1 when there are faults, 2 when arguments cannot be used.
    """
    events = good = 0
    faults: list[dict[str, Any]] = []
    for file in files:
        name = getattr(file, "name", "<stdin>")  # what stands in for standard input may have no name
        for line in validate(file, topic):
            events += 1
            good += not line.faults
            for fault in line.faults:
                faults.append({"file": name} | fault._asdict())
                if not as_json:
                    click.echo(f"{name}:{fault}")
    if as_json:
        click.echo(json.dumps({"events": events, "good": good, "faults": faults}, indent=2))
    else:
        click.echo(f"{events} events, {good} good, {events - good} with {len(faults)} faults.")
    raise SystemExit(1 if faults else 0)
