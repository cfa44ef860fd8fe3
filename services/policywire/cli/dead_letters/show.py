"""``policywire dead-letters show``. Knows the terminal; what is wrong with an event the contract's checks say."""

import base64
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, get_args

import click
import msgspec

from policywire.cli.dead_letters.selecting import on_cluster, selection_of, settings_of, with_topic
from policywire.cli.dead_letters.shown import document_of, instant, plain
from policywire.cli.rules.shown import JSON
from policywire.errors import BadInput

if TYPE_CHECKING:
    from policywire.stream.cluster import Cluster
    from policywire.stream.deadletter_topic import DeadLetter, DeadLetterTopic, Found
    from policywire.stream.settings import Settings

MENDS: Final = {
    "key_mismatch": "Publish the record with the event's member_id as its key; redrive with --value sends it so.",
    "clock_ahead": "Set the sender's clock right. Once occurred_at is less than 24 hours ahead, redrive it.",
    "processing_error": "A bug of policywire, not of the sender: report the detail; redrive it after a mend.",
}
"""Where the event is good by the contract alone."""
NOW_GOOD: Final = "This release finds no fault in it: redrive it."


@click.command()
@click.argument("letter_id", metavar="ID")
@click.option("--reveal", is_flag=True, help="Print the original key and bytes too: health information.")
@on_cluster
@JSON
@click.pass_obj
def show(kafka: dict[str, Any], /, letter_id: str, *, reveal: bool, as_json: bool) -> None:
    """Show one dead letter: why, where from, and every fault of the event with its mend.

    Nothing of what the event says is shown: of its fields only the names that the contract knows. --reveal prints its
    key and bytes as text with control characters spelled out; with --json they are exact.

    Ends with status 0, 1 when the cluster does not answer, 2 when there is no such dead letter.

    \b
    Example:
      policywire dead-letters show claim-events-2-48213
      policywire dead-letters show claim-events-2-48213 --reveal --json | jq -r .value > event.json
    """  # noqa: D301  click's \b keeps the example's lines
    found = _found(kafka, letter_id)
    letter = found.letter
    document = document_of(found) | {
        "known_fields": _known_fields(letter.value),
        "faults": _faults(letter, settings_of(kafka).kafka.topic_prefix),
    }
    if as_json:
        # In ASCII: what an event holds must not steer the terminal.
        click.echo(json.dumps(document | (revealed(letter) if reveal else {}), indent=2))
        return
    _print(document)
    if reveal:
        for name, text in revealed(letter).items():
            click.echo(f"{name}: {'none' if text is None else plain(text)}")
    else:
        click.echo("--reveal prints key and value: health information.")


def _found(kafka: dict[str, Any], letter_id: str) -> "Found":
    selection = selection_of(kafka, {}, (letter_id,))

    async def found(topic: "DeadLetterTopic", _cluster: "Cluster", _settings: "Settings") -> "Found":
        async for each in topic.letters(await topic.snapshot(), selection):
            return each
        raise BadInput(f"there is no dead letter {letter_id}: `policywire dead-letters list` shows what there is")

    return with_topic(kafka, found)


def revealed(letter: "DeadLetter") -> dict[str, str | None]:
    """Key and value as text, or as base64 where they are no UTF-8."""
    texts: dict[str, str | None] = {}
    for name, octets in (("key", letter.key), ("value", letter.value)):
        try:
            texts[name] = None if octets is None else octets.decode()
        except UnicodeDecodeError:
            texts[f"{name}_base64"] = base64.b64encode(octets or b"").decode()
    return texts


def _faults(letter: "DeadLetter", prefix: str) -> list[dict[str, str]]:
    """Every fault with its mend, as this release judges; where the contract finds none, what its reason asks for."""
    from policywire.model.events import EVENT_TYPES  # noqa: PLC0415  the schemas take long
    from policywire.model.faults import judge  # noqa: PLC0415
    from policywire.workbench.validate import EVENT_TYPES_OF_TOPIC  # noqa: PLC0415

    event_types = EVENT_TYPES_OF_TOPIC.get(letter.source_topic.removeprefix(prefix), EVENT_TYPES)
    _, faults = judge(letter.value, event_types)
    found = [{"pointer": each.pointer, "rule": each.rule, "mend": each.mend} for each in faults]
    rule = letter.error_detail.rpartition(" ")[2]
    return found or [{"pointer": "", "rule": rule, "mend": MENDS.get(letter.error_code, NOW_GOOD)}]


def _known_fields(value: bytes | None) -> list[str] | None:
    """Names of the event's own fields as far as the contract has them: any other name may say something of somebody."""
    from policywire.model.events import AnyEvent  # noqa: PLC0415  takes long

    try:
        event = msgspec.json.decode(value or b"", type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    known = {"event_type", *(name for each in get_args(AnyEvent) for name in each.__struct_fields__)}
    return sorted(known & event.keys())


def _print(document: dict[str, Any]) -> None:
    value, fields = document["value_bytes"], document["known_fields"]
    rows = {
        "id": document["id"],
        "judged": f"{document['at']} by policywire {document['policywire_version']}",
        "reason": f"{document['error_code']}: {document['error_detail']}",
        "from": f"{document['source_topic']}, partition {document['source_partition']}, "
        f"offset {document['source_offset']}, written {_written(document['source_timestamp'])}",
        "key": _size(document["key_bytes"]),
        "value": _size(value) if fields is None else f"{_size(value)}, a JSON object",
        **({} if fields is None else {"fields": ", ".join(fields) or "none that the contract has"}),
        "sent again": "yes" if document["redriven"] else "no",
        **({"came back": "yes: its event had been sent again before"} if document["came_back"] else {}),
    }
    for name, text in rows.items():
        click.echo(f"{name + ':':<12} {plain(text)}")
    for fault in document["faults"]:
        click.echo(plain(f"{'mend:':<12} {fault['pointer'] or 'the whole record'}: {fault['rule']}: {fault['mend']}"))


def _size(octets: int | None) -> str:
    return "none" if octets is None else f"{octets:,} bytes"


def _written(timestamp: int) -> str:
    return "at a time that is not known" if timestamp < 0 else instant(datetime.fromtimestamp(timestamp / 1000, UTC))
