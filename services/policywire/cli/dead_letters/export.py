"""``policywire dead-letters export``. Knows the terminal and the file, which is written whole or not at all."""

import filecmp
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click
import msgspec

from policywire.cli.dead_letters.selecting import on_cluster, redriven_option, selecting, selection_of, with_topic
from policywire.cli.dead_letters.show import revealed
from policywire.cli.dead_letters.shown import counted, document_of
from policywire.cli.rules.shown import JSON, print_json
from policywire.errors import BadInput, PassingFault

if TYPE_CHECKING:
    from policywire.stream.cluster import Cluster
    from policywire.stream.deadletter_topic import DeadLetterTopic
    from policywire.stream.settings import Settings


@click.command()
@click.argument("letter_ids", metavar="[ID]...", nargs=-1)
@selecting
@redriven_option
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The file to write.")
@click.option("--reveal", is_flag=True, help="Needed: the file holds health information.")
@click.option("--replace", is_flag=True, help="Write over a file that is there and holds something else.")
@on_cluster
@JSON
@click.pass_obj
def export(  # noqa: PLR0913  one parameter an option
    kafka: dict[str, Any],
    /,
    letter_ids: tuple[str, ...],
    *,
    out: Path,
    reveal: bool,
    replace: bool,
    as_json: bool,
    **chosen: Any,
) -> None:
    """Write dead letters with their original key and bytes to a file: one JSON object a line, readable by you only.

    key and value are text, or key_base64 and value_base64 where they are no UTF-8. The same dead letters give the same
    bytes each time. The file appears once it is whole; broken off, nothing is left of it.

    Ends with status 0, also when there is none, 1 when the cluster does not answer, 2 when something cannot be used,
    --reveal is missing, or the file is there with something else in it.

    \b
    Example:
      policywire dead-letters export --reveal --reason schema_violation --out dead.jsonl
      jq -r .value dead.jsonl | policywire validate -
    """  # noqa: D301  click's \b keeps the example's lines
    if not reveal:
        raise BadInput(
            "an export holds members' health information: say --reveal, and keep the file where such belongs"
        )
    selection = selection_of(kafka, chosen, letter_ids)

    async def written(topic: "DeadLetterTopic", _cluster: "Cluster", _settings: "Settings") -> int:
        count = 0
        async for each in topic.letters(await topic.snapshot(), selection):
            # Without whether it was sent again: that changes, and what was exported does not.
            document = document_of(each) | revealed(each.letter)
            del document["redriven"]
            file.write(msgspec.json.encode(document) + b"\n")
            count += 1
        return count

    with _whole_file(out, replace=replace) as file:
        count = with_topic(kafka, written)
    if as_json:
        print_json({"dead_letters": count, "file": str(out)})
    else:
        click.echo(f"{counted(count)} in {out}: health information, readable by you only.")


@contextmanager
def _whole_file(path: Path, *, replace: bool) -> Iterator[BinaryIO]:
    """A file beside the path that takes its place at the end; readable by its owner only, as Python's temporary ones.

    Raises:
        BadInput: there is another file at the path, or nothing can be written there.
        PassingFault: the disk does not take it.
    """
    try:
        descriptor, name = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.")
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror}") from error
    fresh = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if path.exists() and not replace and not filecmp.cmp(fresh, path, shallow=False):
            raise BadInput(f"{path} is there and holds something else: choose another name, or say --replace")
        fresh.replace(path)
    except OSError as error:
        raise PassingFault(f"{path} was not written: {error.strerror}") from error
    finally:
        fresh.unlink(missing_ok=True)
