"""``policywire rules schemas``. Knows the terminal; the rulebook makes the schemas."""

from pathlib import Path

import click

from policywire.rulebook.shape import KINDS, schema_text


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def schemas(folder: Path) -> None:
    """Write the JSON Schema of each kind of document into FOLDER, for the completion of editors.

    A document names its schema in its first line: # yaml-language-server: $schema=../schemas/policy.v1.schema.json
    """
    folder.mkdir(parents=True, exist_ok=True)
    for kind in KINDS:
        (folder / f"{kind}.schema.json").write_text(schema_text(kind), encoding="utf-8")
